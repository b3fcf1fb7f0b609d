package dissector

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"estream/wire"
)

// A value is one field as the program's own decoder reads it.
type value struct {
	field *wire.Field
	off   int // in the message
	raw   []byte
}

// valuesOf lists the fields of a view, whose first one starts at v.Data[at], in the order
// of the tree: what is in blocks follows the list or field that holds them.
func valuesOf(t testing.TB, d *wire.Decoder, v *wire.View, at int, list []value) []value {
	t.Helper()
	for slot := range v.Layout.Fields {
		f := &v.Layout.Fields[slot]
		if v.Layout.Record != nil && v.Layout.Block != nil && slot == v.Layout.Discovery {
			at += 8 // the block's header
		}
		if !v.Has(slot) {
			continue
		}
		var raw []byte
		if f.Kind.Integer() {
			raw = v.Data[at : at+f.Size]
		} else {
			raw = v.Bytes(slot)
		}
		if f.Kind == wire.KindString || f.Kind == wire.KindBlob {
			at += 8
		}
		list = append(list, value{f, 8 + at, raw})
		if f.Kind == wire.KindList || f.Kind == wire.KindBlock {
			element := at
			if f.Kind == wire.KindList {
				element += 8
			}
			if err := d.Elements(v, slot, func(e *wire.View) error {
				if e.Layout != nil {
					list = valuesOf(t, d, e, element+8, list)
				}
				element += len(e.Raw())
				return nil
			}); err != nil {
				t.Fatal(err)
			}
		}
		at += len(raw)
	}
	return list
}

// sameValues holds what the dissector shows below a message to the program's values:
// every field, in order, with its name, place, bytes and what people read.
func sameValues(t testing.TB, what string, message *node, want []value) {
	t.Helper()
	var got []*node
	for n := range message.all() {
		if strings.HasPrefix(n.name, "estreamer.field.") {
			got = append(got, n)
		}
	}
	for i, w := range want {
		if i == len(got) {
			t.Fatalf("%s: %d fields, want %d; the first that is missing is %s", what, len(got), len(want), w.field.Name)
		}
		g := got[i]
		if problem := w.differs(g, message.pos); problem != "" {
			t.Fatalf("%s, field %d, %s: %s", what, i, w.field.Name, problem)
		}
	}
	if len(got) > len(want) {
		t.Fatalf("%s: %d fields, want %d; the first that is too much is %s", what, len(got), len(want), got[len(want)].name)
	}
}

// differs says how an item is not what it should be, "" if it is.
func (w *value) differs(g *node, message int) string {
	name := strings.TrimPrefix(g.name, "estreamer.field.")
	if name != w.field.Name && name != w.field.Name+"_"+class(w.field) {
		return "is " + g.name
	}
	if g.size != len(w.raw) || len(w.raw) > 0 && g.pos-message != w.off {
		return fmt.Sprintf("%d bytes at %d, want %d at %d", g.size, g.pos-message, len(w.raw), w.off)
	}
	// A list is shown by what is in it.
	if class(w.field) != "list" && !slices.Equal(g.value, w.raw) {
		return fmt.Sprintf("bytes %x, want %x", g.value, w.raw)
	}
	want, ok := w.text()
	if ok && g.show != want {
		return fmt.Sprintf("shows %q, want %q", g.show, want)
	}
	return ""
}

// text returns what the item is to show; false where the bytes are all that counts.
func (w *value) text() (string, bool) {
	switch k := w.field.Kind; {
	case k.Integer():
		var n uint64
		for _, b := range w.raw {
			n = n<<8 | uint64(b)
		}
		return strconv.FormatUint(n, 10), true
	case k == wire.KindIPv4:
		b := slices.Clone(w.raw)
		if w.field.LittleEndian {
			slices.Reverse(b)
		}
		return net.IP(b).String(), true
	case k == wire.KindIPv6:
		return netip.AddrFrom16([16]byte(w.raw)).String(), true
	case k == wire.KindMAC:
		return net.HardwareAddr(w.raw).String(), true
	case k == wire.KindUUID:
		b := w.raw
		return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:]), true
	case class(w.field) == "string" && utf8.Valid(w.raw) && strings.IndexFunc(string(w.raw), func(r rune) bool { return !unicode.IsPrint(r) }) < 0:
		return string(w.raw), true
	}
	return "", false
}
