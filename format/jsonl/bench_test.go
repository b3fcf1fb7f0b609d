package jsonl_test

import (
	"testing"

	"estream/internal/formattest"
)

func BenchmarkProfiles(b *testing.B) {
	for _, p := range profiles {
		b.Run(p.String(), func(b *testing.B) { formattest.Benchmark(b, profile(p)) })
	}
}
