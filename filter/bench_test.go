package filter_test

import (
	"testing"

	"estream/layouts"
	"estream/wire"
)

var benchmarks = []struct{ name, expr string }{
	{"type", `record == 400`},
	{"port", `port == 443`},
	{"network", `record == 71 and ip in (10.0.0.0/9, 2001:db8::/32)`},
	{"text", `clientUrl contains "example"`},
	{"regexp", `clientUrl matches '^https?://[^/]*\.com'`},
	{"computed", `@firewallRule == "Allow" or blocked == "Yes" or device == "ftd-1"`},
}

// BenchmarkMatch is the corpus from bytes to verdict.
func BenchmarkMatch(b *testing.B) {
	list, size := samples(b, 1), 0
	for i := range list {
		size += len(list[i].message)
	}
	for _, bm := range benchmarks {
		b.Run(bm.name, func(b *testing.B) {
			run := verdicts(b, bm.expr, list)
			run()
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				run()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(list)), "ns/record")
		})
	}
}

// verdicts returns a function that does what a worker does up to the formatter.
func verdicts(t testing.TB, expr string, list []sample) func() {
	f := mustParse(t, expr)
	d, m := wire.NewDecoder(layouts.Default(), f.Wanted), f.NewMatcher()
	return func() {
		for i := range list {
			if h, ok := wire.PeekRecord(list[i].message); ok && f.Skips(&h) {
				continue
			}
			if r, err := d.Decode(list[i].message); err == nil {
				m.Match(d, r, list[i].snapshot)
			}
		}
	}
}
