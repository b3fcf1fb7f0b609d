package estreamtest_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"estream/estreamtest"
	"estream/session"
	"estream/transcript"
	"estream/wire"
)

// collect connects, acknowledges everything and returns how many events came, and
// why no more did.
func collect(t *testing.T, c *estreamtest.Center, start uint32) (events int, err error) {
	t.Helper()
	client, err := session.Dial(t.Context(), c.Addr(), session.ClientConfig{TLS: c.ClientTLS(), Start: start})
	if err != nil {
		return 0, err
	}
	defer client.Close(t.Context(), "")
	for {
		b, err := client.ReadBatch(t.Context())
		if err != nil {
			return events, err
		}
		events += b.Count
		if err := client.Ack(t.Context(), b); err != nil {
			return events, err
		}
	}
}

func wait(t *testing.T, c *estreamtest.Center, n int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := c.Wait(ctx, n); err != nil {
		t.Error(err)
	}
}

// Faults strike in scripts as they do in the server, and a script that one ends has
// not failed.
func TestFaults(t *testing.T) {
	events := estreamtest.Events(10, 100)
	c := estreamtest.StartWith(t, estreamtest.Options{Faults: []string{"drop:after=4,times=1", "header:session=2,after=9"}},
		estreamtest.Negotiate(), estreamtest.Send(events), estreamtest.Close())
	var protocol *session.ProtocolError
	for i, want := range []struct {
		most int // a reset may take with it what was not read
		err  func(error) bool
	}{
		{4, func(err error) bool { return err != nil && !errors.As(err, &protocol) }},
		{9, func(err error) bool { return errors.As(err, &protocol) }},
		{10, func(err error) bool { return errors.Is(err, io.EOF) }},
	} {
		n, err := collect(t, c, uint32(i))
		if n > want.most || i > 0 && n < want.most || !want.err(err) {
			t.Errorf("session %d: %d events, %v; want %d", i+1, n, err, want.most)
		}
	}
	wait(t, c, 3)
	if got := c.FaultStrikes(); !slices.Equal(got, []uint64{1, 1}) {
		t.Errorf("strikes: %v", got)
	}
	for i, s := range c.Served() {
		if s.Number != uint64(i+1) || s.Request.Start != uint32(i) || s.Request.Flags != wire.DefaultFlags || len(s.Streaming.Services) != 1 || s.Err != nil {
			t.Errorf("served: %+v", s)
		}
	}
}

// A dropped connection is a reset, and no end that could be taken for an orderly one.
func TestReset(t *testing.T) {
	c := estreamtest.StartWith(t, estreamtest.Options{Faults: []string{"drop:at=information"}}, estreamtest.Negotiate())
	if n, err := collect(t, c, 0); n != 0 || !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("%d events, %v", n, err)
	}
	wait(t, c, 1)
}

// The server's certificate lives as long as a fault says.
func TestServerCertificate(t *testing.T) {
	c := estreamtest.StartWith(t, estreamtest.Options{Faults: []string{"cert:expires=2d"}})
	conn, err := tls.Dial("tcp", c.Addr(), c.ClientTLS())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if left := time.Until(conn.ConnectionState().PeerCertificates[0].NotAfter); left > 48*time.Hour || left < 47*time.Hour {
		t.Errorf("the certificate has %v to live", left)
	}
	c = estreamtest.StartWith(t, estreamtest.Options{Faults: []string{"cert:expires=-1h"}})
	var invalid x509.CertificateInvalidError
	if _, err := tls.Dial("tcp", c.Addr(), c.ClientTLS()); !errors.As(err, &invalid) || invalid.Reason != x509.Expired {
		t.Errorf("got %v, want an expired certificate", err)
	}
	wait(t, c, 1)
	if s := c.Served(); s[0].Handshake == nil || s[0].Err != nil {
		t.Errorf("served: %+v", s[0])
	}
}

