package fmc

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"estream/internal/recordtest"
	"estream/layouts"
	"estream/meta"
	"estream/wire"
)

// stream is a stream of messages in server order.
type stream [][]byte

func message(t testing.TB, record uint16, id uint64, name string, archive uint32) []byte {
	t.Helper()
	b, err := layouts.Default().NewBuilder(record, 85)
	if err != nil {
		t.Fatal(err)
	}
	if record == 123 {
		b.SetUint(b.Layout().Slot("id"), id)
		b.SetString(b.Layout().Slot("name"), name)
	} else {
		b.SetUint(b.Layout().Slot("event_id"), id)
	}
	return b.AppendMessage(nil, wire.RecordHeader{Extended: true, ArchiveTimestamp: archive})
}

// random makes a stream with equal events in one second, metadata that repeats,
// metadata that changes, and metadata without archive time at the start.
func random(t testing.TB, rng *rand.Rand) stream {
	var s stream
	for id := range uint64(3) {
		s = append(s, message(t, 123, id, "first", 1000))
	}
	now := uint32(1000)
	for range 60 {
		if rng.IntN(3) == 0 {
			now += uint32(rng.IntN(3))
		}
		switch rng.IntN(6) {
		case 0:
			s = append(s, message(t, 123, uint64(rng.IntN(3)), fmt.Sprint("name", rng.IntN(3)), now))
		case 1:
			if last := s[len(s)-1]; len(s) > 3 {
				s = append(s, last) // an equal record
			}
		default:
			s = append(s, message(t, 400, uint64(rng.IntN(5)), "", now))
		}
	}
	return s
}

// session is what a server sends when asked for a second: metadata as of the
// first record from that second on, then everything from there.
func (s stream) session(from uint32) (out stream) {
	start := len(s)
	latest := meta.NewLatest(layouts.Default())
	for i, m := range s {
		if h, _ := wire.PeekRecord(m); h.ArchiveTimestamp >= from {
			start = i
			break
		}
		latest.Observe(m)
	}
	latest.Each(func(m []byte) { out = append(out, bytes.Clone(m)) })
	return append(out, s[start:]...)
}

func (s stream) bytes() []byte { return bytes.Join(s, nil) }

// TestResume interrupts random streams at every record, several times in a row,
// with various margins: the journal must end up equal to the stream.
func TestResume(t *testing.T) {
	for seed := range uint64(30) {
		rng := rand.New(rand.NewPCG(seed, 1))
		s := random(t, rng)
		for cut := 1; cut < len(s); cut++ {
			journal := s[:cut].bytes()
			count := cut
			for round := 0; ; round++ {
				known := meta.NewLatest(layouts.Default())
				known.ObserveAll(journal)
				var upto uint32
				for m := range recordtest.Split(t, journal) {
					h, _ := wire.PeekRecord(m)
					upto = max(upto, h.ArchiveTimestamp)
				}
				from := upto - uint32(rng.IntN(3))
				r := newResume(from, upto, known, meta.NewLatest(layouts.Default()))
				r.remember(journal)
				in := s.session(from)
				if round == 0 {
					in = in[:min(len(in), 5+rng.IntN(len(in)))] // and cut off again
				}
				for _, m := range in {
					before := len(journal)
					out, n := r.filter(nil, m)
					journal = append(journal, out...)
					known.ObserveAll(journal[before:])
					count += n
				}
				if round == 1 {
					break
				}
			}
			if !bytes.Equal(journal, s.bytes()) || count != len(s) {
				t.Fatalf("seed %d, interrupted after %d: journal has %d messages, stream %d", seed, cut, count, len(s))
			}
		}
	}
}

// TestResumeChangedName: a name that changed while nobody listened comes in
// front of the first new event, with and without archive time.
func TestResumeChangedName(t *testing.T) {
	for _, archive := range []uint32{0, 990} {
		journal := stream{message(t, 123, 1, "old", 990), message(t, 123, 2, "same", 990), message(t, 400, 1, "", 1000)}
		known := meta.NewLatest(layouts.Default())
		known.ObserveAll(journal.bytes())
		r := newResume(999, 1000, known, meta.NewLatest(layouts.Default()))
		r.remember(journal.bytes())
		fresh := message(t, 123, 1, "new", archive)
		event := message(t, 400, 2, "", 1001)
		in := stream{fresh, message(t, 123, 2, "same", archive), journal[2], event}
		out, n := r.filter(nil, in.bytes())
		if want := append(bytes.Clone(fresh), event...); n != 2 || !bytes.Equal(out, want) {
			t.Errorf("archive time %d: %d messages\n got %x\nwant %x", archive, n, out, want)
		}
		if !r.done() || r.dropped != 3 {
			t.Errorf("done %v, dropped %d", r.done(), r.dropped)
		}
		// Afterwards metadata is journaled as it comes.
		if _, n := r.filter(nil, message(t, 123, 2, "same", 0)); n != 1 {
			t.Error("metadata after the first new event was dropped")
		}
	}
}
