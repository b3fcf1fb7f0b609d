package session_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"estream/estreamtest"
	"estream/internal/recordtest"
	"estream/session"
	"estream/wire"
)

// accept runs the server half on one end of a pipe, inside a bubble.
func accept(t *testing.T, cfg session.ServerConfig) (client net.Conn, result func() (*session.Server, error)) {
	t.Helper()
	client, conn := net.Pipe()
	type outcome struct {
		s   *session.Server
		err error
	}
	done := make(chan outcome, 1)
	go func() {
		s, err := session.Accept(context.Background(), conn, cfg)
		done <- outcome{s, err}
	}()
	t.Cleanup(func() { client.Close() })
	return client, func() (*session.Server, error) {
		o := <-done
		return o.s, o.err
	}
}

// request makes the client's part of the negotiation by hand.
func request(t *testing.T, client net.Conn, flags wire.RequestFlags) {
	t.Helper()
	put(t, client, wire.AppendEventStreamRequest(nil, wire.EventStreamRequest{Flags: flags}))
	if !flags.Has(wire.FlagExtendedRequest) {
		return
	}
	get(t, client, recordtest.Unhex(t, articleInformation))
	put(t, client, wire.AppendNull(nil))
	put(t, client, recordtest.Unhex(t, articleStreaming))
}

func put(t *testing.T, conn net.Conn, p []byte) {
	t.Helper()
	if _, err := conn.Write(p); err != nil {
		t.Fatal(err)
	}
}

func get(t *testing.T, conn net.Conn, want []byte) {
	t.Helper()
	got := make([]byte, len(want))
	if _, err := io.ReadFull(conn, got); err != nil || !bytes.Equal(got, want) {
		t.Fatalf("got %x, %v, want %x", got, err, want)
	}
}

func TestArticleServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, result := accept(t, session.ServerConfig{})
		put(t, client, recordtest.Unhex(t, articleRequest))
		get(t, client, recordtest.Unhex(t, articleInformation))
		put(t, client, wire.AppendNull(nil))
		for _, b := range recordtest.Unhex(t, articleStreaming) { // in pieces, as slow as it gets
			put(t, client, []byte{b})
		}
		s, err := result()
		if err != nil {
			t.Fatal(err)
		}
		r := s.Request()
		if r.Start != 0 || r.Flags != 0x48900061 || !r.Extended || !reflect.DeepEqual(r.Pairs, articlePairs) {
			t.Errorf("request: %+v", r)
		}
		var log bytes.Buffer
		slog.New(slog.NewTextHandler(&log, nil)).Info("x", "request", r)
		if !strings.Contains(log.String(), "12v9 21v4 31v9 61v11 71v14 91v4 101v7 111v6 131v2") {
			t.Errorf("log: %s", &log)
		}
		end(t, s, client)
	})
}

