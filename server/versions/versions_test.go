package versions

import (
	"bytes"
	"math"
	"math/rand/v2"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"estream/internal/recordtest"
	"estream/layouts"
	"estream/synth"
	"estream/wire"
)

// A pair is a line of testdata/reference.txt.
type pair struct {
	event   *Event
	version uint16
	records []uint16
	blocks  []uint32
}

func reference(t *testing.T) (pairs []pair) {
	t.Helper()
	text, err := os.ReadFile("testdata/reference.txt")
	if err != nil {
		t.Fatal(err)
	}
	number := func(s string) uint64 {
		n, err := strconv.ParseUint(s, 10, 32)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		f := strings.Fields(line)
		p := pair{event: Default().Event(uint16(number(f[0]))), version: uint16(number(f[1]))}
		if p.event == nil {
			t.Fatalf("event type %s is missing", f[0])
		}
		for _, s := range strings.Split(strings.Trim(f[2], "-"), ",") {
			if s != "" {
				p.records = append(p.records, uint16(number(s)))
			}
		}
		for _, s := range strings.Split(strings.Trim(f[3], "-"), ",") {
			if _, block, ok := strings.Cut(s, "."); ok {
				p.blocks = append(p.blocks, uint32(number(block)))
			}
		}
		pairs = append(pairs, p)
	}
	return pairs
}

// encoder returns an encoder for one event type.
func encoder(e *Event, version uint16) *Encoder {
	return NewConverters(Default(), layouts.Default()).NewEncoder(map[*Event]uint16{e: version})
}

// sources returns a message in every form of a family that has a layout, with random
// values in every field; addresses are IPv4 if so wanted.
func sources(t *testing.T, rng *rand.Rand, f *Family, four bool) (messages [][]byte) {
	t.Helper()
	set := layouts.Default()
	for _, form := range f.Ladder {
		for _, record := range append(slices.Clone(f.Records), form.Record, form.IPv6) {
			if record == 0 || record == 1 {
				continue
			}
			l, err := set.Layout(record, form.Block)
			if form.Number != 0 {
				l, err = set.Form(record, form.Number)
			}
			if err != nil {
				continue
			}
			b := l.NewBuilder()
			synth.Fill(set, b, rng)
			setAddresses(b, rng, four)
			messages = append(messages, b.AppendMessage(nil, recordtest.Header))
		}
	}
	return messages
}

// setAddresses fills the address fields: IPv4 in whatever form the field has, or IPv6.
func setAddresses(b *wire.Builder, rng *rand.Rand, four bool) {
	l := b.Layout()
	for i := range l.Fields {
		f := &l.Fields[i]
		if f.When != "" {
			b.SetUint(l.Slot(f.When), 1)
		}
		if f.Kind != wire.KindIPv6 {
			continue
		}
		a := [16]byte{0: 0x20, 1: 1, 2: 0xd, 3: 0xb8, 15: byte(rng.Uint32())}
		if four {
			a = netip.AddrFrom4([4]byte{10, 1, byte(rng.Uint32()), byte(rng.Uint32())}).As16()
		}
		b.SetBytes(i, a[:])
	}
}

// decode returns a record that does not change with the next one.
func decode(t *testing.T, m []byte) *wire.Record {
	t.Helper()
	r, err := wire.NewDecoder(layouts.Default(), nil).Decode(m)
	if err != nil {
		t.Fatalf("%v\n%x", err, m)
	}
	return r
}

// TestEveryVersion: a client that asks for a version of the reference gets every newer
// form written in the one of that version, or in the highest below; what exists in both
// forms is equal; older forms are not touched.
func TestEveryVersion(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 1))
	full, lower, forms := 0, 0, 0
	for _, p := range reference(t) {
		exact := true
		written := map[uint32]bool{}
		for _, family := range p.event.Families {
			e := encoder(p.event, p.version)
			e.Note = func(record uint16, reason Reason, text string) {
				exact = false
				if reason != Lower && reason != NoForm {
					t.Errorf("%s version %d: %v %s", p.event.Name, p.version, reason, text)
				}
			}
			for range 4 {
				for _, m := range sources(t, rng, family, true) {
					out := through(t, e, p, m)
					if out == nil {
						continue
					}
					forms++
					compare(t, p.event, decode(t, m), decode(t, out))
					written[decode(t, out).Block] = true
				}
			}
		}
		for _, block := range p.blocks[max(len(p.blocks)-1, 0):] {
			if _, err := layouts.Default().Source().Block(1, block); p.event.Code != 12 && err == nil && !written[block] && p.event.Code != 21 && block != 66 && block != 119 && block != 136 && block != 166 {
				t.Errorf("%s version %d: nothing was written with block %d; there were %v", p.event.Name, p.version, block, written)
			}
		}
		if exact {
			full++
		} else {
			lower++
			t.Logf("%s version %d: something is served lower or not at all", p.event.Name, p.version)
		}
	}
	t.Logf("%d pairs of event type and version: in %d everything has a layout, in %d something is served lower or left out; %d records compared", full+lower, full, lower, forms)
	if full+lower != 76 || full != 65 {
		t.Errorf("%d pairs", full+lower)
	}
}

