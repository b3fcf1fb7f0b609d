package session_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"estream/estreamtest"
	"estream/session"
	"estream/wire"
)

// script runs a center on a pipe and returns the client of it, in a bubble.
func script(t *testing.T, cfg session.ClientConfig, steps ...estreamtest.Step) (*session.Client, <-chan error) {
	t.Helper()
	near, far := net.Pipe()
	done := make(chan error, 1)
	go func() { done <- estreamtest.Run(context.Background(), far, 0, steps...) }()
	c, err := session.NewClient(t.Context(), near, cfg)
	if err != nil {
		t.Fatal(err)
	}
	return c, done
}

func finish(t *testing.T, c *session.Client, done <-chan error) {
	t.Helper()
	if err := c.Close(context.Background(), ""); err != nil {
		t.Errorf("close: %v", err)
	}
	if err := <-done; err != nil {
		t.Errorf("script: %v", err)
	}
}

// A pause inside a message is no error before MessageTimeout, wherever it
// falls; each piece that arrives begins it anew.
func TestPauseInsideMessage(t *testing.T) {
	event := estreamtest.Events(1, 100)
	bundle, err := wire.AppendBundle(nil, 1, 1, 0, event)
	if err != nil {
		t.Fatal(err)
	}
	for name, m := range map[string][]byte{"single": event, "bundle": bundle} {
		for at := 1; at < len(m); at++ {
			synctest.Test(t, func(t *testing.T) {
				c, done := script(t, session.ClientConfig{MessageTimeout: 10 * time.Second}, estreamtest.Negotiate(),
					estreamtest.Split(m, at, estreamtest.Pause(9*time.Second)),
					estreamtest.Split(m, at, estreamtest.Pause(11*time.Second)),
				)
				if data, count, err := collect(t.Context(), c); count != 1 || !bytes.Equal(data, event) || !timedOut(err, "rest of a message did not arrive within 10s") {
					t.Fatalf("%s split at %d: got %d events, %v, want 1 and a TimeoutError", name, at, count, err)
				}
				c.Close(context.Background(), "")
				if err := <-done; err == nil {
					t.Error("the second message was taken after the deadline")
				}
			})
		}
	}
}

func timedOut(err error, text string) bool {
	var timeout *session.TimeoutError
	return errors.As(err, &timeout) && strings.Contains(err.Error(), text)
}

// One byte every 9 seconds is slow, but no stall.
func TestTrickle(t *testing.T) {
	event := estreamtest.Events(1, 40)
	var steps []estreamtest.Step
	for i := range event {
		steps = append(steps, estreamtest.Send(event[i:i+1]), estreamtest.Pause(9*time.Second))
	}
	synctest.Test(t, func(t *testing.T) {
		c, done := script(t, session.ClientConfig{MessageTimeout: 10 * time.Second}, append([]estreamtest.Step{estreamtest.Negotiate()}, steps...)...)
		if _, count, err := collect(t.Context(), c); count != 1 || err != io.EOF {
			t.Errorf("got %d events, %v, want 1, EOF", count, err)
		}
		finish(t, c, done)
	})
}

// The default is to wait for ever between messages.
func TestIdle(t *testing.T) {
	event := estreamtest.Events(1, 40)
	synctest.Test(t, func(t *testing.T) {
		c, done := script(t, session.ClientConfig{}, estreamtest.Negotiate(), estreamtest.Pause(1000*time.Hour), estreamtest.Send(event))
		if _, count, err := collect(t.Context(), c); count != 1 || err != io.EOF {
			t.Errorf("got %d events, %v, want 1, EOF", count, err)
		}
		finish(t, c, done)
	})
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		c, done := script(t, session.ClientConfig{IdleTimeout: time.Minute}, estreamtest.Negotiate(), estreamtest.Pause(50*time.Second),
			estreamtest.KeepAlive(), estreamtest.Pause(50*time.Second), estreamtest.KeepAlive(), estreamtest.ExpectAcks(3), estreamtest.ExpectClose())
		_, err := c.ReadBatch(t.Context())
		if !timedOut(err, "no message and no keep-alive within 1m0s") || time.Since(begin) != 160*time.Second {
			t.Errorf("after %v: %v", time.Since(begin), err)
		}
		finish(t, c, done)
	})
}

// A pause in the middle of a TLS record is one inside a message too.
func TestPauseInsideRecord(t *testing.T) {
	center := estreamtest.Start(t, estreamtest.Negotiate(), estreamtest.Send(estreamtest.Events(2, 100)), estreamtest.ExpectAcks(3), func(c *estreamtest.Conn) error {
		c.Write(estreamtest.Events(1, 1000)) // of which 500 bytes come through
		return estreamtest.ExpectClose()(c)
	})
	var cut *cutConn
	client := dial(t, center, session.ClientConfig{MessageTimeout: 50 * time.Millisecond, DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(ctx, network, addr)
		cut = &cutConn{Conn: conn, left: -1}
		return cut, err
	}})
	if b, err := client.ReadBatch(t.Context()); err != nil {
		t.Fatal(err)
	} else if cut.left = 500; b.Count == 2 {
		if err := client.Ack(t.Context(), b); err != nil {
			t.Fatal(err)
		}
	} else {
		t.Fatalf("%d events, want 2", b.Count)
	}
	if _, err := client.ReadBatch(t.Context()); !timedOut(err, "rest of a message did not arrive within 50ms") || !strings.Contains(err.Error(), "TLS record") {
		t.Errorf("got %v", err)
	}
	client.Close(t.Context(), "")
	wait(t, center, 1)
}

