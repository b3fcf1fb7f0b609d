package session

import (
	"encoding/binary"
	"fmt"
	"io"
	"net"

	"estream/wire"
)

// inboxSize is the first size of an inbox in bytes: 512 null messages.
const inboxSize = 4 << 10

// An inbox reads the messages of a client. They are few and small, except that
// null messages come in thousands.
type inbox struct {
	conn    net.Conn
	max     int // greatest body in bytes
	buf     []byte
	r, n    int    // buf[r:n] is unread
	base    uint64 // stream offset of buf[0]
	current int    // offset in buf of the message returned last
}

// next returns the next message. body is valid until the call after. EOF inside
// a message is io.ErrUnexpectedEOF, wrapped.
func (in *inbox) next() (h wire.Header, body []byte, err error) {
	for {
		p := in.buf[in.r:in.n]
		h, ok := wire.ParseHeader(p)
		if ok {
			in.current = in.r
			if h.Version != wire.HeaderVersion {
				return h, nil, in.broken(fmt.Sprintf("header version %d", h.Version), "version 1", nil)
			}
			if uint64(h.Length) > uint64(in.max) {
				return h, nil, in.broken(fmt.Sprintf("%v of %d bytes", h.Type, h.Length), fmt.Sprintf("at most %d", in.max), nil)
			}
			if end := wire.HeaderSize + int(h.Length); len(p) >= end {
				in.r += end
				return h, p[wire.HeaderSize:end], nil
			}
		}
		if err := in.fill(); err != nil {
			if err == io.EOF && len(p) > 0 {
				err = fmt.Errorf("received %d bytes of a message: %w", len(p), io.ErrUnexpectedEOF)
			}
			return h, nil, err
		}
	}
}

// fill reads more bytes, after making room. As a client's reader does, it
// doubles a full buffer, so that its size follows what really came.
func (in *inbox) fill() error {
	if in.r > 0 {
		in.base += uint64(in.r)
		in.n = copy(in.buf, in.buf[in.r:in.n])
		in.r = 0
	}
	if in.n == len(in.buf) {
		in.buf = append(in.buf, make([]byte, max(len(in.buf), inboxSize))...)
	}
	k, err := readSome(in.conn, in.buf[in.n:])
	in.n += k
	return err
}

// nulls takes the null messages that come next and are already here.
func (in *inbox) nulls() (count int) {
	for in.n-in.r >= wire.HeaderSize && binary.BigEndian.Uint64(in.buf[in.r:]) == wire.HeaderVersion<<48 {
		in.r += wire.HeaderSize
		count++
	}
	return count
}

// broken is about the message returned last.
func (in *inbox) broken(found, expected string, err error) *ProtocolError {
	return &ProtocolError{Offset: in.base + uint64(in.current), Found: found, Expected: expected, Err: err}
}

func (in *inbox) malformed(err error) *ProtocolError {
	return in.broken("a malformed message", "a request", err)
}

func (in *inbox) unexpected(h wire.Header, expected string) *ProtocolError {
	return in.broken(fmt.Sprintf("%v (type %d, %d bytes)", h.Type, uint16(h.Type), h.Length), expected, nil)
}
