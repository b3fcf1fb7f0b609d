package splunk_test

import (
	"testing"

	"estream/format/splunk"
	"estream/internal/formattest"
	"estream/meta"
)

func BenchmarkSplunk(b *testing.B) {
	for p := meta.Compat; p <= meta.Strict; p++ {
		b.Run(p.String(), func(b *testing.B) { formattest.Benchmark(b, newFormat(b, splunk.Options{Profile: p})) })
	}
}
