package meta

import (
	"encoding/hex"
	"strconv"
	"strings"
	"testing"

	"estream/layouts"
	"estream/wire"
)

// computedText gives a computed value of the last message as text: "absent",
// "null", or what a format would write without any escapes.
func computedText(t *testing.T, set *wire.Layouts, p Profile, key string, messages ...[]byte) string {
	t.Helper()
	tables, learn, all := NewTables(), wire.NewDecoder(set, Wanted), wire.NewDecoder(set, nil)
	for _, m := range messages {
		apply(t, tables, learn, m)
	}
	r, err := all.Decode(messages[len(messages)-1])
	if err != nil {
		t.Fatal(err)
	}
	op := Compile(r.Layout, p).Find(key)
	if op == nil {
		return "absent"
	}
	var e Evaluator
	switch res := e.Eval(op, r, &r.View, tables.Snapshot()); res.Kind {
	case Absent:
		return "absent"
	case Null:
		return "null"
	case Known:
		return res.Value.Text
	case Number:
		return strconv.FormatUint(res.Number, 10)
	case Hex:
		return hex.EncodeToString(res.Bytes)
	default:
		return string(res.Bytes)
	}
}

// inDomain sets the netmap id of a message.
func inDomain(m []byte, id byte) []byte {
	m[9] = id
	return m
}

