package eve

import (
	"bytes"
	"strconv"

	"estream/source/sensor"
)

// connection makes the connection event of a conn; totals is the flow event that
// ends it, nil if there is none.
func (c *converter) connection(x *conn, totals *flow) {
	if c.quiet {
		return
	}
	f := &c.forms.connection
	f.Reset()
	c.who(x)
	c.volume(x, totals)
	c.outcome(x)
	c.web(x)
	c.names(x)
	c.attributes(x)
	c.stats.Connections++
	c.enc.Append(f)
}

// who says who talked to whom, and where it was seen.
func (c *converter) who(x *conn) {
	f := &c.forms.connection
	f.SetUint(c.forms.headerDevice, uint64(c.enc.DeviceID()))
	initiator := sensor.Address(x.initiator)
	f.Num(cnHasIPv6, 1)
	f.Num(cnType, 1003)
	f.Num(cnSubtype, 1)
	f.UUID(cnHost, initiator)
	f.Num(cnDevice, uint64(c.enc.DeviceID()))
	f.UUID(cnInitiator, initiator)
	f.UUID(cnResponder, sensor.Address(x.responder))
	f.Num(cnInitiatorPort, uint64(x.initiatorPort))
	f.Num(cnResponderPort, uint64(x.responderPort))
	f.Num(cnProtocol, uint64(x.proto))
	f.Num(cnTCPFlag, uint64(x.tcpFlags))
	f.Num(cnVLAN, uint64(x.vlan))
	instance, counter := connectionNumber(x.id)
	f.Num(cnInstance, uint64(instance))
	f.Num(cnCounter, uint64(counter))
	ingress := c.iface(x.text(x.iface))
	if ingress == [16]byte{} {
		ingress = c.forms.ingress
	}
	f.UUID(cnIngress, ingress)
	f.UUID(cnEgress, c.forms.egress)
	f.UUID(cnIngressZone, c.forms.ingressZone)
	f.UUID(cnEgressZone, c.forms.egressZone)
}

// volume says when and how much.
func (c *converter) volume(x *conn, totals *flow) {
	f := &c.forms.connection
	first, last := x.start, x.last
	var out, in counters
	if totals != nil {
		out, in = totals.toServer, totals.toClient
		if totals.end != (stamp{}) {
			last = totals.end
		}
	} else {
		out, in = x.sides[0].counters, x.sides[1].counters
		for i := range x.sides {
			s := &x.sides[i]
			if s.start != (stamp{}) && (first == (stamp{}) || s.start.before(first)) {
				first = s.start
			}
		}
		if x.sides[0].seen || x.sides[1].seen {
			last = x.sides[0].end
			if last.before(x.sides[1].end) {
				last = x.sides[1].end
			}
		}
	}
	if first == (stamp{}) {
		first = x.first
	}
	f.Num(cnSecond, uint64(last.sec))
	f.Num(cnMicrosecond, uint64(last.usec))
	f.Num(cnFirst, uint64(first.sec))
	f.Num(cnLast, uint64(last.sec))
	f.Num(cnInitiatorPackets, out.packets)
	f.Num(cnInitiatorBytes, out.bytes)
	f.Num(cnResponderPackets, in.packets)
	f.Num(cnResponderBytes, in.bytes)
	f.Num(cnInitiatorDropped, x.dropped[0].packets)
	f.Num(cnInitiatorBytesDropped, x.dropped[0].bytes)
	f.Num(cnResponderDropped, x.dropped[1].packets)
	f.Num(cnResponderBytesDropped, x.dropped[1].bytes)
	f.Num(cnFiles, uint64(x.files))
	f.Num(cnIntrusions, uint64(x.alerts))
}

// outcome says what became of the connection. A sensor has no access control; what
// it blocks, it blocks because of a rule.
func (c *converter) outcome(x *conn) {
	f := &c.forms.connection
	a := &actions[x.verdict]
	c.enc.Name(sensor.RecordRuleAction, a.id, a.name)
	f.Num(cnAction, uint64(a.id))
	switch {
	case x.verdict >= dropped:
		c.reason(reasonBlock, "Intrusion Block")
		f.Num(cnReason, reasonBlock)
	case x.alerts > 0:
		c.reason(reasonMonitor, "Intrusion Monitor")
		f.Num(cnReason, reasonMonitor)
	}
}

