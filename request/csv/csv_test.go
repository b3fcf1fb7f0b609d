package csv_test

import (
	"bytes"
	"encoding/binary"
	stdcsv "encoding/csv"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"testing"

	"estream/format/flat/flattest"
	"estream/internal/recordtest"
	"estream/layouts"
	"estream/meta"
	"estream/request/csv"
	"estream/request/internal/outputtest"
	"estream/wire"
)

var header = strings.Split("sensor_id|event_id|event_sec|event_usec|sid|gen|rev|class|priority|src_addr|dst_addr|src_port|dst_port|ip_proto|impact_flag|pad", "|")

// output feeds a stream to a new output.
func output(t testing.TB, stream []byte, comma bool) (string, csv.Stats) {
	t.Helper()
	var b bytes.Buffer
	o := csv.New(&b, comma)
	outputtest.Feed(t, layouts.Default(), stream, o)
	return b.String(), o.Stats()
}

// rows reads what was written with the standard library, header checked and left out.
func rows(t testing.TB, text string, separator rune) [][]string {
	t.Helper()
	r := stdcsv.NewReader(strings.NewReader(text))
	r.Comma = separator
	all, err := r.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(all) == 0 || !slices.Equal(all[0], header) {
		t.Fatalf("first line %q, want %q", all[:min(1, len(all))], header)
	}
	return all[1:]
}

// expected makes the row of an intrusion event from the bytes of the message, without
// layouts: all versions begin alike. It returns nil for other records.
func expected(message []byte) []string {
	data := message[8:]
	typ := binary.BigEndian.Uint16(data[2:])
	body := data[len(data)-int(binary.BigEndian.Uint32(data[4:])):]
	size, block := 16, uint32(0)
	switch typ {
	case 1, 7, 104, 207:
		size = 4
	case 72, 105, 208:
	case 400:
		block = binary.BigEndian.Uint32(body)
		body = body[8:]
	default:
		return nil
	}
	var row []string
	for i := range 9 {
		row = append(row, fmt.Sprint(binary.BigEndian.Uint32(body[4*i:])))
	}
	body = body[36:]
	for range 2 {
		a, _ := netip.AddrFromSlice(body[:size])
		row = append(row, a.Unmap().String())
		body = body[size:]
	}
	number := func(at int) string { return fmt.Sprint(binary.BigEndian.Uint16(body[at:])) }
	row = append(row, number(0), number(2), fmt.Sprint(body[4]), fmt.Sprint(body[5]))
	switch {
	case typ <= 72:
		return append(row, number(6))
	case block >= 81:
		return append(row, number(15)) // impact, blocked and its reason, MPLS label, VLAN
	default:
		return append(row, number(14))
	}
}

// TestVersions holds the lines of all versions of the record against their bytes.
func TestVersions(t *testing.T) {
	set := layouts.Default()
	stream := flattest.Random(t, set, 8)
	stream = append(stream, flattest.Corpus(t)...)
	checkStream(t, stream)

	versions := map[string]bool{}
	d := wire.NewDecoder(set, nil)
	for m := range recordtest.Split(t, stream) {
		r, err := d.Decode(m)
		if err != nil {
			t.Fatal(err)
		}
		if r.Layout.Record.Category != "intrusion" || versions[r.Layout.String()] {
			continue
		}
		versions[r.Layout.String()] = true
		if expected(m) == nil {
			t.Errorf("%v: this test does not know what its line should be", r.Layout)
		}
	}
	if len(versions) < 13 {
		t.Errorf("%d versions of intrusion events: %v; want records 7, 104, 105, 207, 208, eight blocks of 400 and any newly known", len(versions), versions)
	}
}

