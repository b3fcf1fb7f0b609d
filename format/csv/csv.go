// Package csv writes one line of comma-separated values per record (RFC 4180, with
// LF as line end). All records share the columns of [Header]; the last one, fields,
// holds everything that has no column of its own as a JSON object, so that no
// value of any record is lost. Package flat documents names and values, and which
// field takes which column.
//
// Lines only: whoever opens an output writes Header once at its beginning.
//
// Columns hold text for reading. In them whatever does not print is written as \n,
// \r, \t or \xNN, and text that begins with a character by which spreadsheets
// recognise a formula (= + - @, their wide forms, spaces in front ignored) gets an
// apostrophe in front, since file names, URLs and user names come from strangers.
// Wherever such a rule changed a value, the field stands in fields as well, exactly.
//
// In fields text is a JSON string; bytes that are not valid UTF-8 are hex digits
// under the name of the field with "_hex" at its end. Text without content is left
// out. Every line is valid UTF-8 and holds no CR or LF before its end.
package csv

import (
	"errors"

	"estream/format"
	"estream/format/flat"
	"estream/meta"
	"estream/wire"
)

// Header is the header line, without line end.
const Header = "time,recordType,recordName,recordCategory,sensor,domain,host," +
	"sourceAddress,sourcePort,destinationAddress,destinationPort,protocol,application," +
	"action,blocked,user,policy,rule,message,priority,impact,file,hash,disposition,url,fields"

// columns are the roles in the order of Header; fields follows them.
var columns = [...]flat.Role{
	flat.Time, flat.RecordType, flat.RecordName, flat.RecordCategory, flat.Sensor, flat.Domain, flat.Host,
	flat.SourceAddress, flat.SourcePort, flat.DestinationAddress, flat.DestinationPort, flat.Protocol, flat.Application,
	flat.Action, flat.Blocked, flat.User, flat.Policy, flat.Rule, flat.Message, flat.Priority, flat.Impact,
	flat.File, flat.Hash, flat.Disposition, flat.URL,
}

// Options are the settings of the format. The zero value is useful.
type Options struct {
	Packets meta.Packets // how the payload of packets is written
}

// New returns the format. It implements format.Format.
func New(o Options) format.Format { return &csvFormat{o, flat.NewPlans()} }

type csvFormat struct {
	options Options
	plans   *flat.Plans
}

// Wanted is true for every field: the line shows them all.
func (f *csvFormat) Wanted(*wire.Layout, int) bool { return true }

// Writes is true for every record.
func (f *csvFormat) Writes(*wire.Layout) bool { return true }

func (f *csvFormat) NewFormatter() format.Formatter {
	return &formatter{walker: f.plans.NewWalker(f.options.Packets)}
}

type formatter struct {
	walker *flat.Walker
	buf    []byte // a value before it is quoted
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
	pick := flat.Choose(items)
	for _, role := range columns {
		if i := pick[role]; i >= 0 {
			var exact bool
			if dst, exact = f.column(dst, &items[i]); !exact {
				pick[role] = -1 // so that it stays among the fields
			}
		}
		dst = append(dst, ',')
	}
	f.buf = append(f.buf[:0], '{')
	for i := range items {
		it := &items[i]
		if it.Empty() || it.Role != flat.NoRole && pick[it.Role] == i {
			continue
		}
		if len(f.buf) > 1 {
			f.buf = append(f.buf, ',')
		}
		f.buf = appendMember(f.buf, it)
	}
	f.buf = append(f.buf, '}')
	dst = appendQuoted(dst, f.buf)
	f.walker.Reset()
	if cap(f.buf) > keepBytes {
		f.buf = nil
	}
	return append(dst, '\n')
}

// keepBytes bounds the buffer that a formatter keeps after a huge record.
const keepBytes = 1 << 18

// Header implements format.Headed.
func (f *csvFormat) Header() string { return Header }
