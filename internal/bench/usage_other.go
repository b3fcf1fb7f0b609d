//go:build !unix

package main

import "time"

// The report leaves out figures that are 0: this system does not say them.

// cpuTime would return the processor time that this process has used so far.
func cpuTime() time.Duration { return 0 }

// maxRSS would return the most memory that this process had at a time.
func maxRSS() (int64, error) { return 0, nil }
