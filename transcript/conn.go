package transcript

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
)

// HeaderOf returns the header of a recording that is made at one end of conn, a
// connection above TLS: Side, the addresses, and version and cipher suite of TLS
// where conn, or a connection below it that NetConn methods lead to, has them.
func HeaderOf(at Side, conn net.Conn) Header {
	h := Header{Side: at, Peer: conn.RemoteAddr().String(), Local: conn.LocalAddr().String()}
	for conn != nil {
		if t, ok := conn.(interface{ ConnectionState() tls.ConnectionState }); ok {
			if state := t.ConnectionState(); state.HandshakeComplete {
				h.TLS, h.Cipher = tls.VersionName(state.Version), tls.CipherSuiteName(state.CipherSuite)
			}
			break
		}
		below, ok := conn.(interface{ NetConn() net.Conn })
		if !ok {
			break
		}
		conn = below.NetConn()
	}
	return h
}

// Conn returns conn, the server's end of a session above TLS, with everything that
// passes recorded by w: what is read is the client's, what is written the server's.
// When it is closed it ends the recording and calls done, with the error that the
// recording had, if any; done may be nil. It is as safe for concurrent use as conn
// is.
func Conn(conn net.Conn, w *Writer, done func(error)) net.Conn {
	return &recorded{Conn: conn, w: w, done: done, own: Server, peer: Client}
}

// ClientConn is Conn for the client's end: what is read is the server's, what is
// written the client's. The header of w says so ([HeaderOf] with Client). Time-outs
// and other errors that call themselves so end no session: reading goes on after
// them.
func ClientConn(conn net.Conn, w *Writer, done func(error)) net.Conn {
	return &recorded{Conn: conn, w: w, done: done, own: Client, peer: Server}
}

type recorded struct {
	net.Conn
	w         *Writer
	own, peer Side
	done      func(error)
	once      sync.Once

	mu     sync.Mutex
	reason string // the first thing that ended the session
	torn   bool   // a write has failed
}

// Recording errors are told when the session ends: they are none of the session's.
func (c *recorded) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if n > 0 {
		_ = c.w.Bytes(c.peer, p[:n])
	}
	var timeout net.Error
	switch {
	case errors.Is(err, io.EOF):
		c.Because(string(c.peer) + " closed the connection")
	case err != nil && !(errors.As(err, &timeout) && timeout.Timeout()):
		c.Because("connection broke: " + err.Error())
	}
	return n, err
}

// Write records before it writes, so that no answer of the peer can stand in front
// of what it answers. Bytes that did not go out are told at the end. After a write
// that failed only what does go out is recorded.
func (c *recorded) Write(p []byte) (int, error) {
	c.mu.Lock()
	torn := c.torn
	c.mu.Unlock()
	if !torn {
		_ = c.w.Bytes(c.own, p)
	}
	n, err := c.Conn.Write(p)
	if torn && n > 0 {
		_ = c.w.Bytes(c.own, p[:n])
	}
	if err != nil {
		c.mu.Lock()
		c.torn = true
		c.mu.Unlock()
		c.Because(fmt.Sprintf("connection broke, of the last %d bytes of the %s %d may not have gone out: %v", len(p), c.own, len(p)-n, err))
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
		c.Because(string(c.own) + " closed the connection")
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
	c.Because(string(c.own) + " closed the connection")
	if t, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return t.CloseWrite()
	}
	return nil
}

// NetConn returns the connection below, as tls.Conn does.
func (c *recorded) NetConn() net.Conn { return c.Conn }
