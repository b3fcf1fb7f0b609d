package transcript

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"

	"estream/wire"
)

// The limits of a Dir.
const (
	DefaultMaxBytes    = 64 << 20 // bytes of one file
	DefaultMaxTotal    = 1 << 30  // bytes of all files
	DefaultMaxSessions = 1000     // files
)

// A Dir records sessions as files of a directory, one each, named after the time
// and the number of the session. It is safe for concurrent use; its fields are not
// changed after the first Wrap.
type Dir struct {
	Path    string // exists
	Layouts *wire.Layouts
	Log     *slog.Logger

	MaxBytes    int64 // of one file; DefaultMaxBytes
	MaxTotal    int64 // of all; DefaultMaxTotal
	MaxSessions int   // recorded in all; DefaultMaxSessions

	// Failed, if not nil, is told why a recording does not exist or is incomplete.
	Failed func(error)

	mu       sync.Mutex
	sessions int
	total    int64
	full     bool // MaxTotal is reached, and the log says so
}

// Wrap returns conn, the connection above TLS, with its session recorded. Where no
// file can be made, or the limit is reached, that is logged and the result is conn.
func (d *Dir) Wrap(number uint64, client string, conn net.Conn) net.Conn {
	if !d.room() {
		return conn
	}
	h := Header{Session: number, Client: client, Peer: conn.RemoteAddr().String(), Local: conn.LocalAddr().String()}
	if t, ok := conn.(interface{ ConnectionState() tls.ConnectionState }); ok {
		state := t.ConnectionState()
		h.TLS, h.Cipher = tls.VersionName(state.Version), tls.CipherSuiteName(state.CipherSuite)
	}
	name := filepath.Join(d.Path, fmt.Sprintf("%s-%d.jsonl", time.Now().UTC().Format("20060102T150405.000000Z"), number))
	// Events and addresses are nobody else's business.
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL|os.O_APPEND, 0o600)
	if err != nil {
		d.failed("session is not recorded", number, name, err)
		return conn
	}
	w, err := NewWriter(f, d.Layouts, h, WriterOptions{MaxBytes: limit(d.MaxBytes, DefaultMaxBytes), Budget: d.spend})
	if err != nil {
		d.failed("session is not recorded", number, name, errors.Join(err, f.Close()))
		return conn
	}
	d.Log.Info("session is recorded", "session", number, "file", name)
	return Conn(conn, w, func(err error) {
		if err := errors.Join(err, f.Close()); err != nil {
			d.failed("recording of a session is incomplete", number, name, err)
		}
	})
}

func (d *Dir) failed(what string, number uint64, name string, err error) {
	d.Log.Error(what, "session", number, "file", name, "error", err)
	if d.Failed != nil {
		d.Failed(fmt.Errorf("%s: session %d: %w", what, number, err))
	}
}

// room takes one of the sessions that may be recorded.
func (d *Dir) room() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	max := limit(d.MaxSessions, DefaultMaxSessions)
	if d.full {
		return false
	}
	if d.sessions == max {
		d.sessions++ // once
		d.Log.Warn("no more sessions are recorded until the next start", "limit", max, "directory", d.Path)
	}
	if d.sessions > max {
		return false
	}
	d.sessions++
	return true
}

// spend takes n bytes of what all recordings together may have.
func (d *Dir) spend(n int) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	max := limit(d.MaxTotal, DefaultMaxTotal)
	if !d.full && d.total+int64(n) > max {
		d.full = true
		d.Log.Warn("nothing more is recorded until the next start", "limit", max, "directory", d.Path)
	}
	if d.full {
		return false
	}
	d.total += int64(n)
	return true
}

// limit returns n, or its default where nothing is set.
func limit[T int | int64](n, byDefault T) T {
	if n <= 0 {
		return byDefault
	}
	return n
}

// Conn returns conn with everything that passes recorded by w. When it is closed
// it ends the recording and calls done, with the error that the recording had, if
// any; done may be nil.
func Conn(conn net.Conn, w *Writer, done func(error)) net.Conn {
	return &recorded{Conn: conn, w: w, done: done}
}

type recorded struct {
	net.Conn
	w    *Writer
	done func(error)
	once sync.Once

	mu     sync.Mutex
	reason string // the first thing that ended the session
}

// Recording errors are told when the session ends: they are none of the session's.
func (c *recorded) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if n > 0 {
		_ = c.w.Bytes(Client, p[:n])
	}
	var timeout net.Error
	switch {
	case errors.Is(err, io.EOF):
		c.Because("client closed the connection")
	case err != nil && !(errors.As(err, &timeout) && timeout.Timeout()):
		c.Because("connection broke: " + err.Error())
	}
	return n, err
}

// Write records before it writes, so that no answer of the client can stand in
// front of what it answers. Bytes that did not go out are told at the end.
func (c *recorded) Write(p []byte) (int, error) {
	_ = c.w.Bytes(Server, p)
	n, err := c.Conn.Write(p)
	if err != nil {
		c.Because(fmt.Sprintf("connection broke, of the last %d bytes of the server %d may not have gone out: %v", len(p), len(p)-n, err))
	}
	return n, err
}

// Because says why the connection is about to end, for its last line. The first
// reason counts.
func (c *recorded) Because(reason string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.reason == "" {
		c.reason = reason
	}
}

func (c *recorded) Close() error {
	err := c.Conn.Close()
	c.once.Do(func() {
		c.Because("server closed the connection")
		c.mu.Lock()
		reason := c.reason
		c.mu.Unlock()
		failed := c.w.End(reason)
		if c.done != nil {
			c.done(failed)
		}
	})
	return err
}

// CloseWrite lets an orderly end go through to TLS and TCP.
func (c *recorded) CloseWrite() error {
	c.Because("server closed the connection")
	if t, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return t.CloseWrite()
	}
	return nil
}

// NetConn returns the connection below, as tls.Conn does.
func (c *recorded) NetConn() net.Conn { return c.Conn }
