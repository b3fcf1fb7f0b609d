package hosts

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"sync"

	"estream/wire"
)

// A generation is a version of the full host profile together with the versions of
// the blocks inside that are of its time.
type generation struct {
	ipv4 bool // its hosts have an IPv4 address and no other

	profile       form[Profile]
	address       form[SeenAddress]
	print         form[Fingerprint]
	mobile        form[Fingerprint]
	server        form[serverOf]
	identity      form[Identity]
	sub           form[SubServer]
	web           form[uint32]
	protocol      form[uint16]
	mac           form[MACAddress]
	client        form[Client]
	vulnerability form[Vulnerability]
	scan          form[Vulnerability]
	attribute     form[Attribute]
	ioc           form[IOC]
}

// A serverOf is a server with the profile that holds its vulnerabilities.
type serverOf struct {
	*Server
	of *Profile
}

// blockNumbers are the types of the blocks of a generation; 0 where it has none.
type blockNumbers struct {
	address, print, mobile, server, identity, sub, web, protocol, mac, client, vulnerability, scan, attribute, ioc uint32
}

// generationBlocks says by the block type of the profile what is inside. Sources:
// the elements of the lists in layouts/file.yaml; up to 92, where the layouts leave
// them open, the versions that the blocks of layouts/host.yaml carry in their names.
// That 47 holds 69 from 4.7 on is inferred: see Query.Block.
var generationBlocks = map[uint32]blockNumbers{
	47:  {server: 50, sub: 51, protocol: 4, client: 42, vulnerability: 49, scan: 44, attribute: 48},
	92:  {print: 87, server: 90, identity: 88, sub: 51, protocol: 4, client: 42, vulnerability: 85, scan: 85, attribute: 48},
	111: {print: 87, server: 104, identity: 106, sub: 51, web: 123, protocol: 4, mac: 95, client: 112, vulnerability: 85, scan: 85, attribute: 48},
	135: {print: 130, mobile: 131, server: 104, identity: 106, sub: 51, web: 123, protocol: 4, mac: 95, client: 112, vulnerability: 85, scan: 85, attribute: 48},
	140: {address: 143, print: 130, mobile: 131, server: 104, identity: 106, sub: 51, web: 123, protocol: 4, mac: 95, client: 112, vulnerability: 85, scan: 85, attribute: 48},
	149: {address: 143, print: 130, mobile: 131, server: 104, identity: 106, sub: 51, web: 123, protocol: 4, mac: 95, client: 112, vulnerability: 85, scan: 85, attribute: 48, ioc: 150},
}

// block47From47 stands for block 47 with the servers of 4.7.
const block47From47 = 47 | 1<<31

func blocksOf(block uint32) (blockNumbers, bool) {
	if block == block47From47 {
		b := generationBlocks[47]
		b.server = 69
		return b, true
	}
	b, ok := generationBlocks[block]
	return b, ok
}

// generations compiles generations when they are first used.
type generations struct {
	set  *wire.Layouts
	mu   sync.Mutex
	done map[uint32]*generation
}

// get returns the generation of a profile block.
func (g *generations) get(block uint32) (*generation, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if gen := g.done[block]; gen != nil {
		return gen, nil
	}
	numbers, ok := blocksOf(block)
	if !ok {
		return nil, fmt.Errorf("block %d is no full host profile: 47, 92, 111, 135, 140 or 149 expected", block)
	}
	gen, err := newGeneration(g.set, block&^(1<<31), numbers)
	if err != nil {
		return nil, err
	}
	if g.done == nil {
		g.done = map[uint32]*generation{}
	}
	g.done[block] = gen
	return gen, nil
}

func newGeneration(set *wire.Layouts, block uint32, b blockNumbers) (*generation, error) {
	g := &generation{ipv4: b.address == 0}
	var err error
	compile(set, block, &g.profile, profileValues, &err)
	compile(set, b.address, &g.address, addressValues, &err)
	compile(set, b.print, &g.print, printValues, &err)
	compile(set, b.mobile, &g.mobile, mobileValues, &err)
	compile(set, b.server, &g.server, serverValues, &err)
	compile(set, b.identity, &g.identity, identityValues, &err)
	compile(set, b.sub, &g.sub, subValues, &err)
	compile(set, b.web, &g.web, webValues, &err)
	compile(set, b.protocol, &g.protocol, protocolValues, &err)
	compile(set, b.mac, &g.mac, macValues, &err)
	compile(set, b.client, &g.client, clientValues, &err)
	compile(set, b.vulnerability, &g.vulnerability, vulnerabilityValues, &err)
	compile(set, b.scan, &g.scan, vulnerabilityValues, &err)
	compile(set, b.attribute, &g.attribute, attributeValues, &err)
	compile(set, b.ioc, &g.ioc, iocValues, &err)
	if err != nil {
		return nil, fmt.Errorf("host profile %d: %w", block, err)
	}
	return g, nil
}

// compile makes a form unless there is no such block, or something failed before.
func compile[T any](set *wire.Layouts, block uint32, f *form[T], table values[T], err *error) {
	if *err == nil && block != 0 {
		*f, *err = newForm(set, block, table)
	}
}

// appendHostID appends the identity of a host in 16 bytes. A Management Center has
// one of its own making; here it follows from what makes a host one (FNV-1a, twice).
func appendHostID(dst []byte, p *Profile) []byte {
	a := as16(p.Address)
	for _, h := range [...]uint64{14695981039346656037, 0x65737472656d3031} {
		for _, c := range a {
			h = (h ^ uint64(c)) * 1099511628211
		}
		h = (h ^ uint64(p.Space)<<16 ^ uint64(p.Netmap)) * 1099511628211
		dst = binary.BigEndian.AppendUint64(dst, h)
	}
	return dst
}

// appendAddresses appends all addresses of a host, its own first.
func appendAddresses(w *blockWriter, p *Profile) {
	own := SeenAddress{p.Address, p.LastSeen}
	w.gen.address.append(w, &own)
	for i := range p.MoreAddresses {
		w.gen.address.append(w, &p.MoreAddresses[i])
	}
}

func appendAddr(dst []byte, a netip.Addr) []byte {
	b := as16(a)
	return append(dst, b[:]...)
}
