package snort3

import (
	"bytes"
	"errors"
	"strconv"
	"unicode/utf8"
)

// str reads a text. Snort writes a rule's message as it stands in the rule, so
// that bytes above 127 need not be UTF-8, and escapes need not be JSON's: those
// stand for the character behind the backslash.
func (p *parser) str() ([]byte, error) {
	if !p.next('"') {
		return nil, p.fail(errors.New(`'"' expected`))
	}
	start := p.at
	n := bytes.IndexByte(p.line[p.at:], '"')
	if n < 0 {
		return nil, p.fail(errors.New("text without end"))
	}
	v := p.line[start : start+n : start+n]
	if i := bytes.IndexByte(v, '\\'); i >= 0 {
		p.at += i
		return p.escaped(start)
	}
	p.at += n + 1
	return v, nil
}

// escaped reads a text from start on that has its first escape at p.at.
func (p *parser) escaped(start int) ([]byte, error) {
	from := len(p.text)
	p.text = append(p.text, p.line[start:p.at]...)
	for p.at < len(p.line) {
		c := p.line[p.at]
		p.at++
		if c == '"' {
			return p.text[from:len(p.text):len(p.text)], nil
		}
		if c != '\\' {
			p.text = append(p.text, c)
			continue
		}
		if p.at == len(p.line) {
			break
		}
		c = p.line[p.at]
		p.at++
		switch c {
		case 'n':
			c = '\n'
		case 't':
			c = '\t'
		case 'r':
			c = '\r'
		case 'b':
			c = '\b'
		case 'f':
			c = '\f'
		case 'u':
			if r, ok := p.unicode(); ok {
				p.text = utf8.AppendRune(p.text, r)
				continue
			}
		}
		p.text = append(p.text, c)
	}
	return nil, p.fail(errors.New("text without end"))
}

// unicode reads the four digits of an escape, and of a surrogate's second half.
func (p *parser) unicode() (rune, bool) {
	r, ok := p.hex4(p.at)
	if !ok {
		return 0, false
	}
	p.at += 4
	if r >= 0xd800 && r < 0xdc00 && bytes.HasPrefix(p.line[p.at:], []byte(`\u`)) {
		if low, ok := p.hex4(p.at + 2); ok && low >= 0xdc00 && low < 0xe000 {
			p.at += 6
			return (r-0xd800)<<10 | (low - 0xdc00) + 0x10000, true
		}
	}
	return r, true // half of a surrogate becomes U+FFFD
}

func (p *parser) hex4(at int) (rune, bool) {
	if at+4 > len(p.line) {
		return 0, false
	}
	n, err := strconv.ParseUint(view(p.line[at:at+4]), 16, 32)
	return rune(n), err == nil
}
