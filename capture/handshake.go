package capture

import (
	"bytes"
	"encoding/binary"
	"errors"
)

// The types of handshake messages that matter here. RFC 8446, 4.
const (
	shakeClientHello = 1
	shakeServerHello = 2
	shakeNewTicket   = 4
	shakeFinished    = 20
	shakeKeyUpdate   = 24

	extensionTicket    = 35
	extensionEarlyData = 42
	extensionVersions  = 43
	extensionETM       = 22 // encrypt_then_mac

	maxHello = 64 << 10 // bytes of a hello or ticket; with post-quantum keys and a ticket it has 3,000
)

// A shaker cuts the content of handshake records into messages. It keeps only hellos and
// tickets.
type shaker struct {
	head [4]byte
	have int // of head
	left int // of the body
	body buffer
}

var errHello = errors.New("malformed handshake")

// feed calls emit for each message that is whole; body is nil of all but those.
func (h *shaker) feed(p []byte, emit func(typ byte, body []byte) error) error {
	for len(p) > 0 {
		if h.have < len(h.head) {
			n := copy(h.head[h.have:], p)
			h.have += n
			p = p[n:]
			if h.have < len(h.head) {
				return nil
			}
			h.left = int(binary.BigEndian.Uint32(h.head[:]) & 0xffffff)
		}
		typ := h.head[0]
		keep := typ == shakeClientHello || typ == shakeServerHello || typ == shakeNewTicket
		n := min(h.left, len(p))
		if keep && (h.left > maxHello || !h.body.add(p[:n])) {
			return errHello
		}
		p = p[n:]
		if h.left -= n; h.left > 0 {
			return nil
		}
		h.have = 0
		var body []byte
		if keep {
			body = h.body.bytes()
		}
		err := emit(typ, body)
		h.body.free()
		if err != nil {
			return err
		}
	}
	return nil
}

// reset forgets the message that has begun.
func (h *shaker) reset() {
	h.have = 0
	h.body.free()
}

// A cursor reads a hello; after the first short read all others fail.
type cursor struct {
	p     []byte
	short bool
}

func (c *cursor) take(n int) []byte {
	if n > len(c.p) {
		c.short, c.p = true, nil
		return make([]byte, min(n, 32))
	}
	b := c.p[:n:n]
	c.p = c.p[n:]
	return b
}

func (c *cursor) uint8() int  { return int(c.take(1)[0]) }
func (c *cursor) uint16() int { return int(binary.BigEndian.Uint16(c.take(2))) }

// vector8 and vector16 read what stands behind its length of 1 or 2 bytes.
func (c *cursor) vector8() []byte  { return c.vector(c.uint8()) }
func (c *cursor) vector16() []byte { return c.vector(c.uint16()) }

func (c *cursor) vector(n int) []byte {
	if n > len(c.p) {
		c.short, c.p = true, nil
		return nil
	}
	return c.take(n)
}

// extensions calls each for the extensions that end a hello.
func (c *cursor) extensions(each func(id int, body []byte)) {
	if len(c.p) == 0 {
		return // a hello of TLS 1.2 may have none
	}
	e := cursor{p: c.vector16()}
	for len(e.p) > 0 && !e.short {
		id, body := e.uint16(), e.vector16()
		if !e.short {
			each(id, body)
		}
	}
	c.short = c.short || e.short
}

// A clientHello is what of a ClientHello matters here.
type clientHello struct {
	random  random
	session []byte // it wants to go on with
	ticket  []byte // the same, of a server that keeps no sessions
	early   bool   // data may come before the handshake is done
}

func parseClientHello(p []byte) (h clientHello, err error) {
	c := cursor{p: p}
	c.uint16() // version
	copy(h.random[:], c.take(len(h.random)))
	h.session = bytes.Clone(c.vector8())
	c.vector16() // cipher suites
	c.vector8()  // compression
	c.extensions(func(id int, body []byte) {
		switch id {
		case extensionTicket:
			h.ticket = bytes.Clone(body)
		case extensionEarlyData:
			h.early = true
		}
	})
	if c.short {
		return h, errHello
	}
	return h, nil
}

// A serverHello is what of a ServerHello matters here.
type serverHello struct {
	version, suite uint16
	random         random
	session        []byte
	compressed     bool
	etm            bool
}

func parseServerHello(p []byte) (h serverHello, err error) {
	c := cursor{p: p}
	h.version = uint16(c.uint16())
	copy(h.random[:], c.take(len(h.random)))
	h.session = bytes.Clone(c.vector8())
	h.suite = uint16(c.uint16())
	h.compressed = c.uint8() != 0
	c.extensions(func(id int, body []byte) {
		switch {
		case id == extensionVersions && len(body) == 2:
			h.version = binary.BigEndian.Uint16(body)
		case id == extensionETM:
			h.etm = true
		}
	})
	if c.short {
		return h, errHello
	}
	return h, nil
}

// parseTicket returns the ticket in a NewSessionTicket of TLS 1.2. RFC 5077, 3.3.
func parseTicket(p []byte) ([]byte, error) {
	c := cursor{p: p}
	c.take(4) // lifetime
	ticket := c.vector16()
	if c.short {
		return nil, errHello
	}
	return ticket, nil
}

// retryRandom is the random of a ServerHello that is none but asks for another
// ClientHello. RFC 8446, 4.1.3.
var retryRandom = random{
	0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91,
	0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
}
