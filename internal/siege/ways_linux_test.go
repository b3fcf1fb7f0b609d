package siege

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"estream/wire"
)

// neverReads asks for everything and reads nothing, eight times over.
func (a *attack) neverReads(ctx context.Context, w *way) {
	var wg sync.WaitGroup
	defer wg.Wait()
	for range 8 {
		conn, err := a.admitted(ctx, streamRequest())
		if err != nil {
			a.failed(ctx, w, err)
			return
		}
		wg.Go(func() { w.hold(ctx, conn) })
	}
}

// trickle sends its handshake, then in another connection its request, one byte a
// second, and reads the events of a third one at that pace.
func (a *attack) trickle(ctx context.Context, w *way) {
	var wg sync.WaitGroup
	defer wg.Wait()
	drip := func(conn net.Conn, words []byte) {
		w.tried.Add(1)
		defer conn.Close()
		for i := range words {
			if _, err := conn.Write(words[i : i+1]); err != nil {
				w.ended.Add(1)
				return
			}
			if sleep(ctx, time.Second) != nil {
				return
			}
		}
	}
	raw, err := a.dial(ctx)
	if err != nil {
		a.failed(ctx, w, err)
		return
	}
	wg.Go(func() { drip(raw, clientHello(a.t)) })
	for range 8 {
		conn, err := a.admitted(ctx, nil)
		if err != nil {
			a.failed(ctx, w, err)
			return
		}
		wg.Go(func() { drip(conn, streamRequest()) })
	}
	conn, err := a.admitted(ctx, streamRequest())
	if err != nil {
		a.failed(ctx, w, err)
		return
	}
	w.tried.Add(1)
	defer conn.Close()
	for one := make([]byte, 1); sleep(ctx, time.Second) == nil; {
		// A TLS record has to be read as a whole; what is below it is not.
		if _, err := io.ReadFull(conn.NetConn(), one); err != nil {
			w.ended.Add(1)
			return
		}
	}
}

// halfHandshakes keeps connections that stop in the middle of their first message,
// and opens another one for each that is closed.
func (a *attack) halfHandshakes(ctx context.Context, w *way) {
	hello := clientHello(a.t)
	// An address of its own, or there would be no room for the other attacks.
	from := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 1, 1)}}
	var wg sync.WaitGroup
	defer wg.Wait()
	for range 150 { // more than one address may have
		wg.Go(func() {
			for ctx.Err() == nil {
				d := *from
				conn, err := a.dialFrom(ctx, &d)
				if err != nil {
					a.failed(ctx, w, err)
					return
				}
				w.tried.Add(1)
				_, err = conn.Write(hello[:len(hello)/2]) // may be refused already
				if closedBy(ctx, conn) || err != nil {
					w.ended.Add(1)
				}
				_ = sleep(ctx, 100*time.Millisecond)
			}
		})
	}
}

// renegotiate asks for another handshake within a session of TLS 1.2, by way of
// openssl: Go's client cannot.
func (a *attack) renegotiate(ctx context.Context, w *way) {
	for ctx.Err() == nil {
		cmd := exec.CommandContext(ctx, "openssl", "s_client", "-connect", a.addr, "-bind", hostOf(a.member)+":0", "-tls1_2", "-cert", a.files+".crt", "-key", a.files+".key")
		answer := new(strings.Builder)
		cmd.Stdout, cmd.Stderr = answer, answer
		in, err := cmd.StdinPipe()
		if err == nil {
			err = cmd.Start()
		}
		if err != nil {
			a.failed(ctx, w, err)
			return
		}
		w.tried.Add(1)
		go func() {
			for { // a line R, until it has ended
				if _, err := io.WriteString(in, "R\n"); err != nil {
					return
				}
				_ = sleep(ctx, 50*time.Millisecond)
			}
		}()
		err = cmd.Wait()
		if ctx.Err() != nil {
			return
		}
		if text := answer.String(); !strings.Contains(text, "RENEGOTIATING") || err == nil {
			a.t.Errorf("openssl: %v, expected a renegotiation that the server refuses:\n%s", err, text[max(0, len(text)-1000):])
			return
		}
		w.ended.Add(1)
	}
}

// giants announces lengths that nobody has: of a message instead of a request, of
// one after it, and of a TLS record.
func (a *attack) giants(ctx context.Context, w *way) {
	giant := wire.AppendHeader(nil, wire.TypeNull, 0xffffffff)
	for n := 0; ctx.Err() == nil; n++ {
		var conn net.Conn
		var err error
		switch n % 3 {
		case 0:
			conn, err = a.admitted(ctx, giant)
		case 1:
			conn, err = a.admitted(ctx, append(streamRequest(), giant...))
		case 2:
			if conn, err = a.dial(ctx); err == nil {
				_, err = conn.Write([]byte{22, 3, 3, 0xff, 0xff, 1, 0xff, 0xff, 0xff})
			}
		}
		if err != nil {
			a.failed(ctx, w, err)
			return
		}
		w.tried.Add(1)
		if closedBy(ctx, conn) {
			w.ended.Add(1)
		}
		_ = sleep(ctx, 20*time.Millisecond)
	}
}

// clientHello returns the first message of a TLS handshake.
func clientHello(t *testing.T) []byte {
	t.Helper()
	here, there := net.Pipe()
	go func() {
		_ = tls.Client(here, &tls.Config{InsecureSkipVerify: true, ServerName: "server"}).Handshake() // ends with the pipe
	}()
	buf := make([]byte, 16<<10)
	n, err := there.Read(buf)
	if err := errors.Join(err, here.Close(), there.Close()); err != nil {
		t.Error(err)
	}
	return buf[:n]
}

// streamRequest is what a client says first.
func streamRequest() []byte {
	return wire.AppendEventStreamRequest(nil, wire.EventStreamRequest{Start: wire.StartOldest, Flags: wire.DefaultFlags &^ wire.FlagExtendedRequest})
}

// closedBy waits until the peer has closed conn. It reports whether it did before
// ctx ended, which closes conn, too.
func closedBy(ctx context.Context, conn net.Conn) bool {
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	defer conn.Close()
	buf := make([]byte, 4096)
	for {
		if _, err := conn.Read(buf); err != nil {
			return ctx.Err() == nil
		}
	}
}
