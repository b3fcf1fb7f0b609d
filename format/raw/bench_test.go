package raw_test

import (
	"testing"

	"estream/format/raw"
	"estream/internal/formattest"
)

func BenchmarkRaw(b *testing.B) { formattest.Benchmark(b, raw.New()) }
