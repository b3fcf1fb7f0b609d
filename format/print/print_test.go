package print_test

import (
	"bytes"
	"encoding/hex"
	"flag"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"estream/format"
	"estream/format/flat/flattest"
	"estream/format/print"
	"estream/internal/formattest"
	"estream/internal/recordtest"
	"estream/meta"
	"estream/wire"
)

var update = flag.Bool("update", false, "write the golden files in testdata anew")

// golden holds text against a file.
func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s: run the test with -update if this is right; got\n%s", file, got)
	}
}

const (
	ruler     = "\n======================================================================\n"
	separator = "**********************************************************************\n"
)

// emptied are lines that end in a space although there is no text.
var emptied = regexp.MustCompile(`^ *[a-z0-9_]+: \n`)

// check takes a record apart: every line prints, is indented by a multiple of 4 or
// part of a dump, and the last one is the separator.
func check(t *testing.T, text string) (head, body string) {
	t.Helper()
	if !utf8.ValidString(text) || strings.ContainsFunc(text, func(r rune) bool { return r != '\n' && !unicode.IsPrint(r) }) {
		t.Fatalf("does not print: %q", text)
	}
	rest, ended := strings.CutSuffix(text, separator)
	head, body, ruled := strings.Cut("\n"+rest, ruler)
	if !ended || !ruled || strings.HasSuffix(text, "\n"+separator+separator) {
		t.Fatalf("no record: %s", text)
	}
	for line := range strings.Lines(text) {
		indent := len(line) - len(strings.TrimLeft(line, " "))
		if indent%4 != 0 || emptied.MatchString(line) || line == "\n" {
			t.Fatalf("line %q in\n%s", line, text)
		}
	}
	return head, body
}

// TestEveryRecord: every record of every layout has its header and all its fields,
// in order; what cannot be decoded says why.
func TestEveryRecord(t *testing.T) {
	set := flattest.Layouts(t)
	random := flattest.Random(t, set, 4)
	for name, stream := range map[string][]byte{"random": random, "damaged": flattest.Damaged(random)} {
		t.Run(name, func(t *testing.T) {
			d := wire.NewDecoder(set, nil)
			undecoded := 0
			flattest.Lines(t, set, print.New(print.Options{Layouts: set}), stream, func(message []byte, text string) {
				if !complete(t, d, message, text) {
					undecoded++
				}
			})
			if name == "damaged" && undecoded == 0 || name != "damaged" && undecoded != 0 {
				t.Errorf("%d records were not decoded", undecoded)
			}
		})
	}
	t.Run("corpus", func(t *testing.T) {
		d, w := wire.NewDecoder(set, nil), format.NewWorker(set, print.New(print.Options{}))
		seen := map[uint16]int{} // some of each type are enough
		formattest.Scan(t, set, flattest.Corpus(t), func(message []byte, s *meta.Snapshot) {
			h, _ := wire.PeekRecord(message)
			if seen[h.Type]++; seen[h.Type] > 10 {
				return
			}
			text, counts := w.Append(nil, message, s)
			if !complete(t, d, message, string(text)) || counts.Lines != 1 {
				t.Errorf("%+v for\n%s", counts, text)
			}
		})
	})
}

// complete checks the text of a message and reports whether it can be decoded.
func complete(t *testing.T, d *wire.Decoder, message []byte, text string) bool {
	t.Helper()
	head, body := check(t, text)
	r, err := d.Decode(message)
	if err != nil {
		if !strings.HasPrefix(body, "undecoded: "+err.Error()+"\n") && len(message) > 8 {
			t.Errorf("want the reason %v in\n%s", err, text)
		}
		return false
	}
	fields := r.Layout.Fields
	head = fieldsOf(t, head, &r.View, fields[:r.Layout.Discovery])
	fieldsOf(t, body, &r.View, fields[r.Layout.Discovery:])
	if r.Layout.Block != nil && !strings.Contains(head, "\nblock_length: ") {
		t.Errorf("no block in the header of\n%s", text)
	}
	return true
}

// fieldsOf finds the fields of a structure in text, in order, with their values.
func fieldsOf(t *testing.T, text string, v *wire.View, fields []wire.Field) (rest string) {
	t.Helper()
	rest = "\n" + text + "\n"
	for i := range fields {
		f := &fields[i]
		slot := i
		for v.Layout.Fields[slot].Pos != f.Pos {
			slot++
		}
		if !v.Has(slot) && f.Kind != wire.KindBlock {
			continue
		}
		_, after, found := strings.Cut(rest, "\n"+f.Name+":")
		if !found {
			t.Fatalf("%v: no field %s in\n%s", v.Layout, f.Name, text)
		}
		if want := plain(v, slot, f); want != "" && !strings.HasPrefix(after, want+"\n") && !strings.HasPrefix(after, want+" [") {
			t.Errorf("%v: want %s:%s in\n%s", v.Layout, f.Name, want, text)
		}
		rest = after
	}
	return rest
}

