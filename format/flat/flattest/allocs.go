package flattest

import (
	"testing"

	"estream/format"
	"estream/meta"
	"estream/wire"
)

// Run returns a function that formats a stream with one worker, again and again,
// in parts with the snapshots that belong to them, and how many messages those are.
func Run(t testing.TB, set *wire.Layouts, f format.Format, stream []byte) (run func(), messages int) {
	t.Helper()
	type part struct {
		data     []byte
		snapshot *meta.Snapshot
	}
	var parts []part
	err := meta.NewTables().Scan(stream, wire.NewDecoder(set, meta.Wanted), func(data []byte, s *meta.Snapshot) error {
		parts = append(parts, part{data, s})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	w := format.NewWorker(set, f)
	var dst []byte
	run = func() {
		messages = 0
		for _, p := range parts {
			var counts format.Counts
			dst, counts = w.Append(dst[:0], p.data, p.snapshot)
			messages += counts.Messages()
		}
	}
	run() // compiles plans and grows buffers
	return run, messages
}

// NoAllocations checks that formatting the corpus again allocates nothing.
func NoAllocations(t *testing.T, f format.Format) {
	t.Helper()
	run, messages := Run(t, Layouts(t), f, Corpus(t))
	if n := testing.AllocsPerRun(1, run); n != 0 {
		t.Errorf("%v allocations for %d messages, want 0", n, messages)
	}
}

// Benchmark reports the time per message of the corpus, decoding included.
func Benchmark(b *testing.B, f format.Format) {
	stream := Corpus(b)
	run, messages := Run(b, Layouts(b), f, stream)
	b.SetBytes(int64(len(stream)))
	b.ReportAllocs()
	for b.Loop() {
		run()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(messages), "ns/record")
}
