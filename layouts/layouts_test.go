package layouts

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"estream/internal/corpus"
	"estream/wire"
)

var update = flag.Bool("update", false, "rewrite index.yaml from the family files")

// TestIndex holds index.yaml against the files.
func TestIndex(t *testing.T) {
	var want bytes.Buffer
	want.WriteString("# Which family file defines what, so that only the families in use are parsed.\n# A test compares this list with the files (go test ./layouts -update rewrites it).\nfamilies:\n")
	for _, name := range []string{"common", "intrusion", "connection", "metadata", "file", "correlation", "user", "discovery", "host"} {
		data, err := files.ReadFile(name + ".yaml")
		if err != nil {
			t.Fatal(err)
		}
		f, err := parse(name+".yaml", data)
		if err != nil {
			t.Fatal(err)
		}
		var records []int
		for _, r := range f.records {
			records = append(records, int(r.Type))
		}
		var series [3][]int
		for _, b := range f.blocks {
			series[b.Series] = append(series[b.Series], int(b.Type))
		}
		fmt.Fprintf(&want, "  %s:\n", name)
		for _, l := range []struct {
			key  string
			list []int
		}{{"records", records}, {"series1", series[1]}, {"series2", series[2]}} {
			if len(l.list) > 0 {
				slices.Sort(l.list)
				fmt.Fprintf(&want, "    %s: %s\n", l.key, strings.ReplaceAll(fmt.Sprint(l.list), " ", ", "))
			}
		}
	}
	if *update {
		if err := os.WriteFile("index.yaml", want.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	got, _ := files.ReadFile("index.yaml")
	if !bytes.Equal(got, want.Bytes()) {
		t.Errorf("index.yaml does not match the family files; run: go test ./layouts -update\nwant:\n%s", want.String())
	}
}

func TestEveryLayoutCompiles(t *testing.T) {
	n, set := 0, Default()
	for _, err := range All(set) {
		if err != nil {
			t.Error(err)
			continue
		}
		n++
	}
	if n < 200 {
		t.Errorf("%d layouts of records, expected more than 200", n)
	}
	for _, series := range []uint8{1, 2} {
		for _, typ := range set.Source().Blocks(series) {
			if _, err := set.Nested(series, typ); err != nil {
				t.Errorf("block %d of series %d: %v", typ, series, err)
			}
		}
	}
	t.Logf("%d layouts of records, %d and %d blocks", n, len(set.Source().Blocks(1)), len(set.Source().Blocks(2)))
}

// TestCorpusRoundTrip: every message of the corpus decodes to the last byte, and
// encoding it again gives the same bytes.
func TestCorpusRoundTrip(t *testing.T) {
	d := wire.NewDecoder(Default(), nil)
	rest := corpus.Read(t, corpus.Messages)
	count := map[string]int{}
	var out []byte
	for len(rest) > 0 {
		msg, next, err := wire.NextMessage(rest)
		if err != nil {
			t.Fatal(err)
		}
		rest = next
		r, err := d.Decode(msg)
		if err != nil {
			t.Errorf("%v", err)
			continue
		}
		if r.Trailing != 0 {
			t.Errorf("%v: %d trailing bytes", r.Layout, r.Trailing)
		}
		out = wire.AppendRecord(out[:0], r)
		if !bytes.Equal(out, msg) {
			t.Errorf("%v: encoded bytes differ\n got %x\nwant %x", r.Layout, out, msg)
		}
		count[r.Layout.String()]++
	}
	if len(count) < 150 {
		t.Errorf("only %d kinds of record seen", len(count))
	}
}

// TestPrefixes decodes every prefix of one message of each kind, with the length
// fields both as they were and lying: it must end in an error that names a place.
func TestPrefixes(t *testing.T) {
	d := wire.NewDecoder(Default(), nil)
	seen := map[*wire.Layout]bool{}
	for rest := corpus.Read(t, corpus.Messages); len(rest) > 0; {
		msg, next, err := wire.NextMessage(rest)
		if err != nil {
			t.Fatal(err)
		}
		rest = next
		r, err := d.Decode(msg)
		if err != nil || seen[r.Layout] {
			continue
		}
		layout := r.Layout
		seen[layout] = true
		for n := range msg {
			cut := bytes.Clone(msg[:n])
			if _, err := d.Decode(cut); err == nil {
				t.Errorf("%v cut to %d of %d bytes: no error", layout, n, len(msg))
			}
			if n < 24 {
				continue
			}
			// The same with headers that fit, so that the cut lies inside the body.
			putLengths(cut)
			_, err := d.Decode(cut)
			var de *wire.DecodeError
			if err != nil && (!errors.As(err, &de) || de.Offset > n || de.Record != layout.Record.Type) {
				t.Errorf("%v cut to %d bytes: %#v", layout, n, err)
			}
		}
	}
}

func putLengths(msg []byte) {
	n := uint32(len(msg) - 8)
	msg[4], msg[5], msg[6], msg[7] = byte(n>>24), byte(n>>16), byte(n>>8), byte(n)
	n -= 16
	msg[12], msg[13], msg[14], msg[15] = byte(n>>24), byte(n>>16), byte(n>>8), byte(n)
}

// TestPruned: a decoder that wants single fields finds the same values.
func TestPruned(t *testing.T) {
	full := wire.NewDecoder(Default(), nil)
	for k := range 5 {
		pruned := wire.NewDecoder(Default(), func(_ *wire.Layout, slot int) bool { return slot%5 == k })
		for rest := corpus.Read(t, corpus.Messages); len(rest) > 0; {
			msg, next, err := wire.NextMessage(rest)
			if err != nil {
				t.Fatal(err)
			}
			rest = next
			a, err := full.Decode(msg)
			if err != nil {
				t.Fatal(err)
			}
			b, err := pruned.Decode(msg)
			if err != nil {
				t.Fatal(err)
			}
			for slot := k; slot < len(a.Slots); slot += 5 {
				if a.Slots[slot] != b.Slots[slot] {
					t.Fatalf("%v: %s is %x, pruned %x", a.Layout, a.Layout.Fields[slot].Name, a.Slots[slot], b.Slots[slot])
				}
			}
		}
	}
}

func TestDecodeAllocatesNothing(t *testing.T) {
	d := wire.NewDecoder(Default(), nil)
	data := corpus.Read(t, corpus.Messages)
	run := func() {
		for rest := data; len(rest) > 0; {
			msg, next, err := wire.NextMessage(rest)
			if err != nil {
				t.Fatal(err)
			}
			rest = next
			if _, err := d.Decode(msg); err != nil {
				t.Fatal(err)
			}
		}
	}
	run()
	if n := testing.AllocsPerRun(10, run); n != 0 {
		t.Errorf("%v allocations to decode the corpus, want 0", n)
	}
}

func TestOverride(t *testing.T) {
	dir := t.TempDir()
	write := func(s string) {
		if err := os.WriteFile(filepath.Join(dir, "x.yaml"), []byte(s), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	// A block version that nobody has seen yet.
	write("blocks:\n  - block: 999\n    series: 2\n    name: intrusion_event_next\n    title: \"Next\"\n    versions: \"9.0\"\n    confidence: low\n    fields:\n      - device_id: uint32\n      - note: string\n")
	set, err := Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	b, err := set.NewBuilder(400, 999)
	if err != nil {
		t.Fatal(err)
	}
	b.SetUint(0, 7)
	b.SetString(1, "hello")
	r, err := wire.NewDecoder(set, nil).Decode(b.AppendMessage(nil, wire.RecordHeader{Extended: true, ArchiveTimestamp: 5}))
	if err != nil {
		t.Fatal(err)
	}
	if r.Uint(0) != 7 || string(r.Bytes(1)) != "hello" || r.ArchiveTimestamp != 5 {
		t.Errorf("got %d %q %d", r.Uint(0), r.Bytes(1), r.ArchiveTimestamp)
	}
	if _, err := Default().Layout(400, 999); !errors.Is(err, wire.ErrUnknownBlock) {
		t.Errorf("without override: %v", err)
	}
	if _, err := Load(filepath.Join(dir, "missing")); err == nil {
		t.Error("missing directory: no error")
	}

	head := "blocks:\n  - block: 999\n    series: 2\n    name: x\n    title: x\n    versions: x\n    confidence: low\n    fields:\n"
	form := "records:\n  - record: 7000\n    name: x\n    category: event\n    fields: [a: uint8]\n    forms:\n      - "
	for _, c := range []struct{ yaml, want string }{
		{"recods: []\n", `x.yaml:1: unknown key "recods"`},
		{"records:\n  - record: 77777\n    fields: []\n", `x.yaml:2: "77777" is no number from 0 to 65535`},
		{"records:\n  - record: 7000\n    name: x\n    category: event\n", "x.yaml:2: record 7000 has none of fields, blocks and unknown"},
		{"records:\n  - record: 7000\n    name: x\n    category: event\n    series: 1\n    blocks:\n      - {block: 12345}\n", "x.yaml:2: record 7000 names block 12345 of series 1, which is not defined"},
		{"records:\n  - record: 7000\n    name: x\n    category: metadata\n    key: [nme]\n    fields:\n      - name: uuid\n", `x.yaml:2: key field "nme" of record 7000`},
		{form + "{versions: x}\n", "x.yaml:7: a form has either series and block, or fields"},
		{form + "{series: 2, block: 14, fields: [id: uint32]}\n", "x.yaml:7: a form has either series and block, or fields"},
		{form + "{series: 1, block: 12345}\n", "x.yaml:7: record 7000 names block 12345 of series 1, which is not defined"},
		{form + "{fields: [name: text(length)]}\n", `x.yaml:7: text "name" of record 7000 form 1 is counted by "length"`},
		{form + "{fields: [id: uint32], layout: 3}\n", `x.yaml:7: unknown key "layout" in a form`},
		{head + "      - a: unit32\n", `x.yaml:9: field a: type "unit32" is unknown`},
		{head + "      - name: text(length)\n      - length: uint32\n", `x.yaml:9: text "name" of block 999 of series 2 is counted by "length", which is not an earlier field`},
		{head + "      - a: rest\n      - b: uint8\n", `x.yaml:9: field "a" of block 999 of series 2 takes the rest`},
		{head + "      - a: uint8\n      - a: uint8\n", `x.yaml:10: field "a" appears twice`},
		{head + "      - a: {type: uint8, whne: b}\n", `x.yaml:9: unknown key "whne" in field a`},
		{head + "      - a: bytes[0]\n", `x.yaml:9: field "a" of block 999 of series 2 has size 0`},
		{strings.Replace(head, "confidence: low", "length: 11", 1) + "      - a: uint32\n", `x.yaml:2: block 999 of series 2 says length 11, its fields give 12`},
		{"blocks: [", "x.yaml"},
	} {
		write(c.yaml)
		if _, err := Load(dir); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s\n got %v\nwant %s", c.yaml, err, c.want)
		}
	}
}

func TestDecoderKeepsUnknownRaw(t *testing.T) {
	d := wire.NewDecoder(Default(), nil)
	msg := []byte{0, 1, 0, 4, 0, 0, 0, 12, 0x80, 5, 0x27, 0x0f, 0, 0, 0, 4, 1, 2, 3, 4}
	r, err := d.Decode(msg)
	if !errors.Is(err, wire.ErrUnknownRecord) || r == nil || r.Layout != nil {
		t.Fatalf("got %v, %v", r, err)
	}
	if r.Type != 9999 || r.NetmapID != 5 || !r.Flagged || r.Extended || !reflect.DeepEqual(r.Body(), []byte{1, 2, 3, 4}) {
		t.Errorf("got %+v", r.RecordHeader)
	}
	if out := wire.AppendRecord(nil, r); !bytes.Equal(out, msg) {
		t.Errorf("encoded %x", out)
	}
}
