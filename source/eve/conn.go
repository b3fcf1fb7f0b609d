package eve

import (
	"net/netip"
	"unicode/utf8"
)

// A conn is what is known of one flow before its end is reported, and for a short
// while after it. Texts lie in buf, so that a conn that is used again costs no
// memory.
type conn struct {
	id         uint64 // flow_id
	prev, next *conn
	in         *lru
	cost       int // bytes, as counted in table.bytes

	// What happened so far.
	done     bool // its connection event was made
	owes     bool // holds something that no record has said yet
	oriented bool // initiator and responder are known, not guessed
	weakHTTP bool // http is what an alert or file brought, not a line of its own
	weakTLS  bool // likewise
	touched  int64

	initiator, responder         netip.Addr
	initiatorPort, responderPort uint16
	proto                        uint8
	tcpFlags                     uint8
	verdict                      verdict
	vlan                         uint16
	alerts, files                uint16
	first, last                  stamp // of the lines
	start                        stamp // of the flow, when a line said so

	sides   [2]side // from the initiator, from the responder
	dropped [2]counters

	app, iface, community, host span
	http                        httpPart
	tls                         tlsPart
	dns                         [maxDNS]dnsPart
	dnsCount                    uint8

	buf []byte
}

// A verdict is what became of a flow's packets; the greatest counts.
type verdict uint8

const (
	passed verdict = iota
	trusted
	dropped
	rejected
)

// A side is what netflow says about one direction.
type side struct {
	counters
	start, end stamp
	seen       bool
}

// A span is a text in conn.buf.
type span struct{ off, n uint32 }

type httpPart struct {
	present                    bool
	status, port               uint16
	client                     netip.Addr // behind a proxy
	url, host, agent, referrer span
}

type tlsPart struct {
	present     bool
	hasPrint    bool
	version     uint8
	fingerprint [20]byte
	sni, agent  span
}

// A dnsPart is one question with its answer. Clients ask for several things on
// one port, most often for the two kinds of addresses.
type dnsPart struct {
	name     span
	at       stamp // of the answer, else of the question
	id       uint16
	typ      uint16
	rcode    uint16
	ttl      uint32
	answered bool
}

// maxDNS is how many questions of one flow are kept; before another one the
// oldest gets a connection event of its own.
const maxDNS = 6

// Limits of texts, in bytes.
const (
	maxURL      = 2048
	maxReferrer = 1024
	maxAgent    = 512
	maxName     = 255
	maxShort    = 64
)

// text returns a text of the conn, valid until the next one is set.
func (c *conn) text(s span) []byte { return c.buf[s.off : s.off+s.n] }

// set replaces a text by t, cut to limit bytes. An empty t leaves it as it is.
func (c *conn) set(s *span, t []byte, limit int) {
	if len(t) == 0 {
		return
	}
	t = cut(t, limit)
	if uint32(len(t)) <= s.n {
		s.n = uint32(copy(c.buf[s.off:], t))
		return
	}
	if len(c.buf)+len(t) > cap(c.buf) {
		c.compact(len(t))
	}
	*s = span{uint32(len(c.buf)), uint32(len(t))}
	c.buf = append(c.buf, t...)
}

// setOnce sets a text that is still empty.
func (c *conn) setOnce(s *span, t []byte, limit int) {
	if s.n == 0 {
		c.set(s, t, limit)
	}
}

// compact drops what no text refers to any more and makes room for n bytes.
func (c *conn) compact(n int) {
	live := 0
	c.spans(func(s *span) { live += int(s.n) })
	buf := make([]byte, 0, live+max(n, 192))
	c.spans(func(s *span) {
		at := len(buf)
		buf = append(buf, c.text(*s)...)
		s.off = uint32(at)
	})
	c.buf = buf
}

// smallBuf is up to which size in bytes memory for texts is kept for the next flow.
const smallBuf = 1024

// spans calls f for every text.
func (c *conn) spans(f func(*span)) {
	for _, s := range [...]*span{&c.app, &c.iface, &c.community, &c.host, &c.http.url, &c.http.host, &c.http.agent, &c.http.referrer, &c.tls.sni, &c.tls.agent} {
		f(s)
	}
	for i := range c.dns[:c.dnsCount] {
		f(&c.dns[i].name)
	}
}