// through returns what an encoder makes of a message, nil if it leaves it out, and holds
// it to the rules for older forms.
func through(t *testing.T, e *Encoder, p pair, m []byte) []byte {
	t.Helper()
	h, _ := wire.PeekRecord(m)
	def, err := layouts.Default().Source().Record(h.Type)
	if err != nil {
		t.Fatal(err)
	}
	verdict := e.Type(def)
	if verdict == ByForm {
		verdict = e.Passes(m, &h)
	}
	switch verdict {
	case Always:
		return m
	case Convert:
		out, reason := e.Append([]byte("before"), m, h)
		if reason != 0 {
			if !bytes.Equal(out, []byte("before")) {
				t.Errorf("record %d is left out, and %d bytes of it stay", h.Type, len(out))
			}
			return nil
		}
		out = out[len("before"):]
		if got, _ := wire.PeekRecord(out); p.records != nil && p.event.Code != 61 && !slices.Contains(p.records, got.Type) {
			t.Errorf("%s version %d: record %d written as %d, the reference has %v", p.event.Name, p.version, h.Type, got.Type, p.records)
		}
		return out
	}
	return nil
}

// compare holds the values of fields with one name in both records to be equal, as far
// as the older one can hold them.
func compare(t *testing.T, e *Event, from, to *wire.Record) {
	t.Helper()
	if to.ArchiveTimestamp != from.ArchiveTimestamp || to.Trailing != 0 {
		t.Errorf("%v from %v: archive time %d, %d bytes left", to.Layout, from.Layout, to.ArchiveTimestamp, to.Trailing)
	}
	same := 0
	for i := range to.Layout.Fields {
		f := &to.Layout.Fields[i]
		j := from.Layout.Slot(f.Name)
		if i < to.Layout.Discovery {
			j = i
		} else if j < from.Layout.Discovery {
			continue
		}
		if j < 0 || f.Name == "has_ipv6" || f.Name == "ipv6_address" || f.Name == "legacy_ip_address" {
			continue
		}
		g := &from.Layout.Fields[j]
		if strings.HasSuffix(f.Name, "length") || f.Kind == wire.KindList || g.Kind == wire.KindList {
			continue // lists have a test of their own
		}
		if f.Kind.Integer() != g.Kind.Integer() && f.Kind != wire.KindIPv4 {
			continue
		}
		same++
		if got, want := value(&to.View, i), value(&from.View, j); got != want && got != narrow(e, f, from.Uint(j)) {
			t.Errorf("%v from %v: %s is %q, want %q", to.Layout, from.Layout, f.Name, got, want)
		}
	}
	if same == 0 && len(to.Layout.Fields) > to.Layout.Discovery {
		t.Errorf("%v from %v: no field in common", to.Layout, from.Layout)
	}
}

// value writes a field so that values of different kinds can be compared.
func value(v *wire.View, i int) string {
	f := &v.Layout.Fields[i]
	b := v.Bytes
	switch {
	case f.Kind.Integer():
		return strconv.FormatUint(v.Uint(i), 10)
	case f.Kind == wire.KindIPv4 && f.LittleEndian:
		p := slices.Clone(b(i))
		slices.Reverse(p)
		a, _ := netip.AddrFromSlice(p)
		return a.String()
	case f.Kind == wire.KindIPv4, f.Kind == wire.KindIPv6:
		a, _ := netip.AddrFromSlice(b(i))
		return a.Unmap().String()
	}
	return string(b(i))
}

// narrow is what becomes of a number that does not fit into the field.
func narrow(e *Event, f *wire.Field, n uint64) string {
	bits := 8 * f.Size
	switch {
	case f.Kind == wire.KindIPv4: // correlation keeps it as a number in the newest form
		return netip.AddrFrom4([4]byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}).String()
	case bits >= 64 || n>>bits == 0:
		return strconv.FormatUint(n, 10)
	case f.Name == "tcp_flag":
		return strconv.FormatUint(n&0xff, 10)
	case strings.HasSuffix(f.Name, "_id") || f.Name == "file_type":
		return "0"
	}
	return strconv.FormatUint(math.MaxUint64>>(64-bits), 10)
}

