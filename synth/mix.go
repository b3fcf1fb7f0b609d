package synth

import "estream/wire"

// The mix: of 9,500 events so many are drawn of each kind. On average 400 packets,
// extra data and impact alerts follow the intrusion events among them; with 100
// messages of repeated metadata that makes 10,000, so each is 1/100 of a percent.
const (
	weightIntrusion   = 400
	weightFile        = 170 // record 500
	weightFileMalware = 45  // record 502
	weightMalware     = 30  // record 125
	weightCorrelation = 45
	weightDiscovery   = 190
	weightUser        = 40
	weightVPN         = 40
	weightIOC         = 40
	weightOthers      = weightIntrusion + weightFile + weightFileMalware + weightMalware + weightCorrelation +
		weightDiscovery + weightUser + weightVPN + weightIOC
	weightConnection = 8500
	weightAll        = weightOthers + weightConnection
)

// A kind is a group of record types that are made in the same way.
type kind uint8

const (
	kindConnection kind = iota
	kindIntrusion
	kindFile
	kindFileMalware
	kindMalware
	kindCorrelation
	kindDiscovery
	kindUser
	kindVPN
	kindIOC
)

// kindOf holds the kind of each number below weightOthers.
var kindOf = func() (t [weightOthers]kind) {
	at := 0
	for _, w := range []struct {
		kind kind
		n    int
	}{
		{kindIntrusion, weightIntrusion}, {kindFile, weightFile}, {kindFileMalware, weightFileMalware},
		{kindMalware, weightMalware}, {kindCorrelation, weightCorrelation}, {kindDiscovery, weightDiscovery},
		{kindUser, weightUser}, {kindVPN, weightVPN}, {kindIOC, weightIOC},
	} {
		for range w.n {
			t[at] = w.kind
			at++
		}
	}
	return t
}()

// next appends one message of the mix.
func (g *Generator) next(dst []byte) []byte {
	if g.intrusion.follow != 0 {
		return g.followUp(dst)
	}
	if g.again != 0 && g.chance32(g.again) {
		if m := g.meta.repeat(g); m != nil {
			return g.meta.append(dst, m, g.second)
		}
	}
	g.sequence++
	k := kindConnection
	if n := g.below(weightAll); n < weightOthers {
		k = kindOf[n]
	}
	r := &g.recipes
	switch k {
	case kindConnection:
		g.drawFlow()
		return g.append(dst, &r.connection[r.connectionBlock(g.below(100))])
	case kindIntrusion:
		g.drawFlow()
		g.drawIntrusion()
		return g.append(dst, &r.intrusion)
	case kindFile:
		g.drawFlow()
		g.drawFile(false)
		return g.append(dst, &r.file)
	case kindFileMalware:
		g.drawFlow()
		g.drawFile(true)
		return g.append(dst, &r.fileMalware)
	case kindMalware:
		g.drawFlow()
		g.drawFile(true)
		return g.append(dst, &r.malware)
	case kindCorrelation:
		g.drawFlow()
		g.drawIntrusion()
		g.intrusion.follow = 0
		return g.append(dst, &r.correlation)
	case kindUser:
		g.drawFlow()
		g.drawLogin()
		return g.append(dst, &r.user[g.below(len(r.user))])
	case kindVPN:
		g.drawFlow()
		g.drawLogin()
		return g.append(dst, &r.vpn[g.below(len(r.vpn))])
	case kindIOC:
		g.drawFlow()
		g.drawHost()
		return g.append(dst, &r.ioc)
	default:
		g.drawFlow()
		g.drawHost()
		return g.append(dst, &r.discovery[r.discoveryOf[g.below(len(r.discoveryOf))]])
	}
}

// append sets the fields of one record and appends it.
func (g *Generator) append(dst []byte, r *recipe) []byte {
	g.flow.eventType, g.flow.eventSubtype = r.eventType, r.eventSubtype
	b := r.builder
	b.Reset()
	for i := range r.steps {
		s := &r.steps[i]
		switch {
		case s.list:
			g.listing = g.nested.appendValue(g.listing[:0], r.set, s.field, 1)
			b.SetBytes(s.slot, g.listing)
		case s.value.number != nil:
			b.SetUint(s.slot, s.value.number(g))
		default:
			p := s.value.bytes(g)
			if s.field.Size > 0 && len(p) > s.field.Size {
				p = p[len(p)-s.field.Size:] // an IPv4 address out of its mapped form
			}
			b.SetBytes(s.slot, p)
		}
	}
	return b.AppendMessage(dst, wire.RecordHeader{Extended: true, ArchiveTimestamp: g.second})
}
