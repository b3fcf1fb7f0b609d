package docs

import (
	"strings"

	"estream/wire"
)

// nameRows are the rows about names and values that metadata gives.
func (l *lab) nameRows() []example {
	const hash = "ab"
	sha := []byte(strings.Repeat("\xab", 32))
	file := l.msg(511, 40, fields{"sha_hash": sha, "file_name": "a.exe"})
	correlation := func(values fields) []byte { return l.msg(112, 156, values) }
	dictionary := "{'blockType': 0, 'blockLength': 11, 'data': 'bob'}"
	nested := `{"blockType": 0, "blockLength": 11, "data": "bob"}`
	noArchive := wire.RecordHeader{Extended: true}
	return []example{
		{"D-01", "", [][]byte{l.msg(123, 0, fields{"id": 3, "name": "edge"})}, []claim{
			in("splunk", "compat", " rec_type_category=SENSOR ", "!rec_type_simple="),
			in("splunk", "fixed strict", " rec_type_category=SENSOR ", " rec_type_simple=SENSOR "),
			ours("kvpair", " recordTypeCategory=SENSOR "), ours("csv", `""recordTypeCategory"":""SENSOR""`),
		}},
		{"D-02", "", [][]byte{l.msg(22, 0, fields{"device_id": 3})}, []claim{
			in("json", "compat fixed", `"deviceId": 3, `, `"sensor": null`), in("json", "strict", `"deviceId": 3, `, `!"sensor"`),
			in("splunk", "compat fixed", " sensor=None", " device_id=3 "), in("splunk", "strict", "!sensor=", " device_id=3 "),
			ours("kvpair", "!sensor=", " deviceId=3 "),
		}},
		{"D-03", "", [][]byte{correlation(fields{"event_description": "seen twice"})}, []claim{
			in("json", "compat", `"description": ""`), in("json", "fixed strict", `!"description":`, `"data": "seen twice"`),
			in("splunk", "compat", ` description="" `, "!seen twice"), in("splunk", "fixed strict", ` description="seen twice" `),
			ours("kvpair", ` eventDescription="seen twice" `), ours("csv text", "seen twice"),
		}},
		{"D-04", "correlation", [][]byte{l.user(), correlation(fields{"source_user_id": 7})}, []claim{
			in("json", "compat", `"sourceUser": `+nested, `"destinationUser": "Unknown"`),
			in("json", "fixed strict", `"sourceUser": "bob"`, `"destinationUser": "Unknown"`),
			in("splunk", "compat", " src_user="+dictionary, " dest_user=Unknown "), in("splunk", "fixed strict", " src_user=bob ", " dest_user=Unknown "),
			in("cef cef2", "compat", " suser="+dictionary), in("cef cef2", "fixed", " suser=bob"), in("cef", "strict", " suid=7 suser=bob "),
			ours("kvpair", " sourceUser=bob ", " sourceUserId=7 "), ours("csv text", "bob"),
		}},
		{"D-04", "malware", [][]byte{l.user(), l.msg(125, 80, fields{"user_id": 7})}, []claim{
			in("json", "compat", `"agentUser": `+nested), in("json", "fixed strict", `"agentUser": "bob"`),
			in("splunk", "compat", " agent_user="+dictionary), in("splunk", "fixed strict", " agent_user=bob "),
			in("cef cef2", "compat", " duser="+dictionary), in("cef cef2", "fixed", " duser=bob"), in("cef", "strict", " duid=7 duser=bob "),
		}},
		{"D-04", "unknown user", [][]byte{correlation(fields{"source_user_id": 8})}, []claim{
			in("json", "compat fixed strict", `"sourceUserId": 8, `, `!"sourceUser":`), in("splunk", "compat fixed strict", " src_user=8 "),
			in("cef cef2", "compat fixed", " suser=8"), in("cef", "strict", " suid=8 ", "!suser="),
		}},
		l.userByName("connection", 71, 174), l.userByName("intrusion", 400, 85), l.userByName("file", 500, 79), l.userByName("malware file", 502, 79),
		l.vpnUser("login", 170), l.vpnUser("logoff", 171),
		{"D-05", "user", [][]byte{l.user()}, []claim{
			in("splunk", "compat", " username="+dictionary), in("splunk", "fixed strict", " username=bob "),
			ours("kvpair", " username=bob "), ours("csv text", "bob"),
		}},
		{"D-05", "file", [][]byte{l.msg(500, 79, fields{"ingress_vrf_name": "inside", "egress_vrf_name": "outside"})}, []claim{
			in("splunk", "compat", " iface_ingress={'blockType': 0, 'blockLength': 14, 'data': 'inside'} ", "!iface_egress="),
			in("splunk", "fixed", " iface_ingress=inside ", "!iface_egress="),
			in("splunk", "strict", " iface_ingress=inside ", " iface_egress=outside"),
			ours("kvpair", " ingressVRF=inside egressVRF=outside "),
		}},
		{"D-06", "file", [][]byte{file, l.msg(500, 79, fields{"sha_hash": sha})}, []claim{
			in("json", "compat", `!"detection"`), in("json", "fixed strict", `"detection": "a.exe"`),
			in("splunk", "compat", "!detection="), in("splunk", "fixed strict", " detection=a.exe "),
			ours("kvpair", " detection=a.exe "),
		}},
		{"D-06", "malware", [][]byte{file, l.msg(125, 80, fields{"file_sha_hash": strings.Repeat(hash, 32), "parent_sha_hash": strings.Repeat(hash, 32)})}, []claim{
			in("json", "compat", `!"detectionName": "`, `!"parentDetection"`), in("json", "fixed strict", `"detectionName": "a.exe"`, `"parentDetection": "a.exe"`),
			in("splunk", "compat", "!a.exe"), in("splunk", "fixed strict", " detection_name=a.exe ", " parent_detection=a.exe"),
			in("cef", "compat", "! cs2="), in("cef", "fixed strict", " cs2=a.exe cs2Label="),
		}},
		{"D-06", "zeros", [][]byte{l.msg(502, 79, nil)}, []claim{
			in("json", "compat fixed strict", `"detection": "Unknown"`), in("splunk", "compat fixed strict", " detection=Unknown "),
		}},
		{"D-07", "IPv6", [][]byte{correlation(fields{"source_ip": 0x0a010203, "source_ipv6_address": ip6(7)})}, []claim{
			in("json", "compat", `"sourceIp": 167838211, `, `!"sourceIp": "`), in("json", "fixed strict", `"sourceIp": "2001::7"`),
			in("splunk", "compat", " src_ip=167838211 ", "!2001::7"), in("splunk", "fixed strict", " src_ip=2001::7 "),
			in("cef cef2", "compat fixed", " c6a2=2001::7 "), ours("kvpair", " sourceIp_name=2001::7 "),
		}},
		{"D-07", "translated", [][]byte{correlation(fields{"source_ipv6_address": translated})}, []claim{
			in("json", "fixed", `"sourceIpv6Address": "0:a01:203"`, `"sourceIp": "::ffff:0:a01:203"`),
			in("json", "strict", `"sourceIpv6Address": "::ffff:0:a01:203"`, `"sourceIp": "::ffff:0:a01:203"`),
		}},
		{"D-07", "IPv4", [][]byte{correlation(fields{"source_ip": 0x0a010203})}, []claim{
			in("json", "compat", `"sourceIp": 167838211, `), in("json", "fixed strict", `"sourceIp": "10.1.2.3"`),
			in("splunk", "compat", " src_ip=167838211 "), in("splunk", "fixed strict", " src_ip=10.1.2.3 "),
			ours("kvpair", " sourceIp_name=10.1.2.3 "),
		}},
		{"D-08", "", [][]byte{l.msg(125, 80, fields{"malware_event_timestamp": 1600000000})}, []claim{
			in("json", "compat fixed", `"eventSecond": 1700000000`), in("json", "strict", `"eventSecond": 1600000000`),
			in("splunk", "compat fixed", " event_sec=1700000000 "), in("splunk", "strict", " event_sec=1600000000 "),
			ours("kvpair csv", "2020-09-13T12:26:40"),
		}},
		{"D-08", "without archive time", [][]byte{l.msgAs(noArchive, 125, 80, fields{"malware_event_timestamp": 1600000000})}, []claim{
			in("json", "compat fixed", `!"eventSecond"`), in("json", "strict", `"eventSecond": 1600000000`),
			in("splunk", "compat fixed strict", " event_sec=1600000000 "),
		}},
		{"D-09", "", [][]byte{
			l.msg(282, 0, fields{"uuid": uuid(4), "name": "Bots"}),
			correlation(fields{"event_type": 1, "security_intelligence_uuid": uuid(4), "correlation_event_second": 1600000000, "trigger_event_second": 1500000000}),
		}, []claim{
			in("json", "compat", `!"eventType": "`, "!Bots"), in("json", "fixed strict", `"eventType": "Intrusion Event"`, `"securityIntelligencePolicy": "Bots"`),
			in("splunk", "compat", " event_type=1 ", "!Bots", "!1600000000", " event_sec=1500000000 "),
			in("splunk", "fixed", ` event_type="Intrusion Event" `, " sec_intel_policy=Bots", "!1600000000", " event_sec=1500000000 "),
			in("splunk", "strict", ` event_type="Intrusion Event" `, " sec_intel_policy=Bots", " correlation_event_sec=1600000000 ", " event_sec=1500000000 "),
			ours("kvpair", ` eventType_name="Intrusion Event" `, " securityIntelligencePolicy=Bots "),
		}},
		{"D-18", "", [][]byte{
			l.msg(119, 15, fields{"uuid": uuid(1), "id": 9, "name": "watch"}),
			l.msg(71, 174, fields{"policy_revision": uuid(1), "monitor_rule8": 9, "ssl_flow_flags": 5}),
		}, []claim{
			in("json", "compat fixed", `!"sslFlowFlags": "`, `!"monitorRule8": "`),
			in("json", "strict", `"sslFlowFlags": "NSE_FLOW_VALID, NSE_FLOW_INTERCEPT"`, `"monitorRule8": "watch"`),
			in("splunk", "compat fixed", " ssl_flow_flags=5 ", "!NSE_FLOW", " monitor_rule_8=9 "),
			in("splunk", "strict", ` ssl_flow_flag="NSE_FLOW_VALID, NSE_FLOW_INTERCEPT" `, " monitor_rule_8=watch "),
			ours("kvpair", ` sslFlowFlags_name="NSE_FLOW_VALID, NSE_FLOW_INTERCEPT" `, " monitorRule8_name=watch "),
		}},
		l.defaultAction("connection", l.msg(71, 174, fields{"policy_revision": uuid(1)})),
		l.defaultAction("intrusion", l.msg(400, 85, fields{"access_control_policy_uuid": uuid(1)})),
	}
}

