package csv_test

import (
	"bytes"
	stdcsv "encoding/csv"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"unicode"

	"encoding/binary"

	"estream/format/csv"
	"estream/format/flat/flattest"
	"estream/wire"
)

// read reads a line with the standard library and returns its columns by name,
// and the members of the last one.
func read(t *testing.T, line string) (columns map[string]string, fields map[string]any) {
	t.Helper()
	if i := strings.IndexAny(line, "\r\n"); i != len(line)-1 {
		t.Fatalf("not one line: %q", line)
	}
	r := stdcsv.NewReader(strings.NewReader(csv.Header + "\n" + line))
	all, err := r.ReadAll() // which demands as many columns as the header has
	if err != nil || len(all) != 2 {
		t.Fatalf("%v: %d lines in %q", err, len(all), line)
	}
	columns = map[string]string{}
	for i, name := range all[0] {
		columns[name] = all[1][i]
		if strings.ContainsFunc(all[1][i], func(r rune) bool { return !unicode.IsPrint(r) }) {
			t.Fatalf("column %s does not print: %q", name, all[1][i])
		}
	}
	d := json.NewDecoder(strings.NewReader(columns["fields"]))
	d.UseNumber()
	if err := d.Decode(&fields); err != nil {
		t.Fatalf("%v in %q", err, columns["fields"])
	}
	if n := strings.Count(columns["fields"], `":`); n < len(fields) {
		t.Fatalf("%d members, %d read: a name appears twice in %s", n, len(fields), columns["fields"])
	}
	return columns, fields
}

func TestEveryRecord(t *testing.T) {
	set := flattest.Layouts(t)
	random := flattest.Random(t, set, 4)
	used := map[string]bool{}
	for name, stream := range map[string][]byte{"random": random, "corpus": flattest.Corpus(t), "damaged": flattest.Damaged(random)} {
		t.Run(name, func(t *testing.T) {
			flattest.Lines(t, set, csv.New(csv.Options{}), stream, func(message []byte, line string) {
				columns, fields := read(t, line)
				for name, value := range columns {
					used[name] = used[name] || value != ""
				}
				if len(line) > 2000+150*len(message) {
					t.Errorf("%d bytes for a message of %d", len(line), len(message))
				}
				h, ok := wire.PeekRecord(message)
				if ok && columns["recordType"] != fmt.Sprint(h.Type) {
					t.Errorf("record %d has type %q", h.Type, columns["recordType"])
				}
				if columns["recordName"] == "" && fields["rawReason"] == nil {
					t.Errorf("record %d: no name and no reason in %s", h.Type, line)
				}
			})
		})
	}
	for name, ok := range used {
		if !ok {
			t.Errorf("no record has anything in column %s", name)
		}
	}
	if want := strings.Split(csv.Header, ","); len(used) != len(want) {
		t.Errorf("columns %v, want %v", slices.Sorted(maps.Keys(used)), want)
	}
}

// TestHostile: a column shows text so that it is safe to read, and fields has it
// exactly whenever the column has not.
func TestHostile(t *testing.T) {
	set := flattest.Layouts(t)
	for text, column := range map[string]string{
		"plain.txt":            "plain.txt",
		`C:\Temp\a.exe`:        `C:\Temp\a.exe`,
		`a "b", c`:             `a "b", c`,
		"two\r\nlines":         `two\r\nlines`,
		"\x1b[31mred\tx":       `\x1b[31mred\tx`,
		"\u202egnp.exe":        `\xe2\x80\xaegnp.exe`,
		"\xff\xfe":             `\xff\xfe`,
		"=HYPERLINK(\"x\")":    `'=HYPERLINK("x")`,
		"+1":                   "'+1",
		"-1":                   "'-1",
		"  @SUM(A1)":           "'  @SUM(A1)",
		"＝1":                   "'＝1",
		"\t=1":                 `\t=1`,
		"inside\x00nul":        `inside\x00nul`,
		"漢字 😀":                 "漢字 😀",
		`","","=cmd|'/C calc'`: `","","=cmd|'/C calc'`,
	} {
		columns, fields := read(t, flattest.Record(t, set, csv.New(csv.Options{}), 500, 56, map[string]any{"file_name": text, "signature": text}))
		if columns["file"] != column {
			t.Errorf("%q: column %q, want %q", text, columns["file"], column)
		}
		exact := columns["file"]
		if exact != text {
			exact = member(t, fields, "fileName")
		} else if fields["fileName"] != nil {
			t.Errorf("%q stands in fields as well", text)
		}
		if exact != text || member(t, fields, "signature") != text {
			t.Errorf("%q came back as %q and %q", text, exact, member(t, fields, "signature"))
		}
	}
}

// member returns text from fields, whichever way it is written.
func member(t *testing.T, fields map[string]any, name string) string {
	t.Helper()
	if s, ok := fields[name].(string); ok {
		return s
	}
	s, _ := fields[name+"_hex"].(string)
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestColumns: what has a column is not repeated, and all else stays.
func TestColumns(t *testing.T) {
	set := flattest.Layouts(t)
	columns, fields := read(t, flattest.Record(t, set, csv.New(csv.Options{}), 71, 174, map[string]any{
		"initiator_ip_address": []byte{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 1, 2, 3},
		"responder_ip_address": []byte{0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1},
		"initiator_port":       1234, "responder_port": 53, "protocol": 17, "rule_id": 9,
	}))
	for name, want := range map[string]string{
		"sourceAddress": "10.1.2.3", "sourcePort": "1234", "destinationAddress": "2001:db8::1", "destinationPort": "53",
		"protocol": "UDP", "recordType": "71", "time": "2023-11-14T22:13:20+00:00",
	} {
		if columns[name] != want {
			t.Errorf("%s is %q, want %q", name, columns[name], want)
		}
	}
	if fields["initiatorPort"] != nil || fields["ruleId"] != json.Number("9") || fields["protocol"] != json.Number("17") {
		t.Errorf("fields %v", fields)
	}
}

// TestTwoDomains: the column is for the domain of the device; the column for the user
// takes the name that a record brings before the one that metadata knows.
func TestTwoDomains(t *testing.T) {
	set := flattest.Layouts(t)
	stream := flattest.TwoDomains(t, set)
	names := map[string]string{"170": "rob", "95": "bob"}
	flattest.Lines(t, set, csv.New(csv.Options{}), stream, func(_ []byte, line string) {
		columns, fields := read(t, line)
		want, ok := names[columns["recordType"]]
		if ok && (columns["domain"] != "Global" || fields["userDomain"] != "corp" || columns["user"] != want) {
			t.Errorf("domain %q, userDomain %q, user %q in %s", columns["domain"], fields["userDomain"], columns["user"], line)
		}
		delete(names, columns["recordType"])
	})
	if len(names) != 0 {
		t.Errorf("no line for %v", names)
	}
}

func FuzzCSV(f *testing.F) {
	set := flattest.Layouts(f)
	for stream := flattest.Random(f, set, 1); len(stream) > 0; {
		message, rest, err := wire.NextMessage(stream)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(bytes.Clone(message[8:]))
		stream = rest
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		message := binary.BigEndian.AppendUint64(nil, 1<<48|4<<32|uint64(uint32(len(data))))
		flattest.Lines(t, set, csv.New(csv.Options{}), append(message, data...), func(_ []byte, line string) { read(t, line) })
	})
}
