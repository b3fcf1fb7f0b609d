package wire

import (
	"encoding/binary"
	"fmt"
	"math"
)

// BundleHeaderSize is the size in bytes of what precedes the messages in the
// body of a bundle.
const BundleHeaderSize = 8

// A Bundle is how events arrive after an extended request: several event data
// messages in one, acknowledged by one null message. Guide: "Message Bundle".
//
//	0  uint32  connection id, the server's choice
//	4  uint32  sequence number: 1 for the first bundle, plus one for each
//	8  messages, each with a header of 8 bytes
//
// The inner header is a message header by the Guide (version 1). Servers write,
// and eNcore demands, 0 where the version stands, so that type looks 32 bits
// wide. Readers here take both.
type Bundle struct {
	ConnectionID uint32
	Sequence     uint32
	Messages     []byte // borrows the body it was parsed from
}

// ParseBundle reads the body of a bundle up to its messages; walk these with
// NextBundled.
func ParseBundle(body []byte) (Bundle, error) {
	if len(body) < BundleHeaderSize {
		return Bundle{}, malformed(TypeMessageBundle, 0, "%d bytes found, at least %d expected", len(body), BundleHeaderSize)
	}
	return Bundle{
		ConnectionID: binary.BigEndian.Uint32(body),
		Sequence:     binary.BigEndian.Uint32(body[4:]),
		Messages:     body[BundleHeaderSize:],
	}, nil
}

// NextBundled splits the first message off the messages of a bundle. message
// has its 8-byte header in whichever form it came; h.Version is 0 or 1. The
// offset of an error counts from the start of messages.
func NextBundled(messages []byte) (h Header, message, rest []byte, err error) {
	h, ok := ParseHeader(messages)
	if !ok {
		return h, nil, nil, malformed(TypeMessageBundle, 0, "%d bytes left, %d expected for an inner header", len(messages), HeaderSize)
	}
	if h.Version > 1 {
		return h, nil, nil, malformed(TypeMessageBundle, 0, "inner header version %d, 0 or 1 expected", h.Version)
	}
	if uint64(h.Length) > uint64(len(messages)-HeaderSize) {
		return h, nil, nil, malformed(TypeMessageBundle, 4, "inner length %d, but %d bytes follow it", h.Length, len(messages)-HeaderSize)
	}
	end := HeaderSize + int(h.Length)
	return h, messages[:end:end], messages[end:], nil
}

// AppendBundle appends a complete bundle, header included. messages is a
// concatenation of complete messages; their headers get innerVersion, 0 or 1.
// It fails, and dst comes back unchanged, when messages is not cut cleanly or
// the bundle would exceed what its length field can say.
func AppendBundle(dst []byte, connectionID, sequence uint32, innerVersion uint16, messages []byte) ([]byte, error) {
	if uint64(len(messages)) > math.MaxUint32-BundleHeaderSize {
		return dst, fmt.Errorf("message bundle: %d bytes of messages exceed the length field", len(messages))
	}
	at := len(dst)
	dst = AppendHeader(dst, TypeMessageBundle, uint32(BundleHeaderSize+len(messages)))
	dst = binary.BigEndian.AppendUint32(dst, connectionID)
	dst = binary.BigEndian.AppendUint32(dst, sequence)
	start := len(dst)
	dst = append(dst, messages...)
	for rest := dst[start:]; len(rest) > 0; {
		_, message, next, err := NextBundled(rest)
		if err != nil {
			return dst[:at], fmt.Errorf("message %d bytes into the bundle: %w", len(messages)-len(rest), err)
		}
		binary.BigEndian.PutUint16(message, innerVersion)
		rest = next
	}
	return dst, nil
}
