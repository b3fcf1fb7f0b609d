package main

import (
	"bytes"
	"fmt"
	"os"
)

// maxRSS returns the most memory that this process had at a time, in bytes.
// Getrusage would count what its parent had before it started it.
func maxRSS() (int64, error) {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0, err
	}
	_, line, _ := bytes.Cut(status, []byte("VmHWM:"))
	var kib int64
	if _, err := fmt.Sscan(string(line), &kib); err != nil {
		return 0, fmt.Errorf("VmHWM in /proc/self/status: %w", err)
	}
	return kib << 10, nil
}
