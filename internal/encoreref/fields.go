package encoreref

import (
	"encoding/binary"
	"encoding/hex"
	"strconv"
	"strings"
)

// wireNumber gives the block type on the wire for those blocks that the tables
// number otherwise.
var wireNumber = map[string]uint64{"1:155": 158, "1:161": 163}

// fields reads a list of fields into o.
func (d *decoding) fields(o *Object, list []field) error {
	for _, f := range list {
		var v any
		var err error
		switch {
		case f.Header == "discovery":
			err = d.discovery(o)
		case f.Block != "" && f.Name == "":
			err = d.block(o, f.Block)
		case f.Block != "":
			nested := NewObject()
			v, err = nested, d.block(nested, f.Block)
		case f.ListOf != "":
			v, err = d.list(f.ListOf)
		default:
			v, err = d.scalar(o, f)
		}
		if err != nil {
			return err
		}
		if f.Name != "" {
			o.Set(f.Name, v)
		}
	}
	return nil
}

// block reads the fields of a block into o. eNcore does not compare the number on
// the wire with the one it expects; where they differ its output means nothing.
func (d *decoding) block(o *Object, key string) error {
	if _, undefined := d.t.records.UndefinedBlocks[key]; undefined {
		return failf("decode", "undefined block %s (D-32)", key)
	}
	list := d.t.records.Blocks[key]
	if list[0].Name == "blockType" && key != "1:0" && key != "1:10" {
		want, ok := wireNumber[key]
		if !ok {
			want, _ = strconv.ParseUint(key[strings.IndexByte(key, ':')+1:], 10, 32)
		}
		if d.off+4 > len(d.data) {
			return failf("decode", "message ends early")
		}
		if got := binary.BigEndian.Uint32(d.data[d.off:]); uint64(got) != want {
			return failf("decode", "another block where eNcore reads block %s", key)
		}
	}
	return d.fields(o, list)
}

// list reads blocks until as many bytes are consumed as the list says, its own 8
// included.
func (d *decoding) list(of string) (any, error) {
	start := d.off
	head, err := d.take(8)
	if err != nil {
		return nil, err
	}
	length := uint64(binary.BigEndian.Uint32(head[4:]))
	items := []any{}
	for uint64(d.off-start) < length {
		if d.off == len(d.data) {
			return nil, failf("decode", "list ends early (D-32)")
		}
		item := NewObject()
		if err := d.block(item, of); err != nil {
			return nil, err
		}
		items = append(items, item)
	}
	if uint64(d.off-start) != length {
		return nil, failf("decode", "list element exceeds its list")
	}
	list := NewObject()
	list.Set("listType", uint64(binary.BigEndian.Uint32(head)))
	list.Set("listLength", length)
	list.Set("items", items)
	return list, nil
}

// discovery reads the header of discovery events. eNcore takes the host's address
// from a fixed place of the message, whatever stands there (D-13).
func (d *decoding) discovery(o *Object) error {
	size := d.discoverySize()
	p, err := d.take(size)
	if err != nil {
		return err
	}
	var host string
	switch {
	case !d.mend && len(d.data) < 72:
		return failf("decode", "no host address at its fixed place (D-13)")
	case !d.mend:
		host = ipv6Text(d.data[56:72])
	case size == 56:
		host = ipv6Text(p[40:])
	default:
		host = ipv4Text(p[4:])
	}
	number := func(at int) uint64 { return uint64(binary.BigEndian.Uint32(p[at:])) }
	o.Set("deviceId", number(0))
	o.Set("hostIpAddr", host)
	o.Set("macAddress", macText(p[8:14]))
	o.Set("eventSecond", number(16))
	o.Set("eventMicrosecond", number(20))
	o.Set("eventType", number(24))
	o.Set("eventSubtype", number(28))
	return nil
}

var sizes = map[string]int{
	"uint8": 1, "uint16": 2, "uint32": 4, "uint64": 8, "uuid": 16, "ipv4": 4, "ipv6": 16, "mac": 6, "hex16": 16, "hex20": 20, "hex32": 32,
}

func (d *decoding) scalar(o *Object, f field) (any, error) {
	size := sizes[f.Type]
	if f.Type == "text" {
		n, _ := o.Get(f.LengthFrom)
		length, ok := n.(uint64)
		if !ok || int64(length)+f.LengthAdjust < 0 || int64(length) > int64(len(d.data)) {
			return nil, failf("decode", "text with an impossible length")
		}
		size = int(int64(length) + f.LengthAdjust)
	}
	p, err := d.take(size)
	if err != nil {
		return nil, err
	}
	switch f.Type {
	case "uint8", "uint16", "uint32", "uint64":
		var v uint64
		for _, b := range p {
			v = v<<8 | uint64(b)
		}
		return v, nil
	case "uuid":
		return uuidText(p), nil
	case "ipv4":
		return ipv4Text(p), nil
	case "ipv6":
		return ipv6Text(p), nil
	case "mac":
		return macText(p), nil
	case "hex16", "hex20", "hex32":
		return Bytes(hex.EncodeToString(p)), nil
	case "text":
		return textValue(p), nil
	}
	return nil, failf("decode", "field type %q", f.Type)
}
