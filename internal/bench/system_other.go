//go:build !linux

package main

import (
	"math"
	"runtime"
)

// twoCores would keep all processes on two cores. Here they get what there is,
// and the report says how much.
func twoCores() (int, error) { return runtime.NumCPU(), nil }

// freeBytes would return how much room there is for files in dir. Writing to
// it will show.
func freeBytes(string) uint64 { return math.MaxUint64 }
