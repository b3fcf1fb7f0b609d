package transcript

import (
	"errors"
	"fmt"

	"estream/wire"
)

const (
	// maxClientMessage and maxServerMessage are the greatest messages, in bytes, that
	// are recorded as such: what clients here take from a server is. What announces more
	// is recorded as bytes.
	maxClientMessage = 1 << 20
	maxServerMessage = 16<<20 + wire.HeaderSize
	// maxMeaning is the greatest message whose meaning is written: that of one with
	// nothing but small fields takes dozens of times its bytes.
	maxMeaning = 4 << 20
	// maxPiece is how many bytes that are no message stand in one line.
	maxPiece = 16 << 10
)

var errLost = errors.New("nobody can tell where the next message begins")

// A framer cuts what one side sends into messages. Once it has met bytes that are
// none the place of the next message is unknown, and all that follows is recorded
// as bytes.
type framer struct {
	limit    int
	buf      []byte // the beginning of a message
	lost     bool
	messages uint64
	bytes    uint64
}

// feed calls emit for each message, or piece of bytes with the problem that they
// have. What emit gets is valid during the call.
func (f *framer) feed(p []byte, emit func(p []byte, problem error)) {
	f.bytes += uint64(len(p))
	if len(f.buf) > 0 {
		f.buf = append(f.buf, p...)
		p = f.buf
	}
	for !f.lost && len(p) > 0 {
		m, rest, err := wire.NextMessage(p)
		if err == nil && len(m) <= f.limit {
			f.messages++
			emit(m, nil)
			p = rest
			continue
		}
		var frame *wire.FrameError
		if err == nil {
			err = fmt.Errorf("message of %d bytes, at most %d are recorded as one", len(m), f.limit)
		} else if errors.As(err, &frame) && !frame.Bad {
			if frame.Need <= uint64(f.limit) {
				break // more is to come
			}
			err = fmt.Errorf("message of %d bytes announced, at most %d are recorded as one", frame.Need, f.limit)
		}
		f.lost = true
		p = pieces(p, err, emit)
	}
	if f.lost {
		p = pieces(p, errLost, emit)
	}
	switch {
	case len(p) == 0 && cap(f.buf) > 1<<20:
		f.buf = nil // one giant message need not be paid for ever after
	case len(p) > 0 && len(p) == len(f.buf):
		// All of it stays where it is: a great message is not copied with every piece.
	default:
		f.buf = append(f.buf[:0], p...)
	}
}

// pieces emits all of p, in pieces of bounded size.
func pieces(p []byte, problem error, emit func([]byte, error)) []byte {
	for len(p) > 0 {
		n := min(len(p), maxPiece)
		emit(p[:n], problem)
		p = p[n:]
	}
	return nil
}

// finish emits what was left of a message when the session ended.
func (f *framer) finish(emit func(p []byte, problem error)) {
	if len(f.buf) == 0 {
		return
	}
	_, _, err := wire.NextMessage(f.buf)
	f.lost = true
	f.buf = pieces(f.buf, err, emit)
}