// reset empties a conn for another flow; large memory is let go.
func (c *conn) reset(id uint64) {
	buf := c.buf[:0]
	if cap(buf) > smallBuf {
		buf = nil
	}
	*c = conn{id: id, buf: buf}
}

// see takes over what every line of a flow says. fromClient tells whether the
// line's source is the initiator; sure whether the kind of line says so.
func (c *conn) see(e *event, fromClient, sure bool) {
	if c.first == (stamp{}) || e.time.before(c.first) {
		c.first = e.time
	}
	if c.last.before(e.time) {
		c.last = e.time
	}
	if !c.oriented && (sure || !c.initiator.IsValid()) && e.src.IsValid() {
		c.orient(e, fromClient, sure)
	}
	if e.proto != 0 {
		c.proto = e.proto
	}
	if e.vlan != 0 {
		c.vlan = e.vlan
	}
	c.tcpFlags |= e.tcpFlags
	if e.flow.start != (stamp{}) {
		c.start = e.flow.start
	}
	c.set(&c.app, e.app, maxShort)
	c.setOnce(&c.iface, e.iface, maxShort)
	c.setOnce(&c.community, e.community, maxShort)
	c.judge(e)
}

// orient takes a line's addresses for those of initiator and responder. What was
// counted by side before changes sides with them.
func (c *conn) orient(e *event, fromClient, sure bool) {
	before, port := c.initiator, c.initiatorPort
	c.oriented = sure
	c.initiator, c.responder, c.initiatorPort, c.responderPort = e.src, e.dst, e.srcPort, e.dstPort
	if !fromClient {
		c.initiator, c.responder, c.initiatorPort, c.responderPort = e.dst, e.src, e.dstPort, e.srcPort
	}
	if before.IsValid() && before == c.responder && port == c.responderPort {
		c.dropped[0], c.dropped[1] = c.dropped[1], c.dropped[0]
		c.sides[0], c.sides[1] = c.sides[1], c.sides[0]
	}
	if e.icmp {
		c.initiatorPort, c.responderPort = uint16(e.icmpType), uint16(e.icmpCode)
	}
}

// judge notes what became of the packet or flow of a line.
func (c *conn) judge(e *event) {
	v := e.verdict
	switch {
	case v >= dropped:
	case e.alert.blocked, e.kind == kindDrop, string(e.flow.action) == "drop":
		v = dropped
	case string(e.flow.action) == "pass":
		v = trusted
	}
	c.verdict = max(c.verdict, v)
}

// fromInitiator tells which direction the line's packet went in.
func (c *conn) fromInitiator(e *event) bool {
	return e.src == c.initiator && (e.srcPort == c.initiatorPort || e.icmp || c.initiator != c.responder)
}

func (s stamp) before(o stamp) bool { return s.sec < o.sec || s.sec == o.sec && s.usec < o.usec }

// cut shortens a text to limit bytes without cutting a character.
func cut(t []byte, limit int) []byte {
	if len(t) <= limit {
		return t
	}
	n := limit
	for n > limit-utf8.UTFMax && n > 0 && !utf8.RuneStart(t[n]) {
		n--
	}
	return t[:n]
}

func (c *conn) setHTTP(h *http) {
	p := &c.http
	p.present = true
	p.status = h.status
	p.client = firstAddr(h.xff)
	c.set(&p.url, h.url, maxURL)
	c.set(&p.host, h.host, maxName)
	c.set(&p.agent, h.agent, maxAgent)
	c.set(&p.referrer, h.referrer, maxReferrer)
	if h.port != 0 {
		p.port = h.port
	}
}

func (c *conn) setTLS(t *tls) {
	p := &c.tls
	p.present = true
	p.version = tlsVersion(t.version)
	p.hasPrint = hexBytes(p.fingerprint[:], t.fingerprint)
	c.set(&p.sni, t.sni, maxName)
	c.set(&p.agent, t.agent, maxAgent)
}
