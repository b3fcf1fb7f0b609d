package synth

import (
	"encoding/binary"
	"strings"
)

// discoveryHeaderFields fills the discovery header. Its address is the
// initiator's; the position in the server's files makes every record unique.
var discoveryHeaderFields = fieldTable{
	"device_id":         num(func(g *Generator) uint64 { return uint64(g.flow.device.id) }),
	"mac_address":       raw(func(g *Generator) []byte { return g.flow.mac[:] }),
	"has_ipv6":          num(func(*Generator) uint64 { return 1 }),
	"event_second":      num(func(g *Generator) uint64 { return uint64(g.flow.second) }),
	"event_microsecond": num(func(g *Generator) uint64 { return uint64(g.flow.usec) }),
	"event_type":        num(func(g *Generator) uint64 { return g.flow.eventType }),
	"event_subtype":     num(func(g *Generator) uint64 { return g.flow.eventSubtype }),
	"file_number":       raw(func(g *Generator) []byte { return g.word(uint32(g.start)) }),
	"file_position":     raw(func(g *Generator) []byte { return g.word(g.sequence) }),
	"ipv6_address":      raw(func(g *Generator) []byte { return g.flow.initiator[:] }),
}

// word returns v as 4 bytes, valid until the next call.
func (g *Generator) word(v uint32) []byte {
	g.scratch = binary.BigEndian.AppendUint32(g.scratch[:0], v)
	return g.scratch
}

// join returns the parts one after another, valid until the next call.
func (g *Generator) join(parts ...[]byte) []byte {
	g.scratch = g.scratch[:0]
	for _, p := range parts {
		g.scratch = append(g.scratch, p...)
	}
	return g.scratch
}

// one returns an entry of list.
func one[T any](g *Generator, list []T) T { return list[g.below(len(list))] }

// numbered is a value that draws an id of a metadata table.
func numbered(list []named) value {
	return num(func(g *Generator) uint64 { return uint64(list[g.below(len(list))].id) })
}

// flowFields holds what records of several types take from the flow, under all
// the names that the layouts have for it.
var flowFields = aliases(map[string]value{
	"device_id sensor_id": num(func(g *Generator) uint64 { return uint64(g.flow.device.id) }),
	"instance_id connection_instance_id connection_instance": num(func(g *Generator) uint64 { return g.flow.instance }),
	"connection_counter": num(func(g *Generator) uint64 { return g.flow.counter }),
	"event_second last_packet_timestamp file_event_timestamp malware_event_timestamp timestamp last_used last_seen host_last_seen": num(
		func(g *Generator) uint64 { return uint64(g.flow.second) }),
	"event_microsecond": num(func(g *Generator) uint64 { return uint64(g.flow.usec) }),
	"first_packet_timestamp connection_timestamp connection_event_timestamp": num(func(g *Generator) uint64 { return uint64(g.flow.first) }),

	"initiator_ip_address source_ip_address source_ipv6_address":           raw(func(g *Generator) []byte { return g.flow.initiator[:] }),
	"responder_ip_address destination_ip_address destination_ipv6_address": raw(func(g *Generator) []byte { return g.flow.responder[:] }),
	"initiator_port source_port source_port_or_icmp_type":                  num(func(g *Generator) uint64 { return g.flow.initiatorPort }),
	"responder_port destination_port destination_port_or_icmp_code":        num(func(g *Generator) uint64 { return g.flow.responderPort }),
	"protocol ip_protocol_id ip_protocol":                                  num(func(g *Generator) uint64 { return uint64(g.flow.service.protocol) }),
	"initiator_country source_country":                                     num(func(g *Generator) uint64 { return g.flow.initiatorCountry }),
	"responder_country destination_country":                                num(func(g *Generator) uint64 { return g.flow.responderCountry }),
	"user_id source_user_id":                                               num(func(g *Generator) uint64 { return g.flow.userID }),

	"application_id destination_server_id": num(func(g *Generator) uint64 { return g.flow.serviceID }),
	"client_application_id client_id":      num(func(g *Generator) uint64 { return g.flow.clientApp }),
	"web_application_id":                   num(func(g *Generator) uint64 { return g.flow.webApp }),
	"client_url url":                       raw(func(g *Generator) []byte { return g.flow.url }),
	"uri http_uri":                         raw(func(g *Generator) []byte { return g.flow.path }),
	"referenced_host http_hostname":        raw(func(g *Generator) []byte { return g.flow.site }),
	"url_category":                         num(func(g *Generator) uint64 { return g.flow.category }),
	"url_reputation":                       num(func(g *Generator) uint64 { return ifWeb(g, uint64(g.below(6))) }),
	"http_response":                        num(func(g *Generator) uint64 { return ifWeb(g, one(g, responseCodes)) }),

	"policy_revision access_control_policy_uuid access_control_policy_revision": raw(func(g *Generator) []byte { return g.flow.policy.uuid[:] }),
	"ingress_zone security_zone_ingress_uuid ingress_zone_uuid":                 raw(func(g *Generator) []byte { return g.flow.ingressZone[:] }),
	"egress_zone security_zone_egress_uuid egress_zone_uuid":                    raw(func(g *Generator) []byte { return g.flow.egrZone[:] }),
	"ingress_interface interface_ingress_uuid ingress_interface_uuid":           raw(func(g *Generator) []byte { return g.flow.ingress[:] }),
	"egress_interface interface_egress_uuid egress_interface_uuid":              raw(func(g *Generator) []byte { return g.flow.egress[:] }),
	"network_analysis_policy_uuid network_analysis_policy_revision":             raw(func(g *Generator) []byte { return g.world.analysis[g.flow.device.id&1][:] }),
	"rule_action":                      num(func(g *Generator) uint64 { return uint64(ruleTemplates[g.flow.rule].action) }),
	"access_control_rule_id":           num(func(g *Generator) uint64 { return uint64(g.flow.policy.rules[g.flow.rule]) }),
	"ioc_number":                       num(func(g *Generator) uint64 { return rarely(g, 10, uint64(1+g.below(len(iocNames)))) }),
	"ingress_vrf_name egress_vrf_name": raw(func(g *Generator) []byte { return one(g, g.world.vrfs) }),

	"ssl_certificate_fingerprint": raw(func(g *Generator) []byte {
		return ifCertificate(g, func(c *certificate) []byte { return c.fingerprint[:] })
	}),
	"ssl_actual_action": num(func(g *Generator) uint64 { return ifTLS(g, uint64(g.below(len(tlsActionNames)))) }),
	"ssl_flow_status":   num(func(g *Generator) uint64 { return ifTLS(g, uint64(one(g, flowStatusNames).id)) }),
})

var responseCodes = []uint64{0, 200, 200, 200, 204, 301, 302, 304, 403, 404, 500}

// aliases splits the keys at blanks.
func aliases(m map[string]value) fieldTable {
	t := make(fieldTable, 2*len(m))
	for names, v := range m {
		for name := range strings.FieldsSeq(names) {
			t[name] = v
		}
	}
	return t
}

func ifWeb(g *Generator, v uint64) uint64 {
	if g.flow.service.web {
		return v
	}
	return 0
}

func ifTLS(g *Generator, v uint64) uint64 {
	if g.flow.cert != nil {
		return v
	}
	return 0
}

func ifCertificate(g *Generator, f func(*certificate) []byte) []byte {
	if g.flow.cert != nil {
		return f(g.flow.cert)
	}
	return nil
}

// rarely returns v n times in 1000, else 0.
func rarely(g *Generator, n int, v uint64) uint64 {
	if g.chance(n) {
		return v
	}
	return 0
}