// What a client may send instead of a request, and what becomes of it.
func TestBadRequests(t *testing.T) {
	var tooMany []byte
	for range 3 {
		m, err := wire.AppendHostDataRequest(nil, wire.HostDataRequest{DataType: 7, First: localhost, Last: localhost})
		if err != nil {
			t.Fatal(err)
		}
		tooMany = append(tooMany, m...)
	}
	extended, plain := recordtest.Unhex(t, articleRequest), wire.AppendEventStreamRequest(nil, wire.EventStreamRequest{Flags: single})
	other := wire.AppendStreamingRequest(nil, wire.StreamingRequest{Services: []wire.Service{{ID: 5000}}}, wire.LengthExclusive)
	cfg := session.ServerConfig{HostRequests: 2, MaxRequest: 2000}
	for name, c := range map[string]struct {
		cfg  session.ServerConfig
		send []byte
		info bool   // streaming information is expected
		text string // in the error message
	}{
		"not a request":             {cfg, wire.AppendStreamingRequest(nil, wire.StreamingRequest{}, 0), false, "found streaming request (type 2049, 0 bytes), expected event stream request"},
		"unknown type":              {cfg, wire.AppendHeader(nil, 99, 0), false, "found message type 99"},
		"HTTP":                      {cfg, []byte("GET / HTTP/1.1\r\n\r\n"), false, "header version 18245"},
		"request of 7 bytes":        {cfg, append(wire.AppendHeader(nil, 2, 7), 0, 0, 0, 0, 0, 0, 0), false, "7 bytes found, 8 expected"},
		"giant request":             {cfg, wire.AppendHeader(nil, 2, 0xfffffff0), false, "event stream request of 4294967280 bytes, expected at most 2000"},
		"second request":            {cfg, append(plain, plain...), false, "expected a null message; another request needs another session"},
		"another service":           {cfg, append(extended, other...), true, "service 6667 (eStreamer) is missing"},
		"no streaming request":      {cfg, append(extended, extended...), true, "expected streaming request"},
		"malformed streaming":       {cfg, append(extended, append(wire.AppendHeader(nil, wire.TypeStreamingRequest, 4), 0, 0, 0, 0)...), true, "4 bytes found, at least 16 expected"},
		"null with a body":          {cfg, append(plain, append(wire.AppendHeader(nil, wire.TypeNull, 1), 0)...), false, "null message without a body"},
		"host data not served":      {session.ServerConfig{}, append(plain, tooMany...), false, "host data is not served here"},
		"too many host requests":    {cfg, append(plain, tooMany...), false, "No space: too many host data requests at once"},
		"malformed host request":    {cfg, append(plain, append(wire.AppendHeader(nil, wire.TypeHostDataRequest, 3), 1, 2, 3)...), false, "3 bytes found, 16 or 40 expected"},
		"wrong version in the flow": {cfg, append(plain, recordtest.Unhex(t, "0003 0000 00000000")...), false, "header version 3"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client, result := accept(t, c.cfg)
				go client.Write(c.send) // the server need not read all of it
				if c.info {
					get(t, client, recordtest.Unhex(t, articleInformation))
				}
				answer := make(chan []byte, 1)
				go func() {
					p, _ := io.ReadAll(client)
					answer <- p
				}()
				s, err := result()
				if err == nil { // negotiated, so the session runs and ends
					<-s.Context().Done()
					err = s.Err()
					s.End(t.Context(), nil)
				}
				if !strings.Contains(err.Error(), c.text) {
					t.Errorf("got error %v, want %q", err, c.text)
				}
				p := <-answer
				if len(p) < 8 {
					t.Fatalf("got %x, want an error message", p)
				}
				code := wire.Unnumbered
				if strings.HasPrefix(c.text, "No space") {
					code = session.NoSpace
				}
				if m, e := wire.ParseErrorMessage(p[8:]); e != nil || !strings.Contains(m.Text, c.text) || m.Code != code {
					t.Errorf("client was told %v, %v, want %q", m, e, c.text)
				}
			})
		})
	}
}

func TestClientLeaves(t *testing.T) {
	plain := wire.AppendEventStreamRequest(nil, wire.EventStreamRequest{Flags: single})
	bye := wire.AppendErrorMessage(nil, wire.ErrorMessage{Code: -1, Text: "bye"})
	for name, c := range map[string]struct {
		send []byte
		want func(error) bool
	}{
		"at once":                   {nil, func(err error) bool { return errors.Is(err, io.EOF) }},
		"inside the request":        {plain[:9], func(err error) bool { return errors.Is(err, io.ErrUnexpectedEOF) }},
		"before the request":        {bye, func(err error) bool { e := (*session.ClientError)(nil); return errors.As(err, &e) && e.Text == "bye" }},
		"while streaming":           {plain, func(err error) bool { return err == io.EOF }},
		"with a reason":             {append(plain, bye...), func(err error) bool { e := (*session.ClientError)(nil); return errors.As(err, &e) && e.Code == -1 }},
		"inside a null":             {append(plain, 0, 1, 0), func(err error) bool { return errors.Is(err, io.ErrUnexpectedEOF) }},
		"with half an ErrorMessage": {append(plain, wire.AppendHeader(nil, wire.TypeError, 0)...), func(err error) bool { e := (*session.ClientError)(nil); return errors.As(err, &e) }},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client, result := accept(t, session.ServerConfig{})
				put(t, client, c.send)
				client.Close()
				s, err := result()
				if err == nil {
					<-s.Context().Done()
					err = s.Err()
					if e := s.Send(t.Context(), estreamtest.Events(1, 50), 1); e != err {
						t.Errorf("Send: %v, want %v", e, err)
					}
					if e := s.End(t.Context(), nil); e != nil {
						t.Errorf("End: %v", e)
					}
				}
				if !c.want(err) {
					t.Errorf("got %v", err)
				}
			})
		})
	}
}

func TestRequestTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, result := accept(t, session.ServerConfig{RequestTimeout: 7 * time.Second})
		begin := time.Now()
		wrote := make(chan struct{})
		go func() {
			defer close(wrote)
			for _, b := range recordtest.Unhex(t, articleRequest) { // each byte would renew a deadline per read
				time.Sleep(time.Second)
				if _, err := client.Write([]byte{b}); err != nil {
					return
				}
			}
		}()
		go io.Copy(io.Discard, client)
		_, err := result()
		var timeout *session.TimeoutError
		if !errors.As(err, &timeout) || timeout.After != 7*time.Second {
			t.Errorf("got %v, want a TimeoutError", err)
		}
		if d := time.Since(begin); d > 9*time.Second {
			t.Errorf("took %v", d)
		}
		<-wrote
	})
}

func TestHostData(t *testing.T) {
	asked := wire.HostDataRequest{DataType: 7, Flags: 3, First: localhost, Last: localhost}
	synctest.Test(t, func(t *testing.T) {
		s, client := running(t, session.ServerConfig{HostRequests: 1}, wire.FlagNoEvents)
		m, err := wire.AppendHostDataRequest(nil, asked)
		if err != nil {
			t.Fatal(err)
		}
		put(t, client, m)
		if r := <-s.HostRequests(); r != asked {
			t.Errorf("got %v, want %v", r, asked)
		}
		go func() {
			err := errors.Join(s.SendHostData(t.Context(), wire.TypeMultipleHostData, []byte("profile")), s.SendHostData(t.Context(), wire.TypeMultipleHostData, nil))
			if err != nil {
				t.Error(err)
			}
		}()
		get(t, client, append(append(wire.AppendHeader(nil, 7, 7), "profile"...), wire.AppendHeader(nil, 7, 0)...))
		if err := s.SendHostData(t.Context(), wire.TypeEventData, nil); err == nil {
			t.Error("event data as host data: no error")
		}
		end(t, s, client)
	})
}

// Host data may be asked for before the streaming request, too.
func TestHostDataFirst(t *testing.T) {
	asked := wire.HostDataRequest{DataType: 6, First: localhost, Last: localhost}
	m, err := wire.AppendHostDataRequest(nil, asked)
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		client, result := accept(t, session.ServerConfig{HostRequests: 1})
		put(t, client, recordtest.Unhex(t, articleRequest))
		get(t, client, recordtest.Unhex(t, articleInformation))
		put(t, client, m)
		put(t, client, recordtest.Unhex(t, articleStreaming))
		s, err := result()
		if err != nil {
			t.Fatal(err)
		}
		if r := <-s.HostRequests(); r != asked || len(s.Request().Pairs) == 0 {
			t.Errorf("got %v, want %v", r, asked)
		}
		end(t, s, client)
	})
}

