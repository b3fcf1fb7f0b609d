package jsonl

import (
	"encoding/base64"
	"errors"
	"time"

	"estream/format"
	"estream/format/text"
	"estream/meta"
	"estream/wire"
)

// Options are the settings of the format. The zero value is eNcore's default.
type Options struct {
	Profile  meta.Profile
	Packets  meta.Packets   // how packets are written
	Location *time.Location // zone of dates, time.Local if nil; not used by meta.Strict, which is UTC
}

// New returns the format. It implements format.Format.
func New(o Options) format.Format {
	f := &jsonFormat{options: o}
	f.plans = format.NewPlans(f.compile)
	return f
}

type jsonFormat struct {
	options Options
	plans   *format.Plans[plan]
}

// Wanted is true for every field: the line shows them all.
func (f *jsonFormat) Wanted(*wire.Layout, int) bool { return true }

// Writes is true for every record.
func (f *jsonFormat) Writes(*wire.Layout) bool { return true }

func (f *jsonFormat) NewFormatter() format.Formatter {
	dates := text.Dates{Location: f.options.Location}
	strict := f.options.Profile == meta.Strict
	if strict {
		dates = text.Dates{Location: time.UTC, Offset: true}
	}
	return &formatter{
		plans:  f.plans,
		eval:   meta.Evaluator{Packets: f.options.Packets, Dates: dates},
		strict: strict,
	}
}

type formatter struct {
	plans  *format.Plans[plan]
	eval   meta.Evaluator
	strict bool
	addr   []byte
}

var errNoLayout = errors.New("record has no layout")

// Append implements format.Formatter. Every record has a line.
func (f *formatter) Append(dst []byte, d *wire.Decoder, r *wire.Record, s *meta.Snapshot) ([]byte, bool) {
	if r.Layout == nil {
		return f.AppendRaw(dst, r.Message, r, errNoLayout)
	}
	start := len(dst)
	p := f.plans.Get(r.Layout)
	dst = append(dst, p.head...)
	dst = text.AppendUint(dst, uint64(r.Length))
	dst = append(dst, p.afterLength...)
	dst = text.AppendUint(dst, uint64(r.ArchiveTimestamp))
	dst = append(dst, `, "checksum": `...)
	dst = text.AppendUint(dst, uint64(r.Reserved))
	dst, err := f.fields(dst, d, p.fields, &r.View)
	if err != nil {
		return f.AppendRaw(dst[:start], r.Message, r, err)
	}
	dst = append(dst, p.tail...)
	n := len(dst)
	dst = f.computed(dst, d, p.computed, r, &r.View, s)
	if !p.named && len(dst) > n {
		// Without a constant in front the first member must lose its ", ".
		dst = append(dst[:n], dst[n+2:]...)
	}
	return append(dst, '}', '}', '\n'), true
}

// computed appends the members of the computed view, each with ", " in front.
func (f *formatter) computed(dst []byte, d *wire.Decoder, ops []computedOp, r *wire.Record, v *wire.View, s *meta.Snapshot) []byte {
	for i := range ops {
		o := &ops[i]
		if o.op.Kind == meta.OpLookup {
			if value := o.op.Find(v, s); value != nil {
				dst = append(dst, o.member...)
				dst = append(dst, value.JSON...)
			} else if o.op.NullOnMiss() {
				dst = append(dst, o.member...)
				dst = append(dst, "null"...)
			}
			continue
		}
		if o.op.Kind == meta.OpNested {
			dst = f.computedNested(dst, d, o.op, r, v, s)
			continue
		}
		res := f.value(o.op, r, v, s)
		if res.Kind == meta.Absent {
			continue
		}
		dst = append(dst, o.member...)
		dst = appendResult(dst, &res)
	}
	return dst
}

// computedNested appends what is computed from a nested block. Its members are
// rare, so they are not part of a plan.
func (f *formatter) computedNested(dst []byte, d *wire.Decoder, op *meta.Op, r *wire.Record, v *wire.View, s *meta.Snapshot) []byte {
	// An error cannot happen here: writing the fields has walked the same block.
	_ = d.Elements(v, op.From.Slot, func(e *wire.View) error {
		ops := f.eval.Nested(op, e.Layout)
		for i := range ops {
			if res := f.value(&ops[i], r, e, s); res.Kind != meta.Absent {
				dst = append(dst, `, "`...)
				dst = append(dst, ops[i].Key...)
				dst = append(dst, `": `...)
				dst = appendResult(dst, &res)
			}
		}
		return nil
	})
	return dst
}

// value computes one value. eNcore shows the address of a VPN client as groups of
// hex digits; strict writes it like every other address.
func (f *formatter) value(op *meta.Op, r *wire.Record, v *wire.View, s *meta.Snapshot) meta.Result {
	if f.strict && op.Kind == meta.OpHexGroups {
		if b := v.Bytes(op.From.Slot); len(b) == 4 || len(b) == 16 {
			f.addr = text.AppendAddress(f.addr[:0], b)
			return meta.Result{Kind: meta.Plain, Bytes: f.addr}
		}
	}
	return f.eval.Eval(op, r, v, s)
}

func appendResult(dst []byte, res *meta.Result) []byte {
	switch res.Kind {
	case meta.Null:
		return append(dst, "null"...)
	case meta.Number:
		return text.AppendUint(dst, res.Number)
	case meta.Known:
		if res.Value.JSON == "" {
			return append(dst, `""`...)
		}
		return append(dst, res.Value.JSON...)
	}
	dst = append(dst, '"')
	switch res.Kind {
	case meta.Wire:
		dst = text.AppendJSON(dst, res.Bytes)
	case meta.Hex:
		dst = text.AppendHex(dst, res.Bytes)
	default:
		dst = text.AppendJSONString(dst, res.Bytes)
	}
	return append(dst, '"')
}

// outer appends the members of the discovery header, if that much was readable.
func (f *formatter) outer(dst []byte, v *wire.View) []byte {
	if v.Layout == nil {
		return dst
	}
	p := f.plans.Get(v.Layout)
	// A discovery header holds no blocks, which alone could be malformed.
	dst, _ = f.fields(dst, nil, p.fields, v)
	return append(dst, p.lastField...)
}

// AppendRaw implements format.Formatter. The fields of a readable discovery header
// are members as in any other line.
func (f *formatter) AppendRaw(dst []byte, message []byte, r *wire.Record, reason error) ([]byte, bool) {
	if r == nil {
		dst = append(dst, `{"rawMessage": "`...)
		dst = base64.StdEncoding.AppendEncode(dst, message)
	} else {
		dst = append(dst, `{"recordType": `...)
		dst = text.AppendUint(dst, uint64(r.Type))
		dst = append(dst, `, "recordLength": `...)
		dst = text.AppendUint(dst, uint64(r.Length))
		dst = append(dst, `, "blockType": `...)
		dst = text.AppendUint(dst, uint64(r.Block))
		dst = append(dst, `, "archiveTimestamp": `...)
		dst = text.AppendUint(dst, uint64(r.ArchiveTimestamp))
		dst = append(dst, `, "checksum": `...)
		dst = text.AppendUint(dst, uint64(r.Reserved))
		dst = f.outer(dst, &r.Outer)
		dst = append(dst, `, "rawRecord": "`...)
		dst = base64.StdEncoding.AppendEncode(dst, r.Body())
	}
	dst = append(dst, `", "rawReason": "`...)
	dst = text.AppendJSONString(dst, []byte(reason.Error()))
	return append(dst, '"', '}', '\n'), true
}