// TestMended compares the profiles where they differ.
func TestMended(t *testing.T) {
	set := loadLayouts(t)
	type values = map[string]any
	m := func(record uint16, block uint32, v values) []byte { return message(t, set, record, block, v) }
	sha := []byte(strings.Repeat("\xab", 32))
	v4 := func(d byte) []byte { return []byte{10: 0xff, 11: 0xff, 12: 10, 13: 1, 14: 2, 15: d} }
	user := m(98, 57, values{"id": 7, "username": "bob"})
	frame := func(s string) []byte {
		b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	const mac = "000000000001 000000000002"
	ip4 := "4500 002b 0000 0000 40 06 0000 0a010203 0a010204"
	tcp := "1f90 0050 00000000 00000000 5000 0000 00000000"
	for _, c := range []struct {
		name, key             string
		compat, fixed, strict string
		messages              [][]byte
	}{
		{"device unknown", "sensor", "null", "null", "absent", [][]byte{m(71, 174, values{"device_id": 99})}},
		{"device", "sensor", "ftd", "ftd", "ftd", [][]byte{deviceNamed(t, set, 9, "ftd"), m(71, 174, values{"device_id": 9})}},
		{"domain", "domain", "absent", "Global", "Global", [][]byte{m(350, 0, values{"id": 5, "name": "Global"}), inDomain(m(71, 174, nil), 5)}},
		{"domain unknown", "domain", "absent", "5", "5", [][]byte{inDomain(m(400, 85, nil), 5)}},
		{"domain 0 unknown", "domain", "absent", "absent", "absent", [][]byte{m(400, 85, nil)}},
		{"domain of metadata", "domain", "absent", "absent", "absent", [][]byte{inDomain(m(123, 0, values{"id": 5}), 5)}},
		{"source user", "sourceUser", "{'blockType': 0, 'blockLength': 11, 'data': 'bob'}", "bob", "bob", [][]byte{user, m(112, 156, values{"source_user_id": 7})}},
		{"agent user", "agentUser", "{'blockType': 0, 'blockLength': 11, 'data': 'bob'}", "bob", "bob", [][]byte{user, m(125, 80, values{"user_id": 7})}},
		{"user 0", "sourceUser", "Unknown", "Unknown", "Unknown", [][]byte{m(112, 156, nil)}},
		{"user of 62", "destinationUser", "absent", "eve", "eve", [][]byte{m(62, 57, values{"id": 8, "username": "eve"}), m(112, 156, values{"destination_user_id": 8})}},
		{"connection user", "user", "absent", "absent", "bob", [][]byte{user, m(71, 174, values{"user_id": 7})}},
		{"intrusion user", "user", "absent", "absent", "bob", [][]byte{user, m(400, 85, values{"user_id": 7})}},
		{"file user", "user", "absent", "absent", "bob", [][]byte{user, m(502, 79, values{"user_id": 7})}},
		{"description", "description", "", "absent", "absent", [][]byte{m(112, 156, values{"event_description": "d"})}},
		{"event type", "eventType", "absent", "Host Discovery", "Host Discovery", [][]byte{m(112, 156, values{"event_type": 2})}},
		{"list of policy", "securityIntelligencePolicy", "absent", "bad", "bad", [][]byte{m(282, 0, values{"uuid": uuid(3), "name": "bad"}), m(112, 156, values{"security_intelligence_uuid": uuid(3)})}},
		{"correlation address", "sourceIp", "absent", "10.1.2.9", "10.1.2.9", [][]byte{m(112, 156, values{"source_ipv6_address": v4(9)})}},
		{"correlation IPv6", "destinationIp", "absent", "2001::1", "2001::1", [][]byte{m(112, 156, values{"destination_ipv6_address": []byte{0x20, 1, 15: 1}})}},
		{"correlation address in the old field", "sourceIp", "absent", "10.0.0.1", "10.0.0.1", [][]byte{m(112, 156, values{"source_ip": 0x0a000001})}},
		{"default action", "firewallRule", "absent", "Default Action", "Default Action", [][]byte{m(117, 14, values{"uuid": uuid(4), "name": "p"}), m(71, 174, values{"policy_revision": uuid(4)})}},
		{"not the default action", "firewallRule", "absent", "absent", "absent", [][]byte{m(117, 14, values{"uuid": uuid(4), "name": "p"}), m(71, 174, values{"policy_revision": uuid(4), "rule_id": 1})}},
		{"default action of an intrusion", "firewallRule", "absent", "Default Action", "Default Action", [][]byte{m(117, 14, values{"uuid": uuid(4), "name": "p"}), m(400, 85, values{"access_control_policy_uuid": uuid(4)})}},
		{"file name", "detection", "absent", "evil.exe", "evil.exe", [][]byte{m(511, 40, values{"sha_hash": sha, "file_name": "evil.exe"}), m(500, 79, values{"sha_hash": sha})}},
		{"file of zeros", "detection", "Unknown", "Unknown", "Unknown", [][]byte{m(500, 79, values{"sha_hash": make([]byte, 32)})}},
		{"file name by text", "detectionName", "absent", "evil.exe", "evil.exe", [][]byte{m(511, 40, values{"sha_hash": sha, "file_name": "evil.exe"}), m(125, 80, values{"file_sha_hash": hex.EncodeToString(sha)})}},
		{"file hash is no hash", "parentDetection", "absent", "absent", "absent", [][]byte{m(125, 80, values{"parent_sha_hash": strings.Repeat("x", 64)})}},
		{"malware time", "eventSecond", "1700000000", "1700000000", "1600000000", [][]byte{m(125, 80, values{"malware_event_timestamp": 1600000000})}},
		{"one flag", "sslFlowFlags", "NSE_FLOW_VALID", "NSE_FLOW_VALID", "NSE_FLOW_VALID", [][]byte{m(71, 174, values{"ssl_flow_flags": 1})}},
		{"flags", "sslFlowFlags", "absent", "absent", "NSE_FLOW_VALID, NSE_FLOW_INTERCEPT, 0x800", [][]byte{m(71, 174, values{"ssl_flow_flags": 0x805})}},
		{"eighth monitor rule", "monitorRule8", "absent", "absent", "N/A", [][]byte{m(71, 174, nil)}},
		{"security group", "securityGroup", "absent", "absent", "guests", [][]byte{m(302, 0, values{"id": 6, "name": "guests"}), m(71, 174, values{"security_group_id": 6})}},
		{"TLS policy", "sslPolicy", "absent", "absent", "decrypt", [][]byte{m(600, 0, values{"uuid": uuid(6), "name": "decrypt"}), m(71, 174, values{"ssl_policy_id": uuid(6)})}},
		{"TLS rule", "sslRule", "absent", "absent", "all", [][]byte{m(601, 0, values{"revision": uuid(6), "id": 3, "name": "all"}), m(71, 174, values{"ssl_policy_id": uuid(6), "ssl_rule_id": 3})}},
		{"security context", "securityContext", "absent", "absent", "admin", [][]byte{m(132, 0, values{"uuid": uuid(6), "name": "admin"}), m(400, 85, values{"security_context": uuid(6)})}},
		{"IPv6 client", "originalSrcIP", "absent", "absent", "fe80::1", [][]byte{m(110, 4, values{"type": 2, "blob": []byte{0xfe, 0x80, 15: 1}})}},
		{"IPv4 client", "originalSrcIP", "absent", "absent", "10.1.2.3", [][]byte{m(110, 4, values{"type": 1, "blob": []byte{10, 1, 2, 3}})}},
		{"type of extra data", "extraDataType", "absent", "absent", "XFF", [][]byte{m(111, 5, values{"type": 1, "name": "XFF"}), m(110, 4, values{"type": 1})}},
		{"realm", "realm", "absent", "absent", "ad", [][]byte{m(300, 0, values{"id": 2, "name": "ad"}), m(170, 167, values{"realm_id": 2})}},

		{"device of a correlation event", "sensor", "null", "null", "edge", [][]byte{deviceNamed(t, set, 9, "edge"), m(112, 156, values{"device_id": 8, "event_device_id": 9})}},
		{"correlation event of the center", "sensor", "null", "null", "Defense Center", [][]byte{m(112, 156, values{"device_id": 8})}},
		{"login user", "user", "absent", "absent", "bob", [][]byte{user, m(95, 167, values{"user_id": 7})}},
		{"VPN login user", "user", "absent", "absent", "bob", [][]byte{user, m(170, 167, values{"user_id": 7})}},
		{"VPN logoff user", "user", "absent", "absent", "bob", [][]byte{user, m(171, 167, values{"user_id": 7})}},
		{"domain of a login user", "userDomain", "absent", "corp", "corp", [][]byte{m(95, 167, values{"domain": "corp"})}},
		{"domain of a VPN user", "userDomain", "absent", "corp", "corp", [][]byte{m(171, 167, values{"domain": "corp"})}},
		{"no domain of a VPN user", "userDomain", "absent", "absent", "absent", [][]byte{inDomain(m(170, 167, nil), 5)}},
		{"domain beside that of a VPN user", "domain", "absent", "5", "5", [][]byte{inDomain(m(170, 167, values{"domain": "corp"}), 5)}},
		{"analysis", "fileAnalysisStatus", "absent", "absent", "Analysis Complete", [][]byte{m(500, 79, values{"file_analysis_status": 12})}},
		{"analysis named", "fileAnalysisStatus", "absent", "absent", "done", [][]byte{m(516, 0, values{"id": 99, "name": "done"}), m(500, 79, values{"file_analysis_status": 99})}},
		{"analysis named as local", "fileAnalysisStatus", "done", "done", "absent", [][]byte{m(519, 0, values{"id": 99, "name": "done"}), m(500, 79, values{"file_analysis_status": 99})}},
		{"local analysis", "malwareAnalysisStatus", "Analysis done", "Analysis done", "Analysis done", [][]byte{m(502, 79, values{"local_malware_analysis_status": 1})}},
		{"local analysis named", "malwareAnalysisStatus", "absent", "absent", "ok", [][]byte{m(519, 0, values{"id": 9, "name": "ok"}), m(502, 79, values{"local_malware_analysis_status": 9})}},
		{"ICMP type", "icmpType", "absent", "absent", "Echo", [][]byte{m(260, 19, values{"protocol": 1, "type": 8, "description": "Echo"}), m(400, 85, values{"ip_protocol_id": 1, "source_port_or_icmp_type": 8})}},
		{"no ICMP", "icmpType", "absent", "absent", "absent", [][]byte{m(260, 19, values{"protocol": 1, "type": 8, "description": "Echo"}), m(71, 174, values{"protocol": 6, "initiator_port": 8})}},
		{"ICMP code", "icmpCode", "absent", "absent", "Port", [][]byte{m(270, 20, values{"protocol": 1, "type": 3, "code": 4, "description": "Port"}), m(71, 174, values{"protocol": 1, "initiator_port": 3, "responder_port": 4})}},
		{"ICMP code of an old event", "icmpCode", "absent", "absent", "Port", [][]byte{m(270, 20, values{"protocol": 1, "type": 3, "code": 4, "description": "Port"}), m(400, 34, values{"ip_protocol_id": 1, "source_port_or_icmp_type": 3, "destination_port_or_icmp_code": 4})}},
		{"ICMP code of another type", "icmpCode", "absent", "absent", "absent", [][]byte{m(270, 20, values{"protocol": 1, "type": 3, "code": 4, "description": "Port"}), m(112, 156, values{"ip_protocol": 1, "source_port": 5, "destination_port": 4})}},

		{"payload", "packet", "1f900050000000000000000050000000000000006162ff", "1f900050000000000000000050000000000000006162ff", "6162ff", [][]byte{m(2, 0, values{"packet_data": frame(mac + "0800" + ip4 + tcp + "6162ff")})}},
		{"text packet", "originalPacket", "absent", "absent", "616263", [][]byte{m(2, 0, values{"packet_data": "abc"})}},
	} {
		t.Run(c.name, func(t *testing.T) {
			for p, want := range []string{c.compat, c.fixed, c.strict} {
				if got := computedText(t, set, Profile(p), c.key, c.messages...); got != want {
					t.Errorf("%v: %s is %q, want %q", Profile(p), c.key, got, want)
				}
			}
		})
	}
}

// TestTransportPayload walks headers of all kinds, whole and cut short.
func TestTransportPayload(t *testing.T) {
	const (
		mac  = "000000000001000000000002"
		udp6 = "60000000 000c 11 40 20010000000000000000000000000001 20010000000000000000000000000002 00350035000c0000 61626364"
	)
	for _, c := range []struct {
		name         string
		link         uint64
		packet, want string
	}{
		{"UDP over IPv6", 1, mac + "86dd" + udp6, "61626364"},
		{"padding", 1, mac + "86dd" + udp6 + "0000", "61626364"},
		{"VLAN", 1, mac + "8100 0005 86dd" + udp6, "61626364"},
		{"two tags", 1, mac + "88a8 0005 8100 0006 86dd" + udp6, "61626364"},
		{"hop-by-hop", 1, mac + "86dd 60000000 0012 00 40 20010000000000000000000000000001 20010000000000000000000000000002 1100000000000000 0035003500090000 6162", "6162"},
		{"later fragment", 1, mac + "0800 45000016 00000001 40 11 0000 0a010203 0a010204 6162", "6162"},
		{"TCP options", 1, mac + "0800 4500 002e 0000 0000 40 06 0000 0a010203 0a010204 1f900050 0000000000000000 6000 000000000000 01010101 6162", "6162"},
		{"ICMP", 1, mac + "0800 4500 0018 0000 0000 40 01 0000 0a010203 0a010204 08000000", "08000000"},
		{"ARP", 1, mac + "0806 0001", "0001"},
		{"short IPv4", 1, mac + "0800 4500", ""},
		{"long header", 1, mac + "0800 4f00 0018 0000 0000 40 01 0000 0a010203 0a010204", ""},
		{"short TCP", 1, mac + "0800 4500 0018 0000 0000 40 06 0000 0a010203 0a010204 08000000", ""},
		{"endless options", 1, mac + "86dd 60000000 0008 00 40 20010000000000000000000000000001 20010000000000000000000000000002 00ff000000000000", ""},
		{"short frame", 1, "0000", ""},
		{"raw IPv6", 101, udp6, "61626364"},
		{"raw IPv4", 12, "4500 0018 0000 0000 40 01 0000 0a010203 0a010204 08000000", "08000000"},
		{"raw, neither", 101, "0102", "0102"},
		{"null", 0, "1e000000" + udp6, "61626364"},
		{"null, short", 0, "1e0000", ""},
		{"Ethernet that says 0", 0, mac + "86dd" + udp6, "61626364"},
		{"Linux cooked", 113, "0000000100060000000000010000 86dd" + udp6, "61626364"},
		{"unknown link layer", 4711, mac + "86dd" + udp6, "61626364"},
	} {
		packet, err := hex.DecodeString(strings.ReplaceAll(c.packet, " ", ""))
		if err != nil {
			t.Fatal(err)
		}
		if got := hex.EncodeToString(TransportPayload(c.link, packet)); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

// TestProfilesCompile compiles every layout for every profile: each key once,
// but for those that eNcore itself sets twice.
func TestProfilesCompile(t *testing.T) {
	set := loadLayouts(t)
	for l, err := range layouts.All(set) {
		if err != nil {
			t.Fatal(err)
		}
		seen := map[string]bool{}
		for _, op := range Compile(l, Strict).Ops {
			if op.Kind != OpNested && seen[op.Key] {
				t.Errorf("%v: %q twice in strict", l, op.Key)
			}
			seen[op.Key] = true
		}
	}
}
