package encoreref_test

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"

	"estream/internal/encoreref"
	"estream/layouts"
	"estream/synth"
	"estream/wire"
)

// A maker builds hostile streams: records of all layouts in any order.
type maker struct {
	set *wire.Layouts
	// known are the layouts that the reference tables have, metadata the ones among
	// them that name things, unknown all others.
	known, metadata, unknown []*wire.Layout
}

func newMaker(t testing.TB, set *wire.Layouts) *maker {
	t.Helper()
	m := &maker{set: set}
	probe := encoreref.NewClient(encoreref.Settings{})
	for l, err := range layouts.All(set) {
		if err != nil {
			t.Fatal(err)
		}
		b := l.NewBuilder()
		for i := range l.Fields[:l.Discovery] {
			if l.Fields[i].Name == "has_ipv6" {
				b.SetUint(i, 1)
			}
		}
		_, err := probe.Read(b.AppendMessage(nil, wire.RecordHeader{Type: l.Record.Type, Extended: true}))
		if f, ok := err.(*encoreref.Failure); ok && f.Stage == "decode" {
			// What metadata without a reference teaches us and not the reference
			// would show in later records.
			if !l.Record.IsMetadata() {
				m.unknown = append(m.unknown, l)
			}
			continue
		}
		m.known = append(m.known, l)
		if l.Record.IsMetadata() {
			m.metadata = append(m.metadata, l)
		}
	}
	if len(m.known) < 140 || len(m.metadata) < 50 || len(m.unknown) == 0 {
		t.Fatalf("%d layouts with a reference, %d of metadata, %d without: the tables or the layouts are not what they were", len(m.known), len(m.metadata), len(m.unknown))
	}
	return m
}

// hostile returns a stream of n messages.
func (m *maker) hostile(seed uint64, n int) []byte {
	s := &source{Rand: rand.New(rand.NewPCG(seed, 7))}
	var out []byte
	for range n {
		l := pick(s, m.known)
		switch x := s.IntN(100); {
		case x < 2:
			l = pick(s, m.unknown)
		case x < 35:
			l = pick(s, m.metadata)
		}
		b := l.NewBuilder()
		s.long = s.IntN(50) == 0
		if s.IntN(4) == 0 {
			synth.Fill(m.set, b, s.Rand)
		} else {
			fill(s, m.set, b)
		}
		h := wire.RecordHeader{Type: l.Record.Type, Extended: s.IntN(20) > 0, Reserved: uint32(s.IntN(2))}
		if s.IntN(6) > 0 {
			h.ArchiveTimestamp = uint32(pick(s, few))
		}
		if s.IntN(200) == 0 {
			h.NetmapID, h.Flagged = uint16(s.IntN(3)), s.IntN(2) == 0
		}
		out = b.AppendMessage(out, h)
	}
	return out
}

// fill sets all fields of a record to hostile values. Most discovery headers get
// their IPv6 part: without it there is less to compare.
func fill(s *source, set *wire.Layouts, b *wire.Builder) {
	l := b.Layout()
	series := max(l.Record.Series, 1)
	ipv6 := uint64(1)
	if s.IntN(10) == 0 {
		ipv6 = uint64(s.IntN(3))
	}
	for i := range l.Fields {
		f := &l.Fields[i]
		switch {
		case i < l.Discovery && f.Name == "has_ipv6":
			b.SetUint(i, ipv6)
		case f.When != "" && ipv6 != 1:
		case f.Kind.Integer():
			b.SetUint(i, s.number(f))
		case f.Kind == wire.KindList || f.Kind == wire.KindBlock:
			b.SetBytes(i, appendNested(nil, s, set, series, f, 1))
		default:
			b.SetBytes(i, s.bytes(f))
		}
	}
}

// appendNested appends a list, or the one block that a field holds.
func appendNested(dst []byte, s *source, set *wire.Layouts, series uint8, f *wire.Field, depth int) []byte {
	if f.Kind == wire.KindBlock {
		if s.IntN(6) == 0 && f.EncoreForm == "list" { // a block of its header alone
			return append(binary.BigEndian.AppendUint32(dst, f.Element), 0, 0, 0, 8)
		}
		return appendBlock(dst, s, set, series, f.Element, depth)
	}
	at := len(dst)
	dst = append(binary.BigEndian.AppendUint32(dst, f.Number), 0, 0, 0, 0)
	// eNcore does not read the elements that a host profile's list of clients has.
	if depth <= 4 && (f.Name != "client_applications" || s.IntN(10) == 0) {
		for range s.IntN(4) {
			dst = appendBlock(dst, s, set, series, f.Element, depth)
		}
	}
	binary.BigEndian.PutUint32(dst[at+4:], uint32(len(dst)-at))
	return dst
}

// appendBlock appends one block; where its layout is not known, an empty one.
func appendBlock(dst []byte, s *source, set *wire.Layouts, series uint8, block uint32, depth int) []byte {
	at := len(dst)
	dst = append(binary.BigEndian.AppendUint32(dst, block), 0, 0, 0, 0)
	if l, err := set.Nested(series, block); err == nil {
		counts := map[string][]byte{} // texts by the field that counts them, which stands before
		for i := range l.Fields {
			if f := &l.Fields[i]; f.Kind == wire.KindText {
				counts[f.LengthOf] = s.bytes(f)
			}
		}
		for i := range l.Fields {
			dst = appendField(dst, s, set, series, &l.Fields[i], counts, depth)
		}
	}
	binary.BigEndian.PutUint32(dst[at+4:], uint32(len(dst)-at))
	return dst
}

func appendField(dst []byte, s *source, set *wire.Layouts, series uint8, f *wire.Field, counts map[string][]byte, depth int) []byte {
	switch {
	case f.Kind.Integer():
		n := s.number(f)
		if text, ok := counts[f.Name]; ok {
			n = uint64(len(text))
		}
		return append(dst, binary.BigEndian.AppendUint64(nil, n)[8-f.Size:]...)
	case f.Kind == wire.KindText:
		return append(dst, counts[f.LengthOf]...)
	case f.Kind == wire.KindList || f.Kind == wire.KindBlock:
		return appendNested(dst, s, set, series, f, depth+1)
	case f.Kind == wire.KindString || f.Kind == wire.KindBlob:
		p := s.bytes(f)
		dst = binary.BigEndian.AppendUint32(dst, f.Number)
		dst = binary.BigEndian.AppendUint32(dst, uint32(len(p))+8)
		return append(dst, p...)
	}
	return append(dst, s.bytes(f)...)
}

// generated returns a stream in a realistic mix.
func generated(t testing.TB, set *wire.Layouts, seed uint64, n int) []byte {
	t.Helper()
	g, err := synth.New(set, synth.Options{Seed: seed, Metadata: 0.1, EventsPerSecond: 100})
	if err != nil {
		t.Fatal(err)
	}
	var out []byte
	for range g.Metadata() + n {
		out = g.Append(out)
	}
	return out
}
