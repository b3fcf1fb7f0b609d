package synth

import (
	"math/rand/v2"

	"estream/wire"
)

// Fill sets every field of b to a random value that is valid in its layout:
// integers at and between their limits, text in UTF-8, with NUL and line breaks
// now and then, or empty, arbitrary bytes in blobs, lists of up to two valid
// blocks each. set must be the layouts that b was made from. Numbers that count
// a text are left to the builder. With a seeded rng the result is repeatable.
//
// A record takes at most some tens of KiB; most take less than 2 KiB.
func Fill(set *wire.Layouts, b *wire.Builder, rng *rand.Rand) {
	l := b.Layout()
	b.Reset()
	s := &randomSource{rng: rng, set: set, series: l.Record.Series}
	if s.series == 0 {
		s.series = 1 // where a record without block header holds blocks
	}
	// The condition of an optional field stands before it.
	present := map[string]bool{}
	for i := range l.Fields {
		f := &l.Fields[i]
		switch {
		case f.Kind.Integer():
			n := s.number(l, i)
			present[f.Name] = n == 1
			b.SetUint(i, n)
		case f.When != "" && !present[f.When]:
		case f.Kind == wire.KindList || f.Kind == wire.KindBlock:
			b.SetBytes(i, appendNested(nil, set, s.series, s, f, 1))
		default:
			b.SetBytes(i, s.bytes(l, i))
		}
	}
}

// randomSource supplies random values.
type randomSource struct {
	rng     *rand.Rand
	set     *wire.Layouts
	series  uint8
	scratch []byte
}

// alphabet is what texts are made of: the characters that formats treat specially
// are frequent.
var alphabet = []rune("abcxyz0189 .-_/:;,|=\\\"'<>&%{}[]()#?\n\r\t\x00\x7fäßéΩж中語🔥\u2028\u00a0")

func (s *randomSource) number(l *wire.Layout, slot int) uint64 {
	f := &l.Fields[slot]
	for i := slot + 1; i < len(l.Fields); i++ {
		if l.Fields[i].When == f.Name {
			return s.rng.Uint64() & 1
		}
	}
	most := ^uint64(0) >> (64 - 8*f.Size)
	switch s.rng.IntN(6) {
	case 0:
		return 0
	case 1:
		return 1
	case 2:
		return most
	case 3:
		return most>>1 + 1 // what a sign bit would be
	default:
		return s.rng.Uint64() & most
	}
}

func (s *randomSource) bytes(l *wire.Layout, slot int) []byte {
	f := &l.Fields[slot]
	s.scratch = s.scratch[:0]
	n := s.rng.IntN(40)
	switch {
	case f.Kind == wire.KindString || f.Kind == wire.KindText && f.Name != "packet_data":
		for range n {
			r := alphabet[s.rng.IntN(len(alphabet))]
			s.scratch = append(s.scratch, string(r)...)
		}
		return s.scratch
	case f.Kind.Fixed():
		n = f.Size
		if f.Kind == wire.KindIPv6 && s.rng.IntN(2) == 0 { // half of them carry IPv4
			s.scratch = append(s.scratch, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff)
		}
		if s.rng.IntN(8) == 0 {
			s.scratch = append(s.scratch[:0], make([]byte, n)...)
		}
	}
	for len(s.scratch) < n {
		s.scratch = append(s.scratch, byte(s.rng.Uint32()))
	}
	return s.scratch
}

func (s *randomSource) count(_ *wire.Field, depth int) int {
	if depth > 3 {
		return 0
	}
	return s.rng.IntN(3)
}

// element returns the usual type of an element; where any may stand, one of
// those that exist.
func (s *randomSource) element(f *wire.Field) uint32 {
	if f.Element != 0 {
		return f.Element
	}
	blocks := s.set.Source().Blocks(s.series)
	return blocks[s.rng.IntN(len(blocks))]
}
