package eve

// dns takes a question or an answer. The first question of a flow goes into its
// connection event, each further one gets an event of its own when it is answered
// or the flow ends.
func (c *converter) dns(e *event) {
	x := c.conn(e)
	d := &e.dns
	// Some releases write answers in the direction of the packet, some in that of
	// the flow.
	toClient := d.answer && e.srcPort == 53 && e.dstPort != 53
	x.see(e, !toClient, !d.answer || toClient || e.dstPort == 53)
	if x.done {
		y := c.branch(x, e)
		y.dnsCount = 1
		y.fillDNS(&y.dns[0], d)
		c.connection(y, nil)
		c.settle(x)
		return
	}
	x.owes = true
	p := x.question(d)
	if p == nil {
		if x.dnsCount == maxDNS {
			c.question(x, 0)
			x.dropDNS(0)
		}
		p = &x.dns[x.dnsCount]
		*p = dnsPart{}
		x.dnsCount++
	}
	if !p.answered {
		x.fillDNS(p, d)
		p.at = e.time
	}
	if p.answered && x.id != 0 {
		c.answered(x)
	}
	c.settle(x)
}

// question returns the part of the conn that a line belongs to, nil for none. An
// answer that comes in several lines belongs to one part.
func (c *conn) question(d *dns) *dnsPart {
	for i := range c.dns[:c.dnsCount] {
		if p := &c.dns[i]; p.id == d.id && (d.answer || string(c.text(p.name)) == string(cut(d.name, maxName))) {
			return p
		}
	}
	return nil
}

func (c *conn) fillDNS(p *dnsPart, d *dns) {
	p.id = d.id
	c.set(&p.name, d.name, maxName)
	if typ, _ := lookup(dnsTypes, d.typ); typ != 0 {
		p.typ = typ
	}
	if d.answer {
		p.answered = true
		p.rcode, _ = lookup(dnsCodes, d.rcode)
		p.ttl = d.ttl
	}
}

// dropDNS forgets a part.
func (c *conn) dropDNS(i int) {
	copy(c.dns[i:], c.dns[i+1:c.dnsCount])
	c.dnsCount--
	c.dns[c.dnsCount] = dnsPart{}
}

// answered makes the events of the questions but the first that were answered
// before the newest one: more lines of the newest answer may come.
func (c *converter) answered(x *conn) {
	for i := 1; i < int(x.dnsCount)-1; {
		if !x.dns[i].answered {
			i++
			continue
		}
		c.question(x, i)
		x.dropDNS(i)
	}
}

// questions makes events for the questions of a conn from the i-th on.
func (c *converter) questions(x *conn, i int) {
	for ; i < int(x.dnsCount); i++ {
		c.question(x, i)
	}
}

// question makes the event of one question.
func (c *converter) question(x *conn, i int) {
	if x == &c.spare {
		return // it has one question, which its own event says
	}
	p := x.dns[i]
	y := c.branch(x, &c.ev)
	y.first, y.last = p.at, p.at
	y.dnsCount = 1
	y.dns[0] = p
	y.dns[0].name = span{}
	y.set(&y.dns[0].name, x.text(p.name), maxName)
	c.connection(y, nil)
}
