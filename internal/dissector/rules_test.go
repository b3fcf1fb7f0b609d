package dissector

import (
	"encoding/binary"
	"errors"
	"slices"
	"testing"

	"estream/internal/recordtest"
	"estream/layouts"
	"estream/wire"
)

// TestRules: what the decoder decides beyond the order of fields, the dissector decides
// alike.
func TestRules(t *testing.T) {
	set := layouts.Default()
	event := recordtest.Message(t, set, 400, 85, recordtest.Fields{"event_id": 5})
	// An intrusion event's block in a record that names users.
	names := slices.Clone(event)
	binary.BigEndian.PutUint16(names[10:], 62)
	// Old servers leave out the VPN session at the end of a login.
	login := recordtest.Message(t, set, 95, 167, recordtest.Fields{"username": "bob", "vpn_session": block(166)})
	login = login[:len(login)-8]
	const blockAt = 8 + 16 + 40
	for _, at := range []int{4, 12, blockAt + 4} {
		binary.BigEndian.PutUint32(login[at:], binary.BigEndian.Uint32(login[at:])-8)
	}

	c := newCapture(t, 8302)
	c.send(&c.server, &c.client, names, 1460)
	c.send(&c.server, &c.client, login, 1460)
	shown, protocols := messages(t, pdml(t, c.save()))
	if len(shown) != 2 || protocols["_ws.malformed"] > 0 {
		t.Fatalf("%d messages, %d malformed packets; want 2 messages", len(shown), protocols["_ws.malformed"])
	}

	d := wire.NewDecoder(set, nil)
	if _, err := d.Decode(names); !errors.Is(err, wire.ErrUnknownBlock) {
		t.Fatalf("the decoder says %v, want %v", err, wire.ErrUnknownBlock)
	}
	sameValues(t, "user metadata with a foreign block", shown[0], nil)
	if got, want := shown[0].find("estreamer.data").value, names[8+16+8:]; !slices.Equal(got, want) {
		t.Errorf("data %x, want %x", got, want)
	}

	r, err := d.Decode(login)
	if err != nil || r.Trailing != 0 {
		t.Fatalf("login without VPN session: %v, %d trailing bytes", err, r.Trailing)
	}
	if last := r.Layout.Fields[len(r.Layout.Fields)-1]; last.Kind != wire.KindBlock || r.Has(len(r.Layout.Fields)-1) {
		t.Fatalf("the last field, %s, is no block that is missing", last.Name)
	}
	sameMessage(t, login, shown[1])
}
