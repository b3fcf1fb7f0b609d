package session

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync/atomic"

	"estream/wire"
)

// A reader turns the bytes of a server into batches, inside one buffer:
//
//	0        w           r              n            len(buf)
//	| events | (dropped) | not yet whole | free       |
//
// Received bytes are added at n. scan walks complete messages from r on; events
// stay where they are until something between them is dropped (nulls, bundle
// headers), and whole runs of them then move down to w. What lies in [0:w) is
// the batch.
type reader struct {
	buf     []byte
	w, r, n int
	base    uint64 // stream offset of buf[0], counted over messages
	events  int    // messages in [0:w)
	acks    int    // null messages owed

	delivered bool  // the batch in [0:w) was returned; the next ReadBatch drops it
	roomy     int   // batches in a row that left an enlarged buffer mostly empty
	err       error // why nothing more will be received

	awaiting    bool // streaming information is to be answered
	information atomic.Pointer[[]wire.Service]
	reply       []byte // streaming request to be sent

	batch Batch
}

// shrinkAfter is how many batches an enlarged buffer must have been too large
// for before it is given back, so that steady large bundles don't cost an
// allocation each.
const shrinkAfter = 64

// ReadBatch returns at least one event data message: all that is there without
// waiting, up to BatchBytes. It waits, without limit but ctx and IdleTimeout,
// while there is none.
//
// The batch is valid until the next call. Batches come before errors: only once
// everything received was returned, ReadBatch returns, from then on always,
//
//   - io.EOF, when the server closed between messages;
//   - an error that wraps io.ErrUnexpectedEOF, when it closed inside one;
//   - *ServerError, *ProtocolError, *TimeoutError, ErrNoService wrapped, ErrClosed;
//   - the error of the connection.
//
// The end of ctx is no end of the session: its cause is returned, nothing is
// lost, and ReadBatch may be called again.
func (c *Client) ReadBatch(ctx context.Context) (*Batch, error) {
	if err := c.reading.take(ctx); err != nil {
		return nil, err
	}
	defer c.reading.give()
	if err := c.readLimit.watch(ctx); err != nil {
		return nil, err
	}
	if c.delivered {
		c.restart()
	}
	for {
		c.scan()
		if c.reply != nil {
			if err := c.answer(ctx); err != nil {
				c.err = errors.Join(c.err, fmt.Errorf("streaming request: %w", err))
			}
		}
		if c.err != nil {
			break
		}
		err := c.receive(ctx, c.w == 0)
		if err == errWouldBlock {
			break
		}
		if err != nil && c.err == nil {
			return nil, err // ctx
		}
	}
	c.flushStats()
	if c.w == 0 {
		return nil, c.err
	}
	c.batch = Batch{Data: c.buf[:c.w:c.w], Count: c.events, acks: c.batch.acks + c.acks}
	c.acks, c.delivered = 0, true
	c.stats.messages.Add(uint64(c.events))
	return &c.batch, nil
}

// restart drops the delivered batch and moves what is left to the front.
func (c *Client) restart() {
	to := c.buf
	if c.roomy++; len(to) == c.cfg.BatchBytes || c.n > c.cfg.BatchBytes {
		c.roomy = 0
	}
	if c.roomy >= shrinkAfter {
		to, c.roomy = make([]byte, c.cfg.BatchBytes), 0
	}
	c.shift(to)
	c.w, c.events, c.delivered = 0, 0, false
}

// shift moves the unscanned bytes to the front of to, which becomes the buffer.
func (c *Client) shift(to []byte) {
	n := copy(to, c.buf[c.r:c.n])
	c.base += uint64(c.r)
	c.buf, c.r, c.n = to, 0, n
}

// receive adds bytes to the buffer. Without wait, or with a full buffer and
// events in it, it returns errWouldBlock instead of waiting. Errors that end
// the session are stored in c.err as well.
func (c *Client) receive(ctx context.Context, wait bool) error {
	if c.n == len(c.buf) {
		switch {
		case c.w > 0:
			return errWouldBlock
		case c.r > 0:
			c.shift(c.buf)
		default:
			c.grow()
		}
	}
	for {
		k, err := c.conn.Read(c.buf[c.n:])
		if c.n += k; k > 0 {
			c.stats.pending.bytes += uint64(k)
			return nil
		}
		if err == nil {
			continue
		}
		if err == errWouldBlock {
			if !wait {
				return err
			}
			if err = c.wait(ctx); err == nil {
				continue
			}
			if e := context.Cause(ctx); e != nil && errors.Is(err, e) {
				return err
			}
		}
		c.end(err)
		return c.err
	}
}

// grow makes room for a message larger than the buffer. The buffer doubles, so
// its size follows what was received and not what a length field announces.
func (c *Client) grow() {
	size := 2 * len(c.buf)
	if h, ok := wire.ParseHeader(c.buf); ok && uint64(size) > wire.HeaderSize+uint64(h.Length) {
		size = wire.HeaderSize + int(h.Length)
	}
	c.roomy = 0
	c.shift(make([]byte, size))
}

// wait sends what is owed for messages that are in no batch, then waits for the
// network.
func (c *Client) wait(ctx context.Context) error {
	for c.acks > 0 {
		// Keep-alives and messages we skip: both released clients answer them.
		n := min(c.acks, len(nulls)/wire.HeaderSize)
		if err := c.write(ctx, nulls[:n*wire.HeaderSize]); err != nil {
			return fmt.Errorf("acknowledge: %w", err)
		}
		c.acks -= n
		c.stats.acks.Add(uint64(n))
	}
	c.flushStats()
	what, limit := "no message and no keep-alive", c.cfg.IdleTimeout
	if c.n > c.r || c.tr.inRecord() {
		what, limit = "rest of a message did not arrive", c.cfg.MessageTimeout
	}
	c.readLimit.limit(limit)
	err := c.tr.fill()
	if err != nil && c.cfg.Wrap != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
		// The network is read below what Wrap made: that has not seen its end yet.
		c.tr.failed = err
		var none [1]byte
		_, _ = c.conn.Read(none[:]) // err, in TLS's words
	}
	return c.readLimit.explain(err, what, limit)
}

// end records why the connection gives nothing more, and saves the complete
// messages of a bundle that was cut.
func (c *Client) end(err error) {
	cut := c.buf[c.r:c.n]
	inside := ""
	if h, ok := wire.ParseHeader(cut); ok {
		inside = fmt.Sprintf("%d of %d bytes of a message (%v)", len(cut), wire.HeaderSize+uint64(h.Length), h.Type)
		if h.Type == wire.TypeMessageBundle && len(cut) > wire.HeaderSize+wire.BundleHeaderSize {
			c.unbundle(c.r+wire.HeaderSize+wire.BundleHeaderSize, c.n, false)
		}
	} else if len(cut) > 0 {
		inside = fmt.Sprintf("%d of 8 bytes of a message header", len(cut))
	} else if c.tr.inRecord() {
		inside = "a part of a TLS record"
	}
	if inside != "" {
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		err = fmt.Errorf("received %s: %w", inside, err)
	}
	c.err = err
}