// An older Management Center publishes other services.
func TestRelease(t *testing.T) {
	for release, want := range map[string][]uint32{"": {5001, 5000, 6667}, "5.3": {5000, 6667}} {
		c := estreamtest.StartWith(t, estreamtest.Options{Release: release}, estreamtest.Negotiate(), estreamtest.Close())
		conn, err := tls.Dial("tcp", c.Addr(), c.ClientTLS())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := conn.Write(wire.AppendEventStreamRequest(nil, wire.EventStreamRequest{Flags: wire.FlagExtendedRequest})); err != nil {
			t.Fatal(err)
		}
		body := make([]byte, wire.HeaderSize+16*len(want))
		if _, err := io.ReadFull(conn, body); err != nil {
			t.Fatal(err)
		}
		info, err := wire.ParseStreamingInformation(body[wire.HeaderSize:])
		var got []uint32
		for _, s := range info.Services {
			got = append(got, s.ID)
		}
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("release %q: got %v, %v, want %v", release, got, err, want)
		}
		request := wire.StreamingRequest{Services: []wire.Service{{ID: wire.ServiceEStreamer}}}
		if _, err := conn.Write(wire.AppendStreamingRequest(nil, request, wire.LengthExclusive)); err != nil {
			t.Fatal(err)
		}
		if _, err := conn.Read(body); err != io.EOF {
			t.Errorf("got %v", err)
		}
		conn.Close()
		wait(t, c, 1)
	}
}

func TestBadOptions(t *testing.T) {
	for _, o := range []estreamtest.Options{{Faults: []string{"crash"}}, {Release: "4.9"}, {Addr: "nowhere"}} {
		if c, err := estreamtest.New(o); err == nil {
			c.Close()
			t.Errorf("%+v was taken", o)
		}
	}
}

// A session that was recorded can be played back: the same client gets the same
// bytes, and another is found out.
func TestPlayback(t *testing.T) {
	dir := t.TempDir()
	c := estreamtest.StartWith(t, estreamtest.Options{Record: dir},
		estreamtest.Negotiate(),
		estreamtest.ExpectAcks(1),
		estreamtest.SendAcked(2, estreamtest.Events(5, 100)),
		estreamtest.Bundle(0, estreamtest.Events(3, 200)),
		estreamtest.ExpectAcks(1),
		estreamtest.Close(),
	)
	if n, err := collect(t, c, 7); n != 8 || !errors.Is(err, io.EOF) {
		t.Fatalf("%d events, %v", n, err)
	}
	wait(t, c, 1)
	files, err := filepath.Glob(filepath.Join(dir, "*-1.jsonl"))
	if err != nil || len(files) != 1 {
		t.Fatalf("%v, %v", files, err)
	}
	recording, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	script, err := estreamtest.Playback(bytes.NewReader(recording))
	if err != nil {
		t.Fatal(err)
	}
	c = estreamtest.Start(t, script...)
	if n, err := collect(t, c, 1000); n != 8 || !errors.Is(err, io.EOF) {
		t.Errorf("played back: %d events, %v", n, err)
	}
	wait(t, c, 1)
	c, err = estreamtest.New(estreamtest.Options{}, script...)
	if err != nil {
		t.Fatal(err)
	}
	client, err := session.Dial(t.Context(), c.Addr(), session.ClientConfig{TLS: c.ClientTLS(), Flags: wire.FlagIntrusion})
	if err != nil {
		t.Fatal(err)
	}
	if err := client.Close(t.Context(), "goodbye"); err != nil {
		t.Error(err)
	}
	if err := c.Wait(t.Context(), 1); err == nil {
		t.Error("a client that asks for nothing else passed")
	}
	c.Close()
}

// The example sessions of package transcript are scripts; a recording that is cut is
// none.
func TestPlaybackExamples(t *testing.T) {
	files, err := filepath.Glob("../transcript/testdata/*.jsonl")
	if err != nil || len(files) < 3 {
		t.Fatalf("%v, %v", files, err)
	}
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		script, err := estreamtest.Playback(bytes.NewReader(data))
		if err != nil || len(script) < 5 {
			t.Errorf("%s: %d steps, %v", name, len(script), err)
		}
		r, err := transcript.NewReader(bytes.NewReader(data))
		if err != nil || r.Header.Session != 1 {
			t.Errorf("%s: %+v, %v", name, r, err)
		}
		if _, err := estreamtest.Playback(bytes.NewReader(data[:len(data)-2])); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%s, cut: got %v", name, err)
		}
	}
}
