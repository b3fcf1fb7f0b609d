package raw_test

import (
	"testing"

	"estream/format/flat/flattest"
	"estream/format/raw"
)

func BenchmarkRaw(b *testing.B) { flattest.Benchmark(b, raw.New()) }
