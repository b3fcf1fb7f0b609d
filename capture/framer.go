package capture

import (
	"fmt"

	"estream/session"
	"estream/wire"
)

// maxPiece is how many bytes that are no message, or not known to be one, go with an error.
const maxPiece = 16 << 10

// A framer cuts what one side says into messages.
type framer struct {
	buf  buffer // the beginning of a message
	lost bool   // the place of the next message cannot be found
	seek bool   // it begins where one of the next pieces does
}

// feed takes a piece: the content of a TLS record, or of a TCP segment. It calls emit
// for each message, and once with an error and bytes that are none.
func (f *framer) feed(p []byte, emit func([]byte, error) error) error {
	s := &f.buf.r.stats
	switch {
	case f.lost:
		s.NotMessages += uint64(len(p))
		return nil
	case f.seek && !looksLikeMessage(p):
		s.BetweenMessages += uint64(len(p))
		return nil
	}
	f.seek = false
	held := f.buf.len() > 0
	if held {
		if !f.buf.add(p) {
			return f.lose(f.buf.bytes(), errHeld, emit)
		}
		p = f.buf.bytes()
	}
	for len(p) > 0 {
		n, err := frame(p)
		if err != nil {
			return f.lose(p, err, emit)
		}
		if n > len(p) || n == 0 {
			break
		}
		if err := emit(p[:n:n], nil); err != nil {
			return err
		}
		p = p[n:]
		if held {
			f.buf.drop(n)
		}
	}
	if !held && !f.buf.add(p) {
		return f.lose(p, errHeld, emit)
	}
	return nil
}

var errHeld = fmt.Errorf("more than %d MiB of unfinished messages and early segments are held for all connections: split the capture (editcap, tcpdump -r with a filter)", maxHeld>>20)

// frame returns the size of the message at the start of p, 0 if p is too short to tell.
func frame(p []byte) (int, error) {
	h, ok := wire.ParseHeader(p)
	switch {
	case !ok:
		return 0, nil
	case h.Version != wire.HeaderVersion:
		return 0, fmt.Errorf("no message: header version %d found, %d expected", h.Version, wire.HeaderVersion)
	case h.Length > session.DefaultMaxMessage:
		return 0, fmt.Errorf("%v of %d bytes announced, at most %d are read", h.Type, h.Length, session.DefaultMaxMessage)
	}
	return wire.HeaderSize + int(h.Length), nil
}

// lose tells of bytes that are no message, and gives the direction up.
func (f *framer) lose(p []byte, err error, emit func([]byte, error) error) error {
	return f.giveUp(p, p[:min(len(p), maxPiece)], err, emit)
}

// giveUp ends the direction with p, of which piece is handed out.
func (f *framer) giveUp(p, piece []byte, err error, emit func([]byte, error) error) error {
	f.lost = true
	f.buf.r.stats.NotMessages += uint64(len(p))
	told := emit(piece, err)
	f.buf.free()
	return told
}

// gap says that bytes are missing: what is held is no message any more.
func (f *framer) gap() {
	if !f.lost {
		f.buf.r.stats.BetweenMessages += uint64(f.buf.free())
		f.seek = true
	}
}

// finish tells of a message that never became whole.
func (f *framer) finish(emit func([]byte, error) error) error {
	p := f.buf.bytes()
	if len(p) == 0 {
		return nil
	}
	n, err := frame(p)
	switch {
	case err != nil:
		return f.lose(p, err, emit)
	case n == 0:
		err = fmt.Errorf("ends in the middle of a message: %d bytes of its header are there", len(p))
	default:
		err = fmt.Errorf("ends in the middle of a message: %d of %d bytes are there", len(p), n)
	}
	return f.giveUp(p, p, err, emit)
}

// looksLikeMessage reports whether a message begins with p, as far as 8 bytes can
// say: all types have a shape of their own.
func looksLikeMessage(p []byte) bool {
	h, ok := wire.ParseHeader(p)
	if !ok || h.Version != wire.HeaderVersion || h.Length > session.DefaultMaxMessage {
		return false
	}
	switch h.Type {
	case wire.TypeNull:
		if h.Length != 0 {
			return false
		}
	case wire.TypeError:
		if h.Length < 6 || h.Length > 6+1<<16 {
			return false
		}
	case wire.TypeEventStreamRequest:
		if h.Length < 8 || h.Length > 1024 {
			return false
		}
	case wire.TypeHostDataRequest, wire.TypeEventData, wire.TypeMessageBundle:
		if h.Length < 8 {
			return false
		}
	case wire.TypeSingleHostData, wire.TypeMultipleHostData:
	case wire.TypeStreamingRequest, wire.TypeStreamingInformation:
		if h.Length > 1<<20 {
			return false
		}
	default:
		return false
	}
	rest := p[wire.HeaderSize:]
	if uint64(len(rest)) <= uint64(h.Length)+1 {
		return true
	}
	// A second message has the version as well.
	rest = rest[h.Length:]
	return rest[0] == 0 && rest[1] == wire.HeaderVersion
}

// sender tells who sends messages of a type; it reports false for those of both.
func sender(p []byte) (fromClient, known bool) {
	h, ok := wire.ParseHeader(p)
	if !ok {
		return false, false
	}
	switch h.Type {
	case wire.TypeEventStreamRequest, wire.TypeHostDataRequest, wire.TypeStreamingRequest:
		return true, true
	case wire.TypeEventData, wire.TypeSingleHostData, wire.TypeMultipleHostData, wire.TypeStreamingInformation, wire.TypeMessageBundle:
		return false, true
	}
	return false, false
}
