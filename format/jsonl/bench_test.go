package jsonl_test

import (
	"testing"

	"estream/format/flat/flattest"
)

func BenchmarkProfiles(b *testing.B) {
	for _, p := range profiles {
		b.Run(p.String(), func(b *testing.B) { flattest.Benchmark(b, profile(p)) })
	}
}
