package fault

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"estream/wire"
)

// A capture keeps what is written to it, and has no more to read.
type capture struct {
	net.Conn
	mu                 sync.Mutex
	written            []byte
	closed, halfClosed bool
	deadline           time.Time
}

func (c *capture) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.written = append(c.written, p...)
	return len(p), nil
}

// Bytes returns what was written so far.
func (c *capture) Bytes() []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	return bytes.Clone(c.written)
}

func (c *capture) Read([]byte) (int, error)           { return 0, io.EOF }
func (c *capture) Close() error                       { c.closed = true; return nil }
func (c *capture) CloseWrite() error                  { c.halfClosed = true; return nil }
func (c *capture) SetWriteDeadline(t time.Time) error { c.deadline = t; return nil }

// event is record number i of the test: an intrusion event record of the 4.9 kind,
// which has no block, in a message of 60 bytes.
func event(i int) []byte {
	p := wire.AppendHeader(nil, wire.TypeEventData, 52)
	p = binary.BigEndian.AppendUint32(p, 104)
	p = binary.BigEndian.AppendUint32(p, 36)
	p = binary.BigEndian.AppendUint32(p, 1700000000)
	p = binary.BigEndian.AppendUint32(p, 0)
	return append(p, bytes.Repeat([]byte{byte(i)}, 36)...)
}

// connection is a record with a discovery header of either form and a block.
func connection(ipv6 bool) []byte {
	header := 40
	if ipv6 {
		header = 56
	}
	p := wire.AppendHeader(nil, wire.TypeEventData, uint32(8+header+16))
	p = binary.BigEndian.AppendUint32(p, 71)
	p = binary.BigEndian.AppendUint32(p, uint32(header+16))
	p = append(p, make([]byte, header)...)
	if ipv6 {
		p[8+8+14] = 1
	}
	p = binary.BigEndian.AppendUint32(p, 174)
	p = binary.BigEndian.AppendUint32(p, 16)
	return append(p, make([]byte, 8)...)
}

func events(from, to int) (p []byte) {
	for i := from; i <= to; i++ {
		p = append(p, event(i)...)
	}
	return p
}

