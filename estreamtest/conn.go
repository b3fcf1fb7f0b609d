package estreamtest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"estream/server/fault"
	"estream/wire"
)

// maxClientMessage bounds what a client may send in one message.
const maxClientMessage = 1 << 20

// maxWaiting bounds how many messages may wait for a step to read them.
const maxWaiting = 1000

// A Conn is one connection of a client, as steps see it. The client's messages
// are read in the background, so that a client which acknowledges a lot never
// waits for the script.
//
// Its own methods are for the script's goroutine. Writing to the embedded
// net.Conn sends raw bytes; do not read from it.
type Conn struct {
	net.Conn
	Context     context.Context         // ends with the Center
	Request     wire.EventStreamRequest // set by ExpectRequest and Negotiate
	Streaming   wire.StreamingRequest   // set by ExpectStreamingRequest and Negotiate
	HostRequest wire.HostDataRequest    // set by ExpectHostRequest

	timeout  time.Duration
	services []uint32 // that Negotiate publishes
	seq      uint32
	taken    int // acknowledgements that ExpectAcks has consumed

	changed chan struct{} // a token after every change of what follows

	mu       sync.Mutex
	acks     int
	messages []Message
	err      error // why nothing more is read
}

// A Message is one message of a client.
type Message struct {
	Type wire.MessageType
	Body []byte
}

// Run runs a script on any connection, one end of net.Pipe for instance, and
// closes it. timeout is what a step that expects something waits for it; 0 is
// for ever.
func Run(ctx context.Context, conn net.Conn, timeout time.Duration, script ...Step) error {
	return run(ctx, conn, timeout, allServices, script).Err
}

func run(ctx context.Context, conn net.Conn, timeout time.Duration, services []uint32, script []Step) (done Served) {
	c := &Conn{Conn: conn, Context: ctx, timeout: timeout, services: services, changed: make(chan struct{}, 1)}
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	var reading sync.WaitGroup
	reading.Go(c.read)
	for i, step := range script {
		if err := step(c); err != nil {
			var ended *fault.EndError
			if !errors.As(err, &ended) { // else the script went as far as it was meant to
				done.Err = fmt.Errorf("step %d of %d: %w", i+1, len(script), err)
			}
			break
		}
	}
	_ = conn.Close() // a script that cares ends with a step of its own
	reading.Wait()
	done.Request, done.Streaming, done.Acks = c.Request, c.Streaming, c.acks
	return done
}

func (c *Conn) read() {
	for {
		m, err := readMessage(c.Conn)
		c.mu.Lock()
		switch {
		case err != nil:
			c.err = err
		case m.Type == wire.TypeNull && len(m.Body) == 0:
			c.acks++
		default:
			c.messages = append(c.messages, m)
		}
		if len(c.messages) > maxWaiting {
			c.err = fmt.Errorf("client sent %d messages that no step has read", len(c.messages))
		}
		stop := c.err != nil
		c.mu.Unlock()
		select {
		case c.changed <- struct{}{}:
		default:
		}
		if stop {
			return
		}
	}
}

func readMessage(r io.Reader) (Message, error) {
	var header [wire.HeaderSize]byte
	if _, err := io.ReadFull(r, header[:]); err != nil {
		return Message{}, err
	}
	h, _ := wire.ParseHeader(header[:])
	if h.Version != wire.HeaderVersion || h.Length > maxClientMessage {
		return Message{}, fmt.Errorf("client sent header version %d, %v of %d bytes", h.Version, h.Type, h.Length)
	}
	body := make([]byte, h.Length)
	_, err := io.ReadFull(r, body)
	return Message{h.Type, body}, err
}

// await waits until ready, called under the lock, says so.
func (c *Conn) await(what string, ready func() bool) error {
	var late <-chan time.Time
	if c.timeout > 0 {
		timer := time.NewTimer(c.timeout)
		defer timer.Stop()
		late = timer.C
	}
	for {
		c.mu.Lock()
		ok, err, acks, messages := ready(), c.err, c.acks-c.taken, len(c.messages)
		c.mu.Unlock()
		if ok {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%s expected, %d acknowledgements and %d messages found: %w", what, acks, messages, err)
		}
		select {
		case <-c.changed:
		case <-late:
			return fmt.Errorf("%s expected within %v, %d acknowledgements and %d messages found", what, c.timeout, acks, messages)
		case <-c.Context.Done():
			return context.Cause(c.Context)
		}
	}
}

// Receive returns the next message of the client that is not a null message.
func (c *Conn) Receive() (Message, error) {
	var m Message
	err := c.await("a message", func() bool {
		if len(c.messages) == 0 {
			return false
		}
		m, c.messages = c.messages[0], c.messages[1:]
		return true
	})
	return m, err
}

// Poll is Receive without waiting; it reports false when no message is there.
func (c *Conn) Poll() (Message, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.messages) == 0 {
		return Message{}, false
	}
	m := c.messages[0]
	c.messages = c.messages[1:]
	return m, true
}

// Acks returns how many null messages the client has sent that ExpectAcks did
// not consume.
func (c *Conn) Acks() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.acks - c.taken
}

// expect receives a message of type t.
func (c *Conn) expect(t wire.MessageType) ([]byte, error) {
	m, err := c.Receive()
	if err != nil {
		return nil, fmt.Errorf("%v: %w", t, err)
	}
	if m.Type != t {
		return nil, fmt.Errorf("%v expected, %v found: %x", t, m.Type, m.Body)
	}
	return m.Body, nil
}

func (c *Conn) send(p []byte) error {
	_, err := c.Write(p)
	return err
}

// reset closes the connection so that the client gets a reset where the
// network knows one.
func (c *Conn) reset() error {
	raw := c.Conn
	for {
		t, ok := raw.(interface{ NetConn() net.Conn }) // TLS, faults, recordings
		if !ok {
			break
		}
		raw = t.NetConn()
	}
	if t, ok := raw.(*net.TCPConn); ok {
		if err := t.SetLinger(0); err != nil {
			return fmt.Errorf("set linger: %w", err)
		}
	}
	if err := raw.Close(); !errors.Is(err, net.ErrClosed) {
		return err
	}
	return nil
}
