package synth

import (
	"net/netip"
	"strconv"
	"time"
)

// intrusion is what an intrusion event shares with the records about it.
type intrusion struct {
	id     uint64
	rule   *intrusionRule
	known  uint64 // id of the rule, sometimes one that no metadata names
	flags  uint64 // impact flags
	impact uint64
	extra  uint64 // type of extra data
	follow uint8  // records still to be sent about it
}

const (
	followPacket uint8 = 1 << iota
	followExtraData
	followImpact
)

// drawIntrusion draws an intrusion event in the current flow.
func (g *Generator) drawIntrusion() {
	e := &g.intrusion
	e.id = uint64(g.sequence)
	e.rule = &g.world.rules[g.below(len(g.world.rules))]
	e.known = g.orUnknown(uint64(e.rule.sid))
	// Flags and level agree as the value tables demand: the highest flag decides.
	switch g.below(6) {
	case 0:
		e.flags, e.impact = 0x0f, 1
	case 1:
		e.flags, e.impact = 0x07, 2
	case 2:
		e.flags, e.impact = 0x03, 3
	case 3, 4:
		e.flags, e.impact = 0x01, 4
	default:
		e.flags, e.impact = 0, 5
	}
	e.follow = 0
	if g.chance(750) {
		e.follow |= followPacket
	}
	if g.chance(190) {
		e.follow |= followExtraData
		e.extra = uint64(one(g, extraDataNames[:]).id)
	}
	if e.impact == 1 && g.chance(360) {
		e.follow |= followImpact
	}
}

// followUp appends the next record that belongs to the last intrusion event.
func (g *Generator) followUp(dst []byte) []byte {
	e := &g.intrusion
	switch {
	case e.follow&followPacket != 0:
		e.follow &^= followPacket
		return g.append(dst, &g.recipes.packet)
	case e.follow&followExtraData != 0:
		e.follow &^= followExtraData
		return g.append(dst, &g.recipes.extraData)
	default:
		e.follow &^= followImpact
		return g.append(dst, &g.recipes.impact)
	}
}

// intrusionFields completes flowFields for records 400, 2 and 110.
var intrusionFields = aliases(map[string]value{
	"event_id":                   num(func(g *Generator) uint64 { return g.intrusion.id }),
	"rule_id":                    num(func(g *Generator) uint64 { return g.intrusion.known }),
	"generator_id":               num(func(g *Generator) uint64 { return uint64(g.intrusion.rule.generator) }),
	"rule_revision":              num(func(g *Generator) uint64 { return uint64(g.intrusion.rule.revision) }),
	"classification_id":          num(func(g *Generator) uint64 { return uint64(g.intrusion.rule.class) + 1 }),
	"priority_id":                num(func(g *Generator) uint64 { return uint64(classifications[g.intrusion.rule.class].priority) }),
	"impact_flags":               num(func(g *Generator) uint64 { return g.intrusion.flags }),
	"impact":                     num(func(g *Generator) uint64 { return g.intrusion.impact }),
	"blocked":                    num(func(g *Generator) uint64 { return rarely(g, 400, uint64(g.between(1, 2))) }),
	"blocked_reason_id":          num(func(g *Generator) uint64 { return rarely(g, 50, uint64(g.between(1, 7))) }),
	"vlan_id":                    num(func(g *Generator) uint64 { return rarely(g, 200, uint64(g.between(1, 4094))) }),
	"policy_uuid":                raw(func(g *Generator) []byte { return g.world.ipsPolicy[g.flow.device.id%3][:] }),
	"snort_version":              num(func(g *Generator) uint64 { return 2 + uint64(g.flow.device.id)&1 }),
	"original_client_ip_address": raw(originalClient),
	"smtp_from":                  raw(func(g *Generator) []byte { return ifMail(g, g.flow.client.email) }),
	"smtp_to":                    raw(func(g *Generator) []byte { return ifMail(g, recipient) }),
	"smtp_attachments":           raw(func(g *Generator) []byte { return ifMail(g, one(g, g.world.fileNames)) }),

	"packet_second":      num(func(g *Generator) uint64 { return uint64(g.flow.second) }),
	"packet_microsecond": num(func(g *Generator) uint64 { return g.bits64() % 1_000_000 }),
	"link_type":          num(func(*Generator) uint64 { return 1 }), // Ethernet
	"packet_data":        raw((*Generator).packet),

	"type": num(func(g *Generator) uint64 { return g.intrusion.extra }),
	"blob": raw(extraData),
})

const smtpID = 632

var recipient = []byte("orders@partner.example")

func ifMail(g *Generator, p []byte) []byte {
	if g.flow.service.id == smtpID {
		return p
	}
	return nil
}

