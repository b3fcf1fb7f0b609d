//go:build !race

package splunk_test

import (
	"testing"

	"estream/format/splunk"
	"estream/internal/formattest"
	"estream/meta"
)

// TestNoAllocations holds what the benchmarks report.
func TestNoAllocations(t *testing.T) {
	for p := meta.Compat; p <= meta.Strict; p++ {
		t.Run(p.String(), func(t *testing.T) { formattest.NoAllocations(t, newFormat(t, splunk.Options{Profile: p})) })
	}
}
