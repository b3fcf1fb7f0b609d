package filter_test

import (
	"math/rand/v2"
	"strconv"
	"testing"

	"estream/layouts"
	"estream/meta"
	"estream/synth"
	"estream/wire"
)

// TestEveryLayout runs a filter about every field and every computed value over
// random records of every layout, whole and cut short: that needs no expected
// lines, only that the ways of use agree.
func TestEveryLayout(t *testing.T) {
	set, rng := layouts.Default(), rand.New(rand.NewPCG(3, 4))
	var list []sample
	add := func(message []byte) {
		if h, ok := wire.PeekRecord(message); ok {
			list = append(list, sample{message: message, snapshot: meta.Initial(), header: h})
		}
	}
	for l, err := range layouts.All(set) {
		if err != nil {
			t.Fatal(err)
		}
		b := l.NewBuilder()
		synth.Fill(set, b, rng)
		message := b.AppendMessage(nil, wire.RecordHeader{Type: l.Record.Type, Extended: rng.IntN(2) == 0, ArchiveTimestamp: rng.Uint32(), NetmapID: uint16(rng.IntN(3))})
		add(message)
		cut := wire.AppendHeader(nil, 4, uint32(len(message)-8-1))
		cut = append(cut, message[8:len(message)-1]...)
		// The record's own length has to fit again for the header to be read.
		h, _ := wire.PeekRecord(message)
		n := h.Length - 1
		cut[12], cut[13], cut[14], cut[15] = byte(n>>24), byte(n>>16), byte(n>>8), byte(n)
		add(cut)
	}
	// A type that nobody knows.
	list = append(list, unknownType(t, list[0].message))
	if _, err := parser().Parse("record == 1"); err != nil {
		t.Fatal(err)
	}
	fields, computed := parser().FieldNames()
	for i, name := range fields {
		expr := "has(." + name + ")"
		switch parser().FieldKind(name) {
		case "number":
			expr = "." + name + " > " + strconv.Itoa(rng.IntN(300))
		case "text":
			expr = "." + name + ` >= "m"`
		case "address":
			expr = "." + name + " in (0.0.0.0/1, 8000::/1)"
		}
		if i%3 == 0 {
			expr = "not (" + expr + ") and domain != 1"
		}
		if i%5 == 0 {
			expr += " or time < 2000000000 and record != 71"
		}
		compare(t, mustParse(t, expr), list, nil)
	}
	for _, key := range computed {
		compare(t, mustParse(t, `@`+key+` not in ("x", 5, 10.0.0.0/8) or has(@`+key+`) and not @`+key+` matches "a"`), list, nil)
	}
	for _, expr := range []string{
		"has(device)", `device in (3, "x")`, "port > 1000", "ip not in (10.0.0.0/8)", "block in (174, 85)", "not block > 100",
		"record == 9999", `not category == "metadata"`, `domain == "x" or domain in (1, 2)`, `has(hostIpAddr) and hostIpAddr startswith "1"`,
	} {
		compare(t, mustParse(t, expr), list, nil)
	}
}

func unknownType(t *testing.T, message []byte) sample {
	t.Helper()
	m := append([]byte(nil), message...)
	m[10], m[11] = 0x27, 0x0f // 9999
	h, ok := wire.PeekRecord(m)
	if !ok || h.Type != 9999 {
		t.Fatalf("got %+v, want record type 9999", h)
	}
	return sample{message: m, snapshot: meta.Initial(), header: h}
}
