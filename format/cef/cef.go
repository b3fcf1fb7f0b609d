package cef

import (
	"os"
	"time"

	"estream/format"
	"estream/format/text"
	"estream/meta"
	"estream/wire"
)

// Options are the settings of the format. The zero value is eNcore's default.
type Options struct {
	// Prefix is the text at the start of each line. If nil it is a syslog header:
	// "<13>Jan 02 15:04:05 HOST ", with the local time of writing.
	Prefix []byte
	// Hostname is the name in the syslog header, the host's own if empty.
	Hostname string
	// Now gives the time of writing, time.Now if nil.
	Now func() time.Time
	// Location is the zone of the syslog header, time.Local if nil.
	Location *time.Location
	// Packets says how packets are written. meta.PacketWhole is the same as
	// meta.PacketHex here.
	Packets meta.Packets
}

// New returns the format. It implements format.Format.
func New(o Options) format.Format {
	if o.Hostname == "" {
		o.Hostname = hostname()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Location == nil {
		o.Location = time.Local
	}
	return &cefFormat{options: o, plans: format.NewPlans(compile)}
}

// hostname is the host's name; a line needs one even where the system has none.
func hostname() string {
	if name, err := os.Hostname(); err == nil && name != "" {
		return name
	}
	return "localhost"
}

type cefFormat struct {
	options Options
	plans   *format.Plans[plan]
}

// Wanted tells which fields a line is made of.
func (f *cefFormat) Wanted(l *wire.Layout, slot int) bool {
	p := f.plans.Get(l)
	for _, parts := range [][]part{p.header, p.extension} {
		for i := range parts {
			if parts[i].uses(slot) {
				return true
			}
		}
	}
	return false
}

// Writes is true for the record types of the mapping.
func (f *cefFormat) Writes(l *wire.Layout) bool { return f.plans.Get(l).header != nil }

func (f *cefFormat) NewFormatter() format.Formatter {
	w := &formatter{plans: f.plans, prefix: f.options.Prefix, packets: f.options.Packets}
	if w.prefix == nil {
		w.clock = &clock{now: f.options.Now, location: f.options.Location, hostname: f.options.Hostname}
	}
	w.eval.Packets = f.options.Packets
	return w
}

type formatter struct {
	plans   *format.Plans[plan]
	prefix  []byte
	clock   *clock // nil with a fixed prefix
	packets meta.Packets
	eval    meta.Evaluator
	buf     []byte
}

// AppendRaw implements format.Formatter. CEF has no form for raw records.
func (f *formatter) AppendRaw(dst []byte, _ []byte, _ *wire.Record, _ error) ([]byte, bool) {
	return dst, false
}

// Append implements format.Formatter.
func (f *formatter) Append(dst []byte, _ *wire.Decoder, r *wire.Record, s *meta.Snapshot) ([]byte, bool) {
	if r.Layout == nil {
		return dst, false
	}
	p := f.plans.Get(r.Layout)
	if p.header == nil {
		return dst, false
	}
	if f.clock != nil {
		dst = append(dst, f.clock.prefix()...)
	} else {
		dst = append(dst, f.prefix...)
	}
	for i := range p.header {
		dst = f.headerPart(dst, &p.header[i], r, s)
	}
	bar := len(dst)
	for i := range p.extension {
		dst = f.extensionPart(dst, &p.extension[i], r, s)
	}
	// Each part starts with a space; the first of them is where the bar belongs.
	if len(dst) == bar {
		dst = append(dst, '|')
	} else {
		dst[bar] = '|'
	}
	return append(dst, '\n'), true
}

// headerPart appends a part of the header.
func (f *formatter) headerPart(dst []byte, p *part, r *wire.Record, s *meta.Snapshot) []byte {
	dst = append(dst, p.before...)
	v := &r.View
	switch p.write {
	case writeText:
		return append(dst, p.text...)
	case writeUint:
		return text.AppendUint(dst, v.Uint(p.slot))
	case writeSeverity:
		if v.Uint(p.slot) < p.severity.below {
			return append(dst, p.severity.low...)
		}
		return append(dst, p.severity.high...)
	case writeMatrix:
		return append(dst, f.matrix(p, r, s)...)
	case writeTenth:
		n := v.Uint(p.slot)
		return append(text.AppendUint(dst, n/10), '.', byte('0'+n%10))
	case writeHeaderOp:
		return f.headerComputed(dst, p, r, s)
	case writeHeaderRaw:
		return text.AppendCEFHeader(dst, v.Bytes(p.slot))
	}
	dst, _ = f.field(dst, p, v)
	return dst
}

func (f *formatter) headerComputed(dst []byte, p *part, r *wire.Record, s *meta.Snapshot) []byte {
	res := f.eval.Eval(p.computed, r, &r.View, s)
	switch res.Kind {
	case meta.Known:
		return append(dst, res.Value.Header...)
	case meta.Number:
		return text.AppendUint(dst, res.Number)
	case meta.Plain, meta.Wire:
		return text.AppendCEFHeader(dst, res.Bytes)
	case meta.Hex:
		return text.AppendHex(dst, res.Bytes)
	}
	return append(dst, p.text...)
}

// matrix gives the severity for a priority and an impact.
func (f *formatter) matrix(p *part, r *wire.Record, s *meta.Snapshot) string {
	var impact uint64
	switch {
	case p.severity.impact != nil:
		impact = f.eval.Eval(p.severity.impact, r, &r.View, s).Number
	case p.other >= 0:
		impact = r.Uint(p.other)
	}
	if severity, ok := loaded().Severities[r.Uint(p.slot)][impact]; ok {
		return severity
	}
	return defaultSeverity
}

// extensionPart appends one key with its value, or nothing if the value is empty.
func (f *formatter) extensionPart(dst []byte, p *part, r *wire.Record, s *meta.Snapshot) []byte {
	start := len(dst)
	if p.computed != nil {
		if p.computed.Kind == meta.OpLookup {
			if value := p.computed.Find(&r.View, s); value != nil {
				dst = append(dst, p.before...)
				return append(dst, value.CEF...)
			}
		} else if res := f.eval.Eval(p.computed, r, &r.View, s); res.Kind > meta.Null {
			dst = append(dst, p.before...)
			n := len(dst)
			if dst = appendResult(dst, &res); len(dst) == n {
				return dst[:start]
			}
			return dst
		}
	}
	switch p.write {
	case writeNothing:
		return dst
	case writeText:
		dst = append(dst, p.before...)
		return append(dst, p.text...)
	case writeUint:
		n := r.Uint(p.slot)
		if n == 0 {
			return dst
		}
		dst = append(dst, p.before...)
		return text.AppendUint(dst, n)
	}
	dst = append(dst, p.before...)
	dst, ok := f.field(dst, p, &r.View)
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
