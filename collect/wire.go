package collect

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"estream/wire"
)

// chunkBytes is the size of a chunk that a WireInput aims at.
const chunkBytes = 256 << 10

// maxFileMessage is the largest message a WireInput believes in, in bytes with
// its header: sessions have the same limit.
const maxFileMessage = 16<<20 + wire.HeaderSize

// A WireInput reads concatenated wire messages, as a capture or a replay file
// holds them. Bytes that are no message are reported and skipped up to the next
// place where one begins; messages that carry no event are counted and left out.
type WireInput struct {
	// Bad is called for each run of bytes that is no message: where it starts,
	// how long it is, and why. Set it before the first Next.
	Bad func(offset int64, length int64, err error)
	// Skipped counts messages without event (nulls, requests and so on) by type.
	Skipped map[wire.MessageType]int

	r      *bufio.Reader
	offset int64 // of the next byte of r
	number uint64
}

// NewWireInput returns an input that reads r to its end.
func NewWireInput(r io.Reader) *WireInput {
	return &WireInput{r: bufio.NewReaderSize(r, chunkBytes), Skipped: map[wire.MessageType]int{}}
}

// Next implements [Input].
func (w *WireInput) Next(ctx context.Context, buf []byte) (Chunk, error) {
	if err := ctx.Err(); err != nil {
		return Chunk{}, err
	}
	c := Chunk{Data: buf, Base: w.offset, First: w.number}
	for len(c.Data) < chunkBytes {
		n, err := w.frame()
		if err == nil && n.body {
			if n.event {
				if c.Data, err = w.take(c.Data, n.size); err != nil {
					return Chunk{}, err
				}
				w.number++
				continue
			}
			if len(c.Data) > 0 {
				break // offsets in a chunk are without gaps
			}
			if c.Data, err = w.other(buf, n); err != nil {
				return Chunk{}, err
			}
			if len(c.Data) > 0 {
				break
			}
			c.Base = w.offset
			continue
		}
		if len(c.Data) > 0 {
			break // what is good goes first
		}
		switch {
		case errors.Is(err, io.EOF):
			return Chunk{}, io.EOF
		case errors.As(err, new(*badFrame)):
			if err := w.resync(err); err != nil {
				return Chunk{}, err
			}
			c.Base = w.offset
		default:
			return Chunk{}, fmt.Errorf("read input at offset %d: %w", w.offset, err)
		}
	}
	c.Cursor = uint64(w.offset)
	return c, nil
}

type frame struct {
	size  int // header included
	typ   wire.MessageType
	event bool
	body  bool // the frame is good
}

// badFrame says that no message starts here.
type badFrame struct{ reason string }

func (e *badFrame) Error() string { return e.reason }

// frame looks at the message that starts at the next byte.
func (w *WireInput) frame() (frame, error) {
	p, err := w.r.Peek(16)
	if len(p) == 0 {
		return frame{}, err
	}
	if len(p) < wire.HeaderSize {
		return frame{}, w.ended(err, "%d bytes at the end of the input, a message has at least 8", len(p))
	}
	h, _ := wire.ParseHeader(p)
	size := uint64(h.Length) + wire.HeaderSize
	f := frame{size: int(min(size, maxFileMessage)), typ: h.Type, event: h.Type == wire.TypeEventData}
	switch {
	case h.Version != wire.HeaderVersion:
		return f, &badFrame{fmt.Sprintf("header version %d found, 1 expected", h.Version)}
	case size > maxFileMessage:
		return f, &badFrame{fmt.Sprintf("message of %d bytes announced, at most %d expected", size, maxFileMessage)}
	case !known(h.Type):
		return f, &badFrame{fmt.Sprintf("message type %d found, which does not exist", uint16(h.Type))}
	}
	if f.event {
		if len(p) < 16 && size >= 16 {
			return f, w.ended(err, "message of %d bytes cut short: the input ends after %d", size, len(p))
		}
		// Whether the record fits the message tells a lying length from a good one
		// before it swallows the messages behind it.
		if size < 16 {
			return f, &badFrame{fmt.Sprintf("event data of %d bytes found, at least 8 expected for its record header", h.Length)}
		}
		if rec := binary.BigEndian.Uint32(p[12:]); uint64(rec)+8 != uint64(h.Length) && uint64(rec)+16 != uint64(h.Length) {
			return f, &badFrame{fmt.Sprintf("record length %d does not fit the message length %d: they must differ by 8 or 16", rec, h.Length)}
		}
	}
	f.body = true
	return f, nil
}

func known(t wire.MessageType) bool {
	switch t {
	case wire.TypeNull, wire.TypeError, wire.TypeEventStreamRequest, wire.TypeEventData, wire.TypeHostDataRequest, wire.TypeSingleHostData,
		wire.TypeMultipleHostData, wire.TypeStreamingRequest, wire.TypeStreamingInformation, wire.TypeMessageBundle:
		return true
	}
	return false
}

// ended tells the end of the input from an error of the reader.
func (w *WireInput) ended(err error, format string, args ...any) error {
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	return &badFrame{fmt.Sprintf(format, args...)}
}

// take appends the next n bytes to buf. It grows buf as the bytes arrive, not as
// a header announces them.
func (w *WireInput) take(buf []byte, n int) ([]byte, error) {
	start := len(buf)
	for n > 0 {
		p, err := w.r.Peek(min(n, w.r.Size()))
		if len(p) == 0 {
			got := len(buf) - start
			if errors.Is(err, io.EOF) {
				// Only the last message can be cut: what is there of it is reported.
				w.bad(w.offset-int64(got), int64(got), fmt.Errorf("message of %d bytes cut short: the input ends after %d", got+n, got))
				return buf[:start], nil
			}
			return buf[:start], fmt.Errorf("read input at offset %d: %w", w.offset, err)
		}
		buf = append(buf, p...)
		n -= len(p)
		w.skip(len(p))
	}
	return buf, nil
}

func (w *WireInput) skip(n int) {
	k, _ := w.r.Discard(n) // never more than was peeked
	w.offset += int64(k)
}

// other steps over a message without event, or unpacks a bundle into buf.
func (w *WireInput) other(buf []byte, f frame) ([]byte, error) {
	base := w.offset
	data, err := w.take(buf, f.size)
	if err != nil {
		return buf, err
	}
	if f.typ != wire.TypeMessageBundle || len(data) == len(buf) {
		w.Skipped[f.typ]++
		return buf, nil
	}
	bundle, err := wire.ParseBundle(data[wire.HeaderSize:])
	out := make([]byte, 0, len(data))
	for rest := bundle.Messages; err == nil && len(rest) > 0; {
		var h wire.Header
		var m []byte
		if h, m, rest, err = wire.NextBundled(rest); err == nil {
			out = wire.AppendHeader(out, h.Type, h.Length)
			out = append(out, m[wire.HeaderSize:]...)
			w.number++
		}
	}
	if err != nil {
		w.bad(base, int64(f.size), err)
	}
	return append(buf, out...), nil
}

// resync skips to the next place where a message begins, or to the end.
func (w *WireInput) resync(why error) error {
	start := w.offset
	w.skip(1)
	for {
		f, err := w.frame()
		if err == nil && f.event || errors.Is(err, io.EOF) {
			w.bad(start, w.offset-start, why)
			return nil
		}
		if err != nil && !errors.As(err, new(*badFrame)) {
			return fmt.Errorf("read input at offset %d: %w", w.offset, err)
		}
		w.skip(1)
	}
}

func (w *WireInput) bad(offset, length int64, err error) {
	if w.Bad != nil {
		w.Bad(offset, length, err)
	}
}