// A cutConn delivers so many bytes and then nothing; -1 for no limit.
type cutConn struct {
	net.Conn
	left int
}

func (c *cutConn) Read(p []byte) (int, error) {
	if c.left < 0 {
		return c.Conn.Read(p)
	}
	for c.left == 0 {
		var sink [1024]byte
		if _, err := c.Conn.Read(sink[:]); err != nil {
			return 0, err
		}
	}
	n, err := c.Conn.Read(p[:min(c.left, len(p))])
	c.left -= n
	return n, err
}

// A server that does not take acknowledgements.
func TestStalledServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		go func() {
			io.ReadFull(far, make([]byte, 16))
			far.Write(estreamtest.Events(3, 50))
		}()
		c, err := session.NewClient(t.Context(), near, session.ClientConfig{Flags: single, WriteTimeout: 20 * time.Second})
		if err != nil {
			t.Fatal(err)
		}
		b, err := c.ReadBatch(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		begin := time.Now()
		if err := c.Ack(t.Context(), b); !timedOut(err, "server did not take a write within 20s") || time.Since(begin) != 20*time.Second {
			t.Errorf("after %v: %v", time.Since(begin), err)
		}
		cause := errors.New("enough")
		ctx, cancel := context.WithCancelCause(t.Context())
		acked := make(chan error, 1)
		go func() { acked <- c.Ack(ctx, b) }()
		synctest.Wait()
		cancel(cause)
		if err := <-acked; !errors.Is(err, cause) || b.Acks() != 3 {
			t.Errorf("got %v, %d acknowledgements owed, want %v, 3", err, b.Acks(), cause)
		}
		if err := c.Close(t.Context(), "bye"); err == nil {
			t.Error("Close told a reason to a server that does not read")
		}
		far.Close()
	})
}

// What is not acknowledged is owed with the next batch.
func TestAckLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, done := script(t, session.ClientConfig{Flags: single}, estreamtest.Negotiate(), estreamtest.Send(estreamtest.Events(3, 50)),
			estreamtest.ExpectNoAcks(time.Hour), estreamtest.Send(estreamtest.Events(2, 50)), estreamtest.ExpectAcks(5), estreamtest.ExpectNoAcks(time.Hour))
		var b *session.Batch
		for range 2 {
			var err error
			if b, err = c.ReadBatch(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if b.Count != 2 || b.Acks() != 5 {
			t.Errorf("%d events, %d acknowledgements owed, want 2, 5", b.Count, b.Acks())
		}
		if err := c.Ack(t.Context(), b); err != nil {
			t.Error(err)
		}
		if err := c.Ack(t.Context(), b); err != nil { // owes nothing any more
			t.Error(err)
		}
		if _, err := c.ReadBatch(t.Context()); err != io.EOF {
			t.Error(err)
		}
		finish(t, c, done)
	})
}

// Close ends a ReadBatch in another goroutine.
func TestCloseWhileReading(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, done := script(t, session.ClientConfig{}, estreamtest.Negotiate(), estreamtest.ExpectClose())
		read := make(chan error, 1)
		go func() {
			_, err := c.ReadBatch(t.Context())
			read <- err
		}()
		synctest.Wait()
		finish(t, c, done)
		if err := <-read; !errors.Is(err, session.ErrClosed) {
			t.Errorf("got %v, want ErrClosed", err)
		}
	})
}

// A length that lies does not make the client allocate what it announces, and a
// true one costs no more than twice its size.
func TestAllocationFollowsData(t *testing.T) {
	const announced = 16 << 20
	for _, sent := range []int{0, 1000, 300 << 10} {
		synctest.Test(t, func(t *testing.T) {
			part := append(wire.AppendHeader(nil, wire.TypeEventData, announced), make([]byte, sent)...)
			c, done := script(t, session.ClientConfig{MessageTimeout: time.Second}, estreamtest.Negotiate(), estreamtest.Send(part), estreamtest.ExpectClose())
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := c.ReadBatch(t.Context())
			runtime.ReadMemStats(&after)
			if !timedOut(err, "of 16777224 bytes of a message (event data)") {
				t.Errorf("got %v", err)
			}
			if n := after.TotalAlloc - before.TotalAlloc; n > 2<<20 {
				t.Errorf("%d bytes sent, %d allocated", sent, n)
			}
			finish(t, c, done)
		})
	}
}

// Large messages grow the buffer, many small batches after them shrink it.
func TestGrowAndShrink(t *testing.T) {
	large := estreamtest.Event(9999, 1, make([]byte, 1<<20))
	small := estreamtest.Events(1, 50)
	bundle, err := wire.AppendBundle(nil, 1, 1, 0, append(append([]byte(nil), small...), large...))
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		c, done := script(t, session.ClientConfig{BatchBytes: 4096}, estreamtest.Negotiate(),
			estreamtest.Send(small), estreamtest.Send(large), estreamtest.Send(bundle), estreamtest.Repeat(200, estreamtest.Send(small)))
		want := append(append(append(append([]byte(nil), small...), large...), small...), large...)
		want = append(want, bytes.Repeat(small, 200)...)
		if data, count, err := collect(t.Context(), c); err != io.EOF || count != 204 || !bytes.Equal(data, want) {
			t.Errorf("got %d events, %d bytes, %v, want 204, %d, EOF", count, len(data), err, len(want))
		}
		if n := session.BufferSize(c); n != 4096 {
			t.Errorf("buffer of %d bytes after many small batches, want 4096", n)
		}
		finish(t, c, done)
	})
}
