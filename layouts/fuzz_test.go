package layouts

import (
	"bytes"
	"encoding/binary"
	"errors"
	"testing"

	"estream/internal/corpus"
	"estream/wire"
)

// FuzzLayouts decodes any bytes as the body of any record, the layout chosen by
// the input. What decodes must encode to the same bytes, decode the same with a
// pruned program, and let every list be walked to its end.
func FuzzLayouts(f *testing.F) {
	seen := map[*wire.Layout]bool{}
	d := wire.NewDecoder(Default(), nil)
	for rest := corpus.Read(f, corpus.Messages); len(rest) > 0; {
		msg, next, err := wire.NextMessage(rest)
		if err != nil {
			f.Fatal(err)
		}
		rest = next
		if r, err := d.Decode(msg); err == nil && !seen[r.Layout] {
			seen[r.Layout] = true
			f.Add(r.Type, r.Extended, bytes.Clone(r.Body()))
		}
	}
	// The layouts that the corpus lacks: a body of zeros of the right length.
	for l, err := range All(Default()) {
		if err != nil {
			f.Fatal(err)
		}
		if !seen[l] {
			f.Add(l.Record.Type, true, l.NewBuilder().AppendMessage(nil, wire.RecordHeader{Extended: true})[24:])
		}
	}
	for l, err := range Forms(Default()) {
		if err != nil {
			f.Fatal(err)
		}
		f.Add(l.Record.Type, true, sample(l)[24:])
	}
	f.Fuzz(func(t *testing.T, typ uint16, extended bool, body []byte) {
		msg := []byte{0, 1, 0, 4, 0, 0, 0, 0}
		msg = binary.BigEndian.AppendUint32(msg, uint32(typ))
		msg = binary.BigEndian.AppendUint32(msg, uint32(len(body)))
		if extended {
			msg = append(msg, 1, 2, 3, 4, 5, 6, 7, 8)
		}
		msg = append(msg, body...)
		binary.BigEndian.PutUint32(msg[4:], uint32(len(msg)-8))

		full := wire.NewDecoder(Default(), nil)
		r, err := full.Decode(msg)
		if err != nil {
			var de *wire.DecodeError
			if !errors.Is(err, wire.ErrUnknownRecord) && !errors.Is(err, wire.ErrUnknownBlock) && !errors.As(err, &de) {
				t.Fatalf("error of another kind: %v", err)
			}
			if de != nil && de.Offset > len(msg) {
				t.Fatalf("offset %d of the error lies behind the message of %d bytes: %v", de.Offset, len(msg), err)
			}
			if r != nil && !bytes.Equal(r.Body(), body) {
				t.Fatal("a record kept raw has another body")
			}
			return
		}
		if got := wire.AppendRecord(nil, r); !bytes.Equal(got, msg) {
			t.Fatalf("%v: encoded bytes differ\n got %x\nwant %x", r.Layout, got, msg)
		}
		walk(t, full, &r.View, 0)
		pruned := wire.NewDecoder(Default(), func(_ *wire.Layout, slot int) bool { return slot%3 == int(typ)%3 })
		p, err := pruned.Decode(msg)
		if err != nil {
			t.Fatalf("%v: the pruned program fails: %v", r.Layout, err)
		}
		for slot := int(typ) % 3; slot < len(r.Slots); slot += 3 {
			if r.Slots[slot] != p.Slots[slot] {
				t.Fatalf("%v: %s differs in the pruned program", r.Layout, r.Layout.Fields[slot].Name)
			}
		}
	})
}

// walk visits every element of every list.
func walk(t *testing.T, d *wire.Decoder, v *wire.View, depth int) {
	for slot := range v.Layout.Fields {
		if k := v.Layout.Fields[slot].Kind; k != wire.KindList && k != wire.KindBlock {
			continue
		}
		size := 0
		err := d.Elements(v, slot, func(e *wire.View) error {
			size += len(e.Raw())
			if e.Layout != nil {
				walk(t, d, e, depth+1)
			}
			return nil
		})
		if err != nil {
			t.Fatalf("a list that Decode let through fails: %v", err)
		}
		if size > len(v.Data) {
			t.Fatalf("elements of %d bytes in %d", size, len(v.Data))
		}
	}
}
