package alert

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"estream/format/flat/flattest"
	"estream/internal/formattest"
	"estream/internal/recordtest"
	"estream/layouts"
	"estream/meta"
	"estream/wire"
)

// ruleMessage returns metadata that names rule 1:2024897.
func ruleMessage(t testing.TB, text string) []byte {
	return recordtest.Message(t, layouts.Default(), 66, 0, recordtest.Fields{
		"generator_id": 1, "rule_id": 2024897, "rule_revision": 3, "signature_id": 2024897,
		"message_length": len(text), "message": text,
	})
}

// event returns an intrusion event of a record type, with IPv6 addresses where it
// has room for them.
func event(t testing.TB, l *wire.Layout, values recordtest.Fields) []byte {
	all := recordtest.Fields{
		"event_second": 1700000001, "event_microsecond": 250000,
		"generator_id": 1, "rule_id": 2024897, "rule_revision": 3, "priority_id": 2,
		"source_ip_address": "\xc0\x00\x02\x07", "destination_ip_address": "\xc6\x33\x64\x09",
		"source_port_or_icmp_type": 4711, "destination_port_or_icmp_code": 80, "ip_protocol_id": 6,
	}
	if l.Fields[l.Slot("source_ip_address")].Kind == wire.KindIPv6 {
		all["source_ip_address"] = netip.MustParseAddr("2001:db8::7").AsSlice()
		all["destination_ip_address"] = "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\xff\xff\xc6\x33\x64\x09"
	}
	for name, v := range values {
		all[name] = v
	}
	block := uint32(0)
	if l.Block != nil {
		block = l.Block.Type
	}
	return recordtest.Message(t, layouts.Default(), l.Record.Type, block, all)
}

// intrusionLayouts returns all versions of intrusion events.
func intrusionLayouts(t testing.TB) (list []*wire.Layout) {
	for l, err := range layouts.All(layouts.Default()) {
		if err != nil {
			t.Fatal(err)
		}
		if l.Record != nil && l.Record.Category == "intrusion" {
			list = append(list, l)
		}
	}
	return list
}

// alerts returns the alerts of all intrusion events in a stream.
func alerts(t testing.TB, stream []byte) (list []Alert) {
	rd, d := NewReader(), wire.NewDecoder(layouts.Default(), nil)
	formattest.Scan(t, layouts.Default(), stream, func(message []byte, s *meta.Snapshot) {
		r, err := d.Decode(message)
		if err != nil {
			t.Fatal(err)
		}
		var a Alert
		if rd.Read(r, s, &a) {
			list = append(list, a)
		}
	})
	return list
}

// TestVersions: every version of the event says the same.
func TestVersions(t *testing.T) {
	versions := intrusionLayouts(t)
	if len(versions) < 13 {
		t.Fatalf("%d versions of intrusion events, expected 13 or more", len(versions))
	}
	for _, l := range versions {
		stream := append(ruleMessage(t, "ET TROJAN Beacon"), event(t, l, nil)...)
		got := alerts(t, stream)
		if len(got) != 1 {
			t.Fatalf("%v: %d alerts", l, len(got))
		}
		want := Alert{
			Priority: 2, Rule: Rule{1, 2024897}, Revision: 3, Message: "ET TROJAN Beacon",
			Source: netip.MustParseAddr("192.0.2.7"), Destination: netip.MustParseAddr("198.51.100.9"),
			SourcePort: 4711, DestinationPort: 80, Protocol: 6, Time: time.Unix(1700000001, 250_000_000).UTC(), Count: 1,
		}
		if l.Fields[l.Slot("source_ip_address")].Kind == wire.KindIPv6 {
			want.Source = netip.MustParseAddr("2001:db8::7")
		}
		if got[0] != want {
			t.Errorf("%v:\ngot  %+v\nwant %+v", l, got[0], want)
		}
	}
}

// TestOtherRecords: nothing but intrusion events makes alerts, and each of them one.
func TestOtherRecords(t *testing.T) {
	const each = 3
	stream := flattest.Random(t, layouts.Default(), each)
	if got, want := len(alerts(t, stream)), each*len(intrusionLayouts(t)); got != want {
		t.Errorf("%d alerts, expected %d", got, want)
	}
	var a Alert
	if NewReader().Read(nil, nil, &a) || NewReader().Read(&wire.Record{}, nil, &a) {
		t.Error("an alert of nothing")
	}
}

// TestText: what metadata says is one printable line, and has an end.
func TestText(t *testing.T) {
	l := intrusionLayouts(t)[0]
	long := strings.Repeat("é", 2*MaxMessage)
	for _, test := range []struct{ message, want string }{
		{"MALWARE \"x\" \\ y", "MALWARE \"x\" \\ y"},
		{"two\r\nlines\x1b[31m\x00\x9b", `two\r\nlines\x1b[31m\x00\x9b`},
		{"\u202eright to left", `\xe2\x80\xaeright to left`},
		{long, strings.Repeat("é", 499) + "...[truncated 3098 bytes]"},
	} {
		got := alerts(t, append(ruleMessage(t, test.message), event(t, l, nil)...))[0]
		if len(got.Message) > MaxMessage {
			t.Errorf("%.40q: %d bytes are kept", test.message, len(got.Message))
		}
		if text := string(got.AppendText(nil)); text != test.want {
			t.Errorf("%.40q:\ngot  %.1100q\nwant %.1100q", test.message, text, test.want)
		}
	}
	unknown := alerts(t, event(t, l, nil))[0]
	if text := string(unknown.AppendText([]byte("> "))); text != "> no message known for rule 1:2024897:3" {
		t.Errorf("without metadata: %q", text)
	}
}

// FuzzRead: no message makes an alert that is no line of text.
func FuzzRead(f *testing.F) {
	set := layouts.Default()
	for _, l := range intrusionLayouts(f) {
		f.Add(event(f, l, nil), "rule text\n")
	}
	for message := range recordtest.Split(f, flattest.Random(f, set, 1)) {
		f.Add(message, "")
	}
	f.Add(flattest.Damaged(flattest.Random(f, set, 1))[:200], "\x1b")
	rd, d := NewReader(), wire.NewDecoder(set, nil)
	f.Fuzz(func(t *testing.T, message []byte, text string) {
		r, err := d.Decode(message)
		var a Alert
		if err != nil {
			if rd.Read(r, meta.Initial(), &a) {
				t.Fatalf("an alert of a message that is malformed: %v", err)
			}
			return
		}
		if !rd.Read(r, meta.Initial(), &a) {
			return
		}
		if a.Count != 1 || a.Source.Is4In6() || a.Destination.Is4In6() || a.Time.Location() != time.UTC {
			t.Fatalf("%+v", a)
		}
		a.Message = text
		for _, c := range string(a.AppendText(nil)) {
			if c < ' ' || c == 0x7f || c == '\uFFFD' && !strings.ContainsRune(text, '\uFFFD') {
				t.Fatalf("%q has %q", a.AppendText(nil), c)
			}
		}
	})
}

// TestOtherBlock: a record of an intrusion event's type with a block that is none.
func TestOtherBlock(t *testing.T) {
	set := layouts.Default()
	l, err := set.Layout(400, 17)
	if err != nil {
		t.Fatal(err)
	}
	r, err := wire.NewDecoder(set, nil).Decode(l.NewBuilder().AppendMessage(nil, wire.RecordHeader{Type: 400}))
	if err != nil || r.Layout != l {
		t.Fatalf("%v, %v", r, err)
	}
	var a Alert
	if NewReader().Read(r, meta.Initial(), &a) {
		t.Errorf("an alert: %+v", a)
	}
}
