package hosts

import "slices"

// rules says by record type what is learned. Layouts: layouts/discovery.yaml and
// layouts/user.yaml; what the types mean: the event types of layouts/values.yaml.
var rules map[uint16]rule

// init, because rules refer to functions that refer to the table.
func init() {
	seen := func(f func(*event, *host)) rule { return rule{create: true, seen: true, learn: f} }
	known := func(f func(*event, *host)) rule { return rule{learn: f} }
	input := func(f func(*event)) rule { return rule{apply: f} }
	gone := known(func(e *event, _ *host) { e.forget = true })
	tcp, udp := serverOn(6), serverOn(17)
	rules = map[uint16]rule{
		10: seen(func(e *event, h *host) { e.profile(&h.Profile) }),
		11: seen(tcp), 12: seen(udp), 16: seen(tcp), 17: seen(udp), 51: seen(tcp), 52: seen(udp),
		13: seen(func(e *event, h *host) {
			e.m.add(protocol(&h.NetworkProtocols, uint16(e.num("network_protocol"))))
		}),
		14: seen(func(e *event, h *host) {
			e.m.add(protocol(&h.TransportProtocols, uint16(e.num("transport_protocol"))))
		}),
		15: seen((*event).client), 107: seen((*event).client),
		18: seen((*event).system), 53: seen((*event).system), 101: seen((*event).system),
		19: gone, 21: gone, 44: gone,
		20: seen(func(_ *event, h *host) { h.forget() }),
		22: seen(func(e *event, h *host) { h.Hops = uint8(e.num("hops")) }),
		23: known(closedOn(6)), 25: known(closedOn(6)),
		24: known(closedOn(17)), 26: known(closedOn(17)),
		27: seen(func(e *event, h *host) { e.macAddress(&h.Profile, e.view) }),
		28: seen(func(e *event, h *host) { e.macAddress(&h.Profile, e.view) }),
		29: input((*event).moved),
		31: seen(func(e *event, h *host) { h.Type = e.u32("host_type") }),
		34: seen(func(e *event, h *host) {
			h.VLAN = VLAN{true, uint16(e.num("id")), uint8(e.num("type")), uint8(e.num("priority")), e.when}
		}),
		35: known((*event).clientGone),
		42: seen(func(e *event, h *host) { h.NetBIOS, h.NameSeen = e.text("value"), e.when }),
		45: seen((*event).banner),

		46: input((*event).definition), 47: input((*event).definition), 60: input((*event).definition),
		48: input((*event).definitionGone),
		49: input((*event).attribute), 83: input((*event).attribute),
		50: input((*event).attributeGone), 84: input((*event).attributeGone),
		37: input(setVulnerabilities(0)), 80: input(setVulnerabilities(0)),
		38: input(setVulnerabilities(1)), 81: input(setVulnerabilities(1)),
		39: input((*event).hostsGone), 78: input((*event).hostsGone),
		40: input((*event).serversGone), 79: input((*event).serversGone),
		41: input((*event).criticality), 82: input((*event).criticality),
		74: input((*event).product), 75: input((*event).product), 86: input((*event).product),
		76: input(setProtocols(false)), 88: input(setProtocols(true)),
		77: input(setClients(false)), 87: input(setClients(true)),
		85: input((*event).addHosts),
		89: input((*event).scan),

		102: known((*event).conflict), 103: known((*event).identityGone),
		160: {create: true, learn: (*event).ioc},
		162: input((*event).iocInput), 163: input((*event).iocInput), 164: input((*event).iocInput),

		94: known((*event).user), 95: input((*event).login), 170: input((*event).login),
		93: input((*event).userGone), 171: input((*event).logoff),
	}
	for record := range rules {
		kinds[record] = learned
	}
}

// protocol adds a number to a list of protocols; false if it is full.
func protocol(list *[]uint16, n uint16) bool {
	if slices.Contains(*list, n) {
		return true
	}
	return grow(list, maxProtocols, n) != nil
}
