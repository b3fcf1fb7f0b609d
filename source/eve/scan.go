package eve

import (
	"bytes"
	"unicode/utf8"
)

// A scanner walks over one JSON text without building anything: the caller asks
// for what it expects next, and what it does not know it skips. Strings borrow the
// text or, where they hold escapes, the scanner's arena; both stay valid until the
// next call of reset. A value of another type than asked for is taken for absent,
// so that a field which changes its type between Suricata releases costs that field
// and not the line. It is not safe for concurrent use.
//
// Reading goes on in this way:
//
//	for s.enter('{'); s.next('}'); {
//		switch string(s.key()) {
//		case "a":
//			a = s.str()
//		default:
//			s.skip()
//		}
//	}
//	ok := s.end()
//
// After a fault everything returns zero and next returns false, so that the loops
// end; end and fault tell.
type scanner struct {
	b     []byte
	i     int
	comma bool // a value precedes: a comma or the end has to follow
	bad   int  // offset of the first fault plus 1, 0 for none
	arena []byte
}

func (s *scanner) reset(text []byte) {
	s.b, s.i, s.comma, s.bad = text, 0, false, 0
	s.arena = s.arena[:0]
}

// fault notes where the text stopped being JSON and ends all loops.
func (s *scanner) fault() {
	if s.bad == 0 {
		s.bad = s.i + 1
	}
	s.i = len(s.b)
}

// space skips blanks and returns the byte behind them, 0 at the end.
func (s *scanner) space() byte {
	for s.i < len(s.b) {
		switch c := s.b[s.i]; c {
		case ' ', '\t', '\r', '\n':
			s.i++
		default:
			return c
		}
	}
	return 0
}

// end reports whether the whole text was one JSON value.
func (s *scanner) end() bool {
	if s.space() != 0 {
		s.fault()
	}
	return s.bad == 0
}

// enter steps into the object or array that opens with the given byte. Anything
// else is skipped, and the following next returns false.
func (s *scanner) enter(open byte) {
	if s.space() == open {
		s.i++
		s.comma = false
		return
	}
	s.skip()
	// What follows cannot be told from the end of the loop's own object: next is
	// told by a mark in i's place.
	s.empty()
}

// empty makes the next call of next return false without reading.
func (s *scanner) empty() { s.i = -s.i - 1 }

// next reports whether another element follows and otherwise steps over the
// closing byte.
func (s *scanner) next(shut byte) bool {
	if s.i < 0 {
		s.i = -s.i - 1
		return false
	}
	c := s.space()
	if c == shut && c != 0 {
		s.i++
		s.comma = true
		return false
	}
	if s.comma {
		if c != ',' {
			s.fault()
			return false
		}
		s.i++
		s.comma = false
		c = s.space()
	}
	if c == 0 {
		s.fault()
		return false
	}
	return true
}

// key returns the name of the next member, with its value following.
func (s *scanner) key() []byte {
	if s.space() != '"' {
		s.fault()
		return nil
	}
	k := s.quoted()
	if s.space() != ':' {
		s.fault()
		return nil
	}
	s.i++
	s.comma = false
	return k
}

// str returns a string, or the text of a number or truth value; nil for anything else.
func (s *scanner) str() []byte {
	switch c := s.space(); c {
	case '"':
		return s.quoted()
	case '{', '[', 'n':
		s.skip()
		return nil
	default:
		return s.word()
	}
}

// raw returns the text of the value, whatever it is.
func (s *scanner) raw() []byte {
	s.space()
	start := s.i
	s.skip()
	if s.bad != 0 {
		return nil
	}
	return s.b[start:s.i:s.i]
}

// uint returns an unsigned number, also one that is written as a string. What
// follows a decimal point is left out. Negative numbers and those above 64 bits
// are none.
func (s *scanner) uint() (n uint64, ok bool) { return number(s.str()) }

func number(t []byte) (n uint64, ok bool) {
	if len(t) == 0 {
		return 0, false
	}
	for i, c := range t {
		if c < '0' || c > '9' {
			return n, c == '.' && i > 0
		}
		if n > (1<<64-1-9)/10 {
			return 0, false
		}
		n = n*10 + uint64(c-'0')
	}
	return n, true
}

// truth reports whether the value is true, or the string "true".
func (s *scanner) truth() bool { return string(s.str()) == "true" }

// word returns a number or literal: everything up to the next separator.
func (s *scanner) word() []byte {
	start := s.i
	for s.i < len(s.b) {
		switch c := s.b[s.i]; {
		case c >= '0' && c <= '9', c >= 'a' && c <= 'z', c == '.', c == '-', c == '+', c == 'E':
			s.i++
			continue
		}
		break
	}
	if s.i == start || s.comma {
		s.fault()
		return nil
	}
	s.comma = true
	return s.b[start:s.i:s.i]
}

// skip steps over the next value. Brackets are counted rather than matched: what
// matters is where the value ends. It needs no stack, however deep the value is.
func (s *scanner) skip() {
	for depth := 0; ; {
		c := s.space()
		switch c {
		case '{', '[':
			depth++
			s.i++
			s.comma = false
			continue
		case '}', ']':
			if depth == 0 {
				s.fault()
				return
			}
			depth--
			s.i++
			s.comma = true
		case '"':
			s.pass()
		case ',', ':':
			if depth == 0 {
				s.fault()
				return
			}
			s.i++
			s.comma = false
			continue
		default:
			s.word()
		}
		if s.bad != 0 || depth == 0 {
			return
		}
	}
}

// pass steps over a string without looking at its escapes.
func (s *scanner) pass() {
	if s.comma {
		s.fault()
		return
	}
	s.i++
	for {
		n := bytes.IndexByte(s.b[s.i:], '"')
		if n < 0 {
			s.fault()
			return
		}
		s.i += n + 1
		// An odd number of backslashes escapes the quote.
		k := s.i - 2
		for k >= 0 && s.b[k] == '\\' {
			k--
		}
		if (s.i-2-k)%2 == 0 {
			s.comma = true
			return
		}
	}
}

// quoted returns the string that starts here, without its escapes.
func (s *scanner) quoted() []byte {
	start := s.i + 1
	s.pass()
	if s.bad != 0 {
		return nil
	}
	t := s.b[start : s.i-1 : s.i-1]
	at := len(s.arena)
	if bytes.IndexByte(t, '\\') >= 0 {
		s.arena = appendUnescaped(s.arena, t)
		t = s.arena[at:len(s.arena):len(s.arena)]
	}
	if !utf8.Valid(t) {
		// Records hold UTF-8. This is rare enough to cost memory.
		t = bytes.ToValidUTF8(t, replacement)
	}
	return t
}

var replacement = []byte("\ufffd")