// extraData returns the content that fits the type drawn.
func extraData(g *Generator) []byte {
	switch g.intrusion.extra {
	case 1:
		g.scratch = append(g.scratch[:0], 198, 51, 100, byte(g.bits64())) // documentation range, RFC 5737
		return g.scratch
	case 2:
		return g.flow.initiator[:]
	case 9:
		g.scratch = g.appendPath(append(g.scratch[:0], '/'))
		return g.scratch
	case 10:
		return one(g, g.world.sites)
	default:
		return g.join([]byte("Subject: "), one(g, g.world.fileNames), []byte("\r\nFrom: "), g.flow.client.email)
	}
}

// impactFields completes flowFields for record 9.
var impactFields = fieldTable{
	"event_id":    intrusionFields["event_id"],
	"impact":      num(func(g *Generator) uint64 { return g.intrusion.flags }),
	"description": raw(impactText),
}

// impactText is the one-line alert that a server writes about an event.
func impactText(g *Generator) []byte {
	e, f := &g.intrusion, &g.flow
	p := append(g.scratch[:0], '[')
	p = strconv.AppendUint(p, uint64(e.rule.generator), 10)
	p = strconv.AppendUint(append(p, ':'), uint64(e.rule.sid), 10)
	p = strconv.AppendUint(append(p, ':'), uint64(e.rule.revision), 10)
	p = append(append(append(p, `] "`...), e.rule.message...), `" [Impact: Vulnerable] From "`...)
	p = append(append(p, f.device.name...), `" at `...)
	p = time.Unix(int64(f.second), 0).UTC().AppendFormat(p, time.ANSIC)
	c := &classifications[e.rule.class]
	p = append(append(p, " UTC [Classification: "...), c.description...)
	p = strconv.AppendUint(append(p, "] [Priority: "...), uint64(c.priority), 10)
	p = append(p, "] {"...)
	p = strconv.AppendUint(p, uint64(f.service.protocol), 10)
	p = append(p, "} "...)
	p = netip.AddrPortFrom(netip.AddrFrom16(f.initiator).Unmap(), uint16(f.initiatorPort)).AppendTo(p)
	p = append(p, "->"...)
	p = netip.AddrPortFrom(netip.AddrFrom16(f.responder).Unmap(), uint16(f.responderPort)).AppendTo(p)
	g.scratch = p
	return p
}

// correlationFields completes flowFields for record 112.
var correlationFields = aliases(map[string]value{
	"event_id":                  num(func(g *Generator) uint64 { return uint64(g.sequence) }),
	"correlation_event_second":  num(func(g *Generator) uint64 { return uint64(g.flow.second) }),
	"trigger_event_second":      num(func(g *Generator) uint64 { return uint64(g.flow.second) - 1 }),
	"trigger_event_microsecond": num(func(g *Generator) uint64 { return uint64(g.flow.usec) }),
	"policy_id":                 num(func(g *Generator) uint64 { return uint64(g.between(1, correlationPolicies)) }),
	"rule_id":                   num(func(g *Generator) uint64 { return uint64(g.between(1, correlationRules)) }),
	"priority":                  num(func(g *Generator) uint64 { return uint64(g.between(1, 3)) }),
	"event_description":         raw(func(g *Generator) []byte { return g.intrusion.rule.message }),
	"event_type":                num(func(g *Generator) uint64 { return uint64(g.between(1, 5)) }),
	"event_device_id":           num(func(g *Generator) uint64 { return uint64(g.flow.device.id) }),
	"signature_id":              num(func(g *Generator) uint64 { return g.intrusion.known }),
	"signature_generator_id":    num(func(g *Generator) uint64 { return uint64(g.intrusion.rule.generator) }),
	"device_event_id":           num(func(g *Generator) uint64 { return uint64(g.sequence) - 1 }),
	"event_defined_mask":        num(func(*Generator) uint64 { return 0x7ffff }),
	"event_impact_flags":        num(func(g *Generator) uint64 { return g.intrusion.flags }),
	"network_protocol": num(func(g *Generator) uint64 {
		if g.flow.v6 {
			return 0x86dd
		}
		return 0x0800
	}),
	"source_host_type destination_host_type":     num(func(g *Generator) uint64 { return uint64(g.below(3)) }),
	"source_criticality destination_criticality": num(func(g *Generator) uint64 { return uint64(g.below(4)) }),
	"source_operating_system_fingerprint_uuid destination_operating_system_fingerprint_uuid": raw(func(g *Generator) []byte {
		return g.world.systems[g.below(len(g.world.systems))][:]
	}),
	"impact":           num(func(g *Generator) uint64 { return g.intrusion.impact }),
	"blocked":          num(func(g *Generator) uint64 { return uint64(g.below(3)) }),
	"intrusion_policy": intrusionFields["policy_uuid"],
	"client_version":   raw(func(g *Generator) []byte { return version(g, 300) }),
	"netbios":          raw(netbios),
	"security_context": raw(func(g *Generator) []byte { return g.world.contexts[g.flow.device.id&1][:] }),
})
