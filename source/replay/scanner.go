package replay

import (
	"errors"
	"fmt"
	"io"

	"estream/wire"
)

// chunk is how much is read at once, in bytes. The buffer grows beyond it only
// while a longer message is really arriving, so its size is at most twice what
// the file holds.
const chunk = 1 << 20

// A scanner splits a stream into messages.
type scanner struct {
	in         io.Reader
	buf        []byte
	start, end int   // unread part of buf
	offset     int64 // of buf[start] in the stream
	failed     error // how reading ended
}

func (s *scanner) reset(in io.Reader, offset int64) {
	if s.buf == nil {
		s.buf = make([]byte, chunk)
	}
	s.in, s.start, s.end, s.offset, s.failed = in, 0, 0, offset, nil
}

// next returns the next message with its header, valid until the next call. The
// error is io.EOF at the end of the stream, and names the offset otherwise.
func (s *scanner) next() ([]byte, error) {
	for {
		message, _, err := wire.NextMessage(s.buf[s.start:s.end])
		if err == nil {
			s.start += len(message)
			s.offset += int64(len(message))
			return message, nil
		}
		var frame *wire.FrameError
		if !errors.As(err, &frame) || frame.Bad {
			return nil, fmt.Errorf("offset %d: %w; the messages before it were handed on", s.offset, err)
		}
		switch {
		case s.failed == nil:
			s.fill()
		case !errors.Is(s.failed, io.EOF):
			return nil, fmt.Errorf("read at offset %d: %w", s.offset+int64(s.end-s.start), s.failed)
		case s.start == s.end:
			return nil, io.EOF
		default:
			return nil, fmt.Errorf("offset %d: %w; the messages before it were handed on", s.offset, err)
		}
	}
}

// back makes next return message, the one it returned last, again.
func (s *scanner) back(message []byte) {
	s.start -= len(message)
	s.offset -= int64(len(message))
}

// fill reads more, and makes room where there is none.
func (s *scanner) fill() {
	if s.start > 0 {
		s.end = copy(s.buf, s.buf[s.start:s.end])
		s.start = 0
	}
	if s.end == len(s.buf) {
		s.buf = append(s.buf, make([]byte, len(s.buf))...)
	}
	for range 100 {
		n, err := s.in.Read(s.buf[s.end:])
		s.end += n
		s.failed = err
		if n > 0 || err != nil {
			return
		}
	}
	s.failed = io.ErrNoProgress
}
