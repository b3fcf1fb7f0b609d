package format_test

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"estream/format/cef"
	"estream/format/jsonl"
	"estream/internal/corpus"
	"estream/internal/formattest"
	"estream/internal/recordtest"
	"estream/layouts"
	"estream/meta"
	"estream/wire"
)

type fields = recordtest.Fields

// list is a list block around elements, block one data block.
func list(typ uint32, elements ...[]byte) []byte {
	var body []byte
	for _, e := range elements {
		body = append(body, e...)
	}
	return block(typ, body)
}

func block(typ uint32, body []byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, typ)
	b = binary.BigEndian.AppendUint32(b, uint32(len(body))+8)
	return append(b, body...)
}

// at finds a member in the last of some JSON lines; path elements are keys, or
// indexes of a list. A member that is not there gives "absent".
func at(t testing.TB, out string, path ...any) any {
	t.Helper()
	all := strings.Split(strings.TrimSuffix(out, "\n"), "\n")
	d := json.NewDecoder(strings.NewReader(all[len(all)-1]))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%v in %s", err, out)
	}
	for _, p := range path {
		switch p := p.(type) {
		case string:
			m, _ := v.(map[string]any)
			member, ok := m[p]
			if !ok {
				return "absent"
			}
			v = member
		case int:
			l, _ := v.([]any)
			if p >= len(l) {
				return "absent"
			}
			v = l[p]
		}
	}
	if n, ok := v.(json.Number); ok {
		return n.String()
	}
	return v
}

func ip4(a, b, c, d byte) []byte {
	return []byte{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b, c, d}
}

// packet is an Ethernet frame with an IPv4 header of 20 bytes.
func packet(payload string) []byte {
	p := make([]byte, 34)
	p[0], p[14] = 0xff, 0x45 // not valid UTF-8
	return append(p, payload...)
}

