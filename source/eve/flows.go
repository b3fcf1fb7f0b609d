package eve

// flow takes the end of a flow: its connection event is due.
func (c *converter) flow(e *event) {
	t := c.table
	t.lastFlow = t.clock
	x := t.conns[e.flowID]
	if x == nil || e.flowID == 0 {
		x = &c.spare
		x.reset(e.flowID)
	} else if x.done {
		// Netflow's two halves were there first.
		c.stats.add(c.quiet, &c.stats.Merged)
		return
	}
	x.oriented = x.oriented && x.initiator == e.src && x.initiatorPort == e.srcPort
	x.see(e, true, true)
	c.connection(x, &e.flow)
	c.questions(x, 1)
	c.finish(x)
}

// finish remembers for a while that the connection event of a flow was made, so
// that netflow's view of it does not make another one.
func (c *converter) finish(x *conn) {
	t := c.table
	switch {
	case x.in == nil && (x.id == 0 || t.lastNetflow == 0 || t.clock-t.lastNetflow > flowsGone):
		return // not in the table, and nothing to come
	case x.in == nil:
		x = t.get(x.id)
		x.see(&c.ev, true, true)
	}
	x.done, x.owes = true, false
	x.dnsCount, x.http, x.tls = 0, httpPart{}, tlsPart{}
	if cap(x.buf) > smallBuf {
		x.compact(0)
	}
	x.touched = t.clock
	t.soon.push(x)
	t.weigh(x)
}

// netflow takes one direction of an ended flow. The first line of a flow is the
// initiator's.
func (c *converter) netflow(e *event) {
	t := c.table
	t.lastFlow, t.lastNetflow = t.clock, t.clock
	x := c.conn(e)
	if x.done {
		c.stats.add(c.quiet, &c.stats.Merged)
		return
	}
	x.see(e, true, !x.initiator.IsValid())
	s := &x.sides[1]
	if x.fromInitiator(e) {
		s = &x.sides[0]
	}
	s.counters, s.start, s.end, s.seen = e.netflow.counters, e.netflow.start, e.netflow.end, true
	x.owes = true
	switch {
	case x.id == 0:
		c.settle(x)
	case x.sides[0].seen && x.sides[1].seen:
		c.connection(x, nil)
		c.questions(x, 1)
		c.finish(x)
	default:
		t.soon.push(x)
		t.weigh(x)
	}
}

// http takes a transaction. The first of a flow goes into its connection event,
// each further one gets an event of its own.
func (c *converter) http(e *event) {
	x := c.conn(e)
	x.see(e, true, true)
	if x.done || x.http.present && !x.weakHTTP {
		y := c.branch(x, e)
		y.setHTTP(&e.http)
		c.connection(y, nil)
		c.settle(x)
		return
	}
	x.http = httpPart{}
	x.setHTTP(&e.http)
	x.weakHTTP, x.owes = false, true
	c.settle(x)
}

// tls takes a handshake.
func (c *converter) tls(e *event) {
	x := c.conn(e)
	x.see(e, true, true)
	c.certificate(&e.tls)
	if x.done || x.tls.present && !x.weakTLS {
		y := c.branch(x, e)
		y.setTLS(&e.tls)
		c.connection(y, nil)
		c.settle(x)
		return
	}
	x.tls = tlsPart{}
	x.setTLS(&e.tls)
	x.weakTLS, x.owes = false, true
	c.settle(x)
}

// branch returns a conn for an event of its own within the flow of x: who talked
// to whom, and nothing of what was said.
func (c *converter) branch(x *conn, e *event) *conn {
	y := &c.spare
	if x == y {
		return y
	}
	y.reset(x.id)
	y.initiator, y.responder, y.initiatorPort, y.responderPort = x.initiator, x.responder, x.initiatorPort, x.responderPort
	y.oriented, y.proto, y.vlan, y.verdict = x.oriented, x.proto, x.vlan, x.verdict
	y.first, y.last, y.start = e.time, e.time, x.start
	y.set(&y.app, x.text(x.app), maxShort)
	y.set(&y.iface, x.text(x.iface), maxShort)
	y.set(&y.community, x.text(x.community), maxShort)
	c.stats.add(c.quiet, &c.stats.Further)
	return y
}

// drop takes a packet that the sensor did not let through.
func (c *converter) drop(e *event) {
	x := c.conn(e)
	x.see(e, e.direction != towardsClient, false)
	if !x.done {
		d := &x.dropped[1]
		if x.fromInitiator(e) {
			d = &x.dropped[0]
		}
		d.packets++
		d.bytes += e.drop.length
		x.owes = true
	}
	c.settle(x)
}

// protocol takes a line of which only the protocol's name and the hosts matter.
func (c *converter) protocol(e *event) {
	x := c.conn(e)
	x.see(e, e.direction != towardsClient, e.kind != kindMDNS)
	x.set(&x.host, e.smb.host, maxName)
	x.owes = x.owes || !x.done
	if x.id == 0 && e.kind == kindDHCP {
		return // a broadcast that no flow belongs to
	}
	c.settle(x)
}
