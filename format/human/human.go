package human

import (
	"bytes"
	"errors"

	"estream/format"
	"estream/format/flat"
	"estream/format/text"
	"estream/meta"
	"estream/wire"
)

// MaxDetails is how many name=value pairs a line shows of a record without template.
const MaxDetails = 40

// Options are the settings of the format. The zero value is useful.
type Options struct {
	Packets meta.Packets // how the payload of packets is written
}

// New returns the format. It implements format.Format.
func New(o Options) format.Format { return &textFormat{o, flat.NewPlans()} }

type textFormat struct {
	options Options
	plans   *flat.Plans
}

// Wanted is true for every field: which of them say something depends on values.
func (f *textFormat) Wanted(*wire.Layout, int) bool { return true }

// Writes is true for every record.
func (f *textFormat) Writes(*wire.Layout) bool { return true }

func (f *textFormat) NewFormatter() format.Formatter {
	return &formatter{walker: f.plans.NewWalker(f.options.Packets)}
}

type formatter struct {
	walker *flat.Walker
	line   line
}

var errNoLayout = errors.New("record has no layout")

// Append implements format.Formatter. Every record has a line.
func (f *formatter) Append(dst []byte, d *wire.Decoder, r *wire.Record, s *meta.Snapshot) ([]byte, bool) {
	if r.Layout == nil {
		return f.AppendRaw(dst, r.Message, r, errNoLayout)
	}
	items, err := f.walker.Record(d, r, s)
	if err != nil {
		return f.AppendRaw(dst, r.Message, r, err)
	}
	l := &f.line
	l.items, l.pick = items, flat.Choose(items)
	dst = l.head(dst)
	if c := compiledTemplates[r.Type]; c != nil {
		dst = append(dst, c.label...)
		dst = l.parts(dst, c.parts)
	} else {
		dst = append(dst, r.Layout.Record.Name...)
		dst = l.parts(dst, generalParts)
		dst = l.details(dst)
	}
	return f.end(dst), true
}

// AppendRaw implements format.Formatter. Every message has a line.
func (f *formatter) AppendRaw(dst []byte, message []byte, r *wire.Record, reason error) ([]byte, bool) {
	l := &f.line
	l.items = f.walker.Raw(message, r, reason)
	l.pick = flat.Choose(l.items)
	dst = append(l.head(dst), "UNDECODED"...)
	if r != nil {
		dst = append(dst, "  record="...)
		dst = text.AppendUint(dst, uint64(r.Type))
		if r.Block != 0 {
			dst = append(dst, "  block="...)
			dst = text.AppendUint(dst, uint64(r.Block))
		}
	}
	dst = append(dst, "  "...)
	dst = flat.AppendVisible(dst, []byte(reason.Error()))
	dst = append(dst, "  bytes="...)
	dst = text.AppendUint(dst, uint64(len(message)))
	return f.end(dst), true
}

func (f *formatter) end(dst []byte) []byte {
	f.walker.Reset()
	f.line.items = nil
	return append(dst, '\n')
}

// A line is the record that is being written.
type line struct {
	items []flat.Item
	pick  flat.Pick
}

// head appends time and device.
func (l *line) head(dst []byte) []byte {
	if i := l.pick[flat.Time]; i >= 0 {
		t := bytes.TrimSuffix(l.items[i].Bytes, []byte("+00:00"))
		day, clock, _ := bytes.Cut(t, []byte{'T'})
		dst = append(append(dst, day...), ' ')
		dst = append(append(dst, clock...), 'Z')
	} else {
		dst = append(dst, '-')
	}
	dst = append(dst, ' ')
	if i := l.pick[flat.Sensor]; i >= 0 {
		dst = appendItem(dst, &l.items[i], false)
	} else {
		dst = append(dst, '-')
	}
	return append(dst, "  "...)
}
