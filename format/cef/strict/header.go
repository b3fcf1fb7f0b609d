package strict

import (
	"strconv"
	"strings"

	"estream/format/text"
	"estream/meta"
	"estream/wire"
)

// The longest texts that the standard allows in the header, in bytes.
const (
	maxSignature = 1023
	maxName      = 512
)

// A severityPlan gives 0 to 10.
type severityPlan struct {
	kind            severityKind
	text            string // severityConst, and the default of severityMatrix
	value           part
	impact          part
	below           uint64
	then, otherwise string
	matrix          map[uint64]map[uint64]uint64
}

type severityKind uint8

const (
	severityConst  severityKind = iota
	severityBelow               // then if value is below, else otherwise
	severityMatrix              // by value (priority) and impact
	severityTenth               // a tenth of value
)

// header compiles signature, name and severity.
func (c *compiler) header(r *recordMapping) {
	signature := r.Signature
	if signature == "" {
		signature = strconv.Itoa(int(c.layout.Record.Type))
	}
	name := r.Name
	if name == "" && c.layout.Discovery > 0 {
		name = "{@eventDescription}"
	}
	c.plan.signature = c.template(signature)
	c.plan.name = c.template(name)
	c.severity(&r.Severity)
}

// template compiles constant text with values in braces.
func (c *compiler) template(s string) (pieces []piece) {
	for s != "" {
		before, rest, found := strings.Cut(s, "{")
		if before != "" {
			pieces = append(pieces, piece{text: before, value: none})
		}
		if !found {
			break
		}
		source, after, _ := strings.Cut(rest, "}")
		pieces = append(pieces, piece{value: c.reader(source)})
		s = after
	}
	return pieces
}

var none = part{slot: -1, other: -1}

// reader resolves a value of the header, which does not take its key away.
func (c *compiler) reader(source string) part {
	p := none
	src := parseValue(source)
	for _, k := range src.computed {
		p.ops = append(p.ops, c.find(k)...)
	}
	for _, s := range src.fields {
		if ref, ok := c.names.Find(s.path); ok {
			p.write, p.slot, p.other = c.writer(ref.Slot), ref.Slot, c.other(ref.Slot)
			break
		}
	}
	return p
}

// number is reader for a value that has to be a number.
func (c *compiler) number(source string) (part, bool) {
	p := c.reader(source)
	if p.write != writeUint {
		p.write, p.slot, p.other = writeNothing, -1, -1
	}
	return p, p.write == writeUint || len(p.ops) > 0
}

func (c *compiler) severity(m *severityMapping) {
	n, ok := c.mapping.Severities[c.layout.Record.Category]
	if !ok {
		n = c.mapping.Severities[""]
	}
	if m.Const != nil {
		n = *m.Const
	}
	s := severityPlan{text: strconv.FormatUint(n, 10), value: none, impact: none}
	switch {
	case m.Matrix != nil:
		if p, ok := c.number(m.Matrix[0]); ok {
			s.kind, s.value, s.matrix = severityMatrix, p, c.mapping.Matrix
			s.impact, _ = c.number(m.Matrix[1])
		}
	case m.Tenth != "":
		if p, ok := c.number(m.Tenth); ok {
			s.kind, s.value = severityTenth, p
		}
	case m.Field != "":
		if p, ok := c.number(m.Field); ok {
			s.kind, s.value, s.below = severityBelow, p, m.Below
			s.then, s.otherwise = strconv.FormatUint(m.Then, 10), strconv.FormatUint(m.Else, 10)
		}
	}
	c.plan.severity = s
}

// headerField appends a field of the header.
func (f *formatter) headerField(dst []byte, pieces []piece, limit int, fallback string, r *wire.Record, s *meta.Snapshot) []byte {
	if len(pieces) == 1 && pieces[0].text != "" {
		return appendHeader(dst, []byte(pieces[0].text))
	}
	f.head = f.head[:0]
	for i := range pieces {
		if p := &pieces[i]; p.text != "" {
			f.head = append(f.head, p.text...)
		} else {
			f.head = f.plain(f.head, &p.value, r, s)
		}
	}
	head := trimNULs(f.head)
	if len(head) == 0 {
		return appendHeader(dst, []byte(fallback))
	}
	head, _ = cut(head, limit)
	return appendHeader(dst, head)
}

// plain appends a value as it is, before any escapes.
func (f *formatter) plain(dst []byte, p *part, r *wire.Record, s *meta.Snapshot) []byte {
	for _, op := range p.ops {
		switch res := f.eval.Eval(op, r, &r.View, s); res.Kind {
		case meta.Known:
			return append(dst, res.Value.Text...)
		case meta.Number:
			return text.AppendUint(dst, res.Number)
		case meta.Plain, meta.Wire:
			return append(dst, res.Bytes...)
		case meta.Hex:
			return text.AppendHex(dst, res.Bytes)
		}
	}
	if p.write == writeUint || p.write == writeSeconds {
		return text.AppendUint(dst, r.Uint(p.slot))
	}
	return f.render(dst, p, &r.View)
}

func (f *formatter) severity(dst []byte, p *severityPlan, r *wire.Record, s *meta.Snapshot) []byte {
	switch p.kind {
	case severityBelow:
		if f.uint(&p.value, r, s) < p.below {
			return append(dst, p.then...)
		}
		return append(dst, p.otherwise...)
	case severityTenth:
		return text.AppendUint(dst, min(f.uint(&p.value, r, s)/10, 10))
	case severityMatrix:
		if n, ok := p.matrix[f.uint(&p.value, r, s)][f.uint(&p.impact, r, s)]; ok {
			return text.AppendUint(dst, n)
		}
	}
	return append(dst, p.text...)
}

// uint gives a number of the header, 0 where it is not known.
func (f *formatter) uint(p *part, r *wire.Record, s *meta.Snapshot) uint64 {
	for _, op := range p.ops {
		if res := f.eval.Eval(op, r, &r.View, s); res.Kind == meta.Number {
			return res.Number
		}
	}
	if p.write == writeUint {
		return r.Uint(p.slot)
	}
	return 0
}
