package wire

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// A Slot holds one decoded field: an integer, or where its bytes lie in
// View.Data (offset in the upper, length in the lower 32 bits). Offset 0 means
// that an optional field is absent: no field can start there.
type Slot uint64

func span(off, n int) Slot { return Slot(uint64(uint32(off))<<32 | uint64(uint32(n))) }

func (s Slot) span() (off, n int) { return int(uint32(s >> 32)), int(uint32(s)) }

// A View is one decoded structure: the body of a record, or a block nested in
// it. It borrows the message; whoever wants to keep a value copies it.
type View struct {
	Layout *Layout // nil when the layout is not known
	Data   []byte  // what the spans in Slots point into: the message after its 8-byte header
	Slots  []Slot  // one per field of Layout

	Block       uint32 // block type on the wire, 0 for plain fields
	BlockLength uint32 // block length on the wire, its 8-byte header included

	at, end int // nested blocks: where in Data the block lies, header included
}

// Uint returns an integer field.
func (v *View) Uint(slot int) uint64 { return uint64(v.Slots[slot]) }

// Bytes returns the bytes of a field that is no integer: the content of a
// string or blob block without its header, the whole of a list or nested block.
// It is nil for an absent field. The bytes belong to the message.
func (v *View) Bytes(slot int) []byte {
	off, n := v.Slots[slot].span()
	if off == 0 {
		return nil
	}
	return v.Data[off : off+n : off+n]
}

// Has reports whether an optional field is there; other fields always are.
func (v *View) Has(slot int) bool {
	return v.Layout.Fields[slot].Kind.Integer() || v.Slots[slot]>>32 != 0
}

// BlockNumber returns the block type that stands in the header of a string,
// blob, list or nested block, and the usual one for an absent field.
func (v *View) BlockNumber(slot int) uint32 {
	f := &v.Layout.Fields[slot]
	off, _ := v.Slots[slot].span()
	switch {
	case off == 0:
		return f.Number
	case f.Kind == KindString || f.Kind == KindBlob:
		return binary.BigEndian.Uint32(v.Data[off-8:])
	default:
		return binary.BigEndian.Uint32(v.Data[off:])
	}
}

// Raw returns the whole nested block, header included; nil for a record.
func (v *View) Raw() []byte { return v.Data[v.at:v.end:v.end] }

// A Record is a decoded event data message.
type Record struct {
	RecordHeader
	View
	Message  []byte // the whole message, 8-byte header included
	Trailing int    // bytes after the known layout: tolerated, kept when encoded again

	// Outer is what could be read of a record that has no Layout: its discovery
	// header. Its own Layout is nil where there is none. Every field of it is filled.
	Outer View

	blockTrail int // how many of them lie inside the body's block
}

// Body returns the record after its record header.
func (r *Record) Body() []byte { return r.Data[r.RecordHeader.Size:] }

// A RecordHeader precedes every record in event data messages. On the wire:
//
//	0   uint32  bit 31 extended header flag, bits 30-16 netmap id, bits 15-0 record type
//	4   uint32  length of the record after this header
//	8   uint32  archive timestamp, Unix seconds (extended header only)
//	12  uint32  reserved; eNcore calls it checksum (extended header only)
//
// Whether the header is extended follows from the lengths alone, because
// servers do not agree on bit 31 (reference: guide 6.3 appendix A).
type RecordHeader struct {
	Type             uint16
	NetmapID         uint16 // domain, 0 to 32767; named by record 350
	Flagged          bool   // bit 31 of the record type word
	Extended         bool   // the header has 16 bytes, not 8
	Length           uint32 // bytes after the record header
	ArchiveTimestamp uint32 // 0 without extended header
	Reserved         uint32
	Size             int // 8 or 16
}

// MaxMessage is the largest message body that this package handles, in bytes.
// Session limits are lower; this one keeps every offset within 31 bits.
const MaxMessage = 1 << 28

var errNoRecord = errors.New("message is too short for a record header")

// parseRecordHeader reads the record header at the start of the data of an
// event data message (the message without its 8-byte header).
func parseRecordHeader(data []byte) (RecordHeader, error) {
	var h RecordHeader
	if len(data) < 8 {
		return h, errNoRecord
	}
	word := binary.BigEndian.Uint32(data)
	h.Type = uint16(word)
	h.NetmapID = uint16(word >> 16 & 0x7fff)
	h.Flagged = word>>31 == 1
	h.Length = binary.BigEndian.Uint32(data[4:])
	switch uint64(len(data)) - uint64(h.Length) {
	case 8:
		h.Size = 8
	case 16:
		h.Size, h.Extended = 16, true
		h.ArchiveTimestamp = binary.BigEndian.Uint32(data[8:])
		h.Reserved = binary.BigEndian.Uint32(data[12:])
	default:
		return h, errRecordLength
	}
	return h, nil
}

