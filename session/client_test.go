package session_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"estream/estreamtest"
	"estream/internal/recordtest"
	"estream/session"
	"estream/wire"
)

// The negotiation printed in Cisco's support article on eNcore.
const (
	articleRequest     = "00010002000000080000000048900061"
	articleInformation = "0001080300000030000013890000000800000000000000000000138800000008000000000000000000001a0b000000080000000000000000"
	articleStreaming   = "000108010000003800001a0b0000003848900061000000000009000c000400150009001f000b003d000e00470004005b000700650006006f0002008300000000"
)

var articlePairs = []wire.EventPair{
	{Version: 9, Code: 12}, {Version: 4, Code: 21}, {Version: 9, Code: 31},
	{Version: 11, Code: 61}, {Version: 14, Code: 71}, {Version: 4, Code: 91},
	{Version: 7, Code: 101}, {Version: 6, Code: 111}, {Version: 2, Code: 131},
}

var localhost = netip.MustParseAddr("127.0.0.1")

func dial(t *testing.T, c *estreamtest.Center, cfg session.ClientConfig) *session.Client {
	t.Helper()
	if cfg.TLS == nil {
		cfg.TLS = c.ClientTLS()
	}
	client, err := session.Dial(t.Context(), c.Addr(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close(context.Background(), "") })
	return client
}

// collect reads and acknowledges until the session ends.
func collect(ctx context.Context, c *session.Client) (data []byte, count int, err error) {
	for {
		b, err := c.ReadBatch(ctx)
		if err != nil {
			return data, count, err
		}
		data, count = append(data, b.Data...), count+b.Count
		if err := c.Ack(ctx, b); err != nil && !errors.Is(err, net.ErrClosed) {
			// The server may have ended what it sent before; go on reading.
			continue
		}
	}
}

func wait(t *testing.T, c *estreamtest.Center, n int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if err := c.Wait(ctx, n); err != nil {
		t.Error(err)
	}
}

func TestArticleClient(t *testing.T) {
	center := estreamtest.Start(t,
		estreamtest.ExpectBytes(wire.TypeEventStreamRequest, recordtest.Unhex(t, articleRequest)[8:]),
		estreamtest.Send(recordtest.Unhex(t, articleInformation)),
		estreamtest.ExpectBytes(wire.TypeStreamingRequest, recordtest.Unhex(t, articleStreaming)[8:]),
		estreamtest.ExpectAcks(1),
		estreamtest.Close(),
	)
	client := dial(t, center, session.ClientConfig{Pairs: articlePairs})
	var ids []uint32
	for _, s := range client.Information() {
		ids = append(ids, s.ID)
	}
	if want := []uint32{5001, 5000, 6667}; !reflect.DeepEqual(ids, want) {
		t.Errorf("services: got %v, want %v", ids, want)
	}
	if _, err := client.ReadBatch(t.Context()); err != io.EOF {
		t.Errorf("got %v, want EOF", err)
	}
	client.Close(t.Context(), "")
	wait(t, center, 1)
}

// Single messages and bundles in both inner forms, over every transport.
func TestReceive(t *testing.T) {
	events := estreamtest.Events(3000, 333) // 1 MB, several buffers
	part := func(from, to int) []byte { return events[from*333 : to*333] }
	script := []estreamtest.Step{
		estreamtest.Negotiate(),
		estreamtest.Send(part(0, 1000)),
		estreamtest.KeepAlive(),
		estreamtest.Bundle(0, part(1000, 1500)),
		estreamtest.Bundle(1, part(1500, 1501)),
		estreamtest.Send(part(1501, 1502)),
		estreamtest.Send(wire.AppendHeader(nil, 9999, 0)),
		estreamtest.Bundle(0, part(1502, 2900)), // larger than the buffer
		estreamtest.Bundle(0, nil),
		estreamtest.Send(part(2900, 3000)),
		estreamtest.ExpectAcks(1 + 1000 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 100),
		estreamtest.Close(),
	}
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		for _, addr := range []string{"127.0.0.1:0", "[::1]:0"} {
			t.Run(tls.VersionName(version)+" "+addr, func(t *testing.T) {
				if l, err := net.Listen("tcp", addr); err != nil {
					t.Skipf("no loopback for it: %v", err)
				} else {
					l.Close()
				}
				center := estreamtest.StartWith(t, estreamtest.Options{Addr: addr, MinVersion: version, MaxVersion: version}, script...)
				client := dial(t, center, session.ClientConfig{})
				data, count, err := collect(t.Context(), client)
				if err != io.EOF || count != 3000 || !bytes.Equal(data, events) {
					t.Errorf("got %d messages, %d bytes, %v, want 3000, %d, EOF", count, len(data), err, len(events))
				}
				client.Close(t.Context(), "")
				wait(t, center, 1)
				s := client.Stats()
				if s.Messages != 3000 || s.Bundles != 4 || s.KeepAlives != 1 || s.Others != 1 || s.Acks != 1108 || s.LastReceived.IsZero() {
					t.Errorf("stats: %+v", s)
				}
				if state, ok := client.TLS(); !ok || state.Version != version {
					t.Errorf("TLS: %v %v", state.Version, ok)
				}
			})
		}
	}
}