// plain returns the value of a field as it has to be shown, for the kinds that other
// packages have a text for, and "" for the rest.
func plain(v *wire.View, slot int, f *wire.Field) string {
	switch {
	case v.Data == nil || f.Name == "source_ip" || f.Name == "destination_ip" || f.Name == "netflow_source":
	case f.Kind.Integer():
		return fmt.Sprintf(" %d", v.Uint(slot))
	case f.Kind == wire.KindIPv6 || f.Kind == wire.KindIPv4 && !f.LittleEndian:
		a, _ := netip.AddrFromSlice(v.Bytes(slot))
		return " " + a.Unmap().String()
	case f.Kind == wire.KindMAC:
		return " " + net.HardwareAddr(v.Bytes(slot)).String()
	case f.Kind == wire.KindUUID:
		b := v.Bytes(slot)
		return fmt.Sprintf(" %x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
	case f.Kind == wire.KindString:
		s := strings.TrimRight(string(v.Bytes(slot)), "\x00")
		if s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz ") == "" {
			return " " + s
		}
	}
	return ""
}

// TestGolden shows what the output looks like: the first records of the main types
// in the corpus, with the names that its metadata gives.
func TestGolden(t *testing.T) {
	set := flattest.Layouts(t)
	wanted := map[uint16]int{400: 1, 2: 1, 110: 3, 71: 1, 500: 1, 125: 1, 112: 1, 9: 1, 101: 1, 15: 1, 170: 1, 160: 1, 103: 1, 66: 1, 67: 1, 98: 1, 119: 1}
	var out []byte
	w := format.NewWorker(set, print.New(print.Options{}))
	formattest.Scan(t, set, flattest.Corpus(t), func(message []byte, s *meta.Snapshot) {
		if h, ok := wire.PeekRecord(message); ok && wanted[h.Type] > 0 {
			wanted[h.Type]--
			out, _ = w.Append(out, message, s)
		}
	})
	for typ, n := range wanted {
		if n > 0 {
			t.Errorf("the corpus has too few records of type %d", typ)
		}
	}
	golden(t, "records.txt", string(out))
}

func TestUndecoded(t *testing.T) {
	set := flattest.Layouts(t)
	long := flattest.Message(t, set, 123, 0, map[string]any{"name": strings.Repeat("\x1b", 600)})
	long[10], long[11] = 0x27, 0x0f
	cut := flattest.Message(t, set, 22, 0, map[string]any{"device_id": 4, "event_second": 1700000000, "ipv6_address": make([]byte, 16), "has_ipv6": 1})
	cut[15]--
	cut[7]--
	cut = cut[:len(cut)-1]
	var out strings.Builder
	flattest.Lines(t, set, print.New(print.Options{Layouts: set}), append(append(long, cut...), 0, 9), func(_ []byte, text string) {
		check(t, text)
		out.WriteString(text)
	})
	golden(t, "undecoded.txt", out.String())

	var whole string
	flattest.Lines(t, set, print.New(print.Options{Hex: true}), long[:len(long):len(long)], func(_ []byte, text string) { whole = text })
	if strings.Contains(whole, "not shown") || strings.Count(whole, "\n") < 600/16 {
		t.Errorf("not dumped whole:\n%s", whole)
	}
}