// TestRealFiles compares with what Snort wrote, byte by byte from its files.
func TestRealFiles(t *testing.T) {
	events := 0
	for _, name := range outputtest.Spools {
		file, stream := outputtest.Spool(t, name)
		events += checkStream(t, stream)
		text, _ := output(t, stream, false)
		got := rows(t, text, '|')
		for ; len(file) > 0; file = file[8+binary.BigEndian.Uint32(file[4:]):] {
			typ, body := binary.BigEndian.Uint32(file), file[8:]
			size := map[uint32]int{104: 4, 105: 16}[typ]
			if size == 0 {
				continue
			}
			if len(got) == 0 {
				t.Fatalf("%s: too few lines", name)
			}
			word := func(i int) string { return fmt.Sprint(binary.BigEndian.Uint32(body[4*i:])) }
			src, _ := netip.AddrFromSlice(body[36 : 36+size])
			dst, _ := netip.AddrFromSlice(body[36+size : 36+2*size])
			ports := body[36+2*size:]
			want := []string{
				word(1), word(2), word(3), word(4), word(5), word(6), word(7), word(8), src.String(), dst.String(),
				fmt.Sprint(binary.BigEndian.Uint16(ports)), fmt.Sprint(binary.BigEndian.Uint16(ports[2:])), fmt.Sprint(ports[4]),
			}
			if row := got[0]; !slices.Equal(row[1:14], want) { // the device's number is ours
				t.Fatalf("%s: line %q, want %q after the first column", name, row, want)
			}
			got = got[1:]
		}
		if len(got) > 0 {
			t.Errorf("%s: %d lines too many, first %q", name, len(got), got[0])
		}
	}
	if events != 5675+1+1 {
		t.Errorf("%d events in the files, want 5,677", events)
	}
}

// checkStream compares both forms of the output with the messages, and their counts.
func checkStream(t testing.TB, stream []byte) (lines int) {
	t.Helper()
	var want [][]string
	others := uint64(0)
	for m := range recordtest.Split(t, stream) {
		if row := expected(m); row != nil {
			want = append(want, row)
		} else {
			others++
		}
	}
	if len(want) == 0 {
		t.Fatal("no intrusion event in the stream")
	}
	bars, stats := output(t, stream, false)
	commas, _ := output(t, stream, true)
	for separator, text := range map[rune]string{'|': bars, ',': commas} {
		got := rows(t, text, separator)
		for i := range min(len(got), len(want)) {
			if !slices.Equal(got[i], want[i]) {
				t.Fatalf("line %d:\ngot  %q\nwant %q", i+2, got[i], want[i])
			}
		}
		if len(got) != len(want) {
			t.Fatalf("%d lines, want %d", len(got), len(want))
		}
		// The standard library's writer quotes whatever needs it: nothing does.
		var b strings.Builder
		w := stdcsv.NewWriter(&b)
		w.Comma = separator
		if err := w.WriteAll(append([][]string{header}, want...)); err != nil {
			t.Fatal(err)
		}
		if b.String() != text || strings.Contains(text, `"`) {
			t.Errorf("separator %q: the standard library writes these rows in another way", separator)
		}
	}
	if stats.Lines != uint64(len(want)) || stats.Other != others || stats.Undecoded != 0 {
		t.Errorf("%+v; want %d lines, %d others", stats, len(want), others)
	}
	return len(want)
}

// A foreign source defines one intrusion event whose fields have names that are known
// and kinds that are not what they should be.
type foreign struct{ wire.Source }

func (f foreign) Record(typ uint16) (*wire.RecordDef, error) {
	if typ != 7 {
		return f.Source.Record(typ)
	}
	return &wire.RecordDef{Type: 7, Name: "foreign", Category: "intrusion", Fields: []wire.Field{
		{Name: "event_id", Kind: wire.KindString}, {Name: "source_ip_address", Kind: wire.KindString},
		{Name: "destination_ip_address", Kind: wire.KindIPv4, Size: 4, LittleEndian: true}, {Name: "pad", Kind: wire.KindUint64, Size: 8},
	}}, nil
}

// TestForeignLayout shows that no text gets into a line, whatever a layout file says,
// and that what is missing stays empty.
func TestForeignLayout(t *testing.T) {
	set := wire.NewLayouts(foreign{layouts.Default().Source()})
	message := recordtest.Message(t, set, 7, 0, recordtest.Fields{
		"event_id": "1|2\n,", "source_ip_address": "a|b,c\"", "destination_ip_address": []byte{4, 3, 2, 1}, "pad": uint64(1<<64 - 1),
	})
	var b bytes.Buffer
	outputtest.Feed(t, set, message, csv.New(&b, true))
	_, line, _ := strings.Cut(b.String(), "\n")
	if want := ",,,,,,,,,,1.2.3.4,,,,,18446744073709551615\n"; line != want {
		t.Errorf("line %q, want %q", line, want)
	}
}

