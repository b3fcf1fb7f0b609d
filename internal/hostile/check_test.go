package hostile

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf8"

	"estream/format"
	"estream/layouts"
	"estream/meta"
	"estream/wire"
)

// What a line may take, as a multiple of the bytes it came from, plus a constant
// for the names of fields and what metadata knows.
//
// The largest multiple is that of a list of blocks that are all header: 8 bytes
// are printed as an object with two members, or as a path with indexes.
const (
	outputFactor   = 64
	outputConstant = 64 << 10
)

// A checker holds messages to what must be true of all of them. It belongs to one
// goroutine.
type checker struct {
	full    *wire.Decoder
	scan    *wire.Decoder
	tables  *meta.Tables
	formats []variantWorker
	out     []byte
	again   []byte
	visited int // blocks seen in the record at hand

	decoded, undecoded int
}

type variantWorker struct {
	variant
	worker *format.Worker
	reason error // of the last message that the worker reported
}

func newChecker(list []variant) *checker {
	set := layouts.Default()
	c := &checker{full: wire.NewDecoder(set, nil), scan: wire.NewDecoder(set, meta.Wanted), tables: meta.NewTables()}
	c.formats = make([]variantWorker, len(list))
	for i, v := range list {
		w := &c.formats[i]
		*w = variantWorker{variant: v, worker: format.NewWorker(set, v.format)}
		w.worker.Report = func(_, _ int, _ *wire.Record, err error) { w.reason = err }
	}
	return c
}

func (c *checker) set() *wire.Layouts { return layouts.Default() }

// check decodes and formats a run of bytes, which need not be messages, in each
// of the formats numbered which; none given are all.
func (c *checker) check(batch []byte, which ...int) error {
	messages, bad, err := c.decode(batch)
	if err != nil {
		return err
	}
	c.decoded += messages - bad
	c.undecoded += bad
	if len(which) > 0 {
		for _, i := range which {
			if err := c.write(&c.formats[i], batch, messages, bad); err != nil {
				return fmt.Errorf("%s: %w", c.formats[i].name, err)
			}
		}
		return nil
	}
	for i := range c.formats {
		if err := c.write(&c.formats[i], batch, messages, bad); err != nil {
			return fmt.Errorf("%s: %w", c.formats[i].name, err)
		}
	}
	return nil
}

// decode decodes all of batch with every field. It returns how many messages a
// worker has to count, and how many of them are bad.
func (c *checker) decode(batch []byte) (messages, bad int, err error) {
	for rest := batch; len(rest) > 0; {
		m, next, err := wire.NextMessage(rest)
		if err != nil {
			if !errors.As(err, new(*wire.FrameError)) {
				return 0, 0, fmt.Errorf("error of another kind: %w", err)
			}
			return messages + 1, bad + 1, nil
		}
		rest = next
		messages++
		r, err := c.full.Decode(m)
		if err != nil {
			bad++
			if err := c.refused(m, r, err); err != nil {
				return 0, 0, err
			}
			continue
		}
		if c.again = wire.AppendRecord(c.again[:0], r); !bytes.Equal(c.again, m) {
			return 0, 0, fmt.Errorf("%v: encoded again as %x", r.Layout, c.again)
		}
		c.visited = 0
		if err := c.walk(&r.View); err != nil {
			return 0, 0, fmt.Errorf("%v: a list that Decode let through: %w", r.Layout, err)
		}
		// A block takes 8 bytes of each of the levels above it, which are at most 8.
		if c.visited > len(m) {
			return 0, 0, fmt.Errorf("%v: %d blocks visited in %d bytes", r.Layout, c.visited, len(m))
		}
	}
	return messages, bad, nil
}

// refused looks at a message that could not be decoded.
func (c *checker) refused(m []byte, r *wire.Record, err error) error {
	var de *wire.DecodeError
	switch {
	case errors.Is(err, wire.ErrUnknownRecord), errors.Is(err, wire.ErrUnknownBlock):
	case errors.As(err, &de):
		if de.Offset < 0 || de.Offset > len(m) {
			return fmt.Errorf("offset %d of the error lies outside the %d bytes: %w", de.Offset, len(m), err)
		}
		if de.Reason() == "" {
			return fmt.Errorf("no reason: %w", err)
		}
	default:
		return fmt.Errorf("error of another kind: %w", err)
	}
	if r == nil {
		return nil
	}
	if r.Layout != nil {
		return fmt.Errorf("a record with the error %w has a layout", err)
	}
	if !bytes.Equal(r.Message, m) || !bytes.Equal(wire.AppendRecord(nil, r), m) {
		return fmt.Errorf("a record with the error %w does not keep its bytes", err)
	}
	if r.Outer.Layout != nil {
		for slot := range r.Outer.Layout.Fields {
			r.Outer.Bytes(slot) // must lie within the message
		}
	}
	return nil
}

// walk visits every block of every list, and every byte of every field.
func (c *checker) walk(v *wire.View) error {
	for slot := range v.Layout.Fields {
		switch k := v.Layout.Fields[slot].Kind; {
		case k.Integer():
		case k == wire.KindList || k == wire.KindBlock:
			if err := c.full.Elements(v, slot, func(e *wire.View) error {
				c.visited++
				if e.Layout == nil {
					return nil
				}
				return c.walk(e)
			}); err != nil {
				return err
			}
		default:
			v.Bytes(slot)
		}
	}
	return nil
}

// write formats batch in one format and looks at the lines.
func (c *checker) write(w *variantWorker, batch []byte, messages, bad int) error {
	c.out = c.out[:0]
	var total format.Counts
	w.reason = nil
	parts := 0
	err := c.tables.Scan(batch, c.scan, func(part []byte, s *meta.Snapshot) error {
		var n format.Counts
		c.out, n = w.worker.Append(c.out, part, s)
		total.Add(n)
		parts += len(part)
		return nil
	})
	if err != nil {
		return err
	}
	if parts != len(batch) {
		return fmt.Errorf("%d of %d bytes came out of Scan", parts, len(batch))
	}
	if total.Messages() != messages {
		return fmt.Errorf("%+v, but there are %d messages", total, messages)
	}
	// A format that does not read a list need not notice that it is broken.
	if total.Undecoded > bad || w.json && total.Undecoded != bad {
		return fmt.Errorf("%+v, but %d cannot be decoded", total, bad)
	}
	if w.reason == nil && total.Undecoded > 0 {
		return fmt.Errorf("%+v, but nothing was reported", total)
	}
	if w.raw && total.RawLines != total.Undecoded {
		return fmt.Errorf("%+v: not every undecoded message has a line", total)
	}
	return checkLines(c.out, total.Lines+total.RawLines, w.json, outputFactor*len(batch)+outputConstant*messages)
}

// checkLines says what is wrong with the output of a format.
func checkLines(out []byte, lines int, isJSON bool, limit int) error {
	switch {
	case bytes.Count(out, []byte{'\n'}) != lines || len(out) > 0 && out[len(out)-1] != '\n':
		return fmt.Errorf("%d line ends for %d lines: %q", bytes.Count(out, []byte{'\n'}), lines, out)
	case bytes.IndexByte(out, '\r') >= 0:
		return fmt.Errorf("CR in %q", out)
	case !utf8.Valid(out):
		return fmt.Errorf("not UTF-8: %q", out)
	case len(out) > limit:
		return fmt.Errorf("%d bytes, at most %d expected", len(out), limit)
	}
	if !isJSON {
		return nil
	}
	for line := range bytes.Lines(out) {
		if !json.Valid(line) {
			return fmt.Errorf("not JSON: %q", line)
		}
	}
	return nil
}
