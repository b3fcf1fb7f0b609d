package cef

import (
	"estream/format"
	"estream/format/text"
	"estream/meta"
	"estream/wire"
)

type formatter struct {
	format  *cefFormat
	plans   *format.Plans[plan]
	prefix  []byte
	clock   *clock // nil with a fixed prefix
	packets meta.Packets
	escape  bool // header fields are escaped
	eval    meta.Evaluator
	buf     []byte

	decoder *wire.Decoder // of the current record, for nested blocks
	nested  []nestedPart  // compiled so far, a handful
}

// AppendRaw implements format.Formatter. CEF has no form for raw records.
func (f *formatter) AppendRaw(dst []byte, _ []byte, _ *wire.Record, _ error) ([]byte, bool) {
	return dst, false
}

// Append implements format.Formatter.
func (f *formatter) Append(dst []byte, d *wire.Decoder, r *wire.Record, s *meta.Snapshot) ([]byte, bool) {
	if r.Layout == nil {
		return dst, false
	}
	p := f.plans.Get(r.Layout)
	if p.header == nil {
		return dst, false
	}
	f.decoder = d
	if f.clock != nil {
		dst = f.clock.appendPrefix(dst)
	} else {
		dst = append(dst, f.prefix...)
	}
	for i := range p.header {
		dst = f.headerPart(dst, &p.header[i], r, s)
	}
	bar := len(dst)
	for i := range p.extension {
		dst = f.extensionPart(dst, &p.extension[i], r, &r.View, s)
	}
	// Each part starts with a space; the first of them is where the bar belongs.
	if len(dst) == bar {
		dst = append(dst, '|')
	} else {
		dst[bar] = '|'
	}
	dst = append(dst, '\n')
	if f.clock != nil {
		f.clock.end = len(dst)
	}
	return dst, true
}

// extensionPart appends one key with its value, or nothing if the value is empty.
// v is the record's own view or that of a nested block.
func (f *formatter) extensionPart(dst []byte, p *part, r *wire.Record, v *wire.View, s *meta.Snapshot) []byte {
	start := len(dst)
	for ; ; p = p.next {
		if p.computed != nil {
			if p.computed.Kind == meta.OpLookup {
				if value := p.computed.Find(v, s); value != nil {
					dst = append(dst, p.before...)
					return append(dst, value.CEF...)
				}
			} else if res := f.eval.Eval(p.computed, r, v, s); res.Kind > meta.Null {
				dst = append(dst, p.before...)
				n := len(dst)
				if dst = appendResult(dst, &res); len(dst) == n {
					return dst[:start]
				}
				return dst
			}
		} else if p.nested != nil {
			if dst = f.nestedPart(dst, p, r, s); len(dst) > start {
				return dst
			}
		}
		if p.next == nil {
			break
		}
	}
	switch p.write {
	case writeNothing:
		return dst
	case writeText:
		dst = append(dst, p.before...)
		return append(dst, p.text...)
	case writeUint:
		n := v.Uint(p.slot)
		if n == 0 {
			return dst
		}
		dst = append(dst, p.before...)
		return text.AppendUint(dst, n)
	}
	dst = append(dst, p.before...)
	dst, ok := f.field(dst, p, v)
	if !ok {
		return dst[:start]
	}
	return dst
}

func appendResult(dst []byte, res *meta.Result) []byte {
	switch res.Kind {
	case meta.Known:
		return append(dst, res.Value.CEF...)
	case meta.Number:
		if res.Number == 0 {
			return dst
		}
		return text.AppendUint(dst, res.Number)
	case meta.Hex:
		return text.AppendHex(dst, res.Bytes)
	}
	return text.AppendCEF(dst, res.Bytes)
}

// A nestedPart is a source in a nested block, compiled for the block's layout.
type nestedPart struct {
	from   *nestedSource
	layout *wire.Layout
	part   *part // nil if it can never be there
}

// nestedPart appends key and value of a source in a nested block.
func (f *formatter) nestedPart(dst []byte, p *part, r *wire.Record, s *meta.Snapshot) []byte {
	// The decoder has walked the block when it decoded the record, because Wanted
	// names it: no error is left to find.
	_ = f.decoder.Elements(&r.View, p.nested.slot, func(e *wire.View) error {
		if inner := f.inner(p, r, e.Layout); inner != nil {
			dst = f.extensionPart(dst, inner, r, e, s)
		}
		return nil
	})
	return dst
}

// inner returns what p is for a block of layout l, compiling it at its first use.
func (f *formatter) inner(p *part, r *wire.Record, l *wire.Layout) *part {
	if l == nil {
		return nil // an unknown block
	}
	for i := range f.nested {
		if n := &f.nested[i]; n.from == p.nested && n.layout == l {
			return n.part
		}
	}
	c := &compiler{layout: l, names: meta.NamesOf(l), view: &meta.View{Layout: l}, plain: meta.BytesAreText(r.Type)}
	if p.nested.op != nil {
		c.view.Ops = f.eval.Nested(p.nested.op, l)
	}
	inner := c.value([]alternative{p.nested.from})
	for link := inner; link != nil; link = link.next {
		link.before = p.before
	}
	f.nested = append(f.nested, nestedPart{p.nested, l, inner})
	return inner
}
