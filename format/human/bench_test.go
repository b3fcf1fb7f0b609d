package human_test

import (
	"testing"

	"estream/format/flat/flattest"
	"estream/format/human"
)

func BenchmarkText(b *testing.B) { flattest.Benchmark(b, human.New(human.Options{})) }
