package encoreref

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"
)

// A Failure says that eNcore has no output for a message, and why.
type Failure struct {
	Stage  string // "decode", "view" or the adapter
	Reason string // without values of the message, so that failures can be counted
}

func (f *Failure) Error() string { return f.Stage + ": " + f.Reason }

// failf makes a Failure.
func failf(stage, format string, args ...any) error {
	return &Failure{stage, fmt.Sprintf(format, args...)}
}

// A decoding is one message on its way into a record.
type decoding struct {
	t    *tables
	data []byte // everything after the 8-byte message header
	off  int
	mend bool // see Client.ReadMended
}

// decode returns the record of one message, without its computed view.
func (d *decoding) decode() (*Object, error) {
	head, err := d.take(8)
	if err != nil {
		return nil, err
	}
	typ, length := binary.BigEndian.Uint32(head), binary.BigEndian.Uint32(head[4:])
	if d.mend {
		typ &= 0xffff
	}
	name := strconv.FormatUint(uint64(typ), 10)
	if _, ok := d.t.records.Records[name]; !ok || slices.Contains(d.t.records.LayoutOnlyTypes, name) {
		return nil, failf("decode", "unknown record type")
	}
	if slices.Contains(d.t.records.NeverDecodable, typ) {
		return nil, failf("decode", "record type that never decodes (D-32)")
	}
	r := NewObject()
	r.Set("recordType", uint64(typ))
	r.Set("recordLength", uint64(length))
	r.Set("blockType", uint64(0))
	var archive, checksum uint64
	switch uint64(len(d.data)) - uint64(length) {
	case 8:
	case 16:
		words, err := d.take(8)
		if err != nil {
			return nil, err
		}
		archive, checksum = uint64(binary.BigEndian.Uint32(words)), uint64(binary.BigEndian.Uint32(words[4:]))
	default:
		return nil, failf("decode", "record length does not fit the message")
	}
	r.Set("archiveTimestamp", archive)
	r.Set("checksum", checksum)

	layout, err := d.layout(name)
	if err != nil {
		return nil, err
	}
	if err := d.fields(r, d.t.records.Records[layout].Fields); err != nil {
		return nil, err
	}
	if d.off != len(d.data) {
		return nil, failf("decode", "bytes after the layout")
	}
	return r, nil
}

// layout returns the entry of records.json for a record type. eNcore looks for the
// block type at a fixed place of the message, so it misses where the header is
// shorter than usual (D-13).
func (d *decoding) layout(name string) (string, error) {
	variants, ok := d.t.records.LayoutVariants[name]
	if !ok {
		return name, nil
	}
	at := 16
	if name == "71" {
		at = 72
	}
	if d.mend {
		at = d.off
		if name == "71" {
			at += d.discoverySize()
		}
	}
	if at+4 > len(d.data) {
		return "", failf("decode", "no block type at its fixed place (D-13)")
	}
	number := binary.BigEndian.Uint32(d.data[at:])
	layout, ok := variants.Layouts[strconv.FormatUint(uint64(number), 10)]
	switch {
	case !ok: // fits one more block; block fails on the others
		return variants.Otherwise, nil
	case layout == nil:
		return "", failf("decode", "record %s block %d (D-32)", name, number)
	}
	return *layout, nil
}

// discoverySize is the length of the discovery header at the current place.
func (d *decoding) discoverySize() int {
	if d.off+15 <= len(d.data) && d.data[d.off+14] == 1 {
		return 56
	}
	return 40
}

func (d *decoding) take(n int) ([]byte, error) {
	if n > len(d.data)-d.off {
		return nil, failf("decode", "message ends early")
	}
	p := d.data[d.off : d.off+n]
	d.off += n
	return p, nil
}
