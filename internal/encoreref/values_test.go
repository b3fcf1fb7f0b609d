package encoreref_test

import (
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"strings"

	"estream/wire"
)

// nasty are texts that one format or another treats specially, or might.
var nasty = []string{
	"", " ", "a", "0", "None", "a b", "a=b", "=", "a b=c", `"`, `a "b" c`, `\`, `a\nb`, `C:\dir\`, "'", "o'neil", `o'neil "x"`, "|", "a|b", "[a]", "]", "{a}", "{0}", "%s",
	"\n", "\r", "\r\n", "a\nb\rc\r\nd", "\t", "\b\f\v", "\x00", "a\x00b", "\x00\x00\x00", "\x01\x1b[0m", "\x7f", "<a href='x'>&amp;</a>", "/", ",", ";", "#",
	"\xff", "a\xff", "\xc3", "\xed\xa0\x80", "\xed\xb0\x80", "\xf4\x90\x80\x80", "\xc0\x80", "\xe2\x28\xa1", "=\xff ]|", "\xef\xbb\xbfbom",
	"é", "ж 中", "🔥", "🔥=\U0010ffff", "\ue000", "\uffff\ufffe\ufffd", "\u2028", "\u2029\u0085", "\u00a0", "\u00ad", "\u200b\u200e\u202e", "e\u0301\u0323", "\U000e0001", "\u0600",
	"[Impact: high] x", "x [Impact:\u00a0low]", "[Impact:\x1ca]", "[Impact:\na\nb] [Impact: c]", "[Impact: ]", "[Impact: ]]", "[Impact:x] \"q\"", "[impact: a]",
	"\u1680[Impact:\u1680a]", "[Impact:\u180ea]", "[Impact:\u200ba]", "[Impact:\u3000\u3000]x]",
	strings.Repeat("0", 64), strings.Repeat("f", 64), "::ffff:1.2.3.4", "0.0.0.0", "::", "Unknown", "http://h/p?q=1&r=\"2\"", "b'ff'", "{'data': 'x'}",
	strings.Repeat("x", 32), strings.Repeat("x", 33), strings.Repeat("é", 17), strings.Repeat("a b=", 300),
}

// few are numbers that tables know, before or after metadata, and edges.
var few = []uint64{
	0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 19, 22, 31, 32, 63, 64, 76, 100, 127, 128, 165, 255, 256, 426, 512, 1000, 1001, 1003, 1004, 1008,
	32767, 32768, 65535, 65536, 999_999, 1_000_000, 1_000_001, 1_999_999, 1_700_000_000, 1<<31 - 1, 1 << 31, 1<<32 - 1, 1 << 32, 553648143, 553648168, 1<<53 + 1, 1<<63 - 1, 1 << 63, 1<<64 - 1,
}

// addresses are 16 bytes each, in hex.
var addresses = []string{
	"00000000000000000000000000000000", "00000000000000000000000000000001", "0000000000000000000000000000ffff", "00000000000000000000000000010000",
	"00000000000000000000000000020003", "0000000000000000000000000a010203", "00000000000000000000000100000000", "00000000000000000000ffff00000000",
	"00000000000000000000ffff0a010203", "00000000000000000000ffffffffffff", "0000000000000000ffff00000a010203", "0000000000000000ffff0a0102030000",
	"0000000000000000ffff000000000000", "000000000000ffff00000000000000ff", "00000000000000000000fffe0a010203", "0064ff9b0000000000000000c0000221",
	"20010db8000000000001000000000001", "20010db8000100000001000000000001", "20010000000100000000000000000001", "fe800000000000000000000000000000",
	"00010002000300040005000600070008", "00010000000300000005000000070000", "00000002000300040005000600070008", "00010002000300040005000600070000",
	"00000000000300040005000600000000", "00010000000000000005000000000000", "ffffffffffffffffffffffffffffffff",
}

// A source makes field values, plain and hostile.
type source struct {
	*rand.Rand
	long bool // texts and packets of tens of kilobytes
}

