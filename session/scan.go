package session

import (
	"encoding/binary"
	"errors"
	"fmt"

	"estream/wire"
)

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
	c.information.Store(&m.Services)
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
