package formattest

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"testing"

	"estream/internal/corpus"
	"estream/internal/recordtest"
	"estream/layouts"
	"estream/synth"
	"estream/wire"
)

// Corpus returns the recorded examples.
func Corpus(t testing.TB) []byte {
	t.Helper()
	return corpus.Read(t, corpus.Messages)
}

// Random returns n random valid messages of every layout, in one stream.
func Random(t testing.TB, set *wire.Layouts, n int) (stream []byte) {
	t.Helper()
	rng := rand.New(rand.NewPCG(1, 2))
	for l, err := range layouts.All(set) {
		if err != nil {
			t.Fatal(err)
		}
		if l.Record == nil {
			continue
		}
		for range n {
			b := l.NewBuilder()
			synth.Fill(set, b, rng)
			stream = b.AppendMessage(stream, recordtest.Header)
		}
	}
	return stream
}

// Damaged returns copies of some messages of a stream that cannot be decoded any
// more: unknown record types, unknown blocks, cut bodies, and bytes that are no
// message at the end.
func Damaged(stream []byte) (damaged []byte) {
	for i := 0; len(stream) > 0; i++ {
		message, rest, err := wire.NextMessage(stream)
		if err != nil {
			break
		}
		stream = rest
		m := bytes.Clone(message)
		switch i % 5 {
		case 0:
			m[10], m[11] = 0x27, 0x0f
		case 1:
			if len(m) > 28 {
				m[24], m[25] = 0xfe, 0xed
			}
		case 2:
			m[15]++ // record length fits no header
		case 3:
			if cut := (len(m) - 24) / 2; cut > 0 {
				m = m[:len(m)-cut]
				binary.BigEndian.PutUint32(m[4:], uint32(len(m)-8))
				binary.BigEndian.PutUint32(m[12:], uint32(len(m)-24))
			}
		default:
			continue
		}
		damaged = append(damaged, m...)
	}
	return append(damaged, 0, 1, 0, 4, 0)
}