// TestPayload: packets are never printed, other payload only if it is text; Hex
// shows all of it.
func TestPayload(t *testing.T) {
	set := flattest.Layouts(t)
	for _, c := range []struct {
		record uint16
		block  uint32
		values recordtest.Fields
		text   string
		hex    string
	}{
		{2, 0, recordtest.Fields{"packet_data": "GET / HTTP/1.1\r\n"}, "packet_data: 16 bytes, not shown\n",
			"packet_data: 16 bytes\n    00000000  47 45 54 20 2f 20 48 54 54 50 2f 31 2e 31 0d 0a  |GET / HTTP/1.1..|\n"},
		{2, 0, recordtest.Fields{"packet_data": "\x1b"}, "packet_data: 1 byte, not shown\n",
			"packet_data: 1 byte\n    00000000  1b                                               |.|\n"},
		{2, 0, nil, "packet_data: 0 bytes\n", "packet_data: 0 bytes\n"},
		{110, 4, recordtest.Fields{"type": 9, "blob": "/a b\r\n\x00"}, "type: 9 [HTTP URI]\nblob: /a b\\r\\n\n", "type: 9 [HTTP URI]\nblob: /a b\\r\\n\n"},
		{110, 4, recordtest.Fields{"type": 1, "blob": []byte{10, 1, 2, 3}}, "blob: 4 bytes, not shown [10.1.2.3]\n",
			"blob: 4 bytes [10.1.2.3]\n    00000000  0a 01 02 03                                      |....|\n"},
	} {
		for _, o := range []print.Options{{}, {Hex: true}} {
			got := flattest.Record(t, set, print.New(o), c.record, c.block, c.values)
			check(t, got)
			want := c.text
			if o.Hex {
				want = c.hex
			}
			if !strings.HasSuffix(got, want+separator) {
				t.Errorf("hex %v: want %sat the end of\n%s", o.Hex, want, got)
			}
		}
	}
}

func TestTrailing(t *testing.T) {
	set := flattest.Layouts(t)
	m := flattest.Message(t, set, 123, 0, map[string]any{"id": 3, "name": "ftd"})
	m = append(m, 1, 2)
	m[7] += 2
	m[15] += 2
	flattest.Lines(t, set, print.New(print.Options{}), m, func(_ []byte, text string) {
		if want := "name: ftd\ntrailing: 2 bytes behind the known fields\n    00000000  01 02 "; !strings.Contains(text, want) {
			t.Errorf("want %q in\n%s", want, text)
		}
	})
}

// TestShort: a record header without archive time, a domain, and an old form of a body.
func TestShort(t *testing.T) {
	set := flattest.Layouts(t)
	h := wire.RecordHeader{NetmapID: 7}
	stream := bytes.Join([][]byte{
		flattest.Message(t, set, 350, 0, map[string]any{"id": 7, "name": "Glo\x1bbal"}),
		recordtest.MessageAs(t, set, h, 22, 0, recordtest.Fields{"hops": 2}),
	}, nil)
	var last string
	flattest.Lines(t, set, print.New(print.Options{}), stream, func(_ []byte, text string) { last = text })
	head, body := check(t, last)
	if want := "\nrecord_type: 22 [Hops Change]\nrecord_length: 41\nnetmap_id: 7 [Glo\\x1bbal]\ndevice_id: 0 [Defense Center]\n"; !strings.HasPrefix(head, want) || body != "hops: 2\n" {
		t.Errorf("got\n%s", last)
	}
	form, err := set.Form(62, 1)
	if err != nil {
		t.Fatal(err)
	}
	b := form.NewBuilder()
	b.SetString(form.Slot("username"), "alice")
	out, _ := print.New(print.Options{}).NewFormatter().Append(nil, wire.NewDecoder(set, nil), decode(t, set, b.AppendMessage(nil, recordtest.Header)), meta.Initial())
	if !strings.Contains(string(out), "\nbody_form: 1 [") || !strings.HasSuffix(string(out), "username: alice\n"+separator) {
		t.Errorf("got\n%s", out)
	}
}

func decode(t *testing.T, set *wire.Layouts, message []byte) *wire.Record {
	t.Helper()
	r, err := wire.NewDecoder(set, nil).Decode(message)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestMessage: the whole message behind the fields, of records that can be decoded and
// of those that cannot.
func TestMessage(t *testing.T) {
	set := flattest.Layouts(t)
	f := print.New(print.Options{Message: true, Layouts: set})
	stream := append(flattest.Message(t, set, 123, 0, map[string]any{"name": strings.Repeat("x", 2*print.MaxDump)}), 0, 1, 0, 4, 0, 0, 0, 12, 0, 0, 0x27, 0x0f, 0, 0, 0, 4, 'b', 'o', 'd', 'y')
	flattest.Lines(t, set, f, stream, func(message []byte, text string) {
		want := fmt.Sprintf("message: %d bytes\n", len(message))
		before, dump, ok := strings.Cut(text, want)
		if !ok || strings.Count(text, "message: ") != 1 || !strings.Contains(before, strings.Repeat("=", 70)) {
			t.Fatalf("want %q once in\n%s", want, text)
		}
		var got []byte
		for line := range strings.Lines(dump) {
			if f := strings.Split(strings.TrimSpace(line), "  "); len(f) > 1 {
				b, err := hex.DecodeString(strings.ReplaceAll(f[1], " ", ""))
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, b...)
			}
		}
		if !bytes.Equal(got, message) {
			t.Errorf("got %x, want %x", got, message)
		}
	})
}