// TestJSONRules holds what the corpus does not exercise.
func TestJSONRules(t *testing.T) {
	set := layouts.Default()
	zero32 := make([]byte, 32)
	vpn := func(connected int) []byte {
		var b []byte
		b = binary.BigEndian.AppendUint32(b, 5) // index
		b = append(b, 2)                        // type
		b = append(append(b, block(0, nil)...), block(0, nil)...)
		b = append(b, make([]byte, 18)...) // address, country
		b = append(append(b, block(0, nil)...), block(0, nil)...)
		b = binary.BigEndian.AppendUint32(b, uint32(connected))
		return block(166, append(b, make([]byte, 16)...))
	}
	plain := wire.RecordHeader{} // 8 bytes, no archive time
	flagged := recordtest.Header
	flagged.NetmapID, flagged.Flagged = 12, true
	tests := []struct {
		name     string
		messages [][]byte
		path     []any
		want     any
	}{
		{"short header", [][]byte{recordtest.MessageAs(t, set, plain, 22, 0, fields{"hops": 7})}, []any{"hops"}, "7"},
		{"short header, archive time", [][]byte{recordtest.MessageAs(t, set, plain, 4, 0, fields{"id": 7})}, []any{"archiveTimestamp"}, "0"},
		{"no time at all", [][]byte{recordtest.MessageAs(t, set, plain, 4, 0, fields{"id": 7})}, []any{"@computed", "eventSecond"}, "absent"},
		{"netmap bits", [][]byte{recordtest.MessageAs(t, set, flagged, 22, 0, fields{"hops": 7})}, []any{"recordType"}, "22"},
		{"legacy address", [][]byte{recordtest.Message(t, set, 22, 0, fields{"legacy_ip_address": []byte{10, 1, 2, 3}})}, []any{"hostIpAddr"}, "10.1.2.3"},
		{"compatible address", [][]byte{recordtest.Message(t, set, 29, 0, fields{"ip_address": []byte{12: 0, 13: 2, 14: 0, 15: 3}})}, []any{"ipAddress"}, "::0.2.0.3"},
		{"translated address", [][]byte{recordtest.Message(t, set, 29, 0, fields{"ip_address": []byte{8: 0xff, 9: 0xff, 12: 10, 13: 1, 14: 2, 15: 3}})}, []any{"ipAddress"}, "0:a01:203"},
		{"unknown device", [][]byte{recordtest.Message(t, set, 22, 0, fields{"device_id": 99})}, []any{"@computed", "sensor"}, nil},
		{"nameless device", [][]byte{
			recordtest.Message(t, set, 123, 0, fields{"id": 99, "name": ""}),
			recordtest.Message(t, set, 22, 0, fields{"device_id": 99}),
		}, []any{"@computed", "sensor"}, nil},
		{"carry", [][]byte{recordtest.Message(t, set, 22, 0, fields{"event_second": 1700000000, "event_microsecond": 2500000})}, []any{"@computed", "eventDateTime"}, "2023-11-14T22:13:22.500000"},
		{"carry keeps second", [][]byte{recordtest.Message(t, set, 22, 0, fields{"event_second": 1700000000, "event_microsecond": 2500000})}, []any{"@computed", "eventSecond"}, "1700000000"},
		{"carry keeps microsecond", [][]byte{recordtest.Message(t, set, 22, 0, fields{"event_second": 1700000000, "event_microsecond": 2500000})}, []any{"@computed", "eventMicrosecond"}, "2500000"},

		{"packet", [][]byte{recordtest.Message(t, set, 2, 0, fields{"packet_data": packet("abc")})}, []any{"@computed", "packet"}, "616263"},
		{"packet of text", [][]byte{recordtest.Message(t, set, 2, 0, fields{"packet_data": "GET /\x00 HTTP"})}, []any{"packetData"}, "GET / HTTP"},
		{"packet of text has no payload", [][]byte{recordtest.Message(t, set, 2, 0, fields{"packet_data": "GET / HTTP, long enough for a header"})}, []any{"@computed", "packet"}, "absent"},
		{"short packet", [][]byte{recordtest.Message(t, set, 2, 0, fields{"packet_data": []byte{0xff, 1, 2}})}, []any{"@computed", "originalPacket"}, "ff0102"},
		{"short packet has no payload", [][]byte{recordtest.Message(t, set, 2, 0, fields{"packet_data": []byte{0xff, 1, 2}})}, []any{"@computed", "packet"}, "absent"},
		{"no payload", [][]byte{recordtest.Message(t, set, 2, 0, fields{"packet_data": packet("")})}, []any{"@computed", "packet"}, "absent"},

		{"correlation rule", [][]byte{
			recordtest.Message(t, set, 70, 0, fields{"id": 3, "name": "rule three"}),
			recordtest.Message(t, set, 69, 0, fields{"id": 3, "name": "policy"}),
		}, []any{"@computed", "correlationRule"}, "rule three"},
		{"security intelligence list 2", [][]byte{
			recordtest.Message(t, set, 280, 22, fields{"id": 9, "access_control_policy_uuid": zero32[:16], "name": "Bots"}),
			recordtest.Message(t, set, 71, 174, fields{"security_intelligence_list2": 9}),
		}, []any{"@computed", "securityIntelligenceList2"}, "Bots"},
		{"detection name", [][]byte{recordtest.Message(t, set, 125, 80, fields{"file_sha_hash": strings.Repeat("0", 64)})}, []any{"@computed", "detectionName"}, "Unknown"},
		{"detection name with NULs", [][]byte{recordtest.Message(t, set, 125, 80, fields{"file_sha_hash": strings.Repeat("0", 64) + "\x00"})}, []any{"@computed", "detectionName"}, "Unknown"},
		{"detection name known", [][]byte{recordtest.Message(t, set, 125, 80, fields{"file_sha_hash": strings.Repeat("0", 64), "detection_name": "W32"})}, []any{"@computed", "detectionName"}, "absent"},
		{"parent detection", [][]byte{recordtest.Message(t, set, 125, 80, fields{"parent_sha_hash": strings.Repeat("0", 64)})}, []any{"@computed", "parentDetection"}, "Unknown"},
		{"detection", [][]byte{recordtest.Message(t, set, 500, 79, fields{"sha_hash": zero32})}, []any{"@computed", "detection"}, "Unknown"},
		{"detection of 502", [][]byte{recordtest.Message(t, set, 502, 56, fields{"sha_hash": zero32})}, []any{"@computed", "detection"}, "Unknown"},
		{"no detection", [][]byte{recordtest.Message(t, set, 500, 79, fields{"sha_hash": append([]byte{1}, zero32[1:]...)})}, []any{"@computed", "detection"}, "absent"},
		{"connection duration", [][]byte{recordtest.Message(t, set, 170, 167, fields{"vpn_session": vpn(77)})}, []any{"@computed", "connectionDuration"}, "77"},
		{"no connection duration", [][]byte{recordtest.Message(t, set, 170, 167, fields{"vpn_session": vpn(0)})}, []any{"@computed", "connectionDuration"}, "absent"},
		{"logoff protocol", [][]byte{recordtest.Message(t, set, 171, 167, fields{"protocol": 6})}, []any{"@computed", "protocol"}, "TCP"},
		{"login protocol", [][]byte{recordtest.Message(t, set, 170, 167, fields{"protocol": 165})}, []any{"@computed", "protocol"}, "FTP"},
		{"left out session", [][]byte{recordtest.Message(t, set, 170, 167, fields{"vpn_session": []byte{}})}, []any{"userLogin", "vpnSession", "items"}, []any{}},

		{"mac list", [][]byte{recordtest.Message(t, set, 10, 139, fields{
			"host_mac_address": list(11, block(95, []byte{64, 0, 1, 2, 3, 4, 5, 1, 0, 0, 0, 9})),
		})}, []any{"hostProfile", "hostMacAddress", "items", 0, "blockLength"}, "20"},
		{"client list of the new type", [][]byte{recordtest.Message(t, set, 10, 139, fields{
			"client_applications": list(31, block(122, append(make([]byte, 15), append(append([]byte{9}, block(0, []byte("1.0"))...), list(31)...)...))),
		})}, []any{"hostProfile", "clientApplications", "items", 0, "version", "data"}, "1.0"},
		{"unknown element", [][]byte{recordtest.Message(t, set, 10, 139, fields{
			"client_applications": list(31, block(9999, []byte{0xca, 0xfe})),
		})}, []any{"hostProfile", "clientApplications", "items", 0}, map[string]any{"blockType": json.Number("9999"), "blockLength": json.Number("10"), "data": "cafe"}},
		{"block of another name", [][]byte{recordtest.Message(t, set, 10, 139, nil)}, []any{"hostProfile", "blockLength"}, "absent"},

		{"impact alert", [][]byte{recordtest.Message(t, set, 9, 153, fields{"description": "x [Impact:y] [Impact: Vulnerable] z]"})}, []any{"@computed", "description"}, "Vulnerable"},
		{"impact alert without mark", [][]byte{recordtest.Message(t, set, 9, 153, fields{"description": "say \"x\""})}, []any{"@computed", "description"}, "say 'x'"},
		{"impact alert across lines", [][]byte{recordtest.Message(t, set, 9, 153, fields{"description": "[Impact: a\nb] [Impact: c]"})}, []any{"@computed", "description"}, "c"},
		{"impact alert of a bracket", [][]byte{recordtest.Message(t, set, 9, 153, fields{"description": "[Impact: ]]"})}, []any{"@computed", "description"}, "]"},
		{"impact alert of bytes", [][]byte{recordtest.Message(t, set, 9, 153, fields{"description": "\xff"})}, []any{"@computed", "description"}, "absent"},

		{"extra data IPv4", [][]byte{recordtest.Message(t, set, 110, 4, fields{"type": 2, "blob": ip4(10, 1, 2, 3)})}, []any{"@computed", "originalSrcIP"}, "10.1.2.3"},
		{"extra data IPv6", [][]byte{recordtest.Message(t, set, 110, 4, fields{"type": 2, "blob": []byte{0xfe, 0x80, 15: 1}})}, []any{"@computed", "originalSrcIP"}, "absent"},
		{"long extra data", [][]byte{recordtest.Message(t, set, 110, 4, fields{"type": 2, "blob": []byte{0xfe, 0x80, 15: 1, 16: 2}})}, []any{"@computed", "originalSrcIP"}, "fe80:0000:0000:0000:0000:0000:0000:0001"},
		{"short zeros", [][]byte{recordtest.Message(t, set, 110, 4, fields{"type": 2, "blob": []byte{10: 0xff, 11: 0xff}})}, []any{"@computed", "originalSrcIP"}, "absent"},
		{"extra data text", [][]byte{recordtest.Message(t, set, 110, 4, fields{"type": 2, "blob": strings.Repeat("a", 40)})}, []any{"@computed", "xffType"}, "XFF Client (Ipv6)"},
		{"extra data URI", [][]byte{recordtest.Message(t, set, 110, 4, fields{"type": 9, "blob": "/a\x00b"})}, []any{"@computed", "xffUri"}, "/ab"},
		{"extra data of zeros", [][]byte{recordtest.Message(t, set, 110, 4, fields{"type": 9, "blob": "\x00\x00"})}, []any{"@computed", "xffType"}, "absent"},

		{"text in hex", [][]byte{recordtest.Message(t, set, 71, 174, fields{"client_url": "a\xff"})}, []any{"clientUrl", "data"}, "61ff"},
		{"text in hex is long", [][]byte{recordtest.Message(t, set, 71, 174, fields{"client_url": "a\xff"})}, []any{"clientUrl", "blockLength"}, "10"},
		{"device of header and block", [][]byte{recordtest.Message(t, set, 71, 174, fields{"header.device_id": 4, "device_id": 5})}, []any{"deviceId"}, "5"},
		{"little-endian address", [][]byte{recordtest.Message(t, set, 71, 9, fields{"initiator_ip_address": []byte{4, 3, 2, 1}})}, []any{"initiatorIpAddress"}, "1.2.3.4"},
		{"old layout", [][]byte{recordtest.Message(t, set, 71, 144, fields{"rule_id": 4})}, []any{"ruleId"}, "4"},
		{"unnamed record type", [][]byte{recordtest.Message(t, set, 5, 0, fields{"rule_id": 4, "message": "m"})}, []any{"@computed"}, map[string]any{"eventSecond": json.Number("1700000000"), "eventDateTime": "2023-11-14T22:13:20"}},
	}
	f := jsonUTC()
	for _, c := range tests {
		t.Run(c.name, func(t *testing.T) {
			out := formattest.Output(t, set, f, c.messages...)
			if got := at(t, out, c.path...); !reflect.DeepEqual(got, c.want) {
				t.Errorf("%v is %#v, want %#v, in %s", c.path, got, c.want, out)
			}
		})
	}
}

