//go:build !linux

package main

import "runtime"

// twoCores would keep all processes on two cores. Here they get what there is,
// and the report says how much.
func twoCores() (int, error) { return runtime.NumCPU(), nil }
