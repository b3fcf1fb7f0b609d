package splunk

import (
	"time"

	"estream/format"
	"estream/format/text"
	"estream/meta"
	"estream/wire"
)

// Options are the settings of the format. The zero value is eNcore's default.
type Options struct {
	// Profile says how closely lines follow eNcore's.
	Profile meta.Profile
	// Packets says how packets are written.
	Packets meta.Packets
	// Mapping is the table of fields and names in place of the built-in one, in the
	// form of mapping.json; nil for the built-in one. New keeps nothing of it.
	Mapping []byte
}

// New returns the format. It implements format.Format. The error says what is wrong
// with the mapping and where.
func New(o Options) (format.Format, error) {
	f := &splunkFormat{options: o, mapping: builtin()}
	if o.Mapping != nil {
		m, err := parseMapping(o.Mapping)
		if err != nil {
			return nil, err
		}
		f.mapping, f.options.Mapping = m, nil
	}
	f.plans = format.NewPlans(f.compile)
	f.outer = format.NewPlans(f.compileOuter)
	return f, nil
}

type splunkFormat struct {
	options Options
	mapping *mapping
	plans   *format.Plans[plan]
	outer   *format.Plans[plan] // for discovery headers of raw records
}

// Wanted tells which fields a line is made of.
func (f *splunkFormat) Wanted(l *wire.Layout, slot int) bool {
	if l.Record == nil {
		return true // nested blocks are read by computed values, few and small
	}
	p := f.plans.Get(l)
	if p.second != nil && p.second.uses(slot) || p.time.uses(slot) {
		return true
	}
	for i := range p.pairs {
		if op := p.pairs[i].nested(); p.pairs[i].uses(slot) || op != nil && op.From.Slot == slot {
			return true
		}
	}
	return false
}

// Writes is true for every record.
func (f *splunkFormat) Writes(*wire.Layout) bool { return true }

func (f *splunkFormat) NewFormatter() format.Formatter {
	w := &formatter{format: f, profile: f.options.Profile, dates: text.Dates{Location: time.UTC}}
	w.eval.Packets = f.options.Packets
	return w
}

type formatter struct {
	format  *splunkFormat
	profile meta.Profile
	eval    meta.Evaluator
	dates   text.Dates
}

// Append implements format.Formatter. Every record has a line.
func (f *formatter) Append(dst []byte, d *wire.Decoder, r *wire.Record, s *meta.Snapshot) ([]byte, bool) {
	if r.Layout == nil {
		return f.AppendRaw(dst, r.Message, r, errNoLayout)
	}
	p := f.format.plans.Get(r.Layout)
	dst, empty := f.head(dst, p, r, &r.View, s)
	start := len(dst)
	for i := range p.pairs {
		if q := &p.pairs[i]; q.write != writeNested {
			dst = f.pair(dst, q, r, &r.View, s)
		} else {
			dst = f.nested(dst, d, q.ops[0], r, s)
		}
	}
	if len(dst) == start && empty && f.profile == meta.Compat {
		dst = append(dst, ' ') // eNcore separates the head from nothing as well
	}
	return append(dst, '\n'), true
}

// head appends the record type and the time. It reports whether nothing of the
// rest of the line has been written yet.
func (f *formatter) head(dst []byte, p *plan, r *wire.Record, v *wire.View, s *meta.Snapshot) (out []byte, empty bool) {
	dst = append(dst, p.head...)
	if p.second != nil {
		dst = f.pair(dst, p.second, r, v, s)
	}
	start := len(dst)
	dst = f.eventTime(dst, &p.time, r, v, s)
	return dst, len(dst) == start
}

// pair appends one name and value, unless the record has no such value.
func (f *formatter) pair(dst []byte, p *pair, r *wire.Record, v *wire.View, s *meta.Snapshot) []byte {
	for i := len(p.ops) - 1; i >= 0; i-- {
		n := len(dst)
		dst = append(dst, p.name...)
		var ok bool
		if dst, ok = f.computed(dst, p.ops[i], r, v, s); ok {
			return dst
		}
		dst = dst[:n]
	}
	switch p.write {
	case writeNothing:
		return dst
	case writeIPv6:
		if !text.PrintsColon(v.Bytes(p.slot)) {
			return dst
		}
	case writeHostIPv6:
		if !text.PrintsColon(p.host(v)) {
			return dst
		}
	}
	dst = append(dst, p.name...)
	n := len(dst)
	if dst = f.field(dst, p, v); len(dst) == n && f.profile != meta.Compat {
		dst = append(dst, '"', '"') // a field that is not in the message
	}
	return dst
}

// field appends the value of a field.
func (f *formatter) field(dst []byte, p *pair, v *wire.View) []byte {
	switch p.write {
	case writeConstant:
		return append(dst, p.constant...)
	case writeUint:
		return text.AppendUint(dst, v.Uint(p.slot))
	case writeBlock:
		return text.AppendUint(dst, uint64(v.Block))
	case writeText:
		return appendText(dst, v.Bytes(p.slot), f.profile)
	case writeObject:
		return text.AppendStringObject(dst, v.BlockNumber(p.slot), v.Bytes(p.slot))
	case writeUUID:
		return text.AppendUUID(dst, v.Bytes(p.slot))
	case writeIP, writeIPv6:
		return appendIP(dst, v.Bytes(p.slot), f.profile)
	case writeHost, writeHostIPv6:
		return appendIP(dst, p.host(v), f.profile)
	case writeLittle:
		return text.AppendIPv4Little(dst, v.Bytes(p.slot))
	case writeMAC:
		return text.AppendMAC(dst, v.Bytes(p.slot))
	}
	return text.AppendHex(dst, v.Bytes(p.slot))
}

// host is the address in the discovery header: the legacy one if there is no other.
func (p *pair) host(v *wire.View) []byte {
	if !v.Has(p.slot) && p.other >= 0 {
		return v.Bytes(p.other)
	}
	return v.Bytes(p.slot)
}

// nested returns the operation of a nested block, nil for other pairs.
func (p *pair) nested() *meta.Op {
	if p.write == writeNested {
		return p.ops[0]
	}
	return nil
}

// uses reports whether the time reads a slot.
func (t *eventTime) uses(slot int) bool {
	return t.second != nil && t.second.Uses(slot) || t.microsecond != nil && t.microsecond.Uses(slot)
}
