package eve

import (
	"strconv"

	"estream/source/sensor"
)

// Types of extra data beyond Snort's. Record 111 names them.
const (
	extraFlowID      = 1001
	extraCommunityID = 1002
)

// Generators of events that come from no rule. Decoder and stream have Snort's
// numbers; parsers of application protocols have one of ours.
const (
	generatorDecoder = 116
	generatorStream  = 129
	generatorParser  = 3001
)

// alert makes an intrusion event, its packet and its extra data.
func (c *converter) alert(e *event) {
	x := c.conn(e)
	c.involve(x, e)
	x.alerts = count(x.alerts)
	c.borrow(x, e)
	defer c.settle(x)
	if c.quiet {
		return
	}
	a := &e.alert
	c.stats.Alerts++
	c.rule(a)
	c.intrusion(x, e, a.gid, a.sid, a.rev, a.severity, c.enc.ClassificationNamed(a.category))
}

// anomaly makes an intrusion event of what Suricata found odd, as Snort's decoder
// and stream preprocessor report such things. The name of the anomaly stands for a
// rule; its number is derived from the name.
func (c *converter) anomaly(e *event) {
	x := c.conn(e)
	c.involve(x, e)
	defer c.settle(x)
	if c.quiet {
		return
	}
	generator := uint32(generatorParser)
	switch string(e.anomaly.typ) {
	case "decode":
		generator = generatorDecoder
	case "stream":
		generator = generatorStream
	}
	name := e.anomaly.event
	if len(name) == 0 {
		name = unnamed
	}
	c.stats.Anomalies++
	sid := sensor.DeriveID(name)
	c.text = append(append(c.text[:0], "Suricata anomaly: "...), cut(name, maxName)...)
	c.enc.Rule(generator, sid, 1, c.text)
	c.intrusion(x, e, generator, sid, 1, 3, c.enc.ClassificationNamed(anomalyClass))
}

var (
	unnamed = []byte("unnamed")
	// anomalyClass is the description of the classification of decoder rules.
	anomalyClass = []byte("Generic Protocol Command Decode")
)

// involve notes a line whose addresses are those of a packet, in the flow's own
// direction where the line tells it.
func (c *converter) involve(x *conn, e *event) {
	if f := &e.flow; f.src.IsValid() && e.src.IsValid() {
		x.see(e, f.src == e.src && (f.srcPort == e.srcPort || e.icmp), true)
		return
	}
	x.see(e, e.direction != towardsClient, e.direction != towardsUnknown)
}

// borrow takes over what a line of another type says about HTTP and TLS, until the
// protocol's own line comes. Where those are not logged it is all there is.
func (c *converter) borrow(x *conn, e *event) {
	if x.done {
		return
	}
	if e.http.present && !x.http.present {
		x.setHTTP(&e.http)
		x.weakHTTP = true
	}
	if e.tls.present && !x.tls.present {
		x.setTLS(&e.tls)
		x.weakTLS = true
	}
}

func count(n uint16) uint16 {
	if n == 1<<16-1 {
		return n
	}
	return n + 1
}

