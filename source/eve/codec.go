package eve

import (
	"encoding/binary"
	"net/netip"
)

// A codec writes values to b, or reads them from it: one function per type does
// both, so that they cannot differ. A fault while reading makes everything zero.
type codec struct {
	b       []byte
	reading bool
	err     error
}

func (c *codec) fail() {
	if c.err == nil {
		c.err = errState
	}
	c.b = nil
}

func (c *codec) uint(v *uint64) {
	if !c.reading {
		c.b = binary.AppendUvarint(c.b, *v)
		return
	}
	u, n := binary.Uvarint(c.b)
	if n <= 0 {
		c.fail()
		*v = 0
		return
	}
	*v, c.b = u, c.b[n:]
}

// integer is uint for an integer of any type; what does not fit is a fault.
func integer[T ~uint8 | ~uint16 | ~uint32 | ~uint64 | ~int64 | ~int](c *codec, v *T) {
	u := uint64(*v)
	c.uint(&u)
	if *v = T(u); c.reading && uint64(*v) != u {
		c.fail()
	}
}

func (c *codec) bool(v *bool) {
	var u uint8
	if *v {
		u = 1
	}
	integer(c, &u)
	*v = u == 1
}

func (c *codec) stamp(s *stamp) {
	integer(c, &s.sec)
	integer(c, &s.usec)
}

func (c *codec) bytes(p []byte) {
	if !c.reading {
		c.b = append(c.b, p...)
		return
	}
	if len(c.b) < len(p) {
		c.fail()
		return
	}
	c.b = c.b[copy(p, c.b):]
}

func (c *codec) addr(a *netip.Addr) {
	n := uint8(a.BitLen() / 8)
	integer(c, &n)
	var b [16]byte
	switch {
	case n != 0 && n != 4 && n != 16:
		c.fail()
		return
	case !c.reading && n > 0:
		copy(b[:], a.AsSlice())
	}
	c.bytes(b[:n])
	if c.reading {
		*a, _ = netip.AddrFromSlice(b[:n])
	}
}

// text writes or reads a text of a conn.
func (c *codec) text(x *conn, s *span) {
	n := s.n
	integer(c, &n)
	if !c.reading {
		c.b = append(c.b, x.text(*s)...)
		return
	}
	if uint64(n) > uint64(len(c.b)) || n > maxURL {
		c.fail()
		return
	}
	*s = span{uint32(len(x.buf)), n}
	x.buf = append(x.buf, c.b[:n]...)
	c.b = c.b[n:]
}

func (c *codec) counters(v *counters) {
	c.uint(&v.packets)
	c.uint(&v.bytes)
}

// flowState writes or reads one flow.
func (c *codec) flowState(x *conn) {
	c.uint(&x.id)
	for _, b := range [...]*bool{&x.done, &x.owes, &x.oriented, &x.weakHTTP, &x.weakTLS, &x.http.present, &x.tls.present, &x.tls.hasPrint, &x.sides[0].seen, &x.sides[1].seen} {
		c.bool(b)
	}
	integer(c, &x.touched)
	c.addr(&x.initiator)
	c.addr(&x.responder)
	for _, n := range [...]*uint16{&x.initiatorPort, &x.responderPort, &x.vlan, &x.alerts, &x.files, &x.http.status, &x.http.port} {
		integer(c, n)
	}
	integer(c, &x.proto)
	integer(c, &x.tcpFlags)
	integer(c, &x.verdict)
	integer(c, &x.tls.version)
	integer(c, &x.dnsCount)
	if x.verdict > rejected || x.dnsCount > maxDNS {
		c.fail()
		return
	}
	for _, s := range [...]*stamp{&x.first, &x.last, &x.start, &x.sides[0].start, &x.sides[0].end, &x.sides[1].start, &x.sides[1].end} {
		c.stamp(s)
	}
	for _, v := range [...]*counters{&x.sides[0].counters, &x.sides[1].counters, &x.dropped[0], &x.dropped[1]} {
		c.counters(v)
	}
	c.addr(&x.http.client)
	c.bytes(x.tls.fingerprint[:])
	for i := range x.dns[:x.dnsCount] {
		d := &x.dns[i]
		c.stamp(&d.at)
		integer(c, &d.id)
		integer(c, &d.typ)
		integer(c, &d.rcode)
		integer(c, &d.ttl)
		c.bool(&d.answered)
	}
	x.spans(func(s *span) { c.text(x, s) })
}

// flows writes or reads a list of flows.
func (c *codec) flows(t *table, l *lru) {
	n := uint64(l.n)
	c.uint(&n)
	if !c.reading {
		for x := l.first; x != nil; x = x.next {
			c.flowState(x)
		}
		return
	}
	for ; n > 0 && c.err == nil; n-- {
		x := new(conn)
		c.flowState(x)
		if t.conns[x.id] != nil || x.id == 0 {
			c.fail()
		}
		if c.err == nil {
			t.conns[x.id] = x
			l.push(x)
			t.weigh(x)
		}
	}
}

func (c *codec) table(t *table) {
	integer(c, &t.clock)
	integer(c, &t.lastFlow)
	integer(c, &t.lastNetflow)
	integer(c, &t.late)
	c.flows(t, &t.soon)
	c.flows(t, &t.open)
	if c.reading && len(c.b) > 0 {
		c.fail()
	}
}
