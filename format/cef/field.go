package cef

import (
	"unicode/utf8"

	"estream/format/text"
	"estream/meta"
	"estream/wire"
)

// field appends the value of a field and reports whether there is any.
func (f *formatter) field(dst []byte, p *part, v *wire.View) ([]byte, bool) {
	n := len(dst)
	switch p.write {
	case writeMilliseconds:
		if s := v.Uint(p.slot); s != 0 {
			dst = append(text.AppendUint(dst, s), "000"...)
		}
	case writeUUID:
		dst = text.AppendUUID(dst, v.Bytes(p.slot))
	case writeHex:
		dst = text.AppendHex(dst, v.Bytes(p.slot))
	case writeLiteral:
		dst = text.AppendBytesLiteral(dst, v.Bytes(p.slot))
	case writeContent:
		dst = text.AppendCEF(dst, v.Bytes(p.slot))
	case writeObject:
		f.buf = text.AppendStringObject(f.buf[:0], v.BlockNumber(p.slot), v.Bytes(p.slot))
		dst = text.AppendCEF(dst, f.buf)
	case writeIP:
		dst = text.AppendIP(dst, v.Bytes(p.slot))
	case writeLittle:
		dst = text.AppendIPv4Little(dst, v.Bytes(p.slot))
	case writeHost:
		dst = text.AppendIP(dst, p.host(v))
	case writeHostIPv4:
		if a := p.host(v); !text.PrintsColon(a) {
			dst = text.AppendIP(dst, a)
		}
	case writeIPv4Part:
		if a := v.Bytes(p.slot); !text.PrintsColon(a) {
			dst = text.AppendIP(dst, a)
		}
	case writeIPv6Part:
		if a := v.Bytes(p.slot); text.PrintsColon(a) && [16]byte(a) != ([16]byte{}) {
			dst = text.AppendIP(dst, a)
		}
	case writeMAC:
		dst = text.AppendMAC(dst, v.Bytes(p.slot))
	case writeAction:
		dst = f.action(dst, v.Uint(p.slot))
	case writePayload:
		dst = f.payload(dst, v.Bytes(p.slot))
	case writePacket:
		dst = appendPacket(dst, v.Bytes(p.slot))
	}
	return dst, len(dst) > n
}

// host is the address in the discovery header: the legacy one if there is no other.
func (p *part) host(v *wire.View) []byte {
	if !v.Has(p.slot) && p.other >= 0 {
		return v.Bytes(p.other)
	}
	return v.Bytes(p.slot)
}

// action appends what was done to the packet of an intrusion event. A value that
// has no name is written as a number.
func (f *formatter) action(dst []byte, blocked uint64) []byte {
	actions := f.format.mapping.actions
	if blocked < uint64(len(actions)) {
		return append(dst, actions[blocked]...)
	}
	return text.AppendUint(dst, blocked)
}

// maxPayload is how many characters (or hex digits) of a payload are written.
const maxPayload = 1022

// payload appends the payload of a packet. Packets that are text to eNcore, or
// too short for one, have none.
func (f *formatter) payload(dst, packet []byte) []byte {
	payload, ok := meta.Payload(packet)
	if !ok || utf8.Valid(packet) {
		return dst
	}
	switch f.packets.Encoding {
	case meta.PacketASCII, meta.PacketUTF8:
		f.buf = meta.AppendPayloadText(f.buf[:0], payload, f.packets.Encoding)
		return text.AppendCEFPayload(dst, firstRunes(f.buf, maxPayload))
	}
	// An empty byte string is no empty text: it prints as b'' and stays.
	return text.AppendBytesLiteral(dst, payload[:min(len(payload), maxPayload/2)])
}

// firstRunes cuts s after n characters.
func firstRunes(s []byte, n int) []byte {
	for i := 0; i < len(s); n-- {
		if n == 0 {
			return s[:i]
		}
		_, size := utf8.DecodeRune(s[i:])
		i += size
	}
	return s
}

// appendPacket appends a packet that has no computed form: as a byte string, or
// as plain hex if it is text to eNcore, which fails on such a packet.
func appendPacket(dst, packet []byte) []byte {
	switch {
	case len(packet) == 0:
		return dst
	case utf8.Valid(packet):
		return text.AppendHex(dst, packet)
	}
	return text.AppendBytesLiteral(dst, packet)
}