// TestSynonyms: values move between fields that mean the same under another name.
func TestSynonyms(t *testing.T) {
	set := layouts.Default()
	mapped := func(s string) []byte { a := netip.MustParseAddr(s).As16(); return a[:] }
	for _, c := range []struct {
		code, version uint16
		record        uint16
		block         uint32
		from          recordtest.Fields
		wantRecord    uint16
		wantBlock     uint32
		want          map[string]string
	}{
		{31, 5, 112, 156, recordtest.Fields{"source_ip": 0x0a000001, "destination_port": 443, "event_description": "seen", "source_user_id": 7, "event_impact_flags": 3}, 97, 84,
			map[string]string{"src_ip_addr": "10.0.0.1", "dest_port": "443", "description": "seen", "src_uid": "7", "event_impact_flags": "3", "dest_ip_addr": "0.0.0.0"}},
		{31, 1, 112, 156, recordtest.Fields{"source_ip": 0x0a000001, "event_id": 9, "device_id": 4, "correlation_event_second": 5}, 8, 19,
			map[string]string{"ip_address": "10.0.0.1", "pe_id": "9", "pe_sensor_id": "4", "pe_time": "5"}},
		{91, 1, 95, 167, recordtest.Fields{"user_id": 12, "protocol": 710, "ipv4_address": []byte{10, 0, 0, 9}, "username": "eve", "email": "e@x"}, 95, 73,
			map[string]string{"id": "12", "protocol": "710", "ip_address": "10.0.0.9", "username": "eve", "email": "e@x"}},
		{91, 4, 95, 167, recordtest.Fields{"protocol": 710}, 95, 127, map[string]string{"application_id": "710"}},
		{131, 1, 9, 153, recordtest.Fields{"event_second": 99, "source_ip_address": mapped("192.0.2.1"), "destination_ip_address": mapped("192.0.2.2"), "description": "d"}, 9, 20,
			map[string]string{"time": "99", "src_ip_address": "192.0.2.1", "dst_ip_address": "192.0.2.2", "description": "d"}},
		{71, 4, 71, 174, recordtest.Fields{"client_application_version": "1.2", "netflow_source": mapped("192.0.2.7"), "tcp_flag": 0x112, "initiator_transmitted_bytes": uint64(1) << 40}, 71, 56,
			map[string]string{"version": "1.2", "source_device_ip": "192.0.2.7", "tcp_flag": "18", "initiator_transmitted_bytes": "4294967295"}},
		{71, 1, 71, 174, recordtest.Fields{"initiator_ip_address": mapped("192.0.2.7"), "responder_port": 53}, 71, 9, map[string]string{"initiator_ip_address": "192.0.2.7", "responder_port": "53"}},
		{71, 4, 73, 136, recordtest.Fields{"packets_sent": 3, "bytes_received": 4, "application_proto": 5}, 73, 66,
			map[string]string{"initiator_transmitted_packets": "3", "responder_transmitted_bytes": "4", "application_id": "5"}},
		{12, 1, 400, 85, recordtest.Fields{"source_ip_address": mapped("192.0.2.1"), "rule_id": 5, "impact_flags": 7, "event_id": 8}, 7, 0,
			map[string]string{"source_ip_address": "192.0.2.1", "rule_id": "5", "impact_flags": "7", "event_id": "8"}},
		{21, 1, 123, 0, recordtest.Fields{"id": 5, "name": "sensor"}, 64, 0, map[string]string{"id": "5", "length": "6", "name": "sensor"}},
		{21, 3, 123, 0, recordtest.Fields{"id": 5, "name": "sensor"}, 68, 0, map[string]string{"id": "5", "name_length": "6", "name": "sensor", "description": ""}},
		{21, 3, 98, 57, recordtest.Fields{"id": 5, "protocol": 6, "username": "eve"}, 98, 0, map[string]string{"id": "5", "protocol": "6", "length": "3", "username": "eve"}},
	} {
		p := pair{event: Default().Event(c.code), version: c.version}
		m := recordtest.Message(t, set, c.record, c.block, c.from)
		out := through(t, encoder(p.event, p.version), p, m)
		if out == nil {
			t.Errorf("%s version %d: record %d is left out", p.event.Name, c.version, c.record)
			continue
		}
		r := decode(t, out)
		if r.Type != c.wantRecord || r.Block != c.wantBlock {
			t.Errorf("%s version %d: record %d block %d, want %d and %d", p.event.Name, c.version, r.Type, r.Block, c.wantRecord, c.wantBlock)
			continue
		}
		for name, want := range c.want {
			if got := value(&r.View, r.Layout.Slot(name)); got != want {
				t.Errorf("%v: %s is %q, want %q", r.Layout, name, got, want)
			}
		}
	}
}

