package cef_test

import (
	"strings"
	"testing"

	"estream/format/cef"
	"estream/meta"
	"estream/wire"
)

// TestFixed holds what the profile mends, next to what compat writes.
func TestFixed(t *testing.T) {
	set := loadLayouts(t)
	msg := func(record uint16, block uint32, values fields) []byte {
		return message(t, set, 0, record, block, values)
	}
	rule := msg(66, 0, fields{"generator_id": 1, "rule_id": 7, "signature_id": 9, "message": "a|b\\c\r\nd=e"})
	intrusion := msg(400, 60, fields{"generator_id": 1, "rule_id": 7})
	login := msg(170, 167, fields{"device_id": 3, "vpn_session": session(ip4(10, 1, 2, 3))})
	for _, c := range []struct {
		name          string
		messages      [][]byte
		compat, fixed []string // see wants
	}{
		{"header", [][]byte{rule, intrusion}, []string{`|INTRUSION:400:1:9|a|b\c\r\nd=e|`}, []string{`|INTRUSION:400:1:9|a\|b\\c  d=e|`}},
		{"rule number", [][]byte{
			msg(66, 0, fields{"generator_id": 1, "rule_id": 1000001, "signature_id": 9}),
			msg(400, 85, fields{"generator_id": 1, "rule_id": 1000001}),
		}, []string{"|INTRUSION:400:1:9|", "cs6=9 cs6Label=ruleId", "!cn3"}, []string{"|INTRUSION:400:1:9|", "cs6=9 cs6Label=ruleId", "cn3=1000001 cn3Label=internalRuleId"}},
		{"user", [][]byte{
			msg(98, 57, fields{"id": 5, "username": "bob"}),
			msg(112, 156, fields{"source_user_id": 5, "destination_user_id": 6}),
		}, []string{`suser={'blockType': 0, 'blockLength': 11, 'data': 'bob'}`, "duser=6"}, []string{"suser=bob", "duser=6"}},
		{"logoff", [][]byte{msg(171, 167, fields{"vpn_session": session(ip4(10, 1, 2, 3))})},
			[]string{"|VPN|None|", "src=None", "in=None out=None"}, []string{"|VPN|3|", "src=10.1.2.3", "in=2000", "out=1000"}},
		{"login", [][]byte{msg(123, 0, fields{"id": 3, "name": "fw=3"}), login},
			[]string{"|VPN Login|None|", "!cs2=", "dvcpid=None", "requestClientApplication=None src=None", "vpnProfile=None"},
			[]string{
				"|VPN Login|3|", `cs1="fw=3" cs1Label=sensor`, "cs2=AnyConnect IKEv1 Client cs2Label=vpnType", "cs3=linux-64 cs3Label=clientOS",
				"cs4=AnyConnect 4 cs4Label=clientApplication", "cs5=office cs5Label=vpnProfile", "cs6=staff cs6Label=groupPolicy",
				"cn1=77 cn1Label=connectionDuration", "requestClientApplication=AnyConnect 4", "vpnProfile=office", "!c6a2", "dvcpid=None",
			}},
		{"login over IPv6", [][]byte{msg(170, 167, fields{"vpn_session": session([]byte{0: 0x20, 1: 1, 15: 9})})}, nil, []string{"c6a2=2001::9", "!src="}},
		{"login without session", [][]byte{msg(170, 167, fields{"vpn_session": []byte{}})}, []string{"src=None"}, []string{"!src=", "!cs3=", "cs3Label=clientOS", "!vpnProfile="}},
		{"login of old version", [][]byte{msg(170, 127, nil)}, []string{"src=None"}, []string{"|VPN Login|3|", "!src=", "!cs5=", "!vpnProfile="}},
	} {
		t.Run(c.name, func(t *testing.T) {
			wants(t, lastLine(t, set, newFormat(t, cef.Options{}), c.messages...), c.compat...)
			wants(t, lastLine(t, set, newFormat(t, cef.Options{Profile: meta.Fixed}), c.messages...), c.fixed...)
		})
	}
}

// TestFixedDomain looks for device and domain on every event.
func TestFixedDomain(t *testing.T) {
	set := loadLayouts(t)
	for _, variant := range []cef.Variant{cef.CEF, cef.CEF2} {
		f := newFormat(t, cef.Options{Profile: meta.Fixed, Variant: variant, Prefix: []byte{}})
		for _, typ := range []uint16{2, 71, 112, 125, 170, 171, 400, 500, 502} {
			def, err := set.Source().Record(typ)
			if err != nil {
				t.Fatal(err)
			}
			blocks := def.Blocks
			if len(blocks) == 0 {
				blocks = []wire.RecordBlock{{}}
			}
			for _, b := range blocks {
				l, err := set.Layout(typ, b.Type)
				if err != nil {
					t.Fatal(err)
				}
				if !f.Writes(l) {
					continue
				}
				values := fields{}
				for _, name := range []string{"device_id", "sensor_id"} {
					if l.Slot(name) >= 0 {
						values[name] = 3
					}
				}
				known := lastLine(t, set, f,
					message(t, set, 0, 123, 0, fields{"id": 3, "name": "edge"}),
					message(t, set, 0, 350, 0, fields{"id": 12, "name": "Global / West"}),
					message(t, set, 12, typ, b.Type, values))
				unknown := lastLine(t, set, f, message(t, set, 13, typ, b.Type, values))
				if len(values) > 0 {
					wants(t, known, " dvchost=edge")
				}
				if header := strings.Split(known, "|"); header[6] == "None" {
					t.Errorf("no severity in %s", known)
				}
				if wants(t, known, " deviceNtDomain=Global / West "); !strings.Contains(unknown, " deviceNtDomain=13 ") {
					t.Errorf("want the number of an unknown domain in %s", unknown)
				}
			}
		}
	}
}

// TestFixedCorpus compares the profiles over the corpus: what differs is what the
// package comment lists.
func TestFixedCorpus(t *testing.T) {
	var compat []string
	eachLine(t, newFormat(t, cef.Options{Prefix: []byte{}}), func(_ int, _ wire.RecordHeader, line string) { compat = append(compat, line) })
	differ := map[uint16]int{}
	eachLine(t, newFormat(t, cef.Options{Profile: meta.Fixed, Prefix: []byte{}}), func(i int, h wire.RecordHeader, line string) {
		if (line == "") != (compat[i] == "") {
			t.Errorf("message %d, record %d: line in one profile only", i, h.Type)
		}
		if line != compat[i] {
			differ[h.Type]++
		}
		if header := strings.SplitN(strings.NewReplacer(`\\`, "", `\|`, "").Replace(line), "|", 8); line != "" && (len(header) != 8 || header[6] == "None" || strings.Contains(header[5], "\\")) {
			t.Errorf("message %d, record %d: header of %s", i, h.Type, line)
		}
		if strings.Contains(line, "user={'block") {
			t.Errorf("message %d, record %d: dictionary in %s", i, h.Type, line)
		}
	})
	t.Logf("lines that differ, by record type: %v", differ)
	for _, typ := range []uint16{112, 170, 171, 400} {
		if differ[typ] == 0 {
			t.Errorf("no line of record %d differs", typ)
		}
	}
}
