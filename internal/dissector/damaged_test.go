package dissector

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"estream/internal/recordtest"
	"estream/layouts"
	"estream/wire"
)

// TestDamaged: what the program's decoder refuses is marked as malformed and nothing
// else is, whatever the bytes; the script itself never fails.
func TestDamaged(t *testing.T) {
	rng := rand.New(rand.NewPCG(8, 304))
	c := newCapture(t, 8302)
	var list [][]byte
	for _, m := range everyLayout(t) {
		if len(m) < 40 || len(m) > 4000 {
			continue
		}
		for range 1 + rng.IntN(3) { // bytes change, mostly to small numbers, as lengths are
			m[16+rng.IntN(len(m)-16)] = byte(rng.UintN(256) >> rng.UintN(8))
		}
		if header := binary.BigEndian.Uint32(m[4:]) - binary.BigEndian.Uint32(m[12:]); rng.IntN(3) == 0 {
			m = m[:24+rng.IntN(len(m)-24)]
			binary.BigEndian.PutUint32(m[4:], uint32(len(m)-8))
			binary.BigEndian.PutUint32(m[12:], uint32(len(m)-8)-header)
		}
		list = append(list, m)
		c.send(&c.server, &c.client, m, 1460)
	}
	shown, protocols := messages(t, pdml(t, c.save()))
	if len(shown) != len(list) {
		t.Fatalf("%d messages, want %d", len(shown), len(list))
	}
	d := wire.NewDecoder(fresh(t), nil)
	var valid, malformed, unknown int
	for i, m := range list {
		r, err := d.Decode(m)
		what := fmt.Sprintf("frame %d: %v", shown[i].frame, err)
		marked := shown[i].find("estreamer.expert.malformed").name != ""
		var fault *wire.DecodeError
		switch {
		case err == nil:
			valid++
			sameValues(t, what, shown[i], valuesOf(t, d, &r.View, r.Size, nil))
			if trailing := shown[i].find("estreamer.trailing").size > 0; r.Trailing > 0 && !trailing {
				t.Errorf("%s: %d trailing bytes, not shown", what, r.Trailing)
			}
		case errors.As(err, &fault):
			malformed++
		default:
			unknown++
			if shown[i].find("estreamer.data").size == 0 && len(m) > 32+40 {
				t.Errorf("%s: no bytes shown", what)
			}
		}
		if marked != (fault != nil) {
			t.Errorf("%s: marked as malformed: %v", what, marked)
		}
	}
	// What the other tests count as malformed packets.
	if protocols["_ws.malformed"] < malformed {
		t.Errorf("Wireshark counts %d malformed packets, want at least %d", protocols["_ws.malformed"], malformed)
	}
	t.Logf("%d valid, %d malformed, %d unknown", valid, malformed, unknown)
	if valid < 20 || malformed < 20 || unknown < 5 {
		t.Errorf("%d valid, %d malformed, %d unknown messages: too few of a kind", valid, malformed, unknown)
	}
}

// TestBadMessages: bodies that do not hold what their type wants, one by one.
func TestBadMessages(t *testing.T) {
	u32 := func(list ...uint32) (b []byte) {
		for _, n := range list {
			b = binary.BigEndian.AppendUint32(b, n)
		}
		return b
	}
	inner := func(version uint16, n uint32) []byte {
		return binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint16(nil, version), n)
	}
	bad := map[string][]byte{
		"request":           body(wire.TypeEventStreamRequest, 1, 2, 3),
		"error":             body(wire.TypeError, 0, 0),
		"error text":        body(wire.TypeError, 0, 0, 0, 1, 0, 9, 'x'),
		"host request":      body(wire.TypeHostDataRequest, make([]byte, 20)...),
		"host data":         body(wire.TypeSingleHostData, 1, 2, 3),
		"host data block":   body(wire.TypeSingleHostData, block(140, 1, 2)...),
		"services":          body(wire.TypeStreamingInformation, u32(6667, 9, 0, 0, 1)[:18]...),
		"no service":        body(wire.TypeStreamingRequest),
		"pairs":             body(wire.TypeStreamingRequest, u32(6667, 20, 0, 0, 0, 7)...),
		"short bundle":      body(wire.TypeMessageBundle, 1, 2, 3),
		"inner header":      body(wire.TypeMessageBundle, append(u32(1, 1), 0, 1, 0)...),
		"inner version":     body(wire.TypeMessageBundle, slices.Concat(u32(1, 1), inner(2, 4), u32(0))...),
		"inner length":      body(wire.TypeMessageBundle, slices.Concat(u32(1, 1, 4, 99), make([]byte, 20))...),
		"bundle in bundle":  body(wire.TypeMessageBundle, slices.Concat(u32(1, 1), body(wire.TypeMessageBundle, u32(1, 1)...))...),
		"no record header":  body(wire.TypeEventData, 1, 2, 3),
		"record length":     recordtest.Frame(u32(400, 77, 0, 0)),
		"no block header":   recordtest.Frame(u32(400, 4, 1)),
		"discovery header":  recordtest.Frame(slices.Concat(u32(10, 20), make([]byte, 20))),
		"block too long":    recordtest.Frame(u32(400, 12, 85, 99, 0)),
		"block length of 7": recordtest.Frame(u32(400, 12, 85, 7, 0)),
		"nested too deep":   body(wire.TypeSingleHostData, nestedBlocks(t, 9)...),
	}
	c := newCapture(t, 8302)
	names := make([]string, 0, len(bad))
	for name, m := range bad {
		names = append(names, name)
		c.send(&c.server, &c.client, m, 1460)
	}
	shown, _ := messages(t, pdml(t, c.save()))
	if len(shown) != len(bad) {
		t.Fatalf("%d messages, want %d", len(shown), len(bad))
	}
	for i, name := range names {
		if shown[i].find("estreamer.expert.malformed").name == "" {
			t.Errorf("%s: nothing is wrong with it: %s", name, shown[i].label)
		}
	}
}

