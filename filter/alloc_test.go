//go:build !race

package filter_test

import "testing"

// TestNoAllocations holds what the benchmarks report.
func TestNoAllocations(t *testing.T) {
	list := samples(t, 3)
	for _, expr := range []string{
		`@vpnType == "x" or @countryCode > 0`, `category == "connection" or @originalSrcIP in (10.0.0.0/8)`,
		`sslServerName icontains "A" or packetData contains "0a" or mac_address endswith "0"`, `domain in (0, "x")`,
	} {
		benchmarks = append(benchmarks, struct{ name, expr string }{expr, expr})
	}
	for _, bm := range benchmarks {
		run := verdicts(t, bm.expr, list)
		run()
		if n := testing.AllocsPerRun(10, run); n != 0 {
			t.Errorf("%s: %v allocations for %d records, want 0", bm.expr, n, len(list))
		}
	}
}
