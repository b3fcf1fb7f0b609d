package formattest

import (
	"testing"

	"estream/format"
	"estream/internal/recordtest"
	"estream/layouts"
	"estream/meta"
	"estream/wire"
)

// batchBytes is the size of the batches that a pipeline works on.
const batchBytes = 256 << 10

// A repeated is a stream that is formatted again and again with one worker, in the
// parts that a pipeline would cut it into.
type repeated struct {
	worker   *format.Worker
	parts    [][]byte
	snaps    []*meta.Snapshot // one for each part
	messages int
	size     int // bytes in parts
	out      []byte
}

// repeat prepares the messages of the corpus to keep, all if keep is nil.
func repeat(t testing.TB, f format.Format, keep func(message []byte) bool) *repeated {
	t.Helper()
	set := layouts.Default()
	r := &repeated{worker: format.NewWorker(set, f)}
	scan(t, set, recordtest.Batches(t, Corpus(t), batchBytes), func(part []byte, s *meta.Snapshot) {
		var kept []byte
		for message := range recordtest.Split(t, part) {
			if keep == nil || keep(message) {
				kept = append(kept, message...)
				r.messages++
			}
		}
		if len(kept) > 0 {
			r.parts, r.snaps, r.size = append(r.parts, kept), append(r.snaps, s), r.size+len(kept)
		}
	})
	r.run() // compiles plans and grows the buffer
	return r
}

// run formats everything once and returns how many bytes were written.
func (r *repeated) run() (written int) {
	for i := range r.parts {
		r.out, _ = r.worker.Append(r.out[:0], r.parts[i], r.snaps[i])
		written += len(r.out)
	}
	return written
}

// NoAllocations checks that decoding and formatting the corpus again allocates
// nothing.
func NoAllocations(t *testing.T, f format.Format) {
	t.Helper()
	r := repeat(t, f, nil)
	if n := testing.AllocsPerRun(10, func() { r.run() }); n != 0 {
		t.Errorf("%v allocations for %d messages, want 0", n, r.messages)
	}
}

// Benchmark reports the time per message, decoding included, for the mix of the
// corpus and for its connection events alone.
func Benchmark(b *testing.B, f format.Format) {
	b.Run("mix", func(b *testing.B) { benchmark(b, f, nil) })
	b.Run("connection", func(b *testing.B) {
		benchmark(b, f, func(message []byte) bool {
			h, ok := wire.PeekRecord(message)
			return ok && h.Type == 71
		})
	})
}

func benchmark(b *testing.B, f format.Format, keep func(message []byte) bool) {
	r := repeat(b, f, keep)
	written := 0
	b.SetBytes(int64(r.size))
	b.ReportAllocs()
	for b.Loop() {
		written = r.run()
	}
	n := float64(r.messages)
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/record")
	b.ReportMetric(float64(r.size)/n, "inB/record")
	b.ReportMetric(float64(written)/n, "outB/record")
}
