package csv_test

import (
	"testing"

	"estream/format/csv"
	"estream/format/flat/flattest"
)

func BenchmarkCSV(b *testing.B) { flattest.Benchmark(b, csv.New(csv.Options{})) }
