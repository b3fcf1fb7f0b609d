package print

import (
	"errors"
	"strings"
	"sync"
	"time"

	"estream/format"
	"estream/format/flat"
	"estream/format/text"
	"estream/meta"
	"estream/wire"
)

// MaxDump is how many bytes of an undecodable record, of a block without layout and
// of bytes behind the known fields are dumped without Options.Hex.
const MaxDump = 512

// Options are the settings of the format. The zero value is useful.
type Options struct {
	// Hex shows packets and other binary payload as hex dumps, and dumps undecodable
	// records whole. A dump is about five times as long as what it shows.
	Hex bool
	// Message adds the whole message to each record, 8-byte header included, as a hex
	// dump behind its fields.
	Message bool
	// Layouts, if not nil, name the type of a record that cannot be decoded.
	Layouts *wire.Layouts
	// Names, if not nil, are the names that AppendBlock and AppendBlockJSON show:
	// a host profile has operating systems and applications as numbers only. Records
	// come with names of their own.
	Names *meta.Snapshot
}

// New returns the format. It implements format.Format; what it appends for a record
// has several lines, the last of which is the line of "*".
func New(o Options) format.Format {
	return &printFormat{options: o, plans: format.NewPlans(compile)}
}

type printFormat struct {
	options Options
	plans   *format.Plans[plan]
}

// Multiline reports that a record has more than one line, which a destination that
// takes a line for a record has to refuse.
func (f *printFormat) Multiline() bool { return true }

// Wanted is true for every field: all of them are shown.
func (f *printFormat) Wanted(*wire.Layout, int) bool { return true }

// Writes is true for every record.
func (f *printFormat) Writes(*wire.Layout) bool { return true }

func (f *printFormat) NewFormatter() format.Formatter {
	return &formatter{
		printer: printer{plans: f.plans, hex: f.options.Hex, dates: text.Dates{Location: time.UTC}},
		set:     f.options.Layouts, message: f.options.Message,
	}
}

type formatter struct {
	printer
	set     *wire.Layouts
	message bool
}

var (
	ruler     = strings.Repeat("=", 70) + "\n"
	separator = strings.Repeat("*", 70) + "\n"
)

// initial has the names that need no metadata.
var initial = sync.OnceValue(meta.Initial)

var errNoLayout = errors.New("record has no layout")

// Append implements format.Formatter. Every record has lines.
func (f *formatter) Append(dst []byte, d *wire.Decoder, r *wire.Record, s *meta.Snapshot) ([]byte, bool) {
	if r.Layout == nil {
		return f.AppendRaw(dst, r.Message, r, errNoLayout)
	}
	start := len(dst)
	p := f.plans.Get(r.Layout)
	f.begin(d, r, s)
	defer f.end()
	dst = f.recordHeader(dst, p, r.Layout.Record)
	dst, err := f.fields(dst, p.header, &r.View, 0)
	if err == nil {
		dst = append(dst, p.block...)
		if r.Layout.Block != nil {
			dst = append(text.AppendUint(append(dst, "block_length: "...), uint64(r.BlockLength)), '\n')
		}
		dst = append(dst, ruler...)
		dst, err = f.fields(dst, p.body, &r.View, 0)
	}
	if err != nil {
		// The decoder has ruled this out for every record that it returns without error.
		return f.AppendRaw(dst[:start], r.Message, r, err)
	}
	if r.Trailing > 0 {
		dst = append(dst, "trailing: "...)
		dst = appendBytes(dst, r.Trailing)
		dst = append(dst, " behind the known fields\n"...)
		dst = f.dump(dst, r.Data[len(r.Data)-r.Trailing:], indentation)
	}
	return f.last(dst, r.Message), true
}

// last appends the message, if it is asked for, and the line behind a record.
func (f *formatter) last(dst, message []byte) []byte {
	if f.message {
		dst = append(appendBytes(append(dst, "message: "...), len(message)), '\n')
		hex := f.hex
		f.hex = true // the whole of it
		dst = f.dump(dst, message, indentation)
		f.hex = hex
	}
	return append(dst, separator...)
}

// AppendRaw implements format.Formatter. Every message has lines.
func (f *formatter) AppendRaw(dst []byte, message []byte, r *wire.Record, reason error) ([]byte, bool) {
	what, whole := "message: ", message
	if r != nil {
		what, message = "record: ", r.Body()
		var def *wire.RecordDef
		if f.set != nil {
			def, _ = f.set.Source().Record(r.Type) // nil for a type without definition, which has no name
		}
		f.begin(nil, r, initial())
		defer f.end()
		var outer plan
		if l := r.Outer.Layout; l != nil {
			outer, def = *f.plans.Get(l), l.Record
		}
		dst = f.recordHeader(dst, &outer, def)
		if r.Outer.Layout != nil {
			// A discovery header holds no blocks, which alone could be malformed.
			dst, _ = f.fields(dst, outer.header, &r.Outer, 0)
		}
		if r.Block != 0 {
			dst = append(text.AppendUint(append(dst, "block_type: "...), uint64(r.Block)), '\n')
		}
	}
	dst = append(dst, ruler...)
	dst = append(dst, "undecoded: "...)
	dst = flat.AppendVisible(dst, []byte(reason.Error()))
	dst = append(dst, '\n')
	if f.message {
		return f.last(dst, whole), true
	}
	dst = append(dst, what...)
	dst = append(appendBytes(dst, len(message)), '\n')
	dst = f.dump(dst, message, indentation)
	return append(dst, separator...), true
}

// recordHeader appends the fields of the record header. def is nil for a record
// type that nobody knows.
func (f *formatter) recordHeader(dst []byte, p *plan, def *wire.RecordDef) []byte {
	r := f.record
	dst = text.AppendUint(append(dst, "record_type: "...), uint64(r.Type))
	if def != nil {
		dst = append(dst, " ["...)
		dst = append(flat.AppendVisible(dst, []byte(def.Name)), ']')
	}
	dst = text.AppendUint(append(dst, "\nrecord_length: "...), uint64(r.Length))
	dst = text.AppendUint(append(dst, "\nnetmap_id: "...), uint64(r.NetmapID))
	if p.domain != nil {
		if res := f.eval.Eval(p.domain, r, &r.View, f.names); res.Kind == meta.Known {
			dst = append(dst, " ["...)
			dst = append(flat.AppendVisible(dst, []byte(res.Value.Text)), ']')
		}
	}
	dst = append(dst, '\n')
	if r.Extended {
		dst = text.AppendUint(append(dst, "archive_timestamp: "...), uint64(r.ArchiveTimestamp))
		dst = append(f.time(dst, uint64(r.ArchiveTimestamp)), '\n')
	}
	if r.Reserved != 0 {
		dst = append(text.AppendUint(append(dst, "reserved: "...), uint64(r.Reserved)), '\n')
	}
	return dst
}
