package session_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"estream/estreamtest"
	"estream/layouts"
	"estream/session"
	"estream/transcript"
	"estream/wire"
)

// traced returns a configuration whose session is recorded to out, and a channel that
// is closed at the end of the recording.
func traced(t *testing.T, out *bytes.Buffer) (session.ClientConfig, chan struct{}) {
	ended := make(chan struct{})
	return session.ClientConfig{Wrap: func(conn net.Conn) net.Conn {
		w, err := transcript.NewWriter(out, layouts.Default(), transcript.HeaderOf(transcript.Client, conn), transcript.WriterOptions{})
		if err != nil {
			t.Error(err)
			return conn
		}
		return transcript.ClientConn(conn, w, func(err error) {
			if err != nil {
				t.Error(err)
			}
			close(ended)
		})
	}}, ended
}

// recording reads a recording: the messages of both sides as "client event stream
// request", the bytes that the server sent, and the end.
func recording(t *testing.T, data []byte) (header transcript.Header, said []string, server []byte, end string) {
	t.Helper()
	r, err := transcript.NewReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	for {
		e, err := r.Next()
		if err == io.EOF {
			return r.Header, said, server, r.End
		}
		if err != nil {
			t.Fatal(err)
		}
		said = append(said, string(e.From)+" "+e.Name)
		if e.From == transcript.Server {
			server = append(server, e.Data...)
		}
	}
}

// A session over real TLS, recorded at the client's end: the same events as without, all
// messages in their order, the client's last words and who closed.
func TestWrap(t *testing.T) {
	events := estreamtest.Events(900, 333)
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		center := estreamtest.StartWith(t, estreamtest.Options{MinVersion: version, MaxVersion: version},
			estreamtest.Negotiate(),
			estreamtest.Send(events[:333]),
			estreamtest.ExpectAcks(2),
			estreamtest.KeepAlive(),
			estreamtest.ExpectAcks(1),
			estreamtest.Bundle(0, events[333:]),
			estreamtest.ExpectAcks(1),
			estreamtest.ExpectError(words("that was all")),
		)
		var out bytes.Buffer
		cfg, ended := traced(t, &out)
		client := dial(t, center, cfg)
		if state, ok := client.TLS(); !ok || state.Version != version || len(state.PeerCertificates) == 0 {
			t.Errorf("TLS: got %v, %+v", ok, state)
		}
		var data []byte
		for len(data) < len(events) {
			b, err := client.ReadBatch(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			data = append(data, b.Data...)
			if err := client.Ack(t.Context(), b); err != nil {
				t.Fatal(err)
			}
		}
		if !bytes.Equal(data, events) {
			t.Errorf("got %d bytes of events, want %d", len(data), len(events))
		}
		if err := client.Close(t.Context(), "that was all"); err != nil {
			t.Error(err)
		}
		<-ended
		wait(t, center, 1)
		header, said, _, end := recording(t, out.Bytes())
		want := strings.Split("client event stream request,server streaming information,client streaming request,client null,"+
			"server event data,client null,server null,client null,server message bundle,client null,client error", ",")
		if !slices.Equal(said, want) || end != "client closed the connection" {
			t.Errorf("%s: got %q, end %q\nwant %q", tls.VersionName(version), said, end, want)
		}
		if header.Side != transcript.Client || header.TLS != tls.VersionName(version) || header.Cipher == "" || header.Peer != center.Addr() || header.Local != client.LocalAddr().String() {
			t.Errorf("header %+v", header)
		}
	}
}

// words checks the text of an error message.
func words(want string) func(wire.ErrorMessage) error {
	return func(m wire.ErrorMessage) error {
		if m.Text != want {
			return fmt.Errorf("client said %q, want %q", m.Text, want)
		}
		return nil
	}
}

// vanish ends TCP without TLS's good-bye.
func vanish(c *estreamtest.Conn) error {
	conn := c.Conn
	for {
		below, ok := conn.(interface{ NetConn() net.Conn })
		if !ok {
			return conn.(*net.TCPConn).CloseWrite()
		}
		conn = below.NetConn()
	}
}