func pick[T any](s *source, list []T) T { return list[s.IntN(len(list))] }

// number prefers values that tables have, so that lookups hit.
func (s *source) number(f *wire.Field) uint64 {
	most := ^uint64(0) >> (64 - 8*f.Size)
	switch {
	case s.IntN(8) == 0:
		return s.Uint64() & most
	case f.Name == "generator_id" || f.Name == "rule_id" || strings.HasSuffix(f.Name, "user_id") || s.IntN(2) == 0:
		return uint64(s.IntN(6)) // few keys, so that several records share one
	case s.IntN(10) == 0:
		return most
	}
	return pick(s, few) & most
}

// bytes makes the content of a field that is no number.
func (s *source) bytes(f *wire.Field) []byte {
	switch f.Kind {
	case wire.KindIPv6:
		if s.IntN(4) > 0 {
			p, err := hex.DecodeString(pick(s, addresses))
			if err != nil {
				panic(err)
			}
			return p
		}
	case wire.KindUUID: // one of few, so that lookups hit
		p := make([]byte, 16)
		p[15] = byte(s.IntN(4))
		p[0] = p[15] * 0x5a
		return p
	case wire.KindText, wire.KindString, wire.KindBlob, wire.KindRest:
		switch {
		case f.Name == "packet_data":
			return s.packet()
		case f.Kind == wire.KindBlob && s.IntN(2) == 0:
			return s.extra()
		}
		return []byte(s.text())
	}
	switch s.IntN(4) {
	case 0:
		return make([]byte, f.Size)
	case 1:
		return []byte(strings.Repeat("a", f.Size)) // text in a byte string
	case 2:
		return []byte(strings.Repeat("\xff", f.Size))
	}
	return s.random(f.Size)
}

func (s *source) random(n int) []byte {
	p := make([]byte, n)
	for i := range p {
		p[i] = byte(s.Uint32())
	}
	return p
}

func (s *source) text() string {
	if s.long && s.IntN(40) == 0 {
		piece := pick(s, []string{"a", "é", "\n", "=", "\\", "\xff", "🔥"})
		return strings.Repeat(piece, 65535/len(piece)) // as much as a 16-bit length can say
	}
	switch s.IntN(4) {
	case 0:
		return pick(s, nasty) + pick(s, nasty)
	case 1:
		var b strings.Builder
		for range s.IntN(20) {
			b.WriteRune(pick(s, []rune{rune(s.IntN(0x80)), rune(s.IntN(0x300)), rune(s.IntN(0x3000)), rune(0x1f300 + s.IntN(0x300))}))
		}
		return b.String()
	}
	return pick(s, nasty)
}

// packet makes bytes of a packet: an Ethernet frame with any IP header length, a
// piece of one, text, or nothing.
func (s *source) packet() []byte {
	switch s.IntN(8) {
	case 0:
		return []byte(s.text())
	case 1:
		return s.random(s.IntN(20))
	}
	p := s.random(15 + s.IntN(80))
	p[0], p[14] = 0xff, 0x40|p[14]&15
	p = append(p, pick(s, []string{"", s.text(), "GET / HTTP/1.1\r\nHost: a=b|]\\\r\n\r\n", strings.Repeat("é", 200) + "\xe2\x82"})...)
	for range s.IntN(3) * s.IntN(300) {
		p = append(p, byte(s.Uint32()))
	}
	if s.long && s.IntN(20) == 0 {
		p = append(p, s.random(64<<10)...)
	}
	return p
}

// extra makes extra data of an intrusion event: an address in one of its forms, or
// something near.
func (s *source) extra() []byte {
	p, err := hex.DecodeString(pick(s, addresses))
	if err != nil {
		panic(err)
	}
	p[s.IntN(16)] |= byte(s.Uint32()) & 0x80
	switch s.IntN(6) {
	case 0:
		return p[:s.IntN(16)]
	case 1:
		return append(p, s.random(1+s.IntN(8))...)
	case 2:
		return fmt.Appendf(nil, "%x", p)
	}
	return p
}