// TestCEFRules looks for a piece of the line, or with "!" in front its absence.
func TestCEFRules(t *testing.T) {
	set := layouts.Default()
	event := func(values fields) []byte { return recordtest.Message(t, set, 400, 85, values) }
	connection := func(values fields) []byte { return recordtest.Message(t, set, 71, 174, values) }
	short := func(values fields) []byte { return recordtest.Message(t, set, 2, 0, values) }
	rule := func(name string) []byte {
		return recordtest.Message(t, set, 66, 0, fields{"generator_id": 1, "rule_id": 2, "signature_id": 3, "message": name})
	}
	tests := []struct {
		name     string
		messages [][]byte
		want     string
	}{
		{"no rule", [][]byte{event(fields{"generator_id": 1})}, "|INTRUSION:400:1:None|None|5|act=Alerted "},
		{"rule", [][]byte{rule(`a|b "c"`), event(fields{"generator_id": 1, "rule_id": 2})}, `|INTRUSION:400:1:3|a|b "c"|5|`},
		{"rule of bytes", [][]byte{rule("\xff"), event(fields{"generator_id": 1, "rule_id": 2})}, `|b'ff'|5|`},
		{"rule of two lines", [][]byte{rule("a\r\nb"), event(fields{"generator_id": 1, "rule_id": 2})}, `|a\r\nb|5|`},
		{"severity", [][]byte{event(fields{"priority_id": 1, "impact": 4})}, "|None|8|"},
		{"act out of range", [][]byte{event(fields{"blocked": 15})}, "|act=15 "},
		{"escapes", [][]byte{connection(fields{"client_url": "a\\b]c|d\"e\x00\r\nf"})}, ` request=a\\b\]c\|d\"e\r\nf `},
		{"equals sign", [][]byte{connection(fields{"client_url": `a="b"`})}, ` request="a=\"b\"" `},
		{"bytes", [][]byte{connection(fields{"client_url": "=\xff"})}, ` request=b'3dff' `},
		{"only NULs", [][]byte{connection(fields{"client_url": "\x00"})}, "! request="},
		{"zero", [][]byte{connection(nil)}, "! spt="},
		{"no address", [][]byte{connection(nil)}, "! c6a2="},
		{"IPv4", [][]byte{connection(fields{"initiator_ip_address": ip4(1, 2, 3, 4)})}, " src=1.2.3.4\n"},
		{"little-endian", [][]byte{recordtest.Message(t, set, 71, 9, fields{"initiator_ip_address": []byte{4, 3, 2, 1}})}, " src=1.2.3.4 "},
		{"IPv6", [][]byte{connection(fields{"initiator_ip_address": []byte{0x20, 1, 15: 7}})}, " c6a2=2001::7 cs1="},
		{"compatible address is IPv6", [][]byte{connection(fields{"initiator_ip_address": []byte{12: 1, 13: 2, 14: 3, 15: 4}})}, " c6a2=::1.2.3.4 cs1="},
		{"mapped address has no colon", [][]byte{connection(fields{"initiator_ip_address": ip4(1, 2, 3, 4)})}, "! c6a2="},
		{"unknown device", [][]byte{connection(fields{"device_id": 3})}, " dvchost=3 "},
		{"device of bytes", [][]byte{recordtest.Message(t, set, 123, 0, fields{"id": 3, "name": "\xfe="}), connection(fields{"device_id": 3})}, " dvchost=b'fe3d' "},
		{"user as object", [][]byte{
			recordtest.Message(t, set, 98, 57, fields{"id": 7, "username": "o'neil="}),
			recordtest.Message(t, set, 112, 156, fields{"source_user_id": 7}),
		}, ` suser="{'blockType': 0, 'blockLength': 15, 'data': \"o'neil=\"}"` + "\n"},
		{"legacy address", [][]byte{recordtest.Message(t, set, 170, 167, fields{"legacy_ip_address": []byte{10, 1, 2, 3}})}, " host=10.1.2.3 "},
		{"hash as text", [][]byte{recordtest.Message(t, set, 500, 79, fields{"sha_hash": make([]byte, 32)})}, " fileHash=" + strings.Repeat("0", 64) + " "},
		{"tenth", [][]byte{recordtest.Message(t, set, 500, 79, fields{"threat_score": 76})}, "|File Event|7.6|"},
		{"name", [][]byte{recordtest.Message(t, set, 502, 79, nil)}, "|FileMalware:502:1|File Malware Event|0.0|"},

		{"payload", [][]byte{short(fields{"packet_data": packet("abc")})}, "|cs1=b'616263' cs1Label=payload "},
		{"long payload", [][]byte{short(fields{"packet_data": packet(strings.Repeat("a", 600))})}, "|cs1=b'" + strings.Repeat("61", 511) + "' cs1Label"},
		{"short packet", [][]byte{short(fields{"packet_data": []byte{0xff, 1}})}, "|7|cs1Label=payload dvchost=Defense Center packetData=ff01\n"},
		{"packet of text", [][]byte{short(fields{"packet_data": "abc"})}, "|7|cs1Label=payload dvchost=Defense Center packetData=616263\n"},
		{"no packet", [][]byte{short(nil)}, "! packetData="},
	}
	f := cefFixed()
	for _, c := range tests {
		t.Run(c.name, func(t *testing.T) {
			out := formattest.Output(t, set, f, c.messages...)
			want, absent := strings.CutPrefix(c.want, "!")
			if !strings.HasPrefix(out, corpus.Prefix+"CEF:0|Cisco|Firepower|6.0|") || strings.Count(out, "\n") != 1 {
				t.Errorf("not one line: %q", out)
			}
			if strings.Contains(out, want) == absent {
				t.Errorf("want %q in %q", c.want, out)
			}
		})
	}
}

