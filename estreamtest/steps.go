package estreamtest

import (
	"bytes"
	"fmt"
	"time"

	"estream/wire"
)

// A Step is one thing a Center does, or expects its client to do. Your own are
// functions of the same form.
type Step func(*Conn) error

// Steps makes one Step of several.
func Steps(steps ...Step) Step {
	return func(c *Conn) error {
		for i, s := range steps {
			if err := s(c); err != nil {
				return fmt.Errorf("inner step %d: %w", i+1, err)
			}
		}
		return nil
	}
}

// Repeat runs the steps n times.
func Repeat(n int, steps ...Step) Step {
	return func(c *Conn) error {
		for range n {
			if err := Steps(steps...)(c); err != nil {
				return err
			}
		}
		return nil
	}
}

// Negotiate does what a real server does first: it reads an event stream
// request, and if that holds flag bit 30, publishes services 5001, 5000 and
// 6667 (those of Options.Release, if that says so) and reads a streaming request.
// The acknowledgement of the information stays for ExpectAcks.
func Negotiate() Step {
	return func(c *Conn) error {
		if err := ExpectRequest(nil)(c); err != nil {
			return err
		}
		if !c.Request.Flags.Has(wire.FlagExtendedRequest) {
			return nil
		}
		if err := SendInformation(c.services...)(c); err != nil {
			return err
		}
		return ExpectStreamingRequest(nil)(c)
	}
}

// ExpectRequest reads an event stream request; check may be nil.
func ExpectRequest(check func(wire.EventStreamRequest) error) Step {
	return func(c *Conn) error {
		body, err := c.expect(wire.TypeEventStreamRequest)
		if err != nil {
			return err
		}
		if c.Request, err = wire.ParseEventStreamRequest(body); err != nil || check == nil {
			return err
		}
		return check(c.Request)
	}
}

// SendInformation publishes services.
func SendInformation(services ...uint32) Step {
	var m wire.StreamingInformation
	for _, id := range services {
		m.Services = append(m.Services, wire.Service{ID: id})
	}
	return Send(wire.AppendStreamingInformation(nil, m))
}

// ExpectStreamingRequest reads a streaming request; check may be nil.
func ExpectStreamingRequest(check func(wire.StreamingRequest) error) Step {
	return func(c *Conn) error {
		body, err := c.expect(wire.TypeStreamingRequest)
		if err != nil {
			return err
		}
		if c.Streaming, err = wire.ParseStreamingRequest(body); err != nil || check == nil {
			return err
		}
		return check(c.Streaming)
	}
}

// ExpectBytes reads one message and compares its type and body.
func ExpectBytes(t wire.MessageType, body []byte) Step {
	return func(c *Conn) error {
		got, err := c.expect(t)
		if err == nil && !bytes.Equal(got, body) {
			err = fmt.Errorf("%v: got %x, want %x", t, got, body)
		}
		return err
	}
}

// ExpectError reads an error message; check may be nil.
func ExpectError(check func(wire.ErrorMessage) error) Step {
	return func(c *Conn) error {
		body, err := c.expect(wire.TypeError)
		if err != nil {
			return err
		}
		m, err := wire.ParseErrorMessage(body)
		if err != nil || check == nil {
			return err
		}
		return check(m)
	}
}

// ExpectAcks waits for n null messages that no step before it has consumed.
func ExpectAcks(n int) Step {
	return func(c *Conn) error {
		return c.await(fmt.Sprintf("%d acknowledgements", n), func() bool {
			if c.acks-c.taken < n {
				return false
			}
			c.taken += n
			return true
		})
	}
}

// ExpectNoAcks fails when null messages are there that ExpectAcks did not
// consume, or come within d.
func ExpectNoAcks(d time.Duration) Step {
	return func(c *Conn) error {
		if err := Pause(d)(c); err != nil {
			return err
		}
		if n := c.Acks(); n > 0 {
			return fmt.Errorf("no acknowledgement expected, %d found", n)
		}
		return nil
	}
}

// ExpectClose waits until the client has closed the connection, in whatever
// way.
func ExpectClose() Step {
	return func(c *Conn) error {
		return c.await("end of connection", func() bool { return c.err != nil })
	}
}

// Send writes bytes: whole messages, or not.
func Send(p []byte) Step {
	return func(c *Conn) error { return c.send(p) }
}

// Bundle sends messages, each with its 8-byte header, as one bundle.
// innerVersion is 0 as real servers write it, or 1 as documented. Sequence
// numbers count from 1.
func Bundle(innerVersion uint16, messages []byte) Step {
	return func(c *Conn) error {
		c.seq++
		p, err := wire.AppendBundle(nil, 1, c.seq, innerVersion, messages)
		if err != nil {
			return err
		}
		return c.send(p)
	}
}

// KeepAlive sends a null message.
func KeepAlive() Step { return Send(wire.AppendNull(nil)) }

// SendError sends an error message.
func SendError(code int32, text string) Step {
	return Send(wire.AppendErrorMessage(nil, wire.ErrorMessage{Code: code, Text: text}))
}
