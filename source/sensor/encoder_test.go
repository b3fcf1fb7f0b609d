package sensor

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"estream/internal/recordtest"
	"estream/layouts"
	"estream/source"
	"estream/wire"
)

// at is the archive time in these tests.
const at = 1735700000

func newEncoder(t testing.TB, opt Options) *Encoder {
	t.Helper()
	opt.Layouts = layouts.Default()
	if opt.Now == nil {
		opt.Now = func() time.Time { return time.Unix(at, 0) }
	}
	e, err := NewEncoder(opt)
	if err != nil {
		t.Fatal(err)
	}
	e.Begin()
	return e
}

// flush returns the messages of the batch as text: the type, and fields that name
// something.
func flush(t testing.TB, e *Encoder) (all []string) {
	t.Helper()
	dec := wire.NewDecoder(layouts.Default(), nil)
	err := e.Flush(t.Context(), func(_ context.Context, b source.Batch) error {
		for m := range recordtest.Split(t, b.Data) {
			r, err := dec.Decode(m)
			if err != nil {
				return err
			}
			s := fmt.Sprint(r.Type)
			for _, n := range []string{"id", "name", "message", "additional_references", "type"} {
				if i := r.Layout.Slot(n); i >= 0 && r.Layout.Fields[i].Kind.Integer() {
					s += fmt.Sprintf(" %d", r.Uint(i))
				} else if i >= 0 {
					s += " " + string(r.Bytes(i))
				}
			}
			all = append(all, s)
		}
		if len(all) != b.Count || b.MinArchive != at || b.MaxArchive != at || string(b.Mark) != "mark" {
			return fmt.Errorf("batch of %d messages says %d, %d to %d, mark %q", len(all), b.Count, b.MinArchive, b.MaxArchive, b.Mark)
		}
		return nil
	}, []byte("mark"))
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func check(t *testing.T, e *Encoder, what string, want ...string) {
	t.Helper()
	if got := flush(t, e); !slices.Equal(got, want) {
		t.Errorf("%s:\n got %q\nwant %q", what, got, want)
	}
}

// TestNames: what a device and its numbers are called comes before what refers to
// it, once, and again when it changes.
func TestNames(t *testing.T) {
	e := newEncoder(t, Options{Device: Device{
		ID: 7, Name: "edge", IngressInterface: "eth0", EgressInterface: "eth1", IngressZone: "in", Domain: "west", Netmap: 3}})
	e.Priority(0)
	e.Intrusion(&Intrusion{EventID: 1, Priority: 9})
	check(t, e, "device", "123 7 edge", "350 3 west", "116 eth0", "116 eth1", "115 in", "4 9 priority 9", "400")
	e.Priority(9)
	e.Rule(1, 2, 3, []byte("one"))
	e.Rule(1, 2, 3, []byte("one"))
	e.Rule(1, 2, 3, []byte("two"))
	e.Rule(1, 2, 4, nil)
	check(t, e, "rules", "66 one", "66 two", "66 Snort Alert [1:2:4]")
	http := DeriveID("http")
	if id := e.Named(RecordServerApplication, []byte("http")); id != http || id>>31 != 1 {
		t.Errorf("number %d of a name, want %d", id, http)
	}
	e.Named(RecordServerApplication, []byte("http"))
	e.Named(RecordServerApplication, nil)
	e.Name(RecordRuleAction, 2, "Allow")
	e.Name(RecordRuleAction, 2, "Block")
	e.Name(RecordRuleAction, 2, "")
	check(t, e, "applications", fmt.Sprintf("63 %d http", http), "120 2 Allow", "120 2 Block")
	if u := e.InterfaceNamed([]byte("eth0")); u != e.uuids.ingress || u[6]>>4 != 5 {
		t.Errorf("UUID %x of an interface, want that of the device's", u)
	}
	e.InterfaceNamed([]byte("eth9"))
	e.InterfaceNamed([]byte("eth9"))
	e.Zone("in")
	e.Zone("dmz")
	e.Identify(RecordIntrusionPolicy, [16]byte{1}, "policy")
	check(t, e, "interfaces and zones", "116 eth9", "115 dmz", "118 policy")
	e.ExtraData(&ExtraData{EventID: 1, Type: ExtraHTTPURI, Data: []byte("/")})
	e.ExtraData(&ExtraData{EventID: 1, Type: ExtraHTTPURI, Data: []byte("/")})
	e.Packet(&Packet{EventID: 1, Data: []byte("x")})
	check(t, e, "data", "111 HTTP URI 9", "110 9", "110 9", "2")
	e.References(1, 2, 3, []Reference{{System: "cve", ID: "2001-1"}, {URL: "http://a/b"}})
	e.References(1, 2, 3, nil)
	check(t, e, "references", "140 cve,2001-1\nhttp://a/b")
	if c := e.Counts(); c.Events != 1 || c.Packets != 1 || c.ExtraData != 2 || c.Metadata != 17 || c.Batches != 6 {
		t.Errorf("counted %+v", c)
	}
}

// TestKnown: what the journal has is left out, also the device.
func TestKnown(t *testing.T) {
	e := newEncoder(t, Options{Known: func(m []byte) bool { h, _ := wire.PeekRecord(m); return h.Type != 66 }})
	e.Rule(1, 2, 3, nil)
	e.Intrusion(&Intrusion{Priority: 1})
	check(t, e, "all but rules are known", "66 Snort Alert [1:2:3]", "400")
}

// TestOtherRecords: forms and functions of a source's own.
func TestOtherRecords(t *testing.T) {
	e := newEncoder(t, Options{Device: Device{ID: 1}})
	f, err := NewForm(layouts.Default(), 128, 0, "id", "name")
	if err != nil {
		t.Fatal(err)
	}
	f.Num(0, 5)
	f.Text(1, "five")
	e.Append(&f)
	e.AppendFunc(func(dst []byte) ([]byte, int) { return dst, 0 })
	e.AppendFunc(func(dst []byte) ([]byte, int) {
		h := wire.RecordHeader{Extended: true, ArchiveTimestamp: e.Archive()}
		return f.AppendMessage(f.AppendMessage(dst, h), h), 2
	})
	check(t, e, "others", "123 1 sensor", "128 5 five", "128 5 five", "128 5 five")
	if n := e.Counts().Other; n != 3 {
		t.Errorf("%d other records, want 3", n)
	}
	if _, err := NewForm(layouts.Default(), 400, 85, "no_such_field"); err == nil || !strings.Contains(err.Error(), "no_such_field") {
		t.Errorf("unknown field: %v", err)
	}
	if _, err := NewForm(layouts.Default(), 400, 99999); err == nil {
		t.Error("an unknown block is no error")
	}
	full := errors.New("full")
	e.Intrusion(&Intrusion{})
	if err := e.Flush(t.Context(), func(context.Context, source.Batch) error { return full }, nil); !errors.Is(err, full) {
		t.Errorf("error of take: %v", err)
	}
}

// TestArchiveTime never goes back.
func TestArchiveTime(t *testing.T) {
	now := int64(at)
	e := newEncoder(t, Options{Now: func() time.Time { return time.Unix(now, 0) }})
	for _, tt := range [][2]int64{{at + 5, at + 5}, {at, at + 5}, {-1, at + 5}, {at + 6, at + 6}} {
		now = tt[0]
		if e.Begin(); int64(e.Archive()) != tt[1] {
			t.Errorf("at %d: archive time %d, want %d", tt[0], e.Archive(), tt[1])
		}
	}
}

// TestDevices: identities are stable, and differ where the things differ.
func TestDevices(t *testing.T) {
	a, b := Device{Name: "a"}, Device{Name: "b"}
	if a.Number() == b.Number() || a.Number()>>31 != 1 || a.Identifier() == b.Identifier() {
		t.Errorf("two devices with the numbers %d and %d", a.Number(), b.Number())
	}
	if a.InterfaceUUID("eth0") == b.InterfaceUUID("eth0") || a.InterfaceUUID("eth0") == a.InterfaceUUID("eth1") || a.InterfaceUUID("") != [16]byte{} {
		t.Error("interfaces are mixed up")
	}
	c := Device{Name: "c", Domain: "west"}
	if a.ZoneUUID("in") != b.ZoneUUID("in") || a.ZoneUUID("in") == c.ZoneUUID("in") || a.ZoneUUID("") != [16]byte{} {
		t.Error("zones belong to domains")
	}
	renamed := Device{Name: "new", UUID: a.Identifier(), ID: a.Number()}
	if renamed.InterfaceUUID("eth0") != a.InterfaceUUID("eth0") {
		t.Error("a device with a UUID of its own loses its interfaces with its name")
	}
	// These are in journals: they must not change.
	if got := fmt.Sprintf("%x %d", DeriveUUID("rule:1:2"), DeriveID("http")); got != "b98c1a3d6ca1589e8cc0d978a66a14d6 3378792613" {
		t.Errorf("derived numbers are %s", got)
	}
	if got := Address(netip.MustParseAddr("192.0.2.1")); got != [16]byte{10: 0xff, 11: 0xff, 12: 192, 14: 2, 15: 1} {
		t.Errorf("address is %x", got)
	}
}

// TestBounds: garbage does not make the encoder grow.
func TestBounds(t *testing.T) {
	e := newEncoder(t, Options{})
	for i := range maxSent + 100 {
		e.Rule(1, uint32(i), 1, nil)
		if e.Full() {
			flush(t, e)
		}
	}
	if n := len(e.meta.sent); n > maxSent {
		t.Errorf("%d names are remembered, at most %d promised", n, maxSent)
	}
	for i := range 2 * maxInterfaces {
		e.InterfaceNamed([]byte(fmt.Sprint(i)))
	}
	if n := len(e.interfaces); n > maxInterfaces {
		t.Errorf("%d interfaces are kept, at most %d promised", n, maxInterfaces)
	}
	flush(t, e)
	e.Rule(1, 1, 2, []byte(strings.Repeat("ä", maxText)))
	if got := flush(t, e); len(got) != 1 || len(got[0]) != len("66 ")+maxText {
		t.Errorf("a long name became a record of %d bytes", len(got[0]))
	}
}
