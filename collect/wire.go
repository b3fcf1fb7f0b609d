package collect

import (
	"bufio"
	"bytes"
	"context"
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
	end    int64 // where the input ends; -1 as long as nobody knows
	number uint64
	failed error // for the next call of Next

	bundles int64 // unpacked so far
}

// NewWireInput returns an input that reads r to its end.
func NewWireInput(r io.Reader) *WireInput {
	return &WireInput{r: bufio.NewReaderSize(r, chunkBytes), end: -1, Skipped: map[wire.MessageType]int{}}
}

// Next implements [Input].
func (w *WireInput) Next(ctx context.Context, buf []byte) (Chunk, error) {
	if err := ctx.Err(); err != nil {
		return Chunk{}, err
	}
	if w.failed != nil {
		return Chunk{}, w.failed
	}
	c := Chunk{Data: buf, Base: w.offset, First: w.number}
	for len(c.Data) < chunkBytes {
		f, err := w.frame()
		switch {
		case err == nil && f.typ == wire.TypeEventData:
			n := len(c.Data)
			if c.Data, err = w.take(c.Data, f.size); err == nil {
				if len(c.Data) > n {
					w.number++
				}
				continue
			}
			if n == 0 {
				return Chunk{}, err
			}
			w.failed = err // what is good goes first
		case len(c.Data) > 0:
			// What is good goes first, and offsets in a chunk are without gaps.
		case err == nil:
			if c.Data, c.Base, err = w.other(buf, f); err != nil {
				return Chunk{}, err
			}
			if len(c.Data) == 0 {
				c.Base = w.offset
				continue
			}
		case errors.Is(err, io.EOF):
			return Chunk{}, io.EOF
		case errors.As(err, new(*badFrame)):
			if err := w.resync(err); err != nil {
				return Chunk{}, err
			}
			c.Base = w.offset
			continue
		default:
			return Chunk{}, fmt.Errorf("offset %d: %w", w.offset, err)
		}
		break
	}
	c.Cursor = uint64(w.offset)
	return c, nil
}

// take appends the next n bytes to buf. It grows buf as the bytes arrive, not as
// a header announces them. If the input ends before, buf comes back as it was:
// what the input holds from here on is put back, and as its end is known then,
// frame sees that the message is cut short.
func (w *WireInput) take(buf []byte, n int) ([]byte, error) {
	start := len(buf)
	for n > 0 {
		p, err := w.r.Peek(min(n, w.r.Size()))
		buf = append(buf, p...)
		w.skip(len(p))
		n -= len(p)
		if n == 0 || err == nil {
			continue
		}
		if !errors.Is(err, io.EOF) {
			return buf[:start], fmt.Errorf("offset %d: %w", w.offset, err)
		}
		w.end = w.offset
		w.offset -= int64(len(buf) - start)
		w.r.Reset(bytes.NewReader(bytes.Clone(buf[start:])))
		return buf[:start], nil
	}
	return buf, nil
}

func (w *WireInput) skip(n int) {
	k, _ := w.r.Discard(n) // never more than was peeked
	w.offset += int64(k)
}

// other steps over a message without event, or unpacks a bundle into buf. The
// offset is that of the first message returned.
func (w *WireInput) other(buf []byte, f frame) ([]byte, int64, error) {
	start := w.offset
	data, err := w.take(nil, f.size)
	if err != nil || len(data) == 0 {
		return buf, start, err
	}
	if f.typ != wire.TypeMessageBundle {
		w.Skipped[f.typ]++
		return buf, start, nil
	}
	bundle, err := wire.ParseBundle(data[wire.HeaderSize:])
	if err != nil {
		w.bad(start, int64(f.size), err)
		return buf, start, nil
	}
	w.bundles++
	for rest := bundle.Messages; len(rest) > 0; {
		h, m, next, err := wire.NextBundled(rest)
		if err != nil {
			w.bad(w.offset-int64(len(rest)), int64(len(rest)), err)
			break
		}
		rest = next
		if h.Type != wire.TypeEventData {
			w.Skipped[h.Type]++
			continue
		}
		buf = wire.AppendHeader(buf, h.Type, h.Length) // version 1, whatever stood inside
		buf = append(buf, m[wire.HeaderSize:]...)
		w.number++
	}
	return buf, start + wire.HeaderSize + wire.BundleHeaderSize, nil
}

// resync skips to the next place where an event or a bundle of them begins, or
// to the end.
func (w *WireInput) resync(why error) error {
	start := w.offset
	w.skip(1)
	for {
		// Most bytes are no candidate, and cost no more than this search.
		p, err := w.r.Peek(max(minCandidate, w.r.Buffered()))
		at := candidate(p)
		w.skip(at)
		if at == len(p) {
			if errors.Is(err, io.EOF) {
				w.bad(start, w.offset-start, why)
				return nil
			}
			if err != nil {
				return fmt.Errorf("offset %d: %w", w.offset, err)
			}
			continue
		}
		if at > 0 && len(p)-at < minCandidate && err == nil {
			continue // look again with what follows
		}
		f, err := w.frame()
		switch {
		case err == nil && (f.typ == wire.TypeEventData || f.typ == wire.TypeMessageBundle):
			w.bad(start, w.offset-start, why)
			return nil
		case err != nil && !errors.Is(err, io.EOF) && !errors.As(err, new(*badFrame)):
			return fmt.Errorf("offset %d: %w", w.offset, err)
		}
		w.skip(1)
	}
}

// minCandidate is how many bytes tell whether a header may begin.
const minCandidate = 4

// candidate returns the first place in p that can be the start of an event data
// message or a bundle, also one of which p holds only the beginning.
func candidate(p []byte) int {
	for at := 0; ; at++ {
		k := bytes.IndexByte(p[at:], 0)
		if k < 0 {
			return len(p)
		}
		at += k
		head := p[at:min(len(p), at+minCandidate)]
		if bytes.HasPrefix(eventHead, head) || bytes.HasPrefix(bundleHead, head) {
			return at
		}
	}
}

// The first bytes of headers: version and type.
var (
	eventHead  = wire.AppendHeader(nil, wire.TypeEventData, 0)[:minCandidate]
	bundleHead = wire.AppendHeader(nil, wire.TypeMessageBundle, 0)[:minCandidate]
)

func (w *WireInput) bad(offset, length int64, err error) {
	if w.Bad != nil {
		w.Bad(offset, length, err)
	}
}
