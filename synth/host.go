package synth

// host is what a discovery record says about the initiator of the flow.
type host struct {
	system   int    // index of systems
	port     uint64 // of a server on it
	previous [16]byte
}

func (g *Generator) drawHost() {
	h := &g.host
	h.system = g.below(len(systems))
	h.port = uint64(services[g.world.serviceOf[g.below(len(g.world.serviceOf))]].port)
	h.previous = g.flow.initiator
	h.previous[15] ^= 0x40
}

// hostFields completes flowFields for discovery records and the blocks in them.
var hostFields = aliases(map[string]value{
	"port":                  num(func(g *Generator) uint64 { return g.host.port }),
	"hits":                  num(func(g *Generator) uint64 { return 1 + g.skewed(100_000) }),
	"confidence":            num(func(g *Generator) uint64 { return uint64(g.between(50, 100)) }),
	"ip_address":            raw(func(g *Generator) []byte { return g.host.previous[:] }),
	"hops":                  num(func(g *Generator) uint64 { return uint64(g.below(6)) }),
	"host_type":             num(func(g *Generator) uint64 { return uint64(g.below(3)) }),
	"network_protocol":      num(func(g *Generator) uint64 { return one(g, []uint64{0x0800, 0x86dd, 0x0806}) }),
	"transport_protocol":    flowFields["protocol"],
	"address":               raw(func(g *Generator) []byte { return g.flow.mac[:] }),
	"ttl":                   num(func(g *Generator) uint64 { return one(g, []uint64{64, 128, 255}) }),
	"ttl_difference":        num(func(g *Generator) uint64 { return uint64(g.below(5)) }),
	"primary":               num(func(g *Generator) uint64 { return g.bits64() & 1 }),
	"uuid fingerprint_uuid": raw(func(g *Generator) []byte { return g.world.systems[g.host.system][:] }),
	"source_type":           numbered(sourceTypeNames),
	"source_id":             numbered(sourceNames),
	"id":                    num(func(g *Generator) uint64 { return g.flow.clientApp }),
	"application_proto":     flowFields["application_id"],
	"version":               raw(func(g *Generator) []byte { return version(g, 700) }),
	"vendor":                raw(func(g *Generator) []byte { return ifChance(g, 500, "Example Software") }),
	"sub_server_name":       raw(func(g *Generator) []byte { return ifChance(g, 900, "OpenSSL") }),
	"netbios value":         raw(func(g *Generator) []byte { return g.flow.client.surname }),
	"string":                raw(func(g *Generator) []byte { return ifChance(g, 500, "tablet") }),
	"mobile jailbroken":     num(func(g *Generator) uint64 { return rarely(g, 100, 1) }),
	"type":                  num(func(g *Generator) uint64 { return uint64(g.between(1, 9)) }),
	"vlan_presence":         num(func(g *Generator) uint64 { return g.bits64() & 1 }),
	"vlan_id":               num(func(g *Generator) uint64 { return uint64(g.between(1, 4094)) }),
	"data":                  text("220 mail.corp.example ESMTP"),
})

// iocFields is for record 160, an integer block with the number that record 161 names.
var iocFields = fieldTable{
	"value":         num(func(g *Generator) uint64 { return uint64(g.between(1, len(iocNames))) }),
	"ioc_id_number": num(func(g *Generator) uint64 { return uint64(g.between(1, len(iocNames))) }),
}

func ifChance(g *Generator, n int, s string) []byte {
	if !g.chance(n) {
		return nil
	}
	g.scratch = append(g.scratch[:0], s...)
	return g.scratch
}

// login is what a user or VPN record says about the client of the flow.
type login struct {
	session uint64
}

func (g *Generator) drawLogin() { g.login.session = g.bits64() & 0xfffff }

// loginFields completes flowFields for records 92 to 95, 170 and 171.
var loginFields = aliases(map[string]value{
	"username":            raw(func(g *Generator) []byte { return g.flow.client.name }),
	"user_id":             num(func(g *Generator) uint64 { return uint64(g.flow.client.id) }),
	"domain":              text("CORP"),
	"realm_id":            numbered(realmNames),
	"protocol":            num(func(*Generator) uint64 { return ldap }),
	"first_name":          raw(func(g *Generator) []byte { return g.flow.client.given }),
	"last_name":           raw(func(g *Generator) []byte { return g.flow.client.surname }),
	"email":               raw(func(g *Generator) []byte { return g.flow.client.email }),
	"department":          raw(func(g *Generator) []byte { return g.flow.client.department }),
	"phone":               raw(func(g *Generator) []byte { return g.flow.client.phone }),
	"endpoint_profile_id": numbered(profileNames),
	"security_group_id":   numbered(groupNames),
	"ipv6_address":        raw(func(g *Generator) []byte { return g.flow.initiator[:] }),
	"login_type":          num(func(g *Generator) uint64 { return uint64(g.below(4)) }),
	"auth_type":           num(func(g *Generator) uint64 { return uint64(g.below(6)) }),
	"reported_by":         raw(func(g *Generator) []byte { return g.flow.client.reported }),
	"description":         raw(func(g *Generator) []byte { return ifChance(g, 500, "remote access") }),

	// The VPN session in block 167.
	"index":                  num(func(g *Generator) uint64 { return g.login.session }),
	"vpn_type":               num(func(g *Generator) uint64 { return uint64(g.between(1, 7)) }),
	"group_policy":           text("GP-Employees"),
	"vpn_connection_profile": text("Remote access|default"),
	"client_ip":              raw(func(g *Generator) []byte { return g.flow.responder[:] }),
	"country_code":           num(func(g *Generator) uint64 { return uint64(one(g, countryNames).id) }),
	"client_os":              raw(func(g *Generator) []byte { return g.flow.client.os }),
	"client_application":     text("VPN client 5.1"),
	"connection_duration":    num(func(g *Generator) uint64 { return g.skewed(86400) }),
	"bytes_transmitted":      num(func(g *Generator) uint64 { return g.skewed(1 << 34) }),
	"bytes_received":         num(func(g *Generator) uint64 { return g.skewed(1 << 34) }),
})