// Each row is something that stops eNcore, or that a broken peer may do.
func TestFaults(t *testing.T) {
	good := estreamtest.Events(5, 100)
	protocol := func(found string) func(error) bool {
		return func(err error) bool {
			p := (*session.ProtocolError)(nil)
			return errors.As(err, &p) && strings.Contains(err.Error(), found)
		}
	}
	is := func(want error) func(error) bool { return func(err error) bool { return errors.Is(err, want) } }
	bundle := func(inner string) []byte {
		body := append(make([]byte, 8), recordtest.Unhex(t, inner)...)
		return append(wire.AppendHeader(nil, wire.TypeMessageBundle, uint32(len(body))), body...)
	}
	goodBundle, err := wire.AppendBundle(nil, 1, 1, 0, good)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		bad   estreamtest.Step
		want  func(error) bool
		extra int // events in bad
	}{
		"close":            {estreamtest.Close(), is(io.EOF), 0},
		"cut in a header":  {estreamtest.Steps(estreamtest.Send(good[:5]), estreamtest.Close()), is(io.ErrUnexpectedEOF), 0},
		"cut in a message": {estreamtest.Steps(estreamtest.Send(good[:99]), estreamtest.Close()), is(io.ErrUnexpectedEOF), 0},
		"cut in a bundle":  {estreamtest.Steps(estreamtest.Send(goodBundle[:16+250]), estreamtest.Close()), is(io.ErrUnexpectedEOF), 2},
		"error message": {estreamtest.Steps(estreamtest.SendError(19, "No space"), estreamtest.Close()), func(err error) bool {
			e := (*session.ServerError)(nil)
			return errors.As(err, &e) && e.Code == 19 && e.Text == "No space"
		}, 0},
		"malformed error":        {estreamtest.Steps(estreamtest.LieLength(wire.TypeError, 2, []byte{1, 2}), estreamtest.Close()), func(err error) bool { e := (*session.ServerError)(nil); return errors.As(err, &e) && e.Code == -1 }, 0},
		"header version 9":       {estreamtest.Send(recordtest.Unhex(t, "0009 0004 00000004 00000000")), protocol("found header version 9, expected version 1"), 0},
		"noise":                  {estreamtest.Garbage(1000, 1), protocol("header version"), 0},
		"giant length":           {estreamtest.LieLength(wire.TypeEventData, 0xfffffff0, good), protocol("event data of 4294967280 bytes"), 0},
		"giant bundle":           {estreamtest.LieLength(wire.TypeMessageBundle, 1<<24+1, good), protocol("message bundle of 16777217 bytes"), 0},
		"length too short":       {estreamtest.LieLength(wire.TypeEventData, 80, good[8:100]), protocol("header version"), 1},
		"empty event":            {estreamtest.LieLength(wire.TypeEventData, 0, nil), protocol("event data without a record"), 0},
		"bundle without header":  {estreamtest.LieLength(wire.TypeMessageBundle, 7, make([]byte, 7)), protocol("7 bytes found"), 0},
		"inner length":           {estreamtest.Send(bundle("0000 0004 00000009 00")), protocol("inner length 9, but 1 bytes follow"), 0},
		"inner length, wrapping": {estreamtest.Send(bundle("0000 0004 fffffff8 00")), protocol("inner length 4294967288"), 0},
		"inner version":          {estreamtest.Send(bundle("0002 0004 00000001 00")), protocol("inner header version 2"), 0},
		"inner header cut":       {estreamtest.Send(bundle("0000 0004 0000")), protocol("6 bytes left, 8 expected"), 0},
		"inner event empty":      {estreamtest.Send(bundle("0000 0004 00000000")), protocol("event data without a record"), 0},
		"inner good, then bad":   {estreamtest.Send(bundle(hex.EncodeToString(good[:200]) + "0009")), protocol("2 bytes left"), 2},
	} {
		t.Run(name, func(t *testing.T) {
			center := estreamtest.Start(t, estreamtest.Negotiate(), estreamtest.Send(good), c.bad, estreamtest.ExpectClose())
			client := dial(t, center, session.ClientConfig{})
			_, count, err := collect(t.Context(), client)
			if want := 5 + c.extra; count != want {
				t.Errorf("got %d events before the error, want %d", count, want)
			}
			if !c.want(err) {
				t.Errorf("got error %v", err)
			}
			if _, again := client.ReadBatch(t.Context()); again != err {
				t.Errorf("second error %v, want the first again", again)
			}
			client.Close(t.Context(), "")
			wait(t, center, 1)
		})
	}
}