func bundle(t testing.TB, sequence uint32, messages []byte) []byte {
	p, err := wire.AppendBundle(nil, 1, sequence, 0, messages)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func information() []byte {
	return wire.AppendStreamingInformation(nil, wire.StreamingInformation{Services: []wire.Service{{ID: wire.ServiceEStreamer}}})
}

func plan(t testing.TB, specs ...string) *Plan {
	p, err := NewPlan(specs, nil)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func join(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

// with returns p with b at offset at.
func with(p []byte, at int, b ...byte) []byte {
	p = bytes.Clone(p)
	copy(p[at:], b)
	return p
}

// What each fault makes of a stream, byte for byte, however the session cuts its
// writes.
func TestFaults(t *testing.T) {
	null := wire.AppendNull(nil)
	one, two := bundle(t, 1, events(1, 3)), bundle(t, 2, events(4, 6))
	unknown := with(event(0)[:56], 4, 0, 0, 0, 48, 0, 0, 0x27, 0x0f, 0, 0, 0, 32)
	copy(unknown[24:], make([]byte, 32))
	inBundle := bundle(t, 2, join(unknown, events(4, 6)))
	innerOne, err := wire.AppendBundle(nil, 1, 2, 1, events(4, 6))
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		spec     string
		in, want []byte
		ended    bool
	}{
		{"drop", events(1, 3), nil, true},
		{"drop:after=2", events(1, 3), events(1, 2), true},
		{"drop:after=2", join(one, two), nil, true}, // the third event is in the first bundle
		{"drop:after=3", join(one, two), one, true},
		{"drop:after=3", events(1, 3), events(1, 3), false},
		{"drop:after=2,inside=10", events(1, 4), join(events(1, 2), event(3)[:10]), true},
		{"drop:inside=1000", events(1, 4), event(1), true},
		{"drop:session=2", events(1, 4), events(1, 4), false},
		{"drop:client=192.0.2.2", events(1, 4), events(1, 4), false},
		{"drop:session=1,client=192.0.2.1,after=1", events(1, 4), event(1), true},
		{"drop:at=information", join(information(), event(1)), nil, true},
		{"drop:at=information", events(1, 4), events(1, 4), false},
		{"close:after=1", events(1, 3), event(1), true},
		{"error:after=1", events(1, 3), join(event(1), wire.AppendErrorMessage(nil, wire.ErrorMessage{Code: 19, Text: "No space"})), true},
		{"error:code=-7,text=so what", events(1, 3), wire.AppendErrorMessage(nil, wire.ErrorMessage{Code: -7, Text: "so what"}), true},
		{"garbage:after=1,bytes=5", events(1, 2), join(event(1), noise(5, 0), event(2)), false},
		{"garbage:every=2,bytes=1,seed=3", events(1, 5), join(noise(1, 3), events(1, 2), noise(1, 3), events(3, 4), noise(1, 3), event(5)), false},
		{"garbage:every=2,bytes=1,times=2", events(1, 5), join(noise(1, 0), events(1, 2), noise(1, 0), events(3, 5)), false},
		{"garbage:every=1,bytes=1", join(one, two), join(noise(1, 0), one, noise(1, 0), two), false},
		{"length", events(1, 2), with(events(1, 2), 7, 53), false},
		{"length:message,add=-2,after=1", events(1, 2), with(events(1, 2), 67, 50), false},
		{"length:message,set=0xfffffff0", one, with(one, 4, 0xff, 0xff, 0xff, 0xf0), false},
		{"length:inner,add=1", join(event(0), one), join(event(0), with(one, 23, 53)), false},
		{"length:record,add=-36", event(1), with(event(1), 15, 0), false},
		{"length:record,add=-36", one, with(one, 31, 0), false},
		{"length:block", join(event(1), connection(false)), join(event(1), with(connection(false), 8+8+40+7, 17)), false},
		{"length:block,set=7", connection(true), with(connection(true), 8+8+56+7, 7), false},
		{"length:block,set=7", bundle(t, 1, connection(true)), with(bundle(t, 1, connection(true)), 16+8+8+56+7, 7), false},
		{"header:after=1", events(1, 2), with(events(1, 2), 61, 9), false},
		{"header:at=information,version=2", join(information(), event(1)), join(with(information(), 1, 2), event(1)), false},
		{"unknown:after=1", events(1, 2), join(event(1), unknown, event(2)), false},
		{"unknown:after=3", join(one, two), join(one, inBundle), false},
		{"unknown:message,type=4711,bytes=2", event(1), join([]byte{0, 1, 0x12, 0x67, 0, 0, 0, 2, 0, 0}, event(1)), false},
		{"bundle:empty", one, join(with(one[:16], 4, 0, 0, 0, 8), one), false},
		{"bundle:inner,after=3", join(one, two), join(one, innerOne), false},
		{"bundle:sequence,add=5,after=3", join(one, two), join(one, with(two, 15, 7)), false},
		{"bundle:sequence,add=-2", one, with(one, 12, 0xff, 0xff, 0xff, 0xff), false},
		{"duplicate:after=1", events(1, 3), join(events(1, 2), events(2, 3)), false},
		{"duplicate", one, join(one, one), false},
		{"keepalive:off", join(event(1), null, null, event(2), null), events(1, 2), false},
		{"keepalive:session=2", join(event(1), null), join(event(1), null), false},
	} {
		for _, size := range []int{1 << 20, 1, 7, 61} {
			out := &capture{}
			conn := plan(t, tt.spec).Wrap(1, "192.0.2.1", out)
			_, _ = conn.Read(nil) // the client has closed its side, so that nobody waits for that
			var err error
			for rest := tt.in; len(rest) > 0 && err == nil; {
				n := min(size, len(rest))
				if k, werr := conn.Write(rest[:n]); werr != nil {
					err = werr
				} else if k != n {
					t.Fatalf("%s: %d bytes written, want %d", tt.spec, k, n)
				}
				rest = rest[n:]
			}
			if !bytes.Equal(out.Bytes(), tt.want) {
				t.Errorf("%s in writes of %d bytes:\ngot  %x\nwant %x", tt.spec, size, out.Bytes(), tt.want)
			}
			var ended *EndError
			if errors.As(err, &ended) != tt.ended || tt.ended && ended.Fault != tt.spec {
				t.Errorf("%s: got %v, want an end by the fault: %v", tt.spec, err, tt.ended)
			}
			if tt.ended {
				if _, again := conn.Write(event(9)); !errors.Is(again, err) {
					t.Errorf("%s: a later write got %v, want %v", tt.spec, again, err)
				}
			}
		}
	}
}

// A reset closes the connection without a word, an orderly end leaves the rest to
// the session.
func TestEnds(t *testing.T) {
	for spec, want := range map[string]struct{ closed, halfClosed bool }{"drop": {true, false}, "close": {false, true}, "error": {false, true}} {
		out := &capture{}
		conn := plan(t, spec).Wrap(1, "", out)
		_, _ = conn.Read(nil)
		_, _ = conn.Write(event(1))
		if out.closed != want.closed || out.halfClosed != want.halfClosed {
			t.Errorf("%s: closed %v, its sending side %v", spec, out.closed, out.halfClosed)
		}
	}
}

// Strikes are shared by all sessions; what no fault concerns is left alone.
func TestSessions(t *testing.T) {
	p := plan(t, "duplicate:times=2", "drop:session=9", "cert:expires=1d")
	for i, want := range [][]byte{join(event(1), event(1)), join(event(1), event(1)), event(1)} {
		out := &capture{}
		conn := p.Wrap(uint64(i+1), "", out)
		if _, err := conn.Write(event(1)); err != nil || !bytes.Equal(out.Bytes(), want) {
			t.Errorf("session %d: got %x, %v", i+1, out.Bytes(), err)
		}
	}
	if got := p.Strikes(); got[0] != 2 || got[1] != 0 || got[2] != 0 {
		t.Errorf("strikes: %v", got)
	}
	out := &capture{}
	if conn := plan(t, "drop:session=2", "drop:client=a", "cert:expires=1d").Wrap(1, "b", out); conn != net.Conn(out) {
		t.Error("a session without faults is wrapped")
	}
}

// Faults that are due at one message strike in their order.
func TestTogether(t *testing.T) {
	out := &capture{}
	conn := plan(t, "garbage:bytes=1", "header", "length:add=2", "duplicate", "unknown:message,bytes=0").Wrap(1, "", out)
	want := with(event(1), 0, 0, 9, 0, 4, 0, 0, 0, 54)
	if _, err := conn.Write(event(1)); err != nil || !bytes.Equal(out.Bytes(), join(noise(1, 0), []byte{0, 1, 0x27, 0x0f, 0, 0, 0, 0}, want, want)) {
		t.Errorf("got %x, %v", out.Bytes(), err)
	}
}

// Bytes that are no messages go through: a replay may hold anything.
func TestNoMessages(t *testing.T) {
	out := &capture{}
	conn := plan(t, "drop:after=5").Wrap(1, "", out)
	p := join(event(1), []byte("not a message at all"))
	if _, err := conn.Write(p); err != nil || !bytes.Equal(out.Bytes(), p) {
		t.Errorf("got %x, %v", out.Bytes(), err)
	}
}

// A stall lasts as long as it says, and puts off the deadline that was set for a
// client that takes nothing.
func TestStall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		out := &capture{}
		conn := plan(t, "stall:after=1,inside=4,for=5m").Wrap(1, "", out)
		began := time.Now()
		if err := conn.SetWriteDeadline(began.Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
		go func() {
			time.Sleep(time.Minute)
			if got, want := len(out.Bytes()), 60+4; got != want {
				t.Errorf("%d bytes before the stall, want %d", got, want)
			}
		}()
		if _, err := conn.Write(events(1, 3)); err != nil || !bytes.Equal(out.Bytes(), events(1, 3)) {
			t.Errorf("got %x, %v", out.Bytes(), err)
		}
		if d := time.Since(began); d != 5*time.Minute {
			t.Errorf("stalled for %v", d)
		}
		if d := out.deadline.Sub(began); d != 6*time.Minute {
			t.Errorf("the deadline is %v after the beginning, want 6m", d)
		}
	})
}

