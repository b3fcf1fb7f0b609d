package synth

// A flow is what the records about one connection have in common: who talked to
// whom, how, and what access control made of it. Every event draws its own.
type flow struct {
	device   *device
	instance uint64
	counter  uint64
	second   uint32 // of the event, at most one before its archive second
	usec     uint32
	first    uint32 // second of the first packet

	v6                   bool
	initiator, responder [16]byte
	client               *user  // who sits at the initiator
	userID               uint64 // 0 when the server does not know that
	mac                  [6]byte
	initiatorPort        uint64
	responderPort        uint64
	initiatorCountry     uint64
	responderCountry     uint64

	service               *service
	serviceID             uint64
	clientApp, webApp     uint64
	policy                *policy
	rule                  int // index of policy.rules and ruleTemplates
	reason                uint64
	ingress, egress       *uuid // interfaces
	ingressZone, egrZone  *uuid
	packetsOut, packetsIn uint64

	site     []byte // host name of the responder
	url      []byte // of web connections
	path     []byte // the part of url after the host
	category uint64 // of the URL
	cert     *certificate
	listed   bool // Security Intelligence matched

	eventType, eventSubtype uint64 // of the discovery header
}

const (
	instances = 64
	// flowLanes is the number of pairs of device and instance, each of which
	// counts its connections with 16 bits. A counter repeats after 512 * 65536
	// flows, which at MaxEventsPerSecond is later than maxDuration: so device,
	// instance, counter and first second are unique.
	flowLanes   = instances * 8 // 8: devices
	maxDuration = 31            // seconds, of a connection
	stride      = 331           // odd: spreads flows over the lanes without a pattern
)

// drawFlow makes a new connection with unique device, instance, counter and
// first second.
func (g *Generator) drawFlow() {
	f, w := &g.flow, &g.world
	lane := int(g.flows * stride % flowLanes)
	f.device = &w.devices[lane%len(w.devices)]
	f.instance = uint64(lane/len(w.devices)) + 1
	f.counter = g.flows / flowLanes & 0xffff
	g.flows++

	r := g.bits64()
	f.second = g.second - uint32(r&7/7) // one in eight was a second on its way
	f.usec = uint32(r >> 8 % 1_000_000)
	f.first = f.second - uint32(g.skewed(maxDuration-1))

	f.service = &services[w.serviceOf[g.below(len(w.serviceOf))]]
	f.serviceID = g.orUnknown(uint64(f.service.id))
	g.drawEnds(f)
	g.drawAccess(f)
	g.drawApplication(f)
	f.packetsOut = 1 + g.skewed(4000)
	f.packetsIn = f.packetsOut + g.skewed(8000)
}

// orUnknown returns id, and one time in 250 a number that no metadata names.
func (g *Generator) orUnknown(id uint64) uint64 {
	if g.chance(4) {
		return 90_000_000 + id
	}
	return id
}