// However a server ends a session, the recording has its bytes and says so: with and
// without TLS's good-bye, in the middle of a message, and by an error message.
func TestWrapServerEnds(t *testing.T) {
	event := estreamtest.Events(1, 100)
	for name, tt := range map[string]struct {
		last estreamtest.Step
		sent []byte // beside the event
		end  string
		err  func(error) bool
	}{
		"closes":   {estreamtest.Close(), nil, "server closed the connection", func(err error) bool { return err == io.EOF }},
		"vanishes": {vanish, nil, "server closed the connection", func(err error) bool { return err == io.EOF }},
		"cuts":     {estreamtest.Send(event[:50]), event[:50], "server closed the connection", func(err error) bool { return errors.Is(err, io.ErrUnexpectedEOF) }},
		"refuses": {estreamtest.SendError(19, "No space"), wire.AppendErrorMessage(nil, wire.ErrorMessage{Code: 19, Text: "No space"}), "client closed the connection",
			func(err error) bool { var e *session.ServerError; return errors.As(err, &e) }},
	} {
		center := estreamtest.Start(t, estreamtest.Negotiate(), estreamtest.Send(event), estreamtest.ExpectAcks(2), tt.last, estreamtest.Close())
		var out bytes.Buffer
		cfg, ended := traced(t, &out)
		client := dial(t, center, cfg)
		if _, _, err := collect(t.Context(), client); !tt.err(err) {
			t.Errorf("%s: got %v", name, err)
		}
		client.Close(t.Context(), "")
		<-ended
		_, said, server, end := recording(t, out.Bytes())
		if end != tt.end || !bytes.HasSuffix(server, append(bytes.Clone(event), tt.sent...)) {
			t.Errorf("%s: %q, %d bytes of the server, end %q, want %q", name, said, len(server), end, tt.end)
		}
	}
}

// A client that gives up over what a server sends, or waits in vain, tells it, and the
// recording has that.
func TestWrapLastWords(t *testing.T) {
	center := estreamtest.Start(t, estreamtest.ExpectRequest(nil), estreamtest.Send([]byte{0, 9, 0, 0, 0, 0, 0, 0}), estreamtest.ExpectError(nil))
	var out bytes.Buffer
	cfg, ended := traced(t, &out)
	cfg.TLS = center.ClientTLS()
	_, err := session.Dial(t.Context(), center.Addr(), cfg)
	var protocol *session.ProtocolError
	if !errors.As(err, &protocol) {
		t.Fatalf("got %v", err)
	}
	<-ended
	if _, said, _, end := recording(t, out.Bytes()); !slices.Equal(said, []string{"client event stream request", "server ", "client error"}) || end != "client closed the connection" {
		t.Errorf("got %q, end %q", said, end)
	}

	center = estreamtest.Start(t, estreamtest.Negotiate(), estreamtest.ExpectError(words("enough")))
	out.Reset()
	cfg, ended = traced(t, &out)
	client := dial(t, center, cfg)
	for range 2 { // the end of a context is no end of the session
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		if _, err := client.ReadBatch(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		cancel()
	}
	if err := client.Close(t.Context(), "enough"); err != nil {
		t.Error(err)
	}
	<-ended
	wait(t, center, 1)
	if _, said, _, end := recording(t, out.Bytes()); said[len(said)-1] != "client error" || end != "client closed the connection" {
		t.Errorf("got %q, end %q", said, end)
	}
}

// Without TLS, and with a connection that has TLS already, a session is recorded as well.
func TestWrapPlain(t *testing.T) {
	near, far := net.Pipe()
	go func() {
		defer far.Close()
		request := make([]byte, 16)
		if _, err := io.ReadFull(far, request); err != nil {
			t.Error(err)
			return
		}
		if _, err := far.Write(estreamtest.Events(1, 100)); err != nil {
			t.Error(err)
		}
		_, _ = io.Copy(io.Discard, far) // until the client leaves
	}()
	var out bytes.Buffer
	cfg, ended := traced(t, &out)
	cfg.Flags = wire.FlagIntrusion
	client, err := session.NewClient(t.Context(), near, cfg)
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := client.TLS(); ok {
		t.Error("TLS on a plain connection")
	}
	if b, err := client.ReadBatch(t.Context()); err != nil || b.Count != 1 {
		t.Errorf("got %v, %v", b, err)
	}
	if err := client.Close(t.Context(), ""); err != nil {
		t.Error(err)
	}
	<-ended
	if header, said, _, end := recording(t, out.Bytes()); header.TLS != "" || !slices.Equal(said, []string{"client event stream request", "server event data"}) || end != "client closed the connection" {
		t.Errorf("got %+v, %q, end %q", header, said, end)
	}
}