// TestPacketOptions varies eNcore's packet settings.
func TestPacketOptions(t *testing.T) {
	set := layouts.Default()
	m := recordtest.Message(t, set, 2, 0, fields{"packet_data": packet("h\xc3\xa9\xff\x00=")})
	whole := fmt.Sprintf("%x", packet("h\xc3\xa9\xff\x00="))
	for _, c := range []struct {
		packets  meta.Packets
		original any
		payload  any
		cef      string
	}{
		{meta.Packets{}, whole, "68c3a9ff003d", "cs1=b'68c3a9ff003d' "},
		{meta.Packets{Encoding: meta.PacketASCII}, whole, "h\x00=", "cs1=\"h\x00=\" "},
		{meta.Packets{Encoding: meta.PacketUTF8}, whole, "hé\x00=", "cs1=\"hé\x00=\" "},
		{meta.Packets{Encoding: meta.PacketWhole, OmitOriginal: true}, "absent", whole, "packetData=b'" + whole + "'"},
	} {
		out := formattest.Output(t, set, jsonl.New(jsonl.Options{Packets: c.packets}), m)
		if got := at(t, out, "@computed", "originalPacket"); got != c.original {
			t.Errorf("%+v: original %q, want %q", c.packets, got, c.original)
		}
		if got := at(t, out, "@computed", "packet"); got != c.payload {
			t.Errorf("%+v: payload %q, want %q", c.packets, got, c.payload)
		}
		if out := formattest.Output(t, set, newCEF(cef.Options{Packets: c.packets}), m); !strings.Contains(out, c.cef) {
			t.Errorf("%+v: %q, want %q in it", c.packets, out, c.cef)
		}
	}
}
