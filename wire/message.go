package wire

import (
	"encoding/binary"
	"fmt"
	"strconv"
)

// HeaderSize is the size of a message header in bytes.
const HeaderSize = 8

// HeaderVersion is the only version of the message header ever released.
const HeaderVersion = 1

// A MessageType says what follows a message header.
type MessageType uint16

// The message types. Guide 5.3.1, table of message types; 3 in some of its
// drawings of event data is a misprint for 4.
const (
	TypeNull                 MessageType = 0    // no body; acknowledgement from the client, keep-alive from the server
	TypeError                MessageType = 1    // ErrorMessage, either direction, before closing
	TypeEventStreamRequest   MessageType = 2    // EventStreamRequest, the first message of every session
	TypeEventData            MessageType = 4    // one record
	TypeHostDataRequest      MessageType = 5    // HostDataRequest
	TypeSingleHostData       MessageType = 6    // one host profile block, no record header
	TypeMultipleHostData     MessageType = 7    // the same, one message per host, a message without body last
	TypeStreamingRequest     MessageType = 2049 // StreamingRequest, the client's answer to StreamingInformation
	TypeStreamingInformation MessageType = 2051 // StreamingInformation, the server's answer to flag bit 30
	TypeMessageBundle        MessageType = 4002 // Bundle
)

// String returns the Guide's name of the type, or its number.
func (t MessageType) String() string {
	switch t {
	case TypeNull:
		return "null"
	case TypeError:
		return "error"
	case TypeEventStreamRequest:
		return "event stream request"
	case TypeEventData:
		return "event data"
	case TypeHostDataRequest:
		return "host data request"
	case TypeSingleHostData:
		return "single host data"
	case TypeMultipleHostData:
		return "multiple host data"
	case TypeStreamingRequest:
		return "streaming request"
	case TypeStreamingInformation:
		return "streaming information"
	case TypeMessageBundle:
		return "message bundle"
	}
	return "message type " + strconv.Itoa(int(t))
}

// A Header precedes every message in both directions. It is 8 bytes:
//
//	0  uint16  version, always 1
//	2  uint16  message type
//	4  uint32  length of the body in bytes, this header not included
//
// Integers are big-endian, here and everywhere in the protocol. Guide:
// "eStreamer Message Header".
type Header struct {
	Version uint16
	Type    MessageType
	Length  uint32
}

// ParseHeader reads the header at the start of p. It reports false when p has
// fewer than 8 bytes. It judges nothing: version, type and length are the
// caller's to check.
func ParseHeader(p []byte) (Header, bool) {
	if len(p) < HeaderSize {
		return Header{}, false
	}
	w := binary.BigEndian.Uint64(p)
	return Header{Version: uint16(w >> 48), Type: MessageType(w >> 32), Length: uint32(w)}, true
}

// AppendHeader appends a header of version 1 for a body of length bytes.
func AppendHeader(dst []byte, t MessageType, length uint32) []byte {
	return binary.BigEndian.AppendUint64(dst, HeaderVersion<<48|uint64(t)<<32|uint64(length))
}

// AppendNull appends a null message: from a client "received, ready for more",
// from a server "still here".
func AppendNull(dst []byte) []byte { return AppendHeader(dst, TypeNull, 0) }

// A MessageError tells why the body of a message cannot be read. All Parse
// functions for bodies return it.
type MessageError struct {
	Type   MessageType
	Offset int    // offset in the body of the value that is wrong
	Reason string // what was found and what was expected
}

func (e *MessageError) Error() string {
	return e.Type.String() + ": offset " + strconv.Itoa(e.Offset) + ": " + e.Reason
}

func malformed(t MessageType, offset int, format string, args ...any) *MessageError {
	return &MessageError{Type: t, Offset: offset, Reason: fmt.Sprintf(format, args...)}
}

// Unnumbered is the code of an error message that has no number, as clients
// send it. The Guide has no table of codes; its one example is 19, "No space".
const Unnumbered int32 = -1

// An ErrorMessage says why the sender is about to close the session.
//
//	0  int32   code
//	4  uint16  length of the text in bytes
//	6  text    UTF-8, with or without trailing NUL
type ErrorMessage struct {
	Code int32
	Text string // at most 65,535 bytes; never trusted: it comes from the peer
}

// ParseErrorMessage reads the body of an error message. Trailing NULs leave
// the text; bytes after the text are tolerated. When the text length runs past
// the body the text is what there is, and a *MessageError comes with it,
// because the reason of a dying peer is worth more than its arithmetic.
func ParseErrorMessage(body []byte) (ErrorMessage, error) {
	if len(body) < 6 {
		return ErrorMessage{}, malformed(TypeError, 0, "%d bytes found, at least 6 expected", len(body))
	}
	m := ErrorMessage{Code: int32(binary.BigEndian.Uint32(body))}
	n, text := int(binary.BigEndian.Uint16(body[4:])), body[6:]
	var err error
	if n > len(text) {
		n, err = min(len(text), 1<<16-1), malformed(TypeError, 4, "text length %d, but %d bytes follow", n, len(text))
	}
	text = text[:n]
	for len(text) > 0 && text[len(text)-1] == 0 {
		text = text[:len(text)-1]
	}
	m.Text = string(text)
	return m, err
}

// AppendErrorMessage appends a complete error message, header included. Text
// beyond 65,535 bytes, the most its length field can say, is cut.
func AppendErrorMessage(dst []byte, m ErrorMessage) []byte {
	text := m.Text[:min(len(m.Text), 1<<16-1)]
	dst = AppendHeader(dst, TypeError, uint32(6+len(text)))
	dst = binary.BigEndian.AppendUint32(dst, uint32(m.Code))
	dst = binary.BigEndian.AppendUint16(dst, uint16(len(text)))
	return append(dst, text...)
}
