package format_test

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"strings"
	"testing"
	"time"

	"estream/format"
	"estream/format/cef"
	"estream/internal/formattest"
	"estream/internal/recordtest"
	"estream/layouts"
	"estream/meta"
	"estream/wire"
)

// TestUndecoded follows messages that cannot be decoded: one JSON line each in
// raw form, none in CEF, all counted and reported.
func TestUndecoded(t *testing.T) {
	set := layouts.Default()
	good := recordtest.Message(t, set, 22, 0, fields{"hops": 3})
	unknown := recordtest.Message(t, set, 22, 0, fields{"hops": 3})
	binary.BigEndian.PutUint32(unknown[8:], 9999)
	block := recordtest.Message(t, set, 400, 85, nil)
	binary.BigEndian.PutUint32(block[24:], 4711)
	short := recordtest.Message(t, set, 71, 174, nil)
	short = short[:200]
	binary.BigEndian.PutUint32(short[4:], 192)
	binary.BigEndian.PutUint32(short[12:], 176)
	header := append([]byte(nil), good...)
	binary.BigEndian.PutUint32(header[12:], 7) // record length that fits neither header
	tail := []byte{0, 1, 0, 4, 0, 0}
	var stream []byte
	for _, m := range [][]byte{good, unknown, block, short, header, good, tail} {
		stream = append(stream, m...)
	}
	var reported []error
	w := format.NewWorker(set, jsonUTC())
	w.Report = func(offset, number int, _ *wire.Record, err error) {
		reported = append(reported, err)
		if number == 1 && offset != len(good) || number == 6 && offset != len(stream)-len(tail) {
			t.Errorf("message %d reported at offset %d", number, offset)
		}
	}
	out, counts := w.Append(nil, stream, meta.Initial())
	if want := (format.Counts{Lines: 2, Undecoded: 5, RawLines: 5}); counts != want {
		t.Errorf("%+v, want %+v", counts, want)
	}
	if len(reported) != 5 || !errors.Is(reported[0], wire.ErrUnknownRecord) || !errors.Is(reported[1], wire.ErrUnknownBlock) {
		t.Errorf("reported %v", reported)
	}
	all := strings.SplitAfter(string(out), "\n")
	raw := func(b []byte) string { return base64.StdEncoding.EncodeToString(b) }
	for i, want := range []struct {
		message []byte
		path    string
		raw     string
		record  any
	}{
		1: {unknown, "rawRecord", raw(unknown[24:]), "9999"},
		2: {block, "rawRecord", raw(block[24:]), "400"},
		3: {short, "rawRecord", raw(short[24:]), "71"},
		4: {header, "rawMessage", raw(header), "absent"},
		6: {tail, "rawMessage", raw(tail), "absent"},
	} {
		if want.message == nil {
			continue
		}
		if got := at(t, all[i], want.path); got != want.raw {
			t.Errorf("line %d: %s is %v, want %s", i, want.path, got, want.raw)
		}
		if got := at(t, all[i], "recordType"); got != want.record {
			t.Errorf("line %d: record type %v, want %v", i, got, want.record)
		}
		if got, _ := at(t, all[i], "rawReason").(string); got == "" || got == "absent" {
			t.Errorf("line %d: no reason in %s", i, all[i])
		}
	}

	cw := format.NewWorker(set, cefFixed())
	out, counts = cw.Append(nil, stream, meta.Initial())
	if want := (format.Counts{Silent: 2, Undecoded: 5}); counts != want || len(out) != 0 {
		t.Errorf("cef: %+v with %q, want %+v without a line", counts, out, want)
	}
}

func TestSyslogPrefix(t *testing.T) {
	set := layouts.Default()
	now := time.Date(2024, 11, 5, 23, 4, 5, 0, time.UTC)
	f := newCEF(cef.Options{Hostname: "collector", Now: func() time.Time { return now }, Location: time.UTC})
	w := format.NewWorker(set, f)
	m := recordtest.Message(t, set, 71, 174, nil)
	for _, want := range []string{"<13>Nov 05 23:04:05 collector CEF:0|", "<13>Nov 05 23:04:05 collector CEF:0|", "<13>Nov 05 23:04:06 collector CEF:0|"} {
		out, _ := w.Append(nil, m, meta.Initial())
		if !strings.HasPrefix(string(out), want) {
			t.Errorf("%s, want %s", out, want)
		}
		now = now.Add(600 * time.Millisecond)
	}
	out, _ := format.NewWorker(set, newCEF(cef.Options{Prefix: []byte{}})).Append(nil, m, meta.Initial())
	if !strings.HasPrefix(string(out), "CEF:0|") {
		t.Errorf("empty prefix: %s", out)
	}
}

