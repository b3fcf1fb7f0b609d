package synth

import "strconv"

// connectionFields completes flowFields for record 71.
var connectionFields = aliases(map[string]value{
	"rule_id":                                  num(func(g *Generator) uint64 { return uint64(g.flow.policy.rules[g.flow.rule]) }),
	"rule_reason":                              num(func(g *Generator) uint64 { return g.flow.reason }),
	"tcp_flag":                                 num(func(g *Generator) uint64 { return ifTCP(g, 0x02|g.bits64()&0x1d) }),
	"original_client_ip_address":               raw(originalClient),
	"initiator_transmitted_packets":            num(func(g *Generator) uint64 { return g.flow.packetsOut }),
	"responder_transmitted_packets":            num(func(g *Generator) uint64 { return g.flow.packetsIn }),
	"initiator_transmitted_bytes":              num(func(g *Generator) uint64 { return g.flow.packetsOut * uint64(g.between(60, 600)) }),
	"responder_transmitted_bytes":              num(func(g *Generator) uint64 { return g.flow.packetsIn * uint64(g.between(60, 1400)) }),
	"initiator_packets_dropped":                num(func(g *Generator) uint64 { return rarely(g, 5, g.flow.packetsOut/10) }),
	"netbios":                                  raw(netbios),
	"client_application_version":               raw(func(g *Generator) []byte { return version(g, 300) }),
	"monitor_rule1":                            num(func(g *Generator) uint64 { return rarely(g, 30, uint64(g.flow.policy.rules[g.below(rulesPerPolicy)])) }),
	"security_intelligence_source_destination": num(func(g *Generator) uint64 { return ifListed(g, uint64(g.between(1, 3))) }),
	"security_intelligence_layer":              num(func(g *Generator) uint64 { return ifListed(g, 1) }),
	"security_intelligence_list1":              num(func(g *Generator) uint64 { return ifListed(g, uint64(firstList+g.below(len(listNames)))) }),
	"file_event_count":                         num(func(g *Generator) uint64 { return rarely(g, 20, 1) }),
	"intrusion_event_count":                    num(func(g *Generator) uint64 { return rarely(g, 40, 1) }),
	"vlan_id":                                  num(func(g *Generator) uint64 { return rarely(g, 200, uint64(g.between(1, 4094))) }),
	"source_security_group_tag":                num(func(g *Generator) uint64 { return rarely(g, 300, uint64(one(g, groupNames).id)) }),
	"security_group_id":                        numbered(groupNames),
	"endpoint_profile_id":                      numbered(profileNames),

	"user_agent": raw(func(g *Generator) []byte {
		if !g.flow.service.web || g.flow.service.tls && len(g.flow.path) == 1 {
			return nil
		}
		return one(g, g.world.userAgents)
	}),
	"http_referrer": raw(func(g *Generator) []byte {
		if len(g.flow.path) < 2 || g.chance(500) {
			return nil
		}
		return g.join([]byte("https://"), one(g, g.world.sites), []byte("/"))
	}),

	"ssl_policy_id": raw(func(g *Generator) []byte {
		return ifCertificate(g, func(*certificate) []byte { return g.world.tlsPolicy[g.flow.device.id&1][:] })
	}),
	"ssl_rule_id":                   num(func(g *Generator) uint64 { return ifTLS(g, uint64(g.flow.device.id&1)+1) }),
	"ssl_cipher_suite":              num(func(g *Generator) uint64 { return ifTLS(g, uint64(one(g, cipherNames).id)) }),
	"ssl_version":                   num(func(g *Generator) uint64 { return ifTLS(g, uint64(g.between(5, 6))) }),
	"ssl_server_certificate_status": num(func(g *Generator) uint64 { return ifTLS(g, uint64(one(g, certificateStatusNames).id)) }),
	"ssl_expected_action":           num(func(g *Generator) uint64 { return ifTLS(g, uint64(g.below(len(tlsActionNames)))) }),
	"ssl_flow_messages":             num(func(g *Generator) uint64 { return ifTLS(g, 0x18) }), // client and server hello
	"ssl_flow_flags":                num(func(g *Generator) uint64 { return ifTLS(g, 1+g.bits64()&2) }),
	"ssl_server_name":               raw(func(g *Generator) []byte { return ifCertificate(g, func(*certificate) []byte { return g.flow.site }) }),
	"ssl_url_category":              num(func(g *Generator) uint64 { return ifTLS(g, g.flow.category) }),
	"ssl_session_id": raw(func(g *Generator) []byte {
		return ifCertificate(g, func(*certificate) []byte {
			g.scratch = append(g.scratch[:0], make([]byte, 32)...)
			g.random(g.scratch)
			return g.scratch
		})
	}),
	"ssl_session_id_length": num(func(g *Generator) uint64 { return ifTLS(g, 32) }),

	"dns_query":         raw(func(g *Generator) []byte { return ifDNS(g, one(g, g.world.sites)) }),
	"dns_record_type":   num(func(g *Generator) uint64 { return numIfDNS(g, uint64(one(g, dnsTypes))) }),
	"dns_response_type": num(func(g *Generator) uint64 { return numIfDNS(g, uint64(one(g, dnsResponses))) }),
	"dns_ttl":           num(func(g *Generator) uint64 { return numIfDNS(g, g.skewed(86400)) }),
	"sinkhole_uuid": raw(func(g *Generator) []byte {
		if g.flow.listed {
			return ifDNS(g, g.world.sinkholes[g.flow.device.id&1][:])
		}
		return nil
	}),

	"eve_process": raw(func(g *Generator) []byte {
		if g.flow.cert == nil {
			return nil
		}
		return one(g, g.world.processes)
	}),
	"eve_process_confidence_percentage": num(func(g *Generator) uint64 { return ifTLS(g, uint64(g.between(20, 100))) }),
	"eve_threat_confidence_percentage":  num(func(g *Generator) uint64 { return ifTLS(g, g.skewed(100)) }),
	"eve_threat_confidence_index":       num(func(g *Generator) uint64 { return ifTLS(g, uint64(g.between(1, 5))) }),
	"nat_initiator_ip":                  raw(func(g *Generator) []byte { return ifTranslated(g, g.outerAddress()) }),
	"nat_initiator_port":                num(func(g *Generator) uint64 { return numIfTranslated(g, uint64(g.between(1024, 65535))) }),
	"nat_responder_ip":                  raw(func(g *Generator) []byte { return ifTranslated(g, g.flow.responder[:]) }),
	"nat_responder_port":                num(func(g *Generator) uint64 { return numIfTranslated(g, g.flow.responderPort) }),
	"source_ip_dynamic_attributes destination_ip_dynamic_attributes": raw(func(g *Generator) []byte { return one(g, g.world.attributes) }),
})

