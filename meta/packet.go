package meta

import "unicode/utf8"

// Packets says how packets (record type 2) are written: eNcore's settings
// packetEncoding and includeOriginalPacket. The zero value is its default.
type Packets struct {
	Encoding     PacketEncoding
	OmitOriginal bool // leave out the packet as a whole
}

// A PacketEncoding says how the payload of a packet is written.
type PacketEncoding uint8

const (
	PacketHex   PacketEncoding = iota // payload as hex digits
	PacketASCII                       // payload bytes 0 to 127 as characters, others dropped
	PacketUTF8                        // payload as UTF-8, what is not valid dropped
	PacketWhole                       // the whole packet as hex digits (an empty setting in eNcore)
)

// isPacket reports whether packet data is what eNcore takes for a packet. Data
// that happens to be valid UTF-8 is text to it and yields nothing.
func isPacket(data []byte) bool { return !utf8.Valid(data) }

func (p *Packets) original(data []byte) Result {
	if p.OmitOriginal || !isPacket(data) {
		return Result{}
	}
	return Result{Kind: Hex, Bytes: data}
}

// Payload returns what follows the IP header of an Ethernet frame with IPv4: the
// transport header and the rest. VLAN tags and IPv6 are not recognized, as in
// eNcore. It reports false for fewer than 15 bytes.
func Payload(packet []byte) ([]byte, bool) {
	const ethernet = 14
	if len(packet) <= ethernet {
		return nil, false
	}
	start := ethernet + 4*int(packet[ethernet]&0xf)
	return packet[min(start, len(packet)):], true
}

func (e *Evaluator) packet(data []byte) Result {
	if !isPacket(data) {
		return Result{}
	}
	payload, ok := Payload(data)
	if e.Packets.Encoding == PacketWhole {
		payload = data
	} else if !ok || len(payload) == 0 {
		return Result{}
	}
	switch e.Packets.Encoding {
	case PacketASCII, PacketUTF8:
		e.buf = AppendPayloadText(e.buf[:0], payload, e.Packets.Encoding)
		if len(e.buf) == 0 {
			return Result{}
		}
		return Result{Kind: Plain, Bytes: e.buf}
	}
	return Result{Kind: Hex, Bytes: payload}
}

// AppendPayloadText appends what PacketASCII or PacketUTF8 keep of a payload.
func AppendPayloadText(dst, payload []byte, encoding PacketEncoding) []byte {
	for len(payload) > 0 {
		r, n := utf8.DecodeRune(payload)
		if n > 1 && encoding == PacketUTF8 || n == 1 && r < utf8.RuneSelf {
			dst = append(dst, payload[:n]...)
		}
		payload = payload[n:]
	}
	return dst
}
