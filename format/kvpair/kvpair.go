// Package kvpair writes one line of key=value pairs per record, separated by single
// spaces: time, recordType, recordName and recordCategory first, then all fields
// and computed values of the record. Package flat documents names and values.
//
//	time=2023-11-14T22:13:20+00:00 recordType=500 recordName="File Event" ... fileName="a \"b\".txt"
//
// A value is bare if it consists of ASCII letters, digits and . _ : / + - @ only.
// All others are in double quotes, in which a backslash starts an escape: \" \\ \n
// \r \t, and \xNN for one byte. Whatever does not print is written like that, and so
// are bytes that are not valid UTF-8, so that a reader gets back exactly what
// arrived. Text without content is left out.
//
// Every message has a line. One that cannot be decoded shows what is known of it,
// rawRecord or rawMessage (base64) and rawReason.
package kvpair

import (
	"errors"

	"estream/format"
	"estream/format/flat"
	"estream/meta"
	"estream/wire"
)

// Options are the settings of the format. The zero value is useful.
type Options struct {
	Packets meta.Packets // how the payload of packets is written
}

// New returns the format. It implements format.Format.
func New(o Options) format.Format { return &kvFormat{o, flat.NewPlans()} }

type kvFormat struct {
	options Options
	plans   *flat.Plans
}

// Wanted is true for every field: the line shows them all.
func (f *kvFormat) Wanted(*wire.Layout, int) bool { return true }

// Writes is true for every record.
func (f *kvFormat) Writes(*wire.Layout) bool { return true }

func (f *kvFormat) NewFormatter() format.Formatter {
	return &formatter{f.plans.NewWalker(f.options.Packets)}
}

type formatter struct {
	walker *flat.Walker
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
	return f.line(dst, items), true
}

// AppendRaw implements format.Formatter. Every message has a line.
func (f *formatter) AppendRaw(dst []byte, message []byte, r *wire.Record, reason error) ([]byte, bool) {
	return f.line(dst, f.walker.Raw(message, r, reason)), true
}

func (f *formatter) line(dst []byte, items []flat.Item) []byte {
	start := len(dst)
	for i := range items {
		it := &items[i]
		if it.Empty() {
			continue
		}
		if len(dst) > start {
			dst = append(dst, ' ')
		}
		dst = append(it.AppendName(dst), '=')
		dst = it.AppendValue(dst)
	}
	f.walker.Reset()
	return append(dst, '\n')
}