func ifTCP(g *Generator, v uint64) uint64 {
	if g.flow.service.protocol == 6 {
		return v
	}
	return 0
}

func ifListed(g *Generator, v uint64) uint64 {
	if g.flow.listed {
		return v
	}
	return 0
}

const dnsID = 617

func ifDNS(g *Generator, p []byte) []byte {
	if g.flow.service.id == dnsID {
		return p
	}
	return nil
}

func numIfDNS(g *Generator, v uint64) uint64 {
	if g.flow.service.id == dnsID {
		return v
	}
	return 0
}

// translates reports whether the device hides the client of the flow: when an
// IPv4 connection leaves the site.
func (f *flow) translates() bool { return !f.v6 && f.responderCountry != 0 }

func ifTranslated(g *Generator, p []byte) []byte {
	if g.flow.translates() {
		return p
	}
	return nil
}

func numIfTranslated(g *Generator, v uint64) uint64 {
	if g.flow.translates() {
		return v
	}
	return 0
}

// outerAddress returns the address behind which the device hides its clients.
func (g *Generator) outerAddress() []byte {
	g.scratch = append(g.scratch[:0], 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 203, 0, 113, byte(g.flow.device.id)) // documentation range, RFC 5737
	return g.scratch
}

func originalClient(g *Generator) []byte {
	if g.flow.service.web && g.chance(20) {
		return g.flow.initiator[:]
	}
	return nil
}

func netbios(g *Generator) []byte {
	if !g.chance(200) {
		return nil
	}
	g.scratch = strconv.AppendUint(append(g.scratch[:0], "DESKTOP-"...), uint64(g.flow.client.id), 16)
	return g.scratch
}

// version returns a version text n times in 1000, else nothing.
func version(g *Generator, n int) []byte {
	if !g.chance(n) {
		return nil
	}
	r := g.bits64()
	g.scratch = append(g.scratch[:0], '1'+byte(r%9), '.', '0'+byte(r>>8%10), '.', '0'+byte(r>>16%10), ' ', '(', 'x', '6', '4', ')')
	return g.scratch
}
