package docs

import "estream/wire"

// failureRows are the rows about failures and what eNcore never decodes.
func (l *lab) failureRows() []example {
	const every = "compat fixed strict"
	packet := l.msg(2, 0, fields{"packet_data": frame(false, 0x0800, ipv4(udp("abc")))})
	text := l.msg(2, 0, fields{"packet_data": "GET / HTTP, long enough for a header"})
	connection := func(values fields) []byte { return l.msg(71, 174, values) }
	rows := []example{
		{"D-30", "missing fields", [][]byte{l.msg(170, 127, nil)}, []claim{
			in("json", every, `"recordType": 170, `, `"sensor": "Defense Center"`), in("splunk", every, "rec_type=170 "),
			in("cef", "compat fixed", "|VPN Login|"), in("cef", "strict", "|VPN Login|"), ours("kvpair", " recordType=170 "),
		}},
		{"D-30", "index out of range", [][]byte{l.msg(400, 85, fields{"blocked": 99})}, []claim{
			in("json", every, `"blocked": 99`), in("splunk", every, " blocked=99 "), in("cef cef2", "compat fixed", "|act=99 "), in("cef", "strict", " act=99 "),
		}},
		{"D-31", "", [][]byte{packet}, []claim{
			in("cef", every, "|PKT:2:1|Packet Data|"), in("json", every, `"recordType": 2, `, "!packetEncoding"), ours("kvpair", " recordType=2 ", "!packetEncoding"),
		}},
		{"D-32", "list that ends early", [][]byte{cut(connection(nil), 4)}, []claim{
			in("json", every, `"recordType": 71, `, `"rawRecord": "`, `"rawReason": "`), in("splunk", every, "rec_type=71 ", "raw"),
			in("cef cef2", "compat fixed", "!CEF"), in("cef", "strict", " rawEvent=", " reason="), ours("kvpair csv", "rawReason"),
		}},
		{"D-33", "", [][]byte{packet}, []claim{
			in("cef2", "compat fixed", "CEF:0|Cisco|Firepower|6.0|PKT:2:1|Packet Data|7|cs1=b'003510"), in("cef", "strict", "|PKT:2:1|Packet Data|"),
		}},
		{"D-33", "text", [][]byte{text}, []claim{in("cef2", "compat fixed", "|7|cs1Label=payload ", "!cs1=")}},
		{"D-34", "", [][]byte{l.msg(123, 0, fields{"id": 3, "name": "edge"})}, []claim{
			ours("kvpair", " name=edge "), ours("csv text", "edge"), ours("raw", "AAEABA"),
		}},
		{"D-35", "147", [][]byte{l.msg(147, 64, fields{"uuid": uuid(4), "sensor_id": 3, "name": "Tunnels"}), connection(fields{"device_id": 3, "policy_revision": uuid(4)})}, []claim{
			in("json", every, `"firewallPolicy": "Tunnels"`), in("splunk", every, " fw_policy=Tunnels "), in("cef cef2", "compat fixed", " cs1=Tunnels "), ours("kvpair", "=Tunnels "),
		}},
		{"D-35", "607", [][]byte{l.msg(607, 0, fields{"id": 12, "name": "Shred"}), connection(fields{"ssl_expected_action": 12})}, []claim{
			in("json", every, `"sslExpectedAction": "Shred"`), in("splunk", every, " ssl_expected_action=Shred "), ours("kvpair", "=Shred "),
		}},
		{"D-35", "613", [][]byte{l.msg(613, 0, fields{"id": 12, "name": "Shops"}), connection(fields{"ssl_url_category": 12})}, []claim{
			in("json", every, `"sslUrlCategory": "Shops"`), in("splunk", every, " ssl_url_category=Shops "), ours("kvpair", "=Shops "),
		}},
		{"D-35", "282", [][]byte{l.msg(282, 0, fields{"uuid": uuid(4), "name": "Bots"}), l.msg(112, 156, fields{"security_intelligence_uuid": uuid(4)})}, []claim{
			in("json splunk", "compat", "!Bots"), in("json splunk", "fixed strict", "Bots"), ours("kvpair", "=Bots "),
		}},
		{"D-35", "350", [][]byte{l.msg(350, 0, fields{"id": 12, "name": "West"}), l.msgAs(wire.RecordHeader{Extended: true, NetmapID: 12}, 71, 174, nil)}, []claim{
			in("json splunk cef cef2", "compat", "!West"), in("json splunk cef", "fixed strict", "West"), in("cef2", "fixed", "West"), ours("kvpair csv", "West"),
		}},
		{"D-35", "300", [][]byte{l.msg(300, 0, fields{"id": 12, "name": "corp"}), l.msg(170, 167, fields{"realm_id": 12})}, []claim{
			in("json splunk cef", "compat fixed", "!corp"), in("json", "strict", `"realm": "corp"`), in("splunk cef", "strict", "=corp "), ours("kvpair", " realm=corp "),
		}},
		{"D-35", "302", [][]byte{l.msg(302, 0, fields{"id": 12, "name": "Staff"}), connection(fields{"security_group_id": 12})}, []claim{
			in("json splunk cef", "compat fixed", "!Staff"), in("json", "strict", `"securityGroup": "Staff"`), in("splunk cef", "strict", "=Staff "), ours("kvpair", " securityGroup=Staff "),
		}},
		{"D-35", "260 and 270", [][]byte{
			l.msg(260, 19, fields{"protocol": 1, "type": 3, "description": "Lost"}), l.msg(270, 20, fields{"protocol": 1, "type": 3, "code": 4, "description": "Big"}),
			connection(fields{"protocol": 1, "initiator_port": 3, "responder_port": 4}),
		}, []claim{
			in("json splunk cef", "compat fixed", "!Lost", "!Big"), in("json splunk cef", "strict", "Lost", "Big"), ours("kvpair", "Lost", "Big"),
		}},
		{"D-35", "516 and 519", [][]byte{
			l.msg(516, 0, fields{"id": 40, "name": "Sent"}), l.msg(519, 0, fields{"id": 40, "name": "Done"}),
			l.msg(500, 79, fields{"file_analysis_status": 40, "local_malware_analysis_status": 40}),
		}, []claim{
			in("json", "compat fixed", `"fileAnalysisStatus": "Done"`, "!Sent"), in("json", "strict", `"fileAnalysisStatus": "Sent"`, `"malwareAnalysisStatus": "Done"`),
			in("splunk", "compat fixed", "!Sent"), in("splunk", "strict", "Sent", "Done"), ours("kvpair", "Sent", "Done"),
		}},
		{"D-35", "62", [][]byte{l.msg(62, 57, fields{"id": 7, "username": "mallory"}), l.msg(112, 156, fields{"source_user_id": 7})}, []claim{
			in("json splunk cef cef2", "compat", "!mallory"), in("json", "fixed strict", `"sourceUser": "mallory"`), in("splunk", "fixed strict", " src_user=mallory "),
			in("cef", "fixed strict", " suser=mallory"), ours("kvpair", " sourceUser=mallory "),
		}},
	}
	for record, block := range map[uint16]uint32{18: 53, 46: 55, 47: 55, 48: 55, 53: 53, 71: 168, 106: 0} {
		message := l.msg(record, block, nil)
		rows = append(rows, example{"D-32", l.layout(record, block), [][]byte{message}, []claim{
			in("json", every, `"@computed": `, "!rawR"), in("splunk", every, "rec_type=", "!raw"), ours("kvpair csv text", "!rawR"),
		}})
	}
	return rows
}

// layout names a layout.
func (l *lab) layout(record uint16, block uint32) string {
	l.Helper()
	layout, err := l.set.Layout(record, block)
	if err != nil {
		l.Fatal(err)
	}
	return layout.String()
}