// intrusion makes the records of an event: first the event, then what belongs to it.
func (c *converter) intrusion(x *conn, e *event, gid, sid, rev, priority, class uint32) {
	c.eventID++
	v := &c.event
	*v = sensor.Intrusion{
		EventID: c.eventID, Second: uint32(e.time.sec), Microsecond: e.time.usec,
		GeneratorID: gid, SignatureID: sid, Revision: rev, ClassificationID: class, Priority: priority,
		Source: sensor.Address(e.src), Destination: sensor.Address(e.dst), SourcePort: e.srcPort, DestinationPort: e.dstPort,
		Protocol: e.proto, VLAN: e.vlan, Impact: sensor.ImpactUnknown,
		Ingress:          c.iface(e.iface),
		ConnectionSecond: uint32(x.start.sec),
		HTTPResponse:     uint32(e.http.status), HTTPHost: e.http.host, HTTPURI: e.http.url,
		SMTPFrom: e.smtp.from, SMTPHeaders: c.headers(e),
	}
	if e.icmp {
		v.SourcePort, v.DestinationPort = uint16(e.icmpType), uint16(e.icmpCode)
	}
	if e.flowID != 0 {
		v.ConnectionInstance, v.ConnectionNumber = connectionNumber(e.flowID)
	}
	// A sensor that does not drop says "allowed" for every rule, so what would have
	// been dropped cannot be told from what would not.
	if e.alert.blocked || e.verdict >= dropped {
		v.Blocked, v.ImpactFlags = sensor.Blocked, sensor.ImpactDropped
	}
	client := firstAddr(e.alert.xff)
	if !client.IsValid() {
		client = firstAddr(e.http.xff)
	}
	v.OriginalClient = sensor.Address(client)
	serverPort := e.dstPort
	if x.oriented {
		serverPort = x.responderPort
	}
	v.Application = c.application(e.app, serverPort)
	if len(e.http.agent) > 0 {
		name, _ := product(e.http.agent)
		v.ClientApplication = c.enc.Named(sensor.RecordClientApplication, name)
	}
	c.to, c.files = joined(c.to[:0], e.smtp.to.all()), joined(c.files[:0], e.smtp.files.all())
	v.SMTPTo, v.Mime = c.to, c.files
	c.enc.Intrusion(v)
	c.packets(e)

	c.extra(sensor.ExtraHTTPURI, v.HTTPURI)
	c.extra(sensor.ExtraHTTPHost, v.HTTPHost)
	if client.Is4() {
		c.extra(sensor.ExtraClientIPv4, v.OriginalClient[12:])
	} else if client.IsValid() {
		c.extra(sensor.ExtraClientIPv6, v.OriginalClient[:])
	}
	c.extra(sensor.ExtraSMTPFrom, v.SMTPFrom)
	c.extra(sensor.ExtraSMTPTo, v.SMTPTo)
	c.extra(sensor.ExtraSMTPFile, v.Mime)
	c.extra(sensor.ExtraSMTPHeaders, v.SMTPHeaders)
	if e.flowID != 0 {
		c.text = strconv.AppendUint(c.text[:0], e.flowID, 10)
		c.ownExtra(extraFlowID, "Flow id", c.text)
	}
	if len(e.community) > 0 {
		c.ownExtra(extraCommunityID, "Community id", cut(e.community, maxShort))
	}
}

// headers returns the one header of a mail that Suricata logs.
func (c *converter) headers(e *event) []byte {
	if len(e.smtp.subject) == 0 {
		return nil
	}
	c.mail = append(append(c.mail[:0], "Subject: "...), e.smtp.subject...)
	return c.mail
}

// joined appends texts with commas between them.
func joined(dst []byte, list [][]byte) []byte {
	for i, s := range list {
		if i > 0 {
			dst = append(dst, ", "...)
		}
		dst = append(dst, s...)
	}
	return dst
}

// packets adds the packet of an event. Where the payload is no part of it (a
// reassembled stream, or no packet was logged) it follows as a packet without
// headers.
func (c *converter) packets(e *event) {
	p := sensor.Packet{
		EventID: c.eventID, EventSecond: uint32(e.time.sec), Second: uint32(e.time.sec), Microsecond: e.time.usec, LinkType: e.linkType,
	}
	if len(e.packet) > 0 {
		if !e.hasLinkType {
			p.LinkType = linkEthernet
		}
		c.packet(&p, e.packet)
	}
	if len(e.payload) > 0 && (e.stream || len(e.packet) == 0) {
		p.LinkType = sensor.LinkTypePayload
		c.packet(&p, e.payload)
	}
}

// linkEthernet is the link type of packets that are logged without one, as by
// releases before 4.
const linkEthernet = 1

func (c *converter) packet(p *sensor.Packet, text []byte) {
	if p.Data = c.decode(text); p.Data == nil {
		c.stats.BadPackets++
		return
	}
	c.enc.Packet(p)
}

// extra adds extra data of the present event, if there is any.
func (c *converter) extra(typ uint32, data []byte) {
	if len(data) == 0 {
		return
	}
	c.enc.ExtraData(&sensor.ExtraData{EventID: c.eventID, EventSecond: c.event.Second, Type: typ, Data: cut(data, maxExtra)})
}

// ownExtra adds extra data of a type that only this source has, and names the type.
func (c *converter) ownExtra(typ uint32, name string, data []byte) {
	if c.say(saidKey{record: 111, a: typ}) {
		f := &c.forms.extraType
		f.Reset()
		f.Num(0, uint64(typ))
		f.Text(1, name)
		f.Text(2, "String")
		c.metadata(f)
	}
	f := &c.forms.extra
	f.Reset()
	f.Num(0, uint64(c.enc.DeviceID()))
	f.Num(1, uint64(c.eventID))
	f.Num(2, uint64(c.event.Second))
	f.Num(3, uint64(typ))
	f.Data(4, data)
	c.enc.Append(f)
}

// maxExtra bounds the extra data of one kind, in bytes.
const maxExtra = 4096
