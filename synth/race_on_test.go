//go:build race

package synth

// slowdown divides the size of the large tests: the race detector makes them
// ten times slower, and there is no concurrency in this package to detect.
const slowdown = 10
