package kvpair_test

import (
	"testing"

	"estream/format/flat/flattest"
	"estream/format/kvpair"
)

func BenchmarkKVPair(b *testing.B) { flattest.Benchmark(b, kvpair.New(kvpair.Options{})) }
