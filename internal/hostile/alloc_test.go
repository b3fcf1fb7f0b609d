//go:build !race

package hostile

import (
	"runtime"
	"testing"

	"estream/format"
	"estream/layouts"
	"estream/meta"
	"estream/wire"
)

const (
	// allocFactor is what decoding and formatting may allocate, as a multiple of the
	// message, beside the error that says what is wrong with it.
	allocFactor = 4
	allocError  = 1 << 10
	// allocFirst is what the first message of a kind may allocate in addition: its
	// layout and plan are compiled then, once for all messages that follow.
	allocFirst = 2 << 20
)

// allocated returns how many bytes f has allocated. It stops the world twice,
// which makes it exact.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// TestAllocations: no length in a hostile message makes the decoder, the scan for
// metadata or a format allocate more than a small multiple of the message.
//
// Each message goes through twice. The first time it may compile a layout; the
// second time only the error and what the message itself asks for are left. What
// is kept from the first time, such as a buffer that grew, is seen then.
func TestAllocations(t *testing.T) {
	list, m := variants(t), newMutator(seeds(t))
	set := newChecker(nil).set()
	for _, err := range layouts.All(set) { // parses the definitions, a matter of the first use of a family
		if err != nil {
			t.Fatal(err)
		}
	}
	type subject struct {
		name string
		do   func(message []byte)
	}
	var subjects []subject
	full := wire.NewDecoder(set, nil)
	subjects = append(subjects, subject{"full decoder", func(p []byte) { _, _ = full.Decode(p) }})
	scan := wire.NewDecoder(set, meta.Wanted)
	subjects = append(subjects, subject{"decoder of metadata", func(p []byte) { _, _ = scan.Decode(p) }})
	out := make([]byte, 0, 4<<20)
	for _, v := range list {
		pruned := wire.NewDecoder(set, v.format.Wanted)
		subjects = append(subjects, subject{v.name + ", decoder", func(p []byte) { _, _ = pruned.Decode(p) }})
		w, names := format.NewWorker(set, v.format), meta.Initial()
		subjects = append(subjects, subject{v.name, func(p []byte) { out, _ = w.Append(out[:0], p, names) }})
	}
	for _, s := range subjects { // tables that the program reads when it starts
		s.do(m.seeds[0])
	}
	const messages = 20_000
	var worst, worstFirst uint64
	for n := range uint64(messages) {
		p := m.make(*mutationSeed+1000, n)
		s := &subjects[n%uint64(len(subjects))]
		limit := uint64(allocFactor * len(p))
		first := allocated(func() { s.do(p) })
		again := allocated(func() { s.do(p) })
		for range 3 { // the runtime allocates, too, now and then; a message does every time
			if again > limit+allocError {
				again = min(again, allocated(func() { s.do(p) }))
			}
		}
		if first > limit+allocError+allocFirst {
			t.Fatalf("%s: %d bytes allocated for the first message of a kind, which has %d bytes\n%x", s.name, first, len(p), p)
		}
		if again > limit+allocError {
			t.Fatalf("%s: %d bytes allocated for a message of %d bytes\n%x", s.name, again, len(p), p)
		}
		worst, worstFirst = max(worst, again), max(worstFirst, first)
	}
	t.Logf("at most %d bytes for a message, its error included; %d when a layout was compiled", worst, worstFirst)
}
