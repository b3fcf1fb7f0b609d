package snort3

import (
	"errors"
	"fmt"
	"math"
	"net/netip"
	"unsafe"
)

// A parser reads lines. It allocates nothing per line and is not safe for
// concurrent use.
type parser struct {
	line []byte
	at   int
	text []byte // texts without their escapes; never moved within a line
	bad  error  // the first field whose value could not be used
}

var errNotObject = errors.New("not a JSON object")

// maxDepth is how deep values that nobody reads may be nested.
const maxDepth = 32

// parse reads one line into a, which borrows the line and the parser until the
// next call. The error says where the line is no JSON object; fields behind that
// place are lost, so that the line does not count. A known field with an unusable
// value is left out and reported by p.bad.
func (p *parser) parse(line []byte, a *alert) error {
	*a = alert{}
	p.line, p.at, p.bad = line, 0, nil
	// An escape is never longer unescaped, so this is enough for all texts.
	if cap(p.text) < len(line) {
		p.text = make([]byte, 0, len(line)+len(line)/4)
	}
	p.text = p.text[:0]
	if !p.next('{') {
		return p.fail(errNotObject)
	}
	if p.next('}') {
		return p.end()
	}
	for {
		key, err := p.str()
		if err != nil {
			return err
		}
		if !p.next(':') {
			return p.fail(fmt.Errorf("':' expected behind %q", clip(key)))
		}
		v, err := p.value(0)
		if err != nil {
			return err
		}
		if err := a.set(key, v); err != nil && p.bad == nil {
			p.bad = fmt.Errorf("field %q: %w", clip(key), err)
		}
		if p.next('}') {
			return p.end()
		}
		if !p.next(',') {
			return p.fail(fmt.Errorf("',' or '}' expected behind the value of %q", clip(key)))
		}
	}
}

func (p *parser) end() error {
	if p.space(); p.at < len(p.line) {
		return p.fail(errors.New("more behind the object"))
	}
	return nil
}

func (p *parser) fail(err error) error { return fmt.Errorf("byte %d: %w", p.at, err) }

func (p *parser) space() {
	for p.at < len(p.line) {
		switch p.line[p.at] {
		case ' ', '\t', '\r', '\n':
			p.at++
		default:
			return
		}
	}
}

// next takes the byte c, if that is what comes next.
func (p *parser) next(c byte) bool {
	p.space()
	if p.at < len(p.line) && p.line[p.at] == c {
		p.at++
		return true
	}
	return false
}

// value reads a value: a text without quotes and escapes, a number or word as it
// stands, nil for null, an array or an object.
func (p *parser) value(depth int) ([]byte, error) {
	p.space()
	if p.at == len(p.line) {
		return nil, p.fail(errors.New("a value expected, the line ends"))
	}
	switch c := p.line[p.at]; c {
	case '"':
		return p.str()
	case '{', '[':
		return nil, p.nested(depth + 1)
	}
	start := p.at
	for p.at < len(p.line) && !ends(p.line[p.at]) {
		p.at++
	}
	v := p.line[start:p.at]
	if len(v) == 0 {
		return nil, p.fail(fmt.Errorf("a value expected, %q found", p.line[p.at]))
	}
	if string(v) == "null" {
		return nil, nil
	}
	return v, nil
}

// ends reports whether a number or word ends before c.
func ends(c byte) bool {
	switch c {
	case ' ', '\t', '\r', '\n', ',', ']', '}', ':', '"':
		return true
	}
	return false
}

// nested skips an array or object.
func (p *parser) nested(depth int) error {
	if depth > maxDepth {
		return p.fail(fmt.Errorf("nested more than %d deep", maxDepth))
	}
	object := p.line[p.at] == '{'
	end := byte(']')
	if object {
		end = '}'
	}
	p.at++
	if p.next(end) {
		return nil
	}
	for {
		if object {
			if _, err := p.str(); err != nil {
				return err
			}
			if !p.next(':') {
				return p.fail(errors.New("':' expected"))
			}
		}
		if _, err := p.value(depth); err != nil {
			return err
		}
		if p.next(end) {
			return nil
		}
		if !p.next(',') {
			return p.fail(fmt.Errorf("',' or %q expected", end))
		}
	}
}

// view returns bytes as a string without copying them, for calls that do not keep it.
func view(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// clip shortens what goes into messages.
func clip(b []byte) []byte { return b[:min(len(b), 64)] }

// number reads an unsigned number up to limit.
func number(v []byte, limit uint64) (uint64, error) {
	n, digits := uint64(0), 0
	for _, c := range v {
		if c < '0' || c > '9' || n > (math.MaxUint64-9)/10 {
			break
		}
		n, digits = 10*n+uint64(c-'0'), digits+1
	}
	if digits == 0 || digits < len(v) || n > limit {
		return 0, fmt.Errorf("%q found, a number up to %d expected", clip(v), limit)
	}
	return n, nil
}

// address reads an IP address.
func address(v []byte) (netip.Addr, error) {
	a, err := netip.ParseAddr(view(v))
	if err != nil {
		return a, fmt.Errorf("%q found, an IP address expected", clip(v))
	}
	return a.WithZone(""), nil
}
