package session

import (
	"crypto/tls"
	"encoding/binary"
	"io"
	"net"
	"sync"
)

// writeSize is how many bytes of messages a Server gives to TLS at a time, and
// corkSize how many bytes of TLS records a transport gathers into one system
// call: the same, plus what TLS adds.
const (
	writeSize = 128 << 10
	corkSize  = writeSize + 8<<10
)

// errWouldBlock tells crypto/tls that nothing more is here yet. Because it calls
// itself temporary, a tls.Conn keeps its state and goes on at the next Read.
var errWouldBlock net.Error = wouldBlock{}

type wouldBlock struct{}

func (wouldBlock) Error() string   { return "no more bytes buffered" }
func (wouldBlock) Timeout() bool   { return true }
func (wouldBlock) Temporary() bool { return true }

// A transport sits between a connection and TLS and decides when system calls
// happen.
//
// Reading, it starts as a plain pass-through for the handshake. After poll, Read
// never touches the network: it hands out what fill has buffered and then
// returns errWouldBlock. That is how a client learns that nothing more is there
// without waiting for it, and how a wait can have a deadline for every piece
// that arrives.
//
// Writing, everything between cork and uncork leaves together.
//
// One goroutine may read while another writes.
type transport struct {
	net.Conn

	buf    []byte // nil until poll
	r, n   int    // buf[r:n] is unread
	failed error  // what Read returns behind it, instead of errWouldBlock
	record recordTracker

	// TLS answers a key update or sends an alert from within a Read, so writes
	// can come from the reading goroutine too.
	writing sync.Mutex
	corked  bool
	out     *[]byte // from corkBuffers, nil while nothing is gathered
}

var corkBuffers = sync.Pool{New: func() any {
	p := make([]byte, 0, corkSize)
	return &p
}}

// NetConn returns the connection below, as that of a tls.Conn does.
func (t *transport) NetConn() net.Conn { return t.Conn }

// poll ends the pass-through; size is the size of the read buffer in bytes.
func (t *transport) poll(size int, isTLS bool) {
	t.buf = make([]byte, size)
	t.record.on = isTLS
}

func (t *transport) Read(p []byte) (int, error) {
	if t.buf == nil {
		return t.Conn.Read(p)
	}
	if t.r == t.n {
		if t.failed != nil {
			return 0, t.failed
		}
		return 0, errWouldBlock
	}
	k := copy(p, t.buf[t.r:t.n])
	t.record.track(t.buf[t.r : t.r+k])
	t.r += k
	return k, nil
}

// fill waits for bytes with one Read on the connection. Call it only after Read
// returned errWouldBlock.
func (t *transport) fill() error {
	k, err := readSome(t.Conn, t.buf)
	t.r, t.n = 0, k
	return err
}

// readSome reads at least one byte, or returns an error.
func readSome(r io.Reader, p []byte) (int, error) {
	for range 100 {
		k, err := r.Read(p)
		if k > 0 {
			return k, nil // an error beside bytes comes again at the next read
		}
		if err != nil {
			return 0, err
		}
	}
	return 0, io.ErrNoProgress
}

// inRecord reports whether a TLS record has begun to arrive and has not ended.
func (t *transport) inRecord() bool { return t.record.on && (t.record.have > 0 || t.record.left > 0) }

func (t *transport) Write(p []byte) (int, error) {
	t.writing.Lock()
	defer t.writing.Unlock()
	if !t.corked {
		return t.Conn.Write(p)
	}
	if t.out == nil {
		t.out = corkBuffers.Get().(*[]byte)
	}
	if len(*t.out)+len(p) > corkSize {
		if err := t.flush(); err != nil {
			return 0, err
		}
		if len(p) > corkSize {
			return t.Conn.Write(p)
		}
	}
	*t.out = append(*t.out, p...)
	return len(p), nil
}

func (t *transport) flush() error {
	if t.out == nil || len(*t.out) == 0 {
		return nil
	}
	_, err := t.Conn.Write(*t.out)
	*t.out = (*t.out)[:0]
	return err
}

func (t *transport) cork() {
	t.writing.Lock()
	defer t.writing.Unlock()
	t.corked = true
}

// uncork writes what was gathered. An error of the connection shows here and
// not in the writes before.
func (t *transport) uncork() error {
	t.writing.Lock()
	defer t.writing.Unlock()
	err := t.flush()
	if t.out != nil {
		corkBuffers.Put(t.out)
		t.out = nil
	}
	t.corked = false
	return err
}

// A recordTracker follows the framing of TLS records, to tell a pause inside a
// record from one between records. RFC 8446, section 5.1: type, version, length
// in 5 bytes, then the record.
type recordTracker struct {
	on     bool
	header [5]byte
	have   int // bytes of header seen
	left   int // bytes of the record still to come
}

func (r *recordTracker) track(p []byte) {
	for r.on && len(p) > 0 {
		if r.left > 0 {
			k := min(r.left, len(p))
			r.left -= k
			p = p[k:]
			continue
		}
		k := copy(r.header[r.have:], p)
		r.have += k
		p = p[k:]
		if r.have == len(r.header) {
			r.left, r.have = int(binary.BigEndian.Uint16(r.header[3:])), 0
		}
	}
}

// NewTLSServer returns the server side of a TLS connection whose writes of many
// messages leave in few system calls. Use it in place of [tls.Server]; any
// other *tls.Conn works with [Accept] too, with more system calls. Setting
// DynamicRecordSizingDisabled in config suits streams of events.
func NewTLSServer(conn net.Conn, config *tls.Config) *tls.Conn {
	return tls.Server(NewConn(conn), config)
}

// transportOf returns the transport under or around conn, and the connection to
// read and write messages on.
func transportOf(conn net.Conn) (*transport, net.Conn) {
	if c, ok := conn.(*tls.Conn); ok {
		if t, ok := c.NetConn().(*transport); ok {
			return t, c
		}
	}
	t := &transport{Conn: conn}
	return t, t
}

// NewConn returns conn with writes that can be gathered: what NewTLSServer does
// below TLS, for callers that make the tls.Conn themselves.
func NewConn(conn net.Conn) net.Conn { return &transport{Conn: conn} }
