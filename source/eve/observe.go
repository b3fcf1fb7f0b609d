package eve

import (
	"bytes"
	"hash/maphash"
	"net/netip"

	"estream/hosts"
)

// sightings remembers what the network map was told a short while ago: most lines
// of a network say nothing new about its hosts.
type sightings struct {
	of     hosts.Observation
	key    []byte
	seed   maphash.Seed
	recent map[uint64]int64 // hash of what was said -> clock
	tell   func(dst []byte) (out []byte, count int)
}

const (
	// tellAgain is after how many seconds the same thing is said again, so that the
	// map, which may have forgotten the host, keeps up.
	tellAgain = 600
	// maxRecent bounds what is remembered.
	maxRecent = 1 << 16
)

// observe tells the network map what a line says about hosts.
func (c *converter) observe(e *event) {
	switch e.kind {
	case kindFlow:
		c.sawFlow(e)
	case kindHTTP:
		c.sawHTTP(e)
	case kindDNS, kindMDNS:
		c.sawDNS(e)
	case kindSSH:
		c.sawSSH(e)
	case kindSMB:
		c.sawSMB(e)
	case kindKrb5:
		c.sawKerberos(e)
	case kindDHCP:
		c.sawDHCP(e)
	case kindRDP:
		c.sawRDP(e)
	case kindTLS, kindQUIC, kindProtocol, kindSMTP:
		c.service(e, nil, nil, nil)
	}
}

// see starts an observation of a host. Which hosts matter is the map's decision.
func (c *converter) see(e *event, host netip.Addr) (*hosts.Observation, bool) {
	o := &c.seen.of
	*o = hosts.Observation{Time: e.time.moment(), Host: host, Source: o.Source, Known: o.Known, Archive: c.enc.Archive()}
	return o, host.IsValid()
}

// news reports whether something has not been said about a host lately. what and
// parts are what the observation will say.
func (c *converter) news(host netip.Addr, what byte, port uint16, parts ...[]byte) bool {
	s := &c.seen
	a := host.As16()
	s.key = append(append(s.key[:0], a[:]...), what, byte(port>>8), byte(port))
	for _, p := range parts {
		s.key = append(append(s.key, p...), 0)
	}
	h := maphash.Bytes(s.seed, s.key)
	now := c.table.clock
	if last, ok := s.recent[h]; ok && now-last < tellAgain && now >= last {
		return false
	}
	if len(s.recent) >= maxRecent {
		clear(s.recent)
	}
	s.recent[h] = now
	return true
}

// send hands the observation to the network map.
func (c *converter) send() {
	c.enc.AppendFunc(c.seen.tell)
}

// What an observation is about, for news.
const (
	sawHost byte = iota
	sawService
	sawClient
	sawName
	sawUser
	sawOS
	sawLease
	sawAgent
)

// service: the responder of a line serves the protocol of the line.
func (c *converter) service(e *event, vendor, version, banner []byte) {
	if e.proto != protoTCP && e.proto != protoUDP || e.dstPort == 0 {
		return
	}
	if e.dns.present && e.dns.answer && e.srcPort == 53 {
		return // the line has the direction of the packet
	}
	c.name = c.name[:0]
	if len(e.app) > 0 {
		c.name = appendAppName(c.name, e.app, e.dstPort)
	}
	o, ok := c.see(e, e.dst)
	if !ok || !c.news(e.dst, sawService, e.dstPort, []byte{e.proto}, c.name, vendor, version) {
		return
	}
	o.Transport = e.proto
	o.Service = hosts.SeenService{
		Protocol: e.proto, Port: e.dstPort, Name: string(c.name), Vendor: string(vendor), Version: string(cut(version, maxName)), Banner: string(cut(banner, maxName)),
	}
	c.send()
}

// client: a program on the initiator of a line speaks the protocol of the line.
func (c *converter) client(e *event, name, version []byte) {
	if len(name) == 0 {
		return
	}
	o, ok := c.see(e, e.src)
	if !ok || !c.news(e.src, sawClient, 0, name, version) {
		return
	}
	c.name = appendAppName(c.name[:0], e.app, e.dstPort)
	o.Transport = e.proto
	o.Client = hosts.SeenClient{Name: string(name), Version: string(version), Protocol: string(c.name)}
	c.send()
}

// called: a host has a name. Sure names are those that the host gave itself; of
// others, of which a host may have many, the first counts.
func (c *converter) called(e *event, host netip.Addr, name []byte, sure bool) {
	name = bytes.TrimSuffix(name, dot)
	if len(name) == 0 || parseAddr(name).IsValid() {
		return
	}
	o, ok := c.see(e, host)
	if !ok {
		return
	}
	if sure && !c.news(host, sawName, 1, name) || !sure && !c.news(host, sawName, 0) {
		return
	}
	o.HostName = string(cut(name, maxName))
	c.send()
}

var dot = []byte(".")

// system: a host runs an operating system.
func (c *converter) system(e *event, host netip.Addr, os hosts.SeenOS) {
	if os.Name == "" {
		return
	}
	o, ok := c.see(e, host)
	if !ok || !c.news(host, sawOS, 0, []byte(os.Vendor), []byte(os.Name), []byte(os.Version)) {
		return
	}
	o.OS = os
	c.send()
}

// user: somebody uses a host.
func (c *converter) user(e *event, name, domain []byte) {
	if len(name) == 0 {
		return
	}
	o, ok := c.see(e, e.src)
	if !ok || !c.news(e.src, sawUser, 0, name, domain) {
		return
	}
	c.name = appendAppName(c.name[:0], e.app, e.dstPort)
	o.User = hosts.SeenUser{Name: string(cut(name, maxName)), Domain: string(cut(domain, maxName)), Protocol: string(c.name)}
	c.send()
}

// discover sets up the function that asks the network map for its messages. What
// an earlier run had made, and nobody took, is news again.
func (c *converter) discover(s *Source) {
	if s.Hosts == nil {
		return
	}
	s.Hosts.Forget()
	c.seen.seed, c.seen.recent = maphash.MakeSeed(), make(map[uint64]int64)
	c.seen.of = hosts.Observation{Source: s.Number, Known: s.Known}
	c.seen.tell = func(dst []byte) ([]byte, int) {
		out, n := c.hosts.Discover(c.enc.DeviceID(), &c.seen.of, dst)
		c.stats.Discovery += uint64(n)
		return out, n
	}
}