// drawEnds draws the two hosts and ports.
func (g *Generator) drawEnds(f *flow) {
	w := &g.world
	n := g.below(len(w.users))
	f.client = &w.users[n]
	f.userID = g.orUnknown(uint64(f.client.id))
	r := g.bits64()
	if r&3 == 0 {
		f.userID = 0
	}
	f.v6 = r>>10&3 == 0
	// The client's address follows from its number, as with static leases.
	lease := byte(r >> 12 & 3)
	f.mac = [6]byte{0x02, 0x1b, 0x21, lease, byte(n >> 8), byte(n)} // locally administered
	f.initiatorCountry, f.responderCountry = 0, 0
	outside := r>>14&3 != 0
	if f.v6 {
		f.initiator = [16]byte{0x20, 0x01, 0x0d, 0xb8, 0, byte(f.device.id), 14: byte(n>>8) | lease<<4, 15: byte(n)} // documentation prefix
		f.responder = [16]byte{0x20, 0x01, 0x0d, 0xb8, 0xff, byte(r >> 16), byte(r >> 24), byte(r >> 32), 14: byte(r >> 40), 15: byte(r >> 48)}
	} else {
		f.initiator = [16]byte{10: 0xff, 11: 0xff, 12: 10, 13: byte(f.device.id)<<4 | lease, 14: byte(n >> 8), 15: byte(n)}
		f.responder = [16]byte{10: 0xff, 11: 0xff, 12: 10, 13: 200, 14: byte(r >> 16), 15: byte(r >> 24)}
		if outside {
			copy(f.responder[12:], []byte{198, 18 | byte(r>>16&1), byte(r >> 24), byte(r >> 32)}) // benchmarking range, RFC 2544
		}
	}
	if outside {
		f.responderCountry = g.orUnknown(uint64(countryNames[g.below(len(countryNames))].id)) & 0xffff
	}
	f.initiatorPort, f.responderPort = 1024+r>>48%64512, uint64(f.service.port)
	if f.service.protocol == 1 {
		f.initiatorPort, f.responderPort = 8, 0 // ICMP echo request: type and code
		if f.v6 {
			f.initiatorPort = 128
		}
	}
}

// drawAccess draws the policy, the rule that matched, and the way through the device.
func (g *Generator) drawAccess(f *flow) {
	w := &g.world
	f.policy = &w.policies[int(f.device.id)%len(w.policies)]
	f.rule = g.below(rulesPerPolicy)
	f.ingressZone, f.egrZone = &w.zones[g.below(len(w.zones))], &w.zones[g.below(len(w.zones))]
	f.ingress, f.egress = &w.interfaces[g.below(len(w.interfaces))], &w.interfaces[g.below(len(w.interfaces))]
	f.reason, f.listed = 0, false
	switch r := g.below(100); {
	case r < 3:
		f.listed, f.reason = true, 1
	case r < 6:
		f.reason = uint64(reasonNames[g.below(len(reasonNames))].id)
	}
}

// drawApplication draws client and web application, host name, URL and certificate.
func (g *Generator) drawApplication(f *flow) {
	w := &g.world
	f.site, f.url, f.path, f.cert, f.category, f.webApp = nil, f.url[:0], nil, nil, 0, 0
	if !f.service.web {
		f.clientApp = uint64(clientNames[g.below(len(clientNames))].id)
		if f.service.tls {
			f.cert = &w.certs[g.below(len(w.certs))]
			f.site = w.sites[f.cert.site]
		}
		return
	}
	f.clientApp = g.orUnknown(uint64(browserNames[g.below(len(browserNames))].id))
	f.webApp = g.orUnknown(uint64(webNames[g.below(len(webNames))].id))
	f.category = g.orUnknown(uint64(urlCategoryNames[g.below(len(urlCategoryNames))].id))
	f.site = w.sites[g.below(len(w.sites))]
	scheme := "http://"
	if f.service.tls {
		scheme = "https://"
		f.cert = &w.certs[g.below(len(w.certs))]
	}
	f.url = append(append(f.url, scheme...), f.site...)
	at := len(f.url)
	f.url = append(f.url, '/')
	// Without decryption only the host is known.
	if !f.service.tls || g.chance(250) {
		f.url = g.appendPath(f.url)
	}
	f.path = f.url[at:]
}

// appendPath appends path segments and, half of the time, a query.
func (g *Generator) appendPath(dst []byte) []byte {
	const hex = "0123456789abcdef"
	for range g.between(1, 5) {
		dst = append(append(dst, pathWords[g.below(len(pathWords))]...), '/')
	}
	if g.chance(500) {
		dst = append(append(dst, '?'), pathWords[g.below(len(pathWords))]...)
		dst = append(dst, '=')
		for r, n := g.bits64(), g.skewed(120); n > 0; n-- {
			dst = append(dst, hex[r&15])
			if r >>= 4; r == 0 {
				r = g.bits64()
			}
		}
	}
	return dst
}
