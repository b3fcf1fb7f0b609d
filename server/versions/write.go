package versions

import (
	"encoding/binary"

	"estream/wire"
)

// mapped is what IPv4 addresses begin with in 16 bytes.
var mapped = [12]byte{10: 0xff, 11: 0xff}

// appendRecord appends a whole event data message with the record in its older form.
// After an error dst is as it was.
func (c *converter) appendRecord(dst []byte, d *wire.Decoder, r *wire.Record, h wire.RecordHeader) ([]byte, error) {
	start := len(dst)
	word := uint32(c.record) | uint32(h.NetmapID&0x7fff)<<16
	if h.Flagged {
		word |= 1 << 31
	}
	dst = wire.AppendHeader(dst, wire.TypeEventData, 0)
	dst = binary.BigEndian.AppendUint32(dst, word)
	dst = binary.BigEndian.AppendUint32(dst, 0)
	if h.Extended {
		dst = binary.BigEndian.AppendUint32(dst, h.ArchiveTimestamp)
		dst = binary.BigEndian.AppendUint32(dst, h.Reserved)
	}
	body := len(dst)
	dst, err := c.appendFields(dst, d, &r.View)
	if err != nil {
		return dst[:start], err
	}
	binary.BigEndian.PutUint32(dst[start+4:], uint32(len(dst)-start-wire.HeaderSize))
	binary.BigEndian.PutUint32(dst[start+12:], uint32(len(dst)-body))
	return dst, nil
}

// appendFields appends the fields, with the header of their block where they have one.
func (c *converter) appendFields(dst []byte, d *wire.Decoder, v *wire.View) (_ []byte, err error) {
	block := -1 // where the body's block begins
	for i := range c.ops {
		o := &c.ops[i]
		switch o.code {
		case opHeader:
			block = len(dst)
			dst = appendHeader(dst, o.size, 0)
		case opList:
			dst, err = c.appendList(dst, d, v, o)
		case opHost:
			dst, err = c.appendHost(dst, v)
		default:
			dst, err = o.append(dst, v)
		}
		if err != nil {
			return dst, err
		}
	}
	if block >= 0 {
		binary.BigEndian.PutUint32(dst[block+4:], uint32(len(dst)-block))
	}
	return dst, nil
}

// appendHeader appends a block header for n bytes.
func appendHeader(dst []byte, number, n int) []byte {
	dst = binary.BigEndian.AppendUint32(dst, uint32(number))
	return binary.BigEndian.AppendUint32(dst, uint32(n+8))
}

// append writes one field that needs nothing but its slot.
func (o *op) append(dst []byte, v *wire.View) ([]byte, error) {
	switch o.code {
	case opZero:
		return pad(dst, o.size), nil
	case opNumber:
		return appendNumber(dst, fit(v.Uint(o.slot), o.size, o.over), o.size), nil
	case opEmpty:
		return appendHeader(dst, o.size, 0), nil
	}
	var b []byte
	if o.slot >= 0 {
		b = v.Bytes(o.slot)
	}
	switch o.code {
	case opCount:
		return appendNumber(dst, fit(uint64(len(b)), o.size, greatest), o.size), nil
	case opBytes:
		b = b[:min(len(b), o.size)]
		return pad(append(dst, b...), o.size-len(b)), nil
	case opIPv4, opIPv4 | littleEndian:
		four, ok := ipv4(b)
		if !ok {
			return dst, ErrInexpressible
		}
		if o.code&littleEndian != 0 {
			four = [4]byte{four[3], four[2], four[1], four[0]}
		}
		return append(dst, four[:]...), nil
	case opSource:
		four, _ := ipv4(b)
		return append(dst, four[:]...), nil
	case opIPv6:
		dst = append(dst, mapped[:]...)
		return append(dst, b...), nil
	case opTurned:
		return append(dst, b[3], b[2], b[1], b[0]), nil
	case opBlock:
		return append(appendHeader(dst, o.size, len(b)), b...), nil
	}
	if o.code == opText && o.size > 0 {
		b = b[:min(len(b), o.size)]
	}
	return append(dst, b...), nil // opWhole as well
}

func pad(dst []byte, n int) []byte {
	for ; n > 0; n-- {
		dst = append(dst, 0)
	}
	return dst
}

// ipv4 returns the IPv4 address in 16 bytes. All zeros, which is no address, have one.
func ipv4(b []byte) (four [4]byte, ok bool) {
	if len(b) != 16 {
		return four, len(b) == 0
	}
	if [12]byte(b) == mapped {
		return [4]byte(b[12:]), true
	}
	return four, [16]byte(b) == [16]byte{}
}

// appendHost writes the address in a discovery header that has no IPv6 part.
func (c *converter) appendHost(dst []byte, v *wire.View) ([]byte, error) {
	var legacy, long []byte
	for i := range v.Layout.Fields[:v.Layout.Discovery] {
		switch v.Layout.Fields[i].Name {
		case "legacy_ip_address":
			legacy = v.Bytes(i)
		case "ipv6_address":
			long = v.Bytes(i) // nil without that part
		}
	}
	four, ok := ipv4(long)
	if !ok && c.event.HostHeader {
		return dst, ErrInexpressible
	}
	if four == [4]byte{} && len(legacy) == 4 {
		four = [4]byte(legacy)
	}
	return append(dst, four[:]...), nil
}
