package snort3

import (
	"net/netip"

	"estream/source/sensor"
)

// An alert is what one line says. Texts borrow the line or the parser's memory.
type alert struct {
	has fields // which were there

	seconds   uint64
	timestamp []byte
	gid       uint32
	sid       uint32
	rev       uint32
	priority  uint32
	msg       []byte
	class     []byte
	action    []byte
	proto     []byte
	service   []byte
	iface     []byte
	payload   []byte // b64_data, still encoded
	src, dst  netip.AddrPort
	icmpType  uint16
	icmpCode  uint16
	vlan      uint16
	mpls      uint32
	flowStart uint64
}

// fields is the set of fields of a line that count for more than their value.
type fields uint32

const (
	hasSeconds fields = 1 << iota
	hasRule
	hasPriority
	hasICMP
	hasAddress
)

// verdicts are the actions of Snort's packet verdict; others do not block.
var verdicts = map[string]uint8{
	"drop": sensor.Blocked, "block": sensor.Blocked, "reset": sensor.Blocked, "force_drop": sensor.Blocked, "force_block": sensor.Blocked, "force_reset": sensor.Blocked, "reject": sensor.Blocked,
	"would_drop": sensor.WouldBlock, "would_block": sensor.WouldBlock, "would_reset": sensor.WouldBlock,
	"cant_drop": sensor.CannotBlock, "cant_block": sensor.CannotBlock, "cant_reset": sensor.CannotBlock, "cant_rewrite": sensor.CannotBlock,
	"rewrite": sensor.Rewritten, "force_rewrite": sensor.Rewritten, "would_rewrite": sensor.WouldBeRewrite,
}

// protocols are IANA numbers by the names of Snort's packet types.
var protocols = map[string]uint8{"TCP": 6, "UDP": 17, "ICMP": 1, "ICMP4": 1, "ICMP6": 58, "ICMPV6": 58, "SCTP": 132, "GRE": 47, "ESP": 50}

// protocol returns the IANA number of the alert's protocol, 0 if the line does not
// say it.
func (a *alert) protocol() uint8 {
	p := protocols[string(a.proto)]
	if p == 1 && (a.src.Addr().Is6() && !a.src.Addr().Is4In6()) {
		return 58
	}
	return p
}