// TestIPv6: events with IPv6 addresses take the record type for them where there is
// one; where an older form has no room for them they are left out, and that is said.
func TestIPv6(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for _, c := range []struct {
		code, version uint16
		record        uint16
		block         uint32
		want          uint16
		reason        Reason
	}{
		{12, 11, 400, 85, 400, 0}, {12, 4, 400, 85, 400, 0}, {12, 3, 400, 85, 208, 0}, {12, 2, 400, 85, 105, 0}, {12, 2, 208, 0, 105, 0},
		{12, 1, 400, 85, 0, Inexpressible}, {71, 6, 71, 174, 71, 0}, {71, 5, 71, 174, 0, Inexpressible}, {131, 1, 9, 153, 0, Inexpressible},
		{61, 9, 10, 139, 0, Inexpressible}, {61, 9, 22, 0, 0, Inexpressible}, {61, 10, 10, 139, 10, 0}, {91, 3, 95, 167, 95, 0},
	} {
		l, err := layouts.Default().Layout(c.record, c.block)
		if err != nil {
			t.Fatal(err)
		}
		b := l.NewBuilder()
		setAddresses(b, rng, false)
		m := b.AppendMessage(nil, recordtest.Header)
		p := pair{event: Default().Event(c.code), version: c.version}
		var noted Reason
		e := encoder(p.event, c.version)
		e.Note = func(_ uint16, reason Reason, _ string) { noted = reason }
		out := through(t, e, p, m)
		if h, _ := wire.PeekRecord(out); h.Type != c.want || noted != c.reason {
			t.Errorf("%s version %d, record %d: written as %d with note %d, want %d and %d", p.event.Name, c.version, c.record, h.Type, noted, c.want, c.reason)
		}
	}
}

// TestHeader: discovery headers before 5.2 have no IPv6 part; the address stays.
func TestHeader(t *testing.T) {
	address := netip.MustParseAddr("192.0.2.33").As16()
	m := recordtest.Message(t, layouts.Default(), 22, 0, recordtest.Fields{"has_ipv6": 1, "ipv6_address": address[:], "event_second": 77, "device_id": 3})
	e := Default().Event(61)
	old := through(t, encoder(e, 7), pair{event: e, version: 7}, m)
	r := decode(t, old)
	if len(old) != len(m)-16 || r.Uint(r.Layout.Slot("has_ipv6")) != 0 || value(&r.View, r.Layout.Slot("legacy_ip_address")) != "192.0.2.33" || r.Uint(r.Layout.Slot("event_second")) != 77 {
		t.Errorf("header of 4.10:\n got %x\nfrom %x", old, m)
	}
	if same := through(t, encoder(e, 10), pair{event: e, version: 10}, m); !bytes.Equal(same, m) {
		t.Errorf("header of 5.2 was changed:\n got %x\nfrom %x", same, m)
	}
	if same := through(t, encoder(e, 7), pair{event: e, version: 7}, old); !bytes.Equal(same, old) {
		t.Errorf("a header without IPv6 part was changed:\n got %x\nfrom %x", same, old)
	}
}

// TestLists: the blocks in lists are written in the form of the version, too.
func TestLists(t *testing.T) {
	set := layouts.Default()
	nested, err := set.Nested(1, 130)
	if err != nil {
		t.Fatal(err)
	}
	// A fingerprint of 5.1: uuid, type, source type, source id, last seen, TTL
	// difference, and an empty list of mobile devices.
	print130 := append(recordtest.Unhex(t, "00000082 00000031"), bytes.Repeat([]byte{0xab}, 16)...)
	print130 = append(print130, recordtest.Unhex(t, "00000001 00000002 00000003 00000004 05 0000001f 00000008")...)
	if n := len(nested.Fields); n != 7 || len(print130) != 0x31 {
		t.Fatalf("fingerprint: %d fields, %d bytes", n, len(print130))
	}
	list := append(recordtest.Unhex(t, "0000001f 00000000"), append(slices.Clone(print130), print130...)...)
	list[7] = byte(len(list))
	address := netip.MustParseAddr("192.0.2.1").As16()
	m := recordtest.Message(t, set, 10, 139, recordtest.Fields{"ip_address": address[:], "server_fingerprints": list, "netbios": "HOST"})
	e := Default().Event(61)
	for _, c := range []struct {
		version uint16
		block   uint32
		element uint32
		size    int
	}{{9, 132, 130, 0x31}, {8, 91, 87, 41}} {
		r := decode(t, through(t, encoder(e, c.version), pair{event: e, version: c.version}, m))
		if r.Block != c.block || value(&r.View, r.Layout.Slot("netbios")) != "HOST" {
			t.Errorf("version %d: block %d, want %d", c.version, r.Block, c.block)
		}
		n := 0
		err := wire.NewDecoder(set, nil).Elements(&r.View, r.Layout.Slot("server_fingerprints"), func(v *wire.View) error {
			n++
			if v.Block != c.element || len(v.Raw()) != c.size || !bytes.Equal(v.Bytes(0), bytes.Repeat([]byte{0xab}, 16)) || v.Uint(4) != 4 {
				t.Errorf("version %d: element %x", c.version, v.Raw())
			}
			return nil
		})
		if err != nil || n != 2 {
			t.Errorf("version %d: %d elements, %v", c.version, n, err)
		}
	}
}