// TestPlansAreReplaced uses one format with two sets of layouts, whose numbers
// mean different layouts.
func TestPlansAreReplaced(t *testing.T) {
	var sets [2]*wire.Layouts // fresh ones: they number layouts in the order of use
	for i := range sets {
		var err error
		if sets[i], err = layouts.Load(""); err != nil {
			t.Fatal(err)
		}
	}
	first, second := sets[0], sets[1]
	f := jsonUTC()
	hops := recordtest.Message(t, first, 22, 0, fields{"hops": 3})
	port := recordtest.Message(t, second, 25, 0, fields{"port": 80})
	for range 2 {
		if got := at(t, formattest.Output(t, first, f, hops), "hops"); got != "3" {
			t.Errorf("hops %v, want 3", got)
		}
		if got := at(t, formattest.Output(t, second, f, port), "port"); got != "80" {
			t.Errorf("port %v, want 80", got)
		}
	}
}

// TestEveryLayout formats an empty record of every layout there is. All must
// decode, and the JSON line must show every field of the body.
func TestEveryLayout(t *testing.T) {
	set := layouts.Default()
	jw, cw := format.NewWorker(set, jsonUTC()), format.NewWorker(set, cefFixed())
	n := 0
	for l, err := range layouts.All(set) {
		if err != nil {
			t.Fatal(err)
		}
		n++
		m := l.NewBuilder().AppendMessage(nil, recordtest.Header)
		out, counts := jw.Append(nil, m, meta.Initial())
		if counts.Lines != 1 {
			t.Errorf("%v: %+v, want a line", l, counts)
			continue
		}
		for _, f := range l.Fields[l.Discovery:] {
			path := []any{f.Encore}
			if l.EncoreRoot != "" {
				path = []any{l.EncoreRoot, f.Encore}
			}
			if at(t, string(out), path...) == "absent" {
				t.Errorf("%v: no member %v in %s", l, path, out)
			}
		}
		if _, counts := cw.Append(nil, m, meta.Initial()); counts.Undecoded != 0 {
			t.Errorf("%v: cef: %+v", l, counts)
		}
	}
	if n < 150 {
		t.Errorf("only %d layouts", n)
	}
}

// TestTrailing: bytes behind the known layout are tolerated, in the block and
// behind it, and counted.
func TestTrailing(t *testing.T) {
	set := layouts.Default()
	plain := recordtest.Message(t, set, 123, 0, fields{"id": 3, "name": "x"})
	var stream []byte
	for _, extra := range []string{"", "more", "even more"} {
		m := append(append([]byte(nil), plain...), extra...)
		binary.BigEndian.PutUint32(m[4:], uint32(len(m)-8))
		binary.BigEndian.PutUint32(m[12:], uint32(len(m)-24))
		stream = append(stream, m...)
	}
	block := recordtest.Message(t, set, 400, 85, nil)
	inside := append(block, 1, 2, 3)
	binary.BigEndian.PutUint32(inside[4:], uint32(len(inside)-8))
	binary.BigEndian.PutUint32(inside[12:], uint32(len(inside)-24))
	binary.BigEndian.PutUint32(inside[28:], uint32(len(inside)-24)) // the block holds them
	stream = append(stream, inside...)
	for name, f := range map[string]format.Format{"json": jsonUTC(), "cef": newCEF(cef.Options{})} {
		_, counts := format.NewWorker(set, f).Append(nil, stream, meta.Initial())
		if counts.Trailing != 3 || counts.Undecoded != 0 {
			t.Errorf("%s: %+v, want 3 with trailing bytes", name, counts)
		}
	}
	r, err := wire.NewDecoder(set, nil).Decode(inside)
	if err != nil || r.Trailing != 3 || string(wire.AppendRecord(nil, r)) != string(inside) {
		t.Errorf("trailing bytes in a block do not survive: %v", err)
	}
}
