package alert

import (
	"encoding/hex"
	"net/netip"
	"time"

	"estream/format"
	"estream/meta"
	"estream/output"
	"estream/wire"
)

// A Reader makes alerts of intrusion events. It is not safe for concurrent use.
type Reader struct {
	plans *format.Plans[plan]
	rules meta.Table
	named bool // rules is a table
}

// NewReader returns a reader.
func NewReader() *Reader {
	r := &Reader{plans: format.NewPlans(compile)}
	r.rules, r.named = meta.TableNamed("idsRules")
	return r
}

// A plan says where the fields of a layout are, -1 for those it lacks.
type plan struct {
	intrusion                           bool
	priority, generator, rule, revision int
	source, destination, sport, dport   int
	protocol, second, microsecond       int
	sourceReversed, destinationReversed bool
}

// compile finds the fields by name. All versions that are known today use one set
// of names; a layout of somebody's own may leave fields out.
func compile(l *wire.Layout) *plan {
	if l.Record == nil || l.Record.Category != "intrusion" {
		return &plan{}
	}
	p := &plan{
		priority:  number(l, "priority_id"),
		generator: number(l, "generator_id"), rule: number(l, "rule_id"), revision: number(l, "rule_revision"),
		sport: number(l, "source_port_or_icmp_type"), dport: number(l, "destination_port_or_icmp_code"),
		protocol: number(l, "ip_protocol_id"),
		second:   number(l, "event_second"), microsecond: number(l, "event_microsecond"),
	}
	p.source, p.sourceReversed = address(l, "source_ip_address")
	p.destination, p.destinationReversed = address(l, "destination_ip_address")
	// Records of this type can carry a block that is no event.
	p.intrusion = p.rule >= 0 || p.source >= 0 || p.destination >= 0
	return p
}

func number(l *wire.Layout, name string) int {
	if i := l.Slot(name); i >= 0 && l.Fields[i].Kind.Integer() {
		return i
	}
	return -1
}

func address(l *wire.Layout, name string) (slot int, reversed bool) {
	i := l.Slot(name)
	if i < 0 || l.Fields[i].Kind != wire.KindIPv4 && l.Fields[i].Kind != wire.KindIPv6 {
		return -1, false
	}
	return i, l.Fields[i].LittleEndian
}

// Read sets *a to what an intrusion event says and reports true; it reports false
// for other records, and for those without layout. Every field of r must be
// filled. s are the names that hold for r. The alert borrows nothing.
func (rd *Reader) Read(r *wire.Record, s *meta.Snapshot, a *Alert) bool {
	if r == nil || r.Layout == nil {
		return false
	}
	p := rd.plans.Get(r.Layout)
	if !p.intrusion {
		return false
	}
	v := &r.View
	*a = Alert{
		Priority:        uint32(uintOf(v, p.priority)),
		Rule:            Rule{uint32(uintOf(v, p.generator)), uint32(uintOf(v, p.rule))},
		Revision:        uint32(uintOf(v, p.revision)),
		Source:          addressOf(v, p.source, p.sourceReversed),
		Destination:     addressOf(v, p.destination, p.destinationReversed),
		SourcePort:      uint16(uintOf(v, p.sport)),
		DestinationPort: uint16(uintOf(v, p.dport)),
		Protocol:        uint8(uintOf(v, p.protocol)),
		Count:           1,
	}
	a.Time = time.Unix(int64(uintOf(v, p.second)), 1000*int64(uintOf(v, p.microsecond))).UTC()
	a.Message = rd.message(a.Rule, s)
	return true
}

// message looks the rule up itself: the computed view, which follows eNcore, has a
// message for record 400 only, and older events are of the same rules.
func (rd *Reader) message(rule Rule, s *meta.Snapshot) string {
	if s == nil || !rd.named {
		return ""
	}
	v := s.Get(rd.rules, meta.Key{High: uint64(rule.Generator), Number: uint64(rule.Signature)})
	if v == nil {
		return ""
	}
	text := v.Text
	if v.Bytes { // hex digits stand for what is not valid UTF-8
		if b, err := hex.DecodeString(text); err == nil {
			text = string(b)
		}
	}
	if len(text) > MaxMessage {
		short, _ := output.Truncate(nil, []byte(text), MaxMessage) // a copy, so that the long text need not stay
		return string(short)
	}
	return text
}

func uintOf(v *wire.View, slot int) uint64 {
	if slot < 0 {
		return 0
	}
	return v.Uint(slot)
}

func addressOf(v *wire.View, slot int, reversed bool) netip.Addr {
	if slot < 0 {
		return netip.Addr{}
	}
	b := v.Bytes(slot)
	if reversed && len(b) == 4 {
		return netip.AddrFrom4([4]byte{b[3], b[2], b[1], b[0]})
	}
	a, _ := netip.AddrFromSlice(b) // the zero value for an absent field
	return a.Unmap()
}
