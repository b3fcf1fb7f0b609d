package docs

import (
	"strings"

	"estream/wire"
)

// fieldRows are the rows about fields that are missing or misread.
func (l *lab) fieldRows() []example {
	short := wire.RecordHeader{} // 8 bytes, no archive time
	packet := func(data []byte) [][]byte { return [][]byte{l.msg(2, 0, fields{"packet_data": data})} }
	extra := func(typ int, blob any) [][]byte { return [][]byte{l.msg(110, 4, fields{"type": typ, "blob": blob})} }
	text := "GET / HTTP, long enough for a header\x00and more"
	return []example{
		{"D-10", "layout 173", [][]byte{l.msg(71, 173, fields{"file_event_count": 4, "original_client_ip_address": ip4(10, 1, 2, 3)})}, []claim{
			in("splunk", "compat fixed", "!file_count=", "!original_src_ip="), in("splunk", "strict", " file_count=4 ", " original_src_ip=10.1.2.3 "),
			ours("kvpair", " fileCount=4 ", " originalClientIpAddress=10.1.2.3 "),
		}},
		{"D-10", "layout 174", [][]byte{l.msg(71, 174, fields{"file_event_count": 4, "eve_process": "wget", "nat_initiator_port": 77})}, []claim{
			in("splunk", "compat fixed", " file_count=4 ", "!eve_", "!nat_"), in("splunk", "strict", " file_count=4 ", " eve_process=wget ", " nat_src_port=77 "),
			ours("kvpair", "wget"),
		}},
		{"D-11", "", [][]byte{l.msg(22, 0, fields{"has_ipv6": 1, "ipv6_address": ip6(7)})}, []claim{
			in("splunk", "compat fixed", "!has_ipv6=", "!src_ipv6=", "!ip_address="), in("splunk", "strict", " has_ipv6=1 ", " src_ipv6=2001::7 ", " ip_address=2001::7 "),
			ours("kvpair", " hostIpAddr=2001::7 "),
		}},
		{"D-12", "classification", [][]byte{l.msg(67, 0, fields{"id": 6})}, []claim{
			in("splunk", "compat fixed", "! id="), in("splunk", "strict", " id=6 "), ours("kvpair", " id=6 "),
		}},
		{"D-12", "user", [][]byte{l.msg(62, 57, fields{"username": "eve"})}, []claim{
			in("splunk", "compat fixed", "! name="), in("splunk", "strict", " name=eve "), ours("kvpair", " username=eve "),
		}},
		{"D-12", "correlation", [][]byte{l.msg(112, 156, fields{"access_control_rule_id": 6})}, []claim{
			in("splunk", "compat fixed", "!policy_rule="), in("splunk", "strict", " policy_rule=6 "), ours("kvpair", " accessControlRuleId=6 "),
		}},
		{"D-12", "intrusion", [][]byte{l.msg(400, 85, fields{"rule_id": 6, "smtp_to": "you", "smtp_headers": "hh", "smtp_attachments": "aa"})}, []claim{
			in("splunk", "compat", "!rule_id="), in("splunk", "fixed", " rule_id=6 "),
			in("cef cef2", "compat", "!cn3="), in("cef cef2", "fixed", " cn3=6 cn3Label=internalRuleId "), in("cef", "strict", " CiscoFirepowerRuleId=6 "),
			in("cef cef2", "compat", "!cn3="), in("cef cef2", "fixed", " cn3=6 cn3Label=internalRuleId "), in("cef", "strict", " CiscoFirepowerRuleId=6 "),
			in("splunk", "compat fixed", "!smtp_to=", " stmp_headers=hh ", "!smtp_headers=", " smtp_attachements=aa ", "!smtp_attachments="),
			in("splunk", "strict", " rule_id=6 ", " smtp_to=you ", " stmp_headers=hh ", " smtp_headers=hh ", " smtp_attachements=aa ", " smtp_attachments=aa "),
			ours("kvpair", " ruleId=6 ", " smptTo=you "),
		}},
		{"D-13", "without IPv6", [][]byte{l.msg(22, 0, fields{"legacy_ip_address": []byte{10, 1, 2, 3}})}, []claim{
			in("json", "compat fixed strict", `"hostIpAddr": "10.1.2.3"`), in("splunk", "compat fixed strict", " src_host=10.1.2.3 "),
			in("cef", "strict", " src=10.1.2.3 "), ours("kvpair", " hostIpAddr=10.1.2.3 "),
		}},
		{"D-13", "without archive time", [][]byte{l.msgAs(short, 22, 0, fields{"has_ipv6": 1, "ipv6_address": ip6(7)})}, []claim{
			in("json", "compat fixed strict", `"hostIpAddr": "2001::7"`), in("splunk", "compat fixed strict", " src_host=2001::7 "),
		}},
		{"D-13", "number of the layout", [][]byte{l.msgAs(short, 71, 174, fields{"client_url": "http://x/"})}, []claim{
			in("json", "compat fixed strict", `"blockType": 174, "archiveTimestamp": 0, `, `"data": "http://x/"`),
			in("cef cef2", "compat fixed", " request=http://x/ "), in("cef", "strict", " request=http://x/ "),
		}},
		{"D-14", "", [][]byte{l.msg(71, 174, fields{"initiator_ip_address": translated, "responder_ip_address": []byte{13: 2, 15: 3}})}, []claim{
			in("json", "compat fixed", `"initiatorIpAddress": "0:a01:203"`, `"responderIpAddress": "::0.2.0.3"`),
			in("json", "strict", `"initiatorIpAddress": "::ffff:0:a01:203"`, `"responderIpAddress": "::2:3"`),
			in("splunk", "compat fixed", " src_ip=0:a01:203 ", " dest_ip=::0.2.0.3 "), in("splunk", "strict", " src_ip=::ffff:0:a01:203 ", " dest_ip=::2:3 "),
			in("cef cef2", "compat fixed", " c6a2=0:a01:203 ", " c6a3=::0.2.0.3 "), in("cef", "strict", " c6a2=::ffff:0:a01:203 ", " c6a3=::2:3 "),
			ours("kvpair csv", "::ffff:0:a01:203", "::2:3"),
		}},
		{"D-14", "IPv4-mapped", [][]byte{l.msg(71, 174, fields{"initiator_ip_address": ip4(10, 1, 2, 3)})}, []claim{
			in("json", "compat fixed strict", `"initiatorIpAddress": "10.1.2.3"`), in("cef", "compat fixed strict", " src=10.1.2.3"), ours("kvpair", " initiatorIpAddress=10.1.2.3 "),
		}},
		{"D-15", "", packet([]byte(text)), []claim{
			in("json", "compat fixed", `"packetData": "GET / HTTP, long enough for a headerand more"`, `!"originalPacket"`, `!"packet":`),
			in("json", "strict", `"originalPacket": "474554`, "0061"), in("splunk", "compat fixed", ` packet="GET / HTTP, long enough for a headerand more" `, "!original_packet="),
			in("splunk", "strict", " original_packet=474554", "0061"), in("cef", "compat fixed", "|PKT:2:1|Packet Data|7|cs1Label=payload ", " packetData=474554", "0061"),
			in("cef", "strict", " CiscoFirepowerPacketData=474554", "0061"), ours("kvpair csv", "474554", "0061"),
		}},
		l.payload("plain", frame(false, 0x0800, ipv4(udp("abc"))), "003510"),
		l.payload("VLAN", frame(true, 0x0800, ipv4(udp("abc"))), "000508004500"),
		l.payload("IPv6", frame(false, 0x86dd, ipv6(udp("abc"))), "60000000"),
		{"D-17", "IPv6", extra(2, ip6(7)), []claim{
			in("json", "compat fixed", "!originalSrcIP"), in("json", "strict", `"originalSrcIP": "2001::7"`),
			in("splunk", "compat fixed", "!original_src_ip="), in("splunk", "strict", " original_src_ip=2001::7"), ours("kvpair", " originalSrcIP=2001::7 "),
		}},
		{"D-17", "IPv4", extra(2, ip4(10, 1, 2, 3)), []claim{
			in("json", "compat fixed strict", `"originalSrcIP": "10.1.2.3"`), in("splunk", "compat fixed strict", " original_src_ip=10.1.2.3"),
		}},
		{"D-17", "IPv4 of 4 bytes", extra(1, []byte{10, 1, 2, 3}), []claim{
			in("json", "compat fixed", "!originalSrcIP"), in("json", "strict", `"originalSrcIP": "10.1.2.3"`),
		}},
		{"D-17", "long text", extra(2, strings.Repeat("a", 40)), []claim{
			in("json", "compat fixed strict", `"data": "aaaa`, `"xffType": "XFF Client (Ipv6)"`, "!originalSrcIP"),
			in("splunk", "compat fixed strict", "aaaa", "!original_src_ip="), ours("kvpair", " blob=aaaa"),
		}},
	}
}

// payload is D-16. Every format but cef has the payload "abc" in strict; eNcore's begins with
// the digits given. The whole packet is beside it.
func (l *lab) payload(name string, packet []byte, digits string) example {
	return example{"D-16", name, [][]byte{l.msg(2, 0, fields{"packet_data": packet})}, []claim{
		in("json", "compat fixed", `"packet": "`+digits), in("json", "strict", `"packet": "616263"`, `"originalPacket": "ffffffffffff02`),
		in("splunk", "compat fixed", " packet="+digits), in("splunk", "strict", " packet=616263 ", " original_packet=ffffffffffff02"),
		ours("kvpair", " packet=616263"),
	}}
}