// What ends a session ends a stall in it at once.
func TestStallEnds(t *testing.T) {
	for name, tt := range map[string]struct {
		end  func(net.Conn) error
		want error
	}{
		"close":    {net.Conn.Close, net.ErrClosed},
		"deadline": {func(c net.Conn) error { return c.SetWriteDeadline(time.Unix(1, 0)) }, os.ErrDeadlineExceeded},
		"both": {func(c net.Conn) error {
			return errors.Join(c.SetWriteDeadline(time.Now().Add(time.Hour)), c.SetWriteDeadline(time.Now()))
		}, os.ErrDeadlineExceeded},
		"client left": {func(c net.Conn) error {
			_, err := c.Read(nil)
			if err == io.EOF {
				return nil
			}
			return err
		}, net.ErrClosed},
	} {
		synctest.Test(t, func(t *testing.T) {
			conn := plan(t, "stall").Wrap(1, "", &capture{})
			began := time.Now()
			go func() {
				time.Sleep(time.Second)
				if err := tt.end(conn); err != nil {
					t.Errorf("%s: %v", name, err)
				}
			}()
			_, err := conn.Write(event(1))
			if !errors.Is(err, tt.want) || time.Since(began) != time.Second {
				t.Errorf("%s: got %v after %v, want %v after 1s", name, err, time.Since(began), tt.want)
			}
		})
	}
}