// TestDamaged counts what cannot be decoded; the rest is written all the same.
func TestDamaged(t *testing.T) {
	set := layouts.Default()
	whole := recordtest.Message(t, set, 400, 60, recordtest.Fields{"event_id": 5})
	o := csv.New(io.Discard, false)
	d := wire.NewDecoder(set, nil)
	messages := [][]byte{whole, slices.Concat(whole, whole)} // the second is no message
	for left := flattest.Damaged(flattest.Random(t, set, 1)); ; {
		m, rest, err := wire.NextMessage(left)
		if err != nil {
			break
		}
		messages, left = append(messages, m), rest
	}
	undecoded := uint64(0)
	for _, m := range messages {
		r, err := d.Decode(m)
		if err != nil {
			undecoded++
		}
		if err := o.Record(d, r, m, meta.Initial(), err); err != nil {
			t.Fatal(err)
		}
	}
	s := o.Stats()
	if s.Undecoded != undecoded || undecoded < 100 || s.Lines == 0 || s.Lines+s.Other+s.Undecoded != uint64(len(messages)) {
		t.Errorf("%+v of %d messages, %d of them undecoded", s, len(messages), undecoded)
	}
}

// TestHeaderAlone checks the output of a session without events.
func TestHeaderAlone(t *testing.T) {
	if text, _ := output(t, nil, false); text != strings.Join(header, "|")+"\n" {
		t.Errorf("without events: %q", text)
	}
}

// broken fails always.
type broken struct{}

var errBroken = errors.New("no space left")

func (broken) Write([]byte) (int, error) { return 0, errBroken }

// TestWriterFails checks that an error is told, and that records after it are not
// taken without end.
func TestWriterFails(t *testing.T) {
	set := layouts.Default()
	message := recordtest.Message(t, set, 7, 0, nil)
	d := wire.NewDecoder(set, nil)
	r, err := d.Decode(message)
	if err != nil {
		t.Fatal(err)
	}
	o := csv.New(broken{}, false)
	var failed error
	for range 10_000 {
		if failed = o.Record(d, r, message, meta.Initial(), nil); failed != nil {
			break
		}
	}
	if !errors.Is(failed, errBroken) {
		t.Errorf("10,000 records for a broken writer: %v", failed)
	}
	for _, end := range []error{o.Flush(t.Context()), o.Close(t.Context())} {
		if !errors.Is(end, errBroken) {
			t.Errorf("flush: %v", end)
		}
	}
}

// FuzzRecord feeds any bytes as messages: every line has all columns, and each value is
// a number or an address.
func FuzzRecord(f *testing.F) {
	set := layouts.Default()
	for m := range recordtest.Split(f, flattest.Random(f, set, 1)) {
		if expected(m) != nil {
			f.Add(m)
		}
	}
	f.Fuzz(func(t *testing.T, message []byte) {
		var b bytes.Buffer
		o := csv.New(&b, false)
		d := wire.NewDecoder(set, nil)
		r, err := d.Decode(message)
		if err := o.Record(d, r, message, meta.Initial(), err); err != nil {
			t.Fatal(err)
		}
		if err := o.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, row := range rows(t, b.String(), '|') {
			for i, v := range row {
				if v == "" && r.Layout.Block != nil && !slices.ContainsFunc(r.Layout.Record.Blocks, func(b wire.RecordBlock) bool { return b.Type == r.Layout.Block.Type }) {
					continue // a block that this record type is not known to carry
				}
				_, err := strconv.ParseUint(v, 10, 64)
				if i == 9 || i == 10 {
					_, err = netip.ParseAddr(v)
				}
				if err != nil {
					t.Errorf("column %s is %q: %v", header[i], v, err)
				}
			}
		}
	})
}
