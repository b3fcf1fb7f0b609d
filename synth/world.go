package synth

import "fmt"

type uuid [16]byte

// world is everything the metadata names: what events draw their numbers from.
type world struct {
	devices    []device
	zones      []uuid
	interfaces []uuid
	policies   []policy
	prefilter  uuid
	tunnelRule uuid
	ipsPolicy  [3]uuid // intrusion policies
	analysis   [2]uuid // network analysis policies
	filePolicy [2]uuid
	tlsPolicy  [2]uuid
	sinkholes  [2]uuid
	contexts   [2]uuid
	clouds     [2]uuid
	rules      []intrusionRule
	systems    []uuid
	users      []user
	files      []knownFile
	certs      []certificate
	sites      [][]byte // host names
	serviceOf  []uint8  // indices of services, as often as they shall be drawn
	userAgents [][]byte
	processes  [][]byte
	attributes [][]byte
	vrfs       [][]byte
	fileNames  [][]byte
	threats    [][]byte
}

type device struct {
	id   uint32
	name []byte
}

type policy struct {
	uuid  uuid
	name  string
	rules []uint32 // ids; the names are those of ruleTemplates
}

type intrusionRule struct {
	generator, sid, revision uint32
	class                    int // index of classifications
	message                  []byte
	uuid, revisionUUID       uuid
}

type user struct {
	id                              uint32
	name, given, surname, email     []byte
	department, phone, reported, os []byte
}

type knownFile struct {
	sha    [32]byte
	hex    []byte
	index  int // of fileNames and fileTypeNames
	threat int // index of threatNames, -1 for a harmless file
}

type certificate struct {
	fingerprint [20]byte
	site        int // index of world.sites
}

const (
	rulesPerPolicy = 12
	firstRule      = 268435456 // as servers number access control rules
	firstList      = 1048576   // likewise Security Intelligence lists
	firstUser      = 1000
	firstSID       = 19000
)

func (g *Generator) uuid() (u uuid) {
	g.random(u[:])
	u[6] = u[6]&0x0f | 0x40 // a random UUID, RFC 9562 version 4
	u[8] = u[8]&0x3f | 0x80
	return u
}

func texts(list []string) [][]byte {
	out := make([][]byte, len(list))
	for i, s := range list {
		out[i] = []byte(s)
	}
	return out
}

// build invents the world; g supplies the random numbers.
func (w *world) build(g *Generator) {
	fill := func(list []uuid) {
		for i := range list {
			list[i] = g.uuid()
		}
	}
	for i, name := range deviceNames {
		w.devices = append(w.devices, device{uint32(i + 1), []byte(name)})
	}
	w.zones, w.interfaces = make([]uuid, len(zoneNames)), make([]uuid, len(interfaceNames))
	w.systems = make([]uuid, len(systems))
	for _, list := range [][]uuid{w.zones, w.interfaces, w.systems, w.ipsPolicy[:], w.analysis[:], w.filePolicy[:],
		w.tlsPolicy[:], w.sinkholes[:], w.contexts[:], w.clouds[:]} {
		fill(list)
	}
	w.prefilter, w.tunnelRule = g.uuid(), g.uuid()
	for i, name := range policyNames {
		p := policy{uuid: g.uuid(), name: name}
		for k := range rulesPerPolicy {
			p.rules = append(p.rules, uint32(firstRule+i*1000+k))
		}
		w.policies = append(w.policies, p)
	}
	for i := range 400 {
		w.rules = append(w.rules, intrusionRule{
			generator: 1, sid: uint32(firstSID + i*7), revision: uint32(g.between(1, 9)), class: g.below(len(classifications)),
			message: fmt.Appendf(nil, "%s %s %s", ruleGroups[g.below(len(ruleGroups))], ruleSubjects[g.below(len(ruleSubjects))], ruleActs[g.below(len(ruleActs))]),
			uuid:    g.uuid(), revisionUUID: g.uuid(),
		})
	}
	for i := range 200 {
		given, sur := givenName[g.below(len(givenName))], surname[g.below(len(surname))]
		w.users = append(w.users, user{
			id: uint32(firstUser + i), name: fmt.Appendf(nil, "%s.%s%d", given, sur, i), given: []byte(given), surname: []byte(sur),
			email: fmt.Appendf(nil, "user%d@corp.example", i), department: []byte([]string{"R&D | Labs", "Sales", "Operations", ""}[g.below(4)]),
			phone: fmt.Appendf(nil, "+1 555=0%03d", i), reported: []byte([]string{"dc1.corp.example", "ise-1"}[g.below(2)]),
			os: []byte([]string{"Windows 11 \"Pro\"", "macOS 14", "Linux 6.1"}[g.below(3)]),
		})
	}
	for i := range 120 {
		f := knownFile{index: g.below(len(fileNames)), threat: -1}
		if i%3 == 0 {
			f.threat = g.below(len(threatNames))
		}
		g.random(f.sha[:])
		f.hex = fmt.Appendf(nil, "%x", f.sha)
		w.files = append(w.files, f)
	}
	for range 300 {
		w.sites = append(w.sites, fmt.Appendf(nil, "%s.%s-%s.%s", hostWords[g.below(len(hostWords))], siteWords[g.below(len(siteWords))],
			siteWords[g.below(len(siteWords))], tlds[g.below(len(tlds))]))
	}
	for range 30 {
		c := certificate{site: g.below(len(w.sites))}
		g.random(c.fingerprint[:])
		w.certs = append(w.certs, c)
	}
	for i, s := range services {
		for range s.weight {
			w.serviceOf = append(w.serviceOf, uint8(i))
		}
	}
	w.userAgents, w.processes, w.attributes = texts(userAgents), texts(processNames), texts(attributeNames)
	w.vrfs, w.fileNames, w.threats = texts(vrfNames), texts(fileNames), texts(threatNames)
}
