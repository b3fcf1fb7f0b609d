package hosts

import (
	"encoding/binary"
	"fmt"

	"estream/wire"
)

// A view reads the fields of a record or data block by name. Layouts of different
// generations give one thing different names: the first that is there counts. A
// field that no name finds, or of another kind, reads as zero.
type view struct {
	*wire.View
	dec *wire.Decoder
}

// slot finds a field of the body, -1 if there is none.
func (v view) slot(integer bool, names []string) int {
	for _, n := range names {
		if i := v.Layout.Slot(n); i >= v.Layout.Discovery && v.Layout.Fields[i].Kind.Integer() == integer {
			return i
		}
	}
	return -1
}

func (v view) num(names ...string) uint64 {
	if i := v.slot(true, names); i >= 0 {
		return v.Uint(i)
	}
	return 0
}

func (v view) u32(names ...string) uint32    { return uint32(v.num(names...)) }
func (v view) second(names ...string) Second { return Second(v.num(names...)) }

func (v view) bytes(names ...string) []byte {
	if i := v.slot(false, names); i >= 0 {
		return v.Bytes(i)
	}
	return nil
}

// text returns a text, a name or version, cut to its limit.
func (v view) text(names ...string) string { return cut(v.bytes(names...), maxText) }

// uuid returns a UUID, zero for none.
func (v view) uuid(names ...string) (u UUID) {
	copy(u[:], v.bytes(names...))
	return u
}

// addr returns an address in 16 bytes: of an address field, or of a number as
// releases before 5.2 have it in ranges. It reports false for none and for zeros.
func (v view) addr(names ...string) (a [16]byte, ok bool) {
	if b := v.bytes(names...); len(b) == 4 || len(b) == 16 {
		return mapped(b)
	}
	if n := v.u32(names...); n != 0 {
		var b [4]byte
		binary.BigEndian.PutUint32(b[:], n)
		return mapped(b[:])
	}
	return a, false
}

// mapped returns an address of 4 or 16 bytes in 16; it reports false for zeros.
func mapped(b []byte) (a [16]byte, ok bool) {
	if len(b) == 4 {
		a[10], a[11] = 0xff, 0xff
		copy(a[12:], b)
		return a, [4]byte(b) != [4]byte{}
	}
	copy(a[:], b)
	return a, a != [16]byte{} && a != unspecified4
}

var unspecified4 = [16]byte{10: 0xff, 11: 0xff}

// each calls f for every block in a list, or for the nested block, as far as its
// layout is known. The error is that of a malformed list.
func (v view) each(f func(view), names ...string) error {
	i := v.slot(false, names)
	if i < 0 {
		return nil
	}
	if k := v.Layout.Fields[i].Kind; k != wire.KindList && k != wire.KindBlock {
		return nil
	}
	return v.dec.Elements(v.View, i, func(e *wire.View) error {
		if e.Layout != nil {
			f(view{e, v.dec})
		}
		return nil
	})
}

// A head is the discovery header of a record, as far as it matters here.
type head struct {
	device uint32
	ip     [16]byte // of the host
	known  bool     // there is an address
	mac    MAC
	when   Second
}

// headerLayout holds where the fields of the discovery header are, so that it can
// be read without decoding the record.
type headerLayout struct {
	device, ipv4, mac, flag, second, ipv6 int
	short, long                           int // its length without and with the IPv6 address
}

func (l *headerLayout) init(set *wire.Layouts) error {
	fields, err := set.Source().DiscoveryHeader()
	if err != nil {
		return err
	}
	*l = headerLayout{-1, -1, -1, -1, -1, -1, 0, 0}
	for i := range fields {
		f := &fields[i]
		if f.Size <= 0 {
			return fmt.Errorf("%v: field %q of the discovery header has no fixed size", f.Pos, f.Name)
		}
		switch f.Name {
		case "device_id":
			l.device = l.long
		case "legacy_ip_address":
			l.ipv4 = l.long
		case "mac_address":
			l.mac = l.long
		case "has_ipv6":
			l.flag = l.long
		case "event_second":
			l.second = l.long
		case "ipv6_address":
			l.ipv6 = l.long
		}
		if f.When == "" {
			l.short += f.Size
		}
		l.long += f.Size
	}
	if min(l.device, l.ipv4, l.mac, l.flag, l.second, l.ipv6) < 0 || l.ipv6 != l.short {
		return fmt.Errorf("the discovery header lacks a field that the network map needs, or its optional address is not the last")
	}
	return nil
}

// parse reads the discovery header at the start of a body; false if it is cut.
func (l *headerLayout) parse(body []byte) (h head, ok bool) {
	if len(body) < l.short {
		return h, false
	}
	h.device = binary.BigEndian.Uint32(body[l.device:])
	h.mac = MAC(body[l.mac:])
	h.when = Second(binary.BigEndian.Uint32(body[l.second:]))
	if body[l.flag] == 1 {
		if len(body) < l.long {
			return h, false
		}
		h.ip, h.known = mapped(body[l.ipv6 : l.ipv6+16])
	}
	if !h.known {
		h.ip, h.known = mapped(body[l.ipv4 : l.ipv4+4])
	}
	return h, true
}
