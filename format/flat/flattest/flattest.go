// Package flattest has the records that the tests of the flat formats share.
package flattest

import (
	"math/rand/v2"
	"testing"

	"estream/format"
	"estream/internal/corpus"
	"estream/layouts"
	"estream/meta"
	"estream/synth"
	"estream/wire"
)

// Layouts returns the built-in layouts.
func Layouts(t testing.TB) *wire.Layouts {
	t.Helper()
	set, err := layouts.Load("")
	if err != nil {
		t.Fatal(err)
	}
	return set
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
			stream = b.AppendMessage(stream, wire.RecordHeader{Type: l.Record.Type, Extended: true, ArchiveTimestamp: 1700000000})
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
		m := append([]byte(nil), message...)
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
				put32(m[4:], len(m)-8)
				put32(m[12:], len(m)-24)
			}
		default:
			continue
		}
		damaged = append(damaged, m...)
	}
	return append(damaged, 0, 1, 0, 4, 0)
}

func put32(b []byte, n int) {
	b[0], b[1], b[2], b[3] = byte(n>>24), byte(n>>16), byte(n>>8), byte(n)
}

// Corpus returns the recorded examples.
func Corpus(t testing.TB) []byte {
	t.Helper()
	return corpus.Read(t, corpus.Messages)
}

// Lines formats a stream, all metadata in it included, and calls visit with each
// message and its line, LF included. Every message must have exactly one.
func Lines(t testing.TB, set *wire.Layouts, f format.Format, stream []byte, visit func(message []byte, line string)) {
	t.Helper()
	w := format.NewWorker(set, f)
	err := meta.NewTables().Scan(stream, wire.NewDecoder(set, meta.Wanted), func(part []byte, s *meta.Snapshot) error {
		for len(part) > 0 {
			message, rest, err := wire.NextMessage(part)
			if err != nil {
				message, rest = part, nil
			}
			part = rest
			line, counts := w.Append(nil, message, s)
			if counts.Lines+counts.RawLines != 1 {
				t.Errorf("%+v, want one line, for % x", counts, message[:min(len(message), 64)])
			}
			visit(message, string(line))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Record formats one record that is built from protocol names.
func Record(t testing.TB, set *wire.Layouts, f format.Format, record uint16, block uint32, values map[string]any) string {
	t.Helper()
	out, _ := format.NewWorker(set, f).Append(nil, Message(t, set, record, block, values), meta.Initial())
	return string(out)
}

// Message builds a message with integers, strings and bytes by protocol name.
func Message(t testing.TB, set *wire.Layouts, record uint16, block uint32, values map[string]any) []byte {
	t.Helper()
	b, err := set.NewBuilder(record, block)
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range values {
		slot := b.Layout().Slot(name)
		if slot < 0 {
			t.Fatalf("%v has no field %q", b.Layout(), name)
		}
		switch v := value.(type) {
		case int:
			b.SetUint(slot, uint64(v))
		case string:
			b.SetString(slot, v)
		case []byte:
			b.SetBytes(slot, v)
		}
	}
	return b.AppendMessage(nil, wire.RecordHeader{Type: record, Extended: true, ArchiveTimestamp: 1700000000})
}
