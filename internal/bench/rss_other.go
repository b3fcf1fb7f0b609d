//go:build !unix

package main

// maxRSS would return the most memory that this process had; this system does
// not say.
func maxRSS() (int64, error) { return 0, nil }