// An open bundle announces more than comes, then nothing happens until its time is
// over.
func TestOpenBundle(t *testing.T) {
	for _, in := range [][]byte{event(1), bundle(t, 1, event(1))} {
		synctest.Test(t, func(t *testing.T) {
			out := &capture{}
			conn := plan(t, "bundle:open,for=2s").Wrap(1, "", out)
			began := time.Now()
			_, err := conn.Write(in)
			var ended *EndError
			want := bundle(t, 1, event(1))
			binary.BigEndian.PutUint32(want[4:], uint32(len(want)-8+openBytes))
			if !errors.As(err, &ended) || !bytes.Equal(out.Bytes(), want) || !out.closed || time.Since(began) != 2*time.Second {
				t.Errorf("got %x, closed %v, %v after %v", out.Bytes(), out.closed, err, time.Since(began))
			}
		})
	}
}

// No order of faults and no stream makes a Write panic, and without a strike the
// bytes stay what they are.
func FuzzWrite(f *testing.F) {
	f.Add("length:block,every=1", join(connection(true), event(1)), uint8(3))
	f.Add("unknown:every=1", bundle(f, 1, events(1, 2)), uint8(1))
	f.Add("bundle:inner,every=1", bundle(f, 1, nil), uint8(200))
	f.Add("bundle:sequence", wire.AppendHeader(nil, wire.TypeMessageBundle, 3), uint8(9))
	f.Add("length:inner", []byte("nonsense"), uint8(2))
	f.Fuzz(func(t *testing.T, text string, stream []byte, size uint8) {
		s, err := Parse(text)
		if err != nil || s.Kind == "stall" || s.Word == "open" || s.Kind == "cert" || s.Bytes > 1000 {
			return
		}
		s.Client, s.Session = "", 0
		p := plan(t, "keepalive:client=nobody")
		p.specs = []*Spec{s}
		out := &capture{}
		conn := p.Wrap(1, "", out)
		_, _ = conn.Read(nil)
		for rest := stream; len(rest) > 0 && err == nil; {
			n := min(max(int(size), 1), len(rest))
			_, err = conn.Write(rest[:n])
			rest = rest[n:]
		}
		if p.Strikes()[0] == 0 && !bytes.HasPrefix(stream, out.Bytes()) {
			t.Errorf("%s, no strike: got %x of %x", text, out.Bytes(), stream)
		}
	})
}