var errRecordLength = errors.New("record length does not fit the message length: they must differ by 8 or 16 bytes")

// PeekRecord reads the record header of a whole event data message without
// looking at the body. It reports false for other messages and for headers
// that do not fit the message.
func PeekRecord(message []byte) (RecordHeader, bool) {
	if len(message) < 16 || binary.BigEndian.Uint16(message[2:]) != eventData {
		return RecordHeader{}, false
	}
	h, err := parseRecordHeader(message[8:])
	return h, err == nil
}

// append writes the record header for a record of length bytes.
func (h *RecordHeader) append(dst []byte, length int) []byte {
	word := uint32(h.Type) | uint32(h.NetmapID&0x7fff)<<16
	if h.Flagged {
		word |= 1 << 31
	}
	dst = binary.BigEndian.AppendUint32(dst, word)
	dst = binary.BigEndian.AppendUint32(dst, uint32(length))
	if h.Extended {
		dst = binary.BigEndian.AppendUint32(dst, h.ArchiveTimestamp)
		dst = binary.BigEndian.AppendUint32(dst, h.Reserved)
	}
	return dst
}

// eventData is the message type of event data messages. It stands here, too, so
// that this half of the package does not depend on the message half.
const eventData = 4

// A DecodeError says why a message is malformed and where. It is returned by
// Decoder.Decode and Decoder.Elements.
type DecodeError struct {
	Record uint16 // record type, 0 if the record header could not be read
	Block  uint32 // block type of the body, 0 if none
	Field  string // field at which decoding stopped, "" for a header
	Offset int    // in bytes from the start of the message, its 8-byte header included
	Need   uint64 // bytes that the field wants; 0 when Err says more
	Have   int    // bytes that are left for it
	Fields int    // how many fields were read before
	Err    error  // the rule that was broken; nil when bytes are missing
}

func (e *DecodeError) Error() string {
	s := fmt.Sprintf("record %d", e.Record)
	if e.Block != 0 {
		s += fmt.Sprintf(": block %d", e.Block)
	}
	if e.Field != "" {
		s += ": " + e.Field
	}
	if e.Err != nil {
		return fmt.Sprintf("%s: %v, at offset %d", s, e.Err, e.Offset)
	}
	return fmt.Sprintf("%s: %d bytes needed at offset %d, %d left", s, e.Need, e.Offset, e.Have)
}

// Reason is a short constant text for counters.
func (e *DecodeError) Reason() string {
	if e.Err != nil {
		return e.Err.Error()
	}
	return "truncated"
}

func (e *DecodeError) Unwrap() error { return e.Err }

// NextMessage splits the first message off buf, which holds concatenated
// messages with version 1 headers. message includes the 8-byte header and, like
// rest, borrows buf. When buf does not start with a whole message the error is a
// *FrameError and rest is buf.
func NextMessage(buf []byte) (message, rest []byte, err error) {
	if len(buf) < 8 {
		return nil, buf, &FrameError{Need: 8, Have: len(buf)}
	}
	if v := binary.BigEndian.Uint16(buf); v != 1 {
		return nil, buf, &FrameError{Version: v, Have: len(buf), Bad: true}
	}
	n := uint64(binary.BigEndian.Uint32(buf[4:])) + 8
	if n > MaxMessage {
		return nil, buf, &FrameError{Version: 1, Need: n, Have: len(buf), Bad: true}
	}
	if n > uint64(len(buf)) {
		return nil, buf, &FrameError{Version: 1, Need: n, Have: len(buf)}
	}
	return buf[:n:n], buf[n:], nil
}

// A FrameError says why bytes are not a message. It is returned by NextMessage.
type FrameError struct {
	Version uint16 // header version found
	Need    uint64 // size of the message with its header, as far as it is known
	Have    int    // bytes there are
	Bad     bool   // no more bytes can make it a message
}

func (e *FrameError) Error() string {
	switch {
	case e.Bad && e.Version != 1:
		return fmt.Sprintf("not a message: header version %d, expected 1", e.Version)
	case e.Bad:
		return fmt.Sprintf("message of %d bytes announced, limit is %d", e.Need, MaxMessage)
	default:
		return fmt.Sprintf("message cut short: %d bytes expected, %d there", e.Need, e.Have)
	}
}