// userByName is D-04 in the records in which only strict names the user.
func (l *lab) userByName(name string, record uint16, number uint32) example {
	return example{"D-04", name, [][]byte{l.user(), l.msg(record, number, fields{"user_id": 7})}, []claim{
		in("json", "compat fixed", `"userId": 7, `, `!"user":`), in("json", "strict", `"userId": 7, `, `"user": "bob"`),
		in("splunk", "compat fixed", "!bob"), in("splunk", "strict", " user=bob "),
		in("cef cef2", "compat fixed", " suser=7"), in("cef", "strict", " suid=7 suser=bob "),
		ours("kvpair", " userId=7 ", " user=bob "),
	}}
}

// vpnUser is D-04 in VPN logins and logoffs.
func (l *lab) vpnUser(name string, record uint16) example {
	return example{"D-04", name, [][]byte{l.user(), l.msg(record, 167, fields{"user_id": 7})}, []claim{
		in("json", "compat fixed", `"userId": 7, `, "!bob"), in("json", "strict", `"userId": 7, `, `"user": "bob"`),
		in("splunk", "compat fixed", " user=7 "), in("splunk", "strict", " user=bob "),
		in("cef", "compat fixed", "!bob"), in("cef", "strict", " suid=7 suser=bob "), ours("kvpair", " user=bob "),
	}}
}

// defaultAction is D-19.
func (l *lab) defaultAction(name string, event []byte) example {
	return example{"D-19", name, [][]byte{l.msg(117, 14, fields{"uuid": uuid(1), "name": "Default Action"}), event}, []claim{
		in("json", "compat", `!"firewallRule":`), in("json", "fixed strict", `"firewallRule": "Default Action"`),
		in("splunk", "compat", " fw_rule=0 "), in("splunk", "fixed strict", ` fw_rule="Default Action" `),
		in("cef cef2", "compat", "!Default Action"), in("cef cef2", "fixed", " cs2=Default Action cs2Label=fwRule "), in("cef", "strict", " cs2=Default Action cs2Label=fwRule "),
		ours("kvpair", ` firewallRule="Default Action" `),
	}}
}