// TestUnknown: forms that no layout describes pass when they are surely not too new,
// and are left out, once with a word, when they may be.
func TestUnknown(t *testing.T) {
	set := layouts.Default()
	m := recordtest.Message(t, set, 71, 174, nil)
	with := func(block byte) []byte {
		p := slices.Clone(m)
		at := wire.HeaderSize + 16 + 40
		p[at+3] = block
		return p
	}
	e := Default().Event(71)
	notes := 0
	for _, c := range []struct {
		version uint16
		block   byte
		want    Verdict
	}{{17, 200, Always}, {16, 200, Never}, {16, 200, Never}, {16, 161, Always}, {16, 171, Always}, {15, 171, Convert}} {
		enc := encoder(e, c.version)
		enc.Note = func(uint16, Reason, string) { notes++ }
		for range 2 {
			p := with(c.block)
			h, _ := wire.PeekRecord(p)
			def, _ := set.Source().Record(71)
			v := enc.Type(def)
			if v == ByForm {
				v = enc.Passes(p, &h)
			}
			if v != c.want {
				t.Errorf("version %d, block %d: verdict %d, want %d", c.version, c.block, v, c.want)
			}
		}
	}
	if notes != 2 {
		t.Errorf("%d notes, want one for each of two encoders", notes)
	}
	enc := encoder(e, 5)
	def, _ := set.Source().Record(71)
	enc.Type(def)
	broken := append([]byte(nil), m[:60]...)
	copy(broken[4:], recordtest.Unhex(t, "00000034 00000047 00000024"))
	h, ok := wire.PeekRecord(broken)
	if v := enc.Passes(broken, &h); v != Never || !ok {
		t.Errorf("a message that ends in its discovery header: verdict %d", v)
	}
	if _, reason := enc.Append(nil, broken, h); reason != Malformed {
		t.Errorf("reason %d, want %d", reason, Malformed)
	}
}

// TestTable: the table names records and blocks that exist, or says that it does not
// know them, and every category of events.
func TestTable(t *testing.T) {
	set := layouts.Default()
	unknown := []string{}
	for _, e := range Default().Events {
		for _, f := range e.Families {
			for _, form := range f.Ladder {
				for _, record := range append(slices.Clone(f.Records), form.Record, form.IPv6) {
					if record == 0 || form.As != 0 {
						continue
					}
					_, err := set.Layout(record, form.Block)
					if form.Number != 0 {
						_, err = set.Form(record, form.Number)
					}
					if err != nil {
						unknown = append(unknown, strconv.Itoa(int(record))+"/"+strconv.Itoa(int(form.Block)))
					}
				}
			}
		}
	}
	if want := []string{"72/0", "6/0", "73/164"}; !slices.Equal(unknown, want) {
		t.Errorf("forms without layout: %v, want %v", unknown, want)
	}
	for _, typ := range set.Source().Records() {
		def, err := set.Source().Record(typ)
		if err != nil || Default().Of(def.Category) == nil {
			t.Errorf("record %d, category %q: %v, no event type", typ, def.Category, err)
		}
	}
	for _, text := range []string{`{"event":[]}`, `{"events":[{"name":"a"}]}`, `{"events":[{"name":"a","versions":[{"version":1}],"families":[{"ladder":[{"version":1}]}]}]}`,
		`{"events":[{"name":"a","versions":[{"version":1}],"families":[{"records":[1],"ladder":[{"version":2},{"version":1}]}]}]}`,
		`{"events":[{"name":"a","versions":[{"version":1}],"families":[{"records":[1],"ladder":[{"version":1}]},{"records":[1],"ladder":[{"version":1}]}]}]}`} {
		if _, err := parse([]byte(text)); err == nil {
			t.Errorf("%s was accepted", text)
		}
	}
}