// web says what HTTP and TLS showed.
func (c *converter) web(x *conn) {
	f := &c.forms.connection
	agent := x.text(x.tls.agent)
	if h := &x.http; h.present {
		agent = x.text(h.agent)
		f.TextBytes(cnReferenced, x.text(h.host))
		f.TextBytes(cnReferrer, x.text(h.referrer))
		f.Num(cnHTTPResponse, uint64(h.status))
		f.UUID(cnOriginal, sensor.Address(h.client))
	}
	c.text = c.appendURL(c.text[:0], x)
	f.TextBytes(cnURL, c.text)
	f.TextBytes(cnAgent, agent)
	if len(agent) > 0 {
		name, version := product(agent)
		f.Num(cnClient, uint64(c.enc.Named(sensor.RecordClientApplication, name)))
		f.TextBytes(cnClientVersion, version)
	}
	if t := &x.tls; t.present {
		f.TextBytes(cnServerName, x.text(t.sni))
		if t.hasPrint {
			f.Data(cnFingerprint, t.fingerprint[:])
		}
		if t.version != 0 {
			c.tlsVersion(t.version)
			f.Num(cnTLSVersion, uint64(t.version))
		}
	}
}

// appendURL appends the URL that was asked for. Of TLS only the host is known.
func (c *converter) appendURL(dst []byte, x *conn) []byte {
	h := &x.http
	url, host := x.text(h.url), x.text(h.host)
	switch {
	case !h.present && x.tls.sni.n > 0:
		return append(append(dst, "https://"...), x.text(x.tls.sni)...)
	case !h.present, len(url) == 0 && len(host) == 0:
		return dst
	case bytes.Contains(url, []byte("://")):
		return append(dst, url...)
	}
	if x.tls.present || x.responderPort == 443 {
		dst = append(dst, "https://"...)
	} else {
		dst = append(dst, "http://"...)
	}
	if len(host) == 0 && x.responder.IsValid() {
		dst = x.responder.AppendTo(dst)
	} else {
		dst = append(dst, host...)
	}
	if h.port != 0 {
		dst = append(dst, ':')
		dst = strconv.AppendUint(dst, uint64(h.port), 10)
	}
	if len(url) > 0 && url[0] != '/' {
		dst = append(dst, '/')
	}
	return append(dst, url...)
}

// names says what is known by name: the application protocol, the question to the
// DNS, the client's own name.
func (c *converter) names(x *conn) {
	f := &c.forms.connection
	f.Num(cnApplication, uint64(c.application(x.text(x.app), x.responderPort)))
	f.TextBytes(cnNetBIOS, x.text(x.host))
	if x.dnsCount == 0 {
		return
	}
	d := &x.dns[0]
	f.TextBytes(cnDNSQuery, x.text(d.name))
	f.Num(cnDNSType, uint64(d.typ))
	c.dnsName(320, d.typ)
	if d.answered {
		f.Num(cnDNSResponse, uint64(d.rcode))
		f.Num(cnDNSTTL, uint64(d.ttl))
		c.dnsName(321, d.rcode)
	}
}

// attributes keeps the numbers by which the flow is found in Suricata's own logs
// and in those of other tools. No field of the protocol is made for them; dynamic
// attributes are words that somebody attached to an address.
func (c *converter) attributes(x *conn) {
	c.text = c.text[:0]
	if x.id != 0 {
		c.text = strconv.AppendUint(append(c.text, "flow_id="...), x.id, 10)
	}
	if x.community.n > 0 {
		if len(c.text) > 0 {
			c.text = append(c.text, ',')
		}
		c.text = append(append(c.text, "community_id="...), x.text(x.community)...)
	}
	c.forms.connection.TextBytes(cnAttributes, c.text)
}

// application returns the number of an application protocol and says its name.
func (c *converter) application(app []byte, serverPort uint16) uint32 {
	if len(app) == 0 {
		return 0
	}
	c.name = appendAppName(c.name[:0], app, serverPort)
	return c.enc.Named(sensor.RecordServerApplication, c.name)
}

// connectionNumber returns the instance and counter that stand for a flow number
// in the events of the flow. Together with the second in which it began they tell
// connections apart.
func connectionNumber(flowID uint64) (instance, counter uint16) {
	h := flowID
	h ^= h >> 33
	h *= 0xff51afd7ed558ccd
	h ^= h >> 33
	h *= 0xc4ceb9fe1a85ec53
	h ^= h >> 33
	return uint16(h >> 16), uint16(h)
}