// nestedBlocks returns blocks in lists of blocks, with that many levels of lists.
func nestedBlocks(t testing.TB, levels int) []byte {
	t.Helper()
	src := layouts.Default().Source()
	for _, number := range src.Blocks(1) {
		def, err := src.Block(1, number)
		if err != nil {
			t.Fatal(err)
		}
		if slices.ContainsFunc(def.Fields, func(f wire.Field) bool { return f.Kind != wire.KindList }) {
			continue
		}
		var inside []byte
		for range levels {
			content := block(11, inside...)
			for range def.Fields[1:] {
				content = append(content, block(11)...)
			}
			inside = block(number, content...)
		}
		return inside
	}
	t.Fatal("no block has nothing but lists")
	return nil
}

// TestLimits: blocks as deep as the program takes them are shown, and a message with
// more fields than Wireshark bears is shown as far as it does.
func TestLimits(t *testing.T) {
	deepest := body(wire.TypeSingleHostData, nestedBlocks(t, 8)...)
	var blocks []byte
	for range 70000 { // each is five fields
		blocks = append(blocks, block(0)...)
	}
	list := nestedBlocks(t, 1)
	crowd := body(wire.TypeSingleHostData, block(binary.BigEndian.Uint32(list), append(block(11, blocks...), list[16:]...)...)...)
	c := newCapture(t, 8302)
	c.send(&c.server, &c.client, deepest, 1460)
	c.send(&c.server, &c.client, crowd, 60000)
	c.send(&c.server, &c.client, wire.AppendNull(nil), 1460)
	out := string(tshark(t, c.save(), "-Y", "estreamer", "-T", "fields", "-e", "estreamer.type", "-e", "estreamer.expert.malformed", "-e", "_ws.expert.message"))
	want := "6\t\t\n6\t\tmore than 300000 fields in this frame: the rest is not shown\n0\t\t\n"
	if out != want {
		t.Errorf("got %q, want %q", out, want)
	}
}

// TestPartial: captures that begin within a message, that have foreign bytes, and that
// keep the beginning of each packet only.
func TestPartial(t *testing.T) {
	event := recordtest.Message(t, layouts.Default(), 400, 85, recordtest.Fields{"event_id": 5})
	c := newCapture(t, 8302)
	c.send(&c.server, &c.client, event[100:], 1460)
	c.send(&c.server, &c.client, slices.Concat(event, []byte("HTTP/1.1 200 OK")), 1460)
	c.send(&c.server, &c.client, event, 1460)
	c.most = 200
	c.send(&c.server, &c.client, event, 1460)
	c.most = 1 << 18
	c.send(&c.server, &c.client, wire.AppendNull(nil), 1460)
	out := string(tshark(t, c.save(), "-Y", "tcp.len > 0", "-T", "fields", "-e", "_ws.col.Info", "-e", "_ws.expert.message"))
	want := []string{
		"8302 \u2192 40001", // nothing of ours
		"Event data: Intrusion Event (400/85); not a message\tnot the header of a message: version 1 and a length of at most 268435456 expected\n",
		"Event data: Intrusion Event (400/85)\t\n",
		"Event data: Intrusion Event (400/85)\tthe capture ends here: ",
		"Null\t\n",
	}
	lines := slices.Collect(strings.Lines(out))
	if len(lines) != len(want) {
		t.Fatalf("%d lines, want %d: %q", len(lines), len(want), lines)
	}
	for i, line := range lines {
		if !strings.HasPrefix(line, want[i]) {
			t.Errorf("packet %d: %q, want %q", i, line, want[i])
		}
	}
}
