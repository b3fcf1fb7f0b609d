package eve

import (
	"encoding/base64"
	"time"

	"estream/hosts"
	"estream/source/follow"
	"estream/source/sensor"
)

// A Discoverer turns what a sensor saw of hosts into discovery events: [hosts.Map].
type Discoverer interface {
	// Discover appends the messages for what is new to dst and tells how many.
	Discover(device uint32, o *hosts.Observation, dst []byte) (out []byte, count int)
	// Forget says that what Discover made and the journal does not have is lost.
	Forget()
}

// A converter turns lines into messages. It is not safe for concurrent use.
type converter struct {
	enc   *sensor.Encoder
	maps  *sensor.Maps
	known func([]byte) bool
	hosts Discoverer // nil: no discovery
	omit  map[string]bool
	stats *counts
	where func(i int) follow.Place // of a line of the present batch

	table   *table
	eventID uint32 // of the last intrusion event
	quiet   bool   // lines only bring the table up to date: their messages are in the journal

	scan   scanner
	ev     event
	spare  conn // for flows without number, and events of their own
	event  sensor.Intrusion
	buf    []byte // a decoded packet
	forms  forms
	ifaces map[string][16]byte // interfaces named so far
	said   map[saidKey]struct{}
	seen   sightings

	text, name, mail, to, files []byte // texts put together
	certificates                int    // described so far
}

// perLine bounds how many flows go because of one line, so that a batch stays
// small when time jumps.
const perLine = 64

// line takes line i of the present batch.
func (c *converter) line(line []byte, i int) {
	e := &c.ev
	why, offset := e.parse(&c.scan, line)
	if why != "" {
		if !c.quiet {
			c.stats.malformed(why, line, offset, c.where(i))
		}
		return
	}
	if !c.quiet {
		c.stats.count(e)
		c.enc.Begin()
	}
	c.table.advance(e.time.sec)
	for range perLine {
		x, _ := c.table.expired(c.table.clock)
		if x == nil {
			break
		}
		c.expire(x)
	}
	if c.omit[string(e.name)] {
		if !c.quiet {
			c.stats.Omitted++
		}
		return
	}
	switch e.kind {
	case kindAlert:
		c.alert(e)
	case kindAnomaly:
		c.anomaly(e)
	case kindFile:
		c.file(e)
	case kindFlow:
		c.flow(e)
	case kindNetflow:
		c.netflow(e)
	case kindHTTP:
		c.http(e)
	case kindTLS, kindQUIC:
		c.tls(e)
	case kindDNS:
		c.dns(e)
	case kindDrop:
		c.drop(e)
	case kindDHCP, kindMDNS, kindKrb5, kindProtocol, kindRDP, kindSMB, kindSMTP, kindSSH:
		c.protocol(e)
	case kindStats:
		if !c.quiet {
			c.stats.sensor(e, &c.scan)
		}
		return
	default:
		return
	}
	if c.hosts != nil && !c.quiet {
		c.observe(e)
	}
}

// conn returns what is known of the flow of a line; where the line has no flow
// number, a conn for this line only.
func (c *converter) conn(e *event) *conn {
	if e.flowID == 0 {
		c.spare.reset(0)
		return &c.spare
	}
	return c.table.get(e.flowID)
}

// settle ends the work on a conn: one without number has to go at once.
func (c *converter) settle(x *conn) {
	if x.id != 0 {
		c.table.weigh(x)
		return
	}
	if x.owes {
		c.stats.add(c.quiet, &c.stats.Alone)
		c.connection(x, nil)
	}
}

// expire lets a flow go whose end nobody reported, with a connection event of its
// own if it holds something that no record has said.
func (c *converter) expire(x *conn) {
	c.release(x)
	c.table.remove(x)
}

// release makes the events that a conn still owes.
func (c *converter) release(x *conn) {
	if !x.owes || x.done {
		return
	}
	c.stats.add(c.quiet, &c.stats.Alone)
	c.connection(x, nil)
	c.questions(x, 1)
}

// decode returns the content of base64 text, valid until the next call; nil for
// what is none.
func (c *converter) decode(text []byte) []byte {
	n := base64.StdEncoding.DecodedLen(len(text))
	if cap(c.buf) < n {
		c.buf = make([]byte, n)
	}
	n, err := base64.StdEncoding.Decode(c.buf[:n], text)
	if err != nil {
		return nil
	}
	return c.buf[:n]
}

// iface returns the UUID of an interface that a line names.
func (c *converter) iface(name []byte) [16]byte {
	if len(name) == 0 {
		return [16]byte{}
	}
	u, ok := c.ifaces[string(name)]
	if !ok {
		u = c.enc.Interface(string(name))
		if len(c.ifaces) < maxInterfaces {
			c.ifaces[string(name)] = u
		}
	}
	return u
}

// maxInterfaces bounds the interfaces that are remembered; sensors have a few.
const maxInterfaces = 256

// moment returns the time of a line.
func (s stamp) moment() time.Time { return time.Unix(s.sec, int64(s.usec)*1000).UTC() }