// TestServerTrace: the steps of a negotiation, with the lengths that the log of a
// Management Center shows.
func TestServerTrace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var steps []string
		client, result := accept(t, session.ServerConfig{Trace: session.ServerTrace{
			Request: func(length int, r wire.EventStreamRequest) {
				steps = append(steps, fmt.Sprintf("request %d %#x", length, uint32(r.Flags)))
			},
			Published: func(services []wire.Service, size int) {
				steps = append(steps, fmt.Sprintf("published %d %d", len(services), size))
			},
			StreamRequest: func(length int, services []wire.Service) {
				steps = append(steps, fmt.Sprintf("streaming %d %d", length, len(services)))
			},
		}})
		request(t, client, wire.DefaultFlags)
		s, err := result()
		if err != nil {
			t.Fatal(err)
		}
		if want := []string{"request 8 0x48900061", "published 3 48", "streaming 56 1"}; !slices.Equal(steps, want) {
			t.Errorf("steps %q, want %q", steps, want)
		}
		end(t, s, client)
	})
}

// Both halves: a client asks for hosts between events.
func TestRequestHosts(t *testing.T) {
	asked := wire.HostDataRequest{DataType: 7, Flags: wire.HostNotes, First: localhost, Last: localhost}
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		answered := make(chan error, 1)
		go func() {
			s, err := session.Accept(t.Context(), far, session.ServerConfig{HostRequests: 1})
			if err != nil {
				answered <- err
				return
			}
			if r := <-s.HostRequests(); r != asked {
				err = fmt.Errorf("got %v, want %v", r, asked)
			}
			err = errors.Join(err,
				s.SendHostData(t.Context(), wire.TypeMultipleHostData, []byte("profile")),
				s.SendHostData(t.Context(), wire.TypeMultipleHostData, nil),
				s.Send(t.Context(), estreamtest.Events(1, 50), 1))
			<-s.Context().Done()
			answered <- errors.Join(err, s.End(t.Context(), nil))
		}()
		var got []string
		c, err := session.NewClient(t.Context(), near, session.ClientConfig{Flags: wire.FlagNoEvents, OnMessage: func(typ wire.MessageType, body []byte) {
			got = append(got, fmt.Sprintf("%v %q", typ, body))
		}})
		if err != nil {
			t.Fatal(err)
		}
		if err := c.RequestHosts(t.Context(), asked); err != nil {
			t.Fatal(err)
		}
		if b, err := c.ReadBatch(t.Context()); err != nil || b.Count != 1 {
			t.Errorf("ReadBatch: %v", err)
		}
		if want := []string{`multiple host data "profile"`, `multiple host data ""`}; !reflect.DeepEqual(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
		if err := c.RequestHosts(t.Context(), wire.HostDataRequest{}); err == nil {
			t.Error("request without addresses: no error")
		}
		if err := c.Close(t.Context(), ""); err != nil {
			t.Error(err)
		}
		if err := <-answered; err != nil {
			t.Error(err)
		}
	})
}

// A configuration that cannot work is refused, and the connection closed.
func TestBadConfig(t *testing.T) {
	for _, cfg := range []session.ServerConfig{{InnerVersion: 2}, {MaxRequest: 10}, {BundleMessages: -2}, {BundleBytes: -1}, {HostRequests: -1}} {
		near, far := net.Pipe()
		if _, err := session.Accept(t.Context(), far, cfg); err == nil {
			t.Errorf("%+v: no error", cfg)
		}
		if _, err := near.Read(make([]byte, 1)); err != io.EOF {
			t.Errorf("connection is not closed: %v", err)
		}
	}
	for _, cfg := range []session.ClientConfig{{MaxMessage: 1}, {MaxMessage: 1 << 29}, {BatchBytes: 10}} {
		near, far := net.Pipe()
		if _, err := session.NewClient(t.Context(), near, cfg); err == nil {
			t.Errorf("%+v: no error", cfg)
		}
		if _, err := far.Read(make([]byte, 1)); err != io.EOF {
			t.Errorf("connection is not closed: %v", err)
		}
	}
}
