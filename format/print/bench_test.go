package print_test

import (
	"testing"

	"estream/format/flat/flattest"
	"estream/format/print"
)

func BenchmarkPrint(b *testing.B) { flattest.Benchmark(b, print.New(print.Options{})) }
