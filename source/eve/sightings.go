package eve

import (
	"bytes"
	"net/netip"

	"estream/hosts"
)

// sawFlow: the initiator was there, and so was the responder if it answered. That
// it serves a port is certain if the protocol was recognised or it accepted the
// connection.
func (c *converter) sawFlow(e *event) {
	proto := []byte{e.proto}
	if o, ok := c.see(e, e.src); ok && c.news(e.src, sawHost, e.vlan, proto) {
		o.Transport, o.VLAN = e.proto, e.vlan
		c.send()
	}
	if e.flow.toClient.packets == 0 {
		return
	}
	o, ok := c.see(e, e.dst)
	if !ok {
		return
	}
	if c.news(e.dst, sawHost, e.vlan, proto) {
		o.Transport, o.VLAN = e.proto, e.vlan
		c.send()
	}
	const syn = 0x02
	if len(e.app) > 0 || e.proto == protoTCP && e.tcpBack&syn != 0 {
		c.service(e, nil, nil, nil)
	}
}

func (c *converter) sawHTTP(e *event) {
	h := &e.http
	name, version := product(h.agent)
	c.client(e, name, version)
	if len(h.agent) > 0 && c.news(e.src, sawAgent, 0, h.agent) {
		c.system(e, e.src, systemOfAgent(h.agent))
	}
	serverName, serverVersion := product(h.server)
	c.service(e, serverName, serverVersion, nil)
	// Of servers elsewhere the names are those of what they host.
	if local(e.dst) {
		c.called(e, e.dst, h.host, false)
	}
}

// sawDNS: what an answer says about an address is believed of our own.
func (c *converter) sawDNS(e *event) {
	if d := &e.dns; d.answer && d.address.IsValid() && local(d.address) && len(d.owner) > 0 {
		c.called(e, d.address, d.owner, false)
	}
	if e.kind == kindDNS {
		c.service(e, nil, nil, nil)
	}
}

// local reports whether an address is one that only its own network knows.
func local(a netip.Addr) bool { return a.IsPrivate() || a.IsLinkLocalUnicast() }

func (c *converter) sawSSH(e *event) {
	vendor, version := split(e.server.version)
	c.text = c.text[:0]
	if len(e.server.version) > 0 {
		c.text = append(append(c.text, "SSH-"...), e.server.proto...)
		c.text = append(append(c.text, '-'), e.server.version...)
	}
	c.service(e, vendor, version, c.text)
	c.system(e, e.dst, systemOfBanner(e.server.version))
	name, version := split(e.client.version)
	c.client(e, name, version)
	c.system(e, e.src, systemOfBanner(e.client.version))
}

// split separates "OpenSSH_8.9p1 Ubuntu-3" into name and version.
func split(software []byte) (name, version []byte) {
	name, version, _ = bytes.Cut(software, []byte("_"))
	return cut(name, maxShort), cut(version, maxShort)
}

func (c *converter) sawSMB(e *event) {
	m := &e.smb
	c.called(e, e.src, m.host, true)
	c.user(e, m.user, m.domain)
	c.system(e, e.src, hosts.SeenOS{Name: string(cut(m.clientOS, maxShort))})
	c.system(e, e.dst, hosts.SeenOS{Name: string(cut(m.serverOS, maxShort))})
	c.service(e, nil, m.serverLM, nil)
}

// sawKerberos: names that end in a dollar sign are those of machines.
func (c *converter) sawKerberos(e *event) {
	k := &e.krb5
	if machine, ok := bytes.CutSuffix(k.client, []byte("$")); ok {
		c.called(e, e.src, machine, true)
	} else if string(k.message) != "KRB_ERROR" {
		c.user(e, k.client, k.realm)
	}
	c.service(e, nil, nil, nil)
}

// sawDHCP: who gets an address acknowledged has it from now on.
func (c *converter) sawDHCP(e *event) {
	d := &e.dhcp
	host := d.assigned
	if !host.IsValid() || host.IsUnspecified() {
		host = d.client
	}
	if !d.ack || !host.IsValid() || host.IsUnspecified() {
		return
	}
	o, ok := c.see(e, host)
	if !ok || !c.news(host, sawLease, 0, d.mac[:], d.hostname) {
		return
	}
	o.MAC = d.mac
	o.HostName = string(cut(d.hostname, maxName))
	c.send()
}

func (c *converter) sawRDP(e *event) {
	c.called(e, e.src, e.rdp.name, true)
	if len(e.rdp.build) > 0 {
		c.system(e, e.src, hosts.SeenOS{Vendor: "Microsoft", Name: string(cut(e.rdp.build, maxShort))})
	}
	c.service(e, nil, nil, nil)
}