func TestDrop(t *testing.T) {
	received := make(chan struct{})
	center := estreamtest.Start(t, estreamtest.Negotiate(), estreamtest.Send(estreamtest.Events(3, 100)), estreamtest.Stall(received), estreamtest.Drop())
	client := dial(t, center, session.ClientConfig{})
	b, err := client.ReadBatch(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	count := b.Count
	close(received)
	_, rest, err := collect(t.Context(), client)
	if count += rest; count != 3 || err == nil {
		t.Errorf("got %d events, %v, want 3 and an error", count, err)
	}
}

// What is skipped is skipped, and leaves what surrounds it alone.
func TestSkipped(t *testing.T) {
	e := estreamtest.Events(4, 60)
	inner := append(append(append([]byte(nil), e[:60]...), wire.AppendHeader(nil, 77, 0)...), e[60:120]...)
	center := estreamtest.Start(t, estreamtest.Negotiate(),
		estreamtest.Bundle(0, inner),
		estreamtest.LieLength(1234, 3, []byte("abc")),
		estreamtest.SendInformation(1, 2), // a second time: nobody asked
		estreamtest.LieLength(wire.TypeSingleHostData, 4, []byte("host")),
		estreamtest.LieLength(wire.TypeNull, 3, []byte("abc")),
		estreamtest.Send(e[120:]),
		estreamtest.ExpectAcks(1+1+4+2),
		estreamtest.Close(),
	)
	var seen []string
	client := dial(t, center, session.ClientConfig{OnMessage: func(typ wire.MessageType, body []byte) {
		seen = append(seen, fmt.Sprintf("%v %s", typ, body))
	}})
	data, count, err := collect(t.Context(), client)
	if count != 4 || err != io.EOF || !bytes.Equal(data, e) {
		t.Errorf("got %d messages, %d bytes, %v, want 4, %d, EOF", count, len(data), err, len(e))
	}
	if want := []string{"message type 1234 abc", "single host data host"}; !reflect.DeepEqual(seen, want) {
		t.Errorf("OnMessage saw %q, want %q", seen, want)
	}
	client.Close(t.Context(), "")
	wait(t, center, 1)
}

func TestDialErrors(t *testing.T) {
	stage := func(t *testing.T, err error, want session.Stage) {
		t.Helper()
		var d *session.DialError
		if !errors.As(err, &d) || d.Stage != want {
			t.Errorf("got %v, want stage %q", err, want)
		}
	}
	t.Run("service missing", func(t *testing.T) {
		center := estreamtest.Start(t, estreamtest.ExpectRequest(nil), estreamtest.SendInformation(5000, 5001),
			estreamtest.ExpectError(func(m wire.ErrorMessage) error {
				if !strings.Contains(m.Text, "6667") || m.Code != -1 {
					return fmt.Errorf("got %v", m)
				}
				return nil
			}))
		_, err := session.Dial(t.Context(), center.Addr(), session.ClientConfig{TLS: center.ClientTLS()})
		if stage(t, err, session.StageInformation); !errors.Is(err, session.ErrNoService) {
			t.Errorf("got %v", err)
		}
		wait(t, center, 1)
	})
	t.Run("malformed information", func(t *testing.T) {
		center := estreamtest.Start(t, estreamtest.ExpectRequest(nil), estreamtest.LieLength(wire.TypeStreamingInformation, 5, make([]byte, 5)), estreamtest.ExpectError(nil))
		_, err := session.Dial(t.Context(), center.Addr(), session.ClientConfig{TLS: center.ClientTLS()})
		var p *session.ProtocolError
		if stage(t, err, session.StageInformation); !errors.As(err, &p) {
			t.Errorf("got %v", err)
		}
		wait(t, center, 1)
	})
	t.Run("error message", func(t *testing.T) {
		center := estreamtest.Start(t, estreamtest.ExpectRequest(nil), estreamtest.SendError(3, "go away"), estreamtest.Close())
		_, err := session.Dial(t.Context(), center.Addr(), session.ClientConfig{TLS: center.ClientTLS()})
		var s *session.ServerError
		if stage(t, err, session.StageInformation); !errors.As(err, &s) || s.Text != "go away" {
			t.Errorf("got %v", err)
		}
	})
	t.Run("closed without a word", func(t *testing.T) {
		center := estreamtest.Start(t, estreamtest.ExpectRequest(nil), estreamtest.Close())
		_, err := session.Dial(t.Context(), center.Addr(), session.ClientConfig{TLS: center.ClientTLS()})
		if stage(t, err, session.StageInformation); !errors.Is(err, io.EOF) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("no answer", func(t *testing.T) {
		center := estreamtest.Start(t, estreamtest.ExpectRequest(nil), estreamtest.ExpectClose())
		_, err := session.Dial(t.Context(), center.Addr(), session.ClientConfig{TLS: center.ClientTLS(), HandshakeTimeout: 200 * time.Millisecond})
		var timeout *session.TimeoutError
		if !errors.As(err, &timeout) {
			t.Errorf("got %v, want a TimeoutError", err)
		}
	})
	t.Run("unknown authority", func(t *testing.T) {
		center := estreamtest.Start(t)
		_, err := session.Dial(t.Context(), center.Addr(), session.ClientConfig{TLS: estreamtest.Start(t).ClientTLS()})
		var unknown *tls.CertificateVerificationError
		if stage(t, err, session.StageTLS); !errors.As(err, &unknown) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("client certificate refused", func(t *testing.T) {
		center := estreamtest.StartWith(t, estreamtest.Options{MaxVersion: tls.VersionTLS12})
		cfg := center.ClientTLS()
		cfg.Certificates = nil
		_, err := session.Dial(t.Context(), center.Addr(), session.ClientConfig{TLS: cfg})
		if stage(t, err, session.StageTLS); !strings.Contains(fmt.Sprint(err), "remote error: tls") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("nobody listens", func(t *testing.T) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		l.Close()
		_, err = session.Dial(t.Context(), l.Addr().String(), session.ClientConfig{})
		stage(t, err, session.StageConnect)
	})
	t.Run("canceled", func(t *testing.T) {
		cause := errors.New("enough")
		ctx, cancel := context.WithCancelCause(t.Context())
		center := estreamtest.Start(t, estreamtest.ExpectRequest(nil), func(*estreamtest.Conn) error { cancel(cause); return nil }, estreamtest.ExpectClose())
		_, err := session.Dial(ctx, center.Addr(), session.ClientConfig{TLS: center.ClientTLS()})
		if stage(t, err, session.StageInformation); !errors.Is(err, cause) {
			t.Errorf("got %v, want %v", err, cause)
		}
	})
}

// A server that ignores the extended request streams at once; what it sends is
// not lost, and information that comes late is still answered.
func TestLateInformation(t *testing.T) {
	center := estreamtest.Start(t, estreamtest.ExpectRequest(nil), estreamtest.KeepAlive(), estreamtest.Send(estreamtest.Events(3, 50)),
		estreamtest.ExpectAcks(4), estreamtest.SendInformation(6667), estreamtest.ExpectStreamingRequest(nil), estreamtest.Send(estreamtest.Events(2, 50)),
		estreamtest.ExpectAcks(3), estreamtest.Close())
	client := dial(t, center, session.ClientConfig{ServiceLength: wire.LengthExclusive})
	if _, count, err := collect(t.Context(), client); count != 5 || err != io.EOF {
		t.Errorf("got %d events, %v, want 5, EOF", count, err)
	}
	client.Close(t.Context(), "")
	wait(t, center, 1)
}

func TestNoExtendedRequest(t *testing.T) {
	center := estreamtest.Start(t, estreamtest.ExpectBytes(wire.TypeEventStreamRequest, recordtest.Unhex(t, "00000007 08900061")),
		estreamtest.Send(estreamtest.Events(3, 50)), estreamtest.ExpectAcks(3), estreamtest.Close())
	client := dial(t, center, session.ClientConfig{Start: 7, Flags: 0x08900061})
	if _, count, err := collect(t.Context(), client); count != 3 || err != io.EOF {
		t.Errorf("got %d events, %v, want 3, EOF", count, err)
	}
	client.Close(t.Context(), "")
	wait(t, center, 1)
}

func TestCloseTellsTheReason(t *testing.T) {
	// The server is in the middle of sending a lot when the client closes.
	center := estreamtest.Start(t, estreamtest.Negotiate(), func(c *estreamtest.Conn) error {
		for {
			if m, ok := c.Poll(); ok {
				e, err := wire.ParseErrorMessage(m.Body)
				if m.Type != wire.TypeError || e.Text != "stop it" {
					err = errors.Join(err, fmt.Errorf("got %v %q", m.Type, e.Text))
				}
				return err
			}
			if _, err := c.Write(estreamtest.Events(100, 1000)); err != nil {
				return fmt.Errorf("no error message came: %w", err)
			}
		}
	})
	client := dial(t, center, session.ClientConfig{})
	if _, err := client.ReadBatch(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := client.Close(t.Context(), "stop it"); err != nil {
		t.Error(err)
	}
	if _, err := client.ReadBatch(t.Context()); err != session.ErrClosed {
		t.Errorf("ReadBatch after Close: %v, want ErrClosed", err)
	}
	if err := client.Ack(t.Context(), new(session.Batch)); err != nil {
		t.Errorf("Ack of nothing: %v", err)
	}
	if err := client.RequestHosts(t.Context(), wire.HostDataRequest{First: localhost, Last: localhost}); !errors.Is(err, session.ErrClosed) {
		t.Errorf("RequestHosts after Close: %v, want ErrClosed", err)
	}
	wait(t, center, 1)
}

// The end of a context ends the wait inside a message, and nothing else.
func TestCancelRead(t *testing.T) {
	event := estreamtest.Events(1, 50)
	resume := make(chan struct{})
	center := estreamtest.Start(t, estreamtest.Negotiate(), estreamtest.Split(event, 20, estreamtest.ExpectAcks(1), estreamtest.Stall(resume)),
		estreamtest.ExpectAcks(1), estreamtest.Close())
	client := dial(t, center, session.ClientConfig{})
	cause := errors.New("enough")
	for range 3 {
		ctx, cancel := context.WithCancelCause(t.Context())
		go cancel(cause)
		for range 2 {
			if _, err := client.ReadBatch(ctx); err != cause {
				t.Fatalf("got %v, want %v", err, cause)
			}
		}
	}
	close(resume)
	data, _, err := collect(t.Context(), client)
	if err != io.EOF || !bytes.Equal(data, event) {
		t.Errorf("got %x, %v, want %x, EOF", data, err, event)
	}
	client.Close(t.Context(), "")
	wait(t, center, 1)
}

func TestAddress(t *testing.T) {
	for in, want := range map[string]string{
		"fmc": "fmc:8302", "fmc:1": "fmc:1", "fmc:": "fmc:8302", "10.0.0.1": "10.0.0.1:8302", "::1": "[::1]:8302", "[::1]": "[::1]:8302",
		"[::1]:9": "[::1]:9", "fe80::1%eth0": "[fe80::1%eth0]:8302", "": "", ":8302": "", "a:b:c": "",
	} {
		if got, err := session.Address(in); got != want || (err == nil) != (want != "") {
			t.Errorf("Address(%q): got %q, %v, want %q", in, got, err, want)
		}
	}
}
