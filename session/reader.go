package session

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"estream/wire"
)

// A reader turns the bytes of a server into batches, inside one buffer:
//
//	0        w           r              n            len(buf)
//	| events | (dropped) | not yet whole | free       |
//
// Received bytes are added at n. scan walks complete messages from r on; events
// stay where they are until something between them is dropped (nulls, bundle headers), and
// whole runs of them then move down to w. What lies in [0:w) is the batch.
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
	information []wire.Service
	reply       []byte // streaming request to be sent

	batch Batch
}

// shrinkAfter is how many batches an enlarged buffer must have been too large
// for before it is given back, so that steady large bundles don't cost an allocation each.
const shrinkAfter = 64

// ReadBatch returns at least one event data message: all that is there without waiting, up
// to BatchBytes. It waits, without limit but ctx and IdleTimeout, while there is none.
//
// The batch is valid until the next call. Batches come before errors: only once everything
// received was returned, ReadBatch returns, from then on always,
//
//   - io.EOF, when the server closed between messages;
//   - an error that wraps io.ErrUnexpectedEOF, when it closed inside one;
//   - *ServerError, *ProtocolError, *TimeoutError, ErrClosed;
//   - the error of the connection.
//
// The end of ctx is no end of the session: its cause is returned, nothing is
// lost, and ReadBatch may be called again.
func (c *Client) ReadBatch(ctx context.Context) (*Batch, error) {
	c.reading.Lock()
	defer c.reading.Unlock()
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
// events in it, it returns errWouldBlock instead of waiting. Errors that end the session are
// stored in c.err as well.
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

// wait sends what is owed for messages that are in no batch, then waits for the network.
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
	return c.readLimit.explain(c.tr.fill(), what, limit)
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

// scan walks the complete messages received.
func (c *Client) scan() {
	run := c.r
	for c.err == nil {
		h, ok := wire.ParseHeader(c.buf[c.r:c.n])
		if !ok {
			break
		}
		if h.Version != wire.HeaderVersion {
			c.broken(c.r, fmt.Sprintf("header version %d", h.Version), "version 1", nil)
			break
		}
		if uint64(h.Length) > uint64(c.cfg.MaxMessage) {
			c.broken(c.r, fmt.Sprintf("%v of %d bytes", h.Type, h.Length), fmt.Sprintf("at most %d", c.cfg.MaxMessage), nil)
			break
		}
		end := c.r + wire.HeaderSize + int(h.Length) // both bounded by wire.MaxMessage
		if end > c.n {
			break
		}
		if h.Type == wire.TypeEventData && h.Length > 0 {
			c.events++
			c.acks++
			c.r = end
			continue
		}
		c.keep(run, c.r)
		c.other(h, c.r+wire.HeaderSize, end)
		c.r, run = end, end
	}
	c.keep(run, c.r)
}

// keep adds the run of events buf[from:to] to the batch.
func (c *Client) keep(from, to int) {
	if from != c.w {
		copy(c.buf[c.w:], c.buf[from:to])
	}
	c.w += to - from
}

// other handles a complete message that is not an event: buf[from:to] is its
// body.
func (c *Client) other(h wire.Header, from, to int) {
	body := c.buf[from:to]
	c.acks++
	switch h.Type {
	case wire.TypeEventData: // only those of length 0 come here
		c.broken(from-wire.HeaderSize, "event data without a record", "a record", nil)
	case wire.TypeMessageBundle:
		c.stats.pending.bundles++
		if len(body) < wire.BundleHeaderSize {
			_, err := wire.ParseBundle(body)
			c.broken(from-wire.HeaderSize, "a malformed message", "a bundle", err)
			return
		}
		c.unbundle(from+wire.BundleHeaderSize, to, true)
	case wire.TypeNull:
		c.stats.pending.keepAlives++
	case wire.TypeError:
		m, err := wire.ParseErrorMessage(body)
		if err != nil && m.Text == "" {
			m = wire.ErrorMessage{Code: wire.Unnumbered, Text: err.Error()}
		}
		c.err = (*ServerError)(&m)
	case wire.TypeStreamingInformation:
		c.prepare(body, from)
	default:
		c.stats.pending.others++
		if c.cfg.OnMessage != nil {
			c.cfg.OnMessage(h.Type, body)
		}
	}
}

// unbundle adds the messages in buf[from:to], the inside of a bundle, to the
// batch. An incomplete bundle may end within a message.
func (c *Client) unbundle(from, to int, complete bool) {
	run, at := from, from
	for at < to {
		h, message, _, err := wire.NextBundled(c.buf[at:to])
		if err == nil && h.Type == wire.TypeEventData && h.Length == 0 {
			err = errors.New("event data without a record")
		}
		if err != nil {
			if complete {
				c.broken(at, "a malformed message in a bundle", "an event", err)
			}
			break
		}
		if h.Type == wire.TypeEventData {
			binary.BigEndian.PutUint16(message, wire.HeaderVersion)
			c.events++
			at += len(message)
			continue
		}
		c.keep(run, at)
		c.stats.pending.others++
		at += len(message)
		run = at
	}
	c.keep(run, at)
}

// prepare makes the streaming request that answers streaming information.
func (c *Client) prepare(body []byte, from int) {
	m, err := wire.ParseStreamingInformation(body)
	if err != nil {
		c.broken(from-wire.HeaderSize, "a malformed message", "streaming information", err)
		return
	}
	if !c.awaiting {
		c.stats.pending.others++
		return
	}
	c.awaiting = false
	c.information = m.Services
	offered := make([]uint32, 0, len(m.Services))
	for _, s := range m.Services {
		if s.ID == wire.ServiceEStreamer {
			c.cfg.Log.Debug("eStreamer service offered", "server", c.addr, "services", len(m.Services))
			c.reply = wire.AppendStreamingRequest(nil, wire.StreamingRequest{Services: []wire.Service{
				{ID: wire.ServiceEStreamer, Flags: c.cfg.Flags, Start: c.cfg.Start, Pairs: c.cfg.Pairs},
			}}, c.cfg.ServiceLength)
			return
		}
		offered = append(offered, s.ID)
	}
	c.err = fmt.Errorf("%w: the server offers services %v", ErrNoService, offered[:min(len(offered), 16)])
}

// broken records that the message at buf[at:] cannot be read.
func (c *Client) broken(at int, found, expected string, err error) {
	c.err = &ProtocolError{Offset: c.base + uint64(at), Found: found, Expected: expected, Err: err}
}
