//go:build !race

package synth

// slowdown divides the size of the large tests under the race detector.
const slowdown = 1
