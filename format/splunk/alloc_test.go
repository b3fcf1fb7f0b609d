//go:build !race

package splunk_test

import (
	"testing"

	"estream/format"
	"estream/format/splunk"
	"estream/meta"
)

// TestNoAllocations holds what the benchmarks report.
func TestNoAllocations(t *testing.T) {
	set := loadLayouts(t)
	parts, snaps, _, _ := corpusRun(t, set, all)
	for p := meta.Compat; p <= meta.Strict; p++ {
		w := format.NewWorker(set, newFormat(t, splunk.Options{Profile: p}))
		var dst []byte
		run := func() {
			for i := range parts {
				dst, _ = w.Append(dst[:0], parts[i], snaps[i])
			}
		}
		run()
		if n := testing.AllocsPerRun(10, run); n != 0 {
			t.Errorf("%v: %v allocations for the whole corpus, want 0", p, n)
		}
	}
}
