package kvpair_test

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"estream/format"
	"estream/format/flat/flattest"
	"estream/format/kvpair"
	"estream/meta"
	"estream/wire"
)

// read is the reader that the package documents, written for its own sake: it
// shares nothing with the writer.
func read(line string) (names []string, values map[string]string, err error) {
	values = map[string]string{}
	line, ended := strings.CutSuffix(line, "\n")
	if !ended || strings.ContainsAny(line, "\r\n") {
		return nil, nil, fmt.Errorf("not one line")
	}
	for line != "" {
		name, rest, ok := strings.Cut(line, "=")
		if !ok || name == "" || strings.ContainsAny(name, " \"\\") {
			return nil, nil, fmt.Errorf("no name before %.40q", line)
		}
		if _, twice := values[name]; twice {
			return nil, nil, fmt.Errorf("%s appears twice", name)
		}
		var value []byte
		if !strings.HasPrefix(rest, `"`) {
			v, more, _ := strings.Cut(rest, " ")
			value, line = []byte(v), more
		} else {
			rest = rest[1:]
			for {
				if rest == "" {
					return nil, nil, fmt.Errorf("%s: no closing quote", name)
				}
				c := rest[0]
				rest = rest[1:]
				if c == '"' {
					break
				}
				if c != '\\' {
					value = append(value, c)
					continue
				}
				if strings.HasPrefix(rest, "x") {
					b, err := strconv.ParseUint(rest[1:3], 16, 8)
					if err != nil {
						return nil, nil, err
					}
					value, rest = append(value, byte(b)), rest[3:]
					continue
				}
				i := strings.IndexByte(`"\nrt`, rest[0])
				if i < 0 {
					return nil, nil, fmt.Errorf("%s: escape \\%c", name, rest[0])
				}
				value, rest = append(value, "\"\\\n\r\t"[i]), rest[1:]
			}
			if rest != "" && rest[0] != ' ' {
				return nil, nil, fmt.Errorf("%s: %.20q behind the quote", name, rest)
			}
			line = strings.TrimPrefix(rest, " ")
		}
		names, values[name] = append(names, name), string(value)
	}
	return names, values, nil
}

func check(t *testing.T, line string) (values map[string]string) {
	t.Helper()
	_, values, err := read(line)
	if err != nil {
		t.Fatalf("%v in %q", err, line)
	}
	if !utf8.ValidString(line) || strings.ContainsFunc(strings.TrimSuffix(line, "\n"), func(r rune) bool { return !unicode.IsPrint(r) }) {
		t.Fatalf("does not print: %q", line)
	}
	return values
}

func TestEveryRecord(t *testing.T) {
	set := flattest.Layouts(t)
	random := flattest.Random(t, set, 4)
	for name, stream := range map[string][]byte{"random": random, "corpus": flattest.Corpus(t), "damaged": flattest.Damaged(random)} {
		t.Run(name, func(t *testing.T) {
			flattest.Lines(t, set, kvpair.New(kvpair.Options{}), stream, func(message []byte, line string) {
				v := check(t, line)
				if len(line) > 2000+100*len(message) {
					t.Errorf("%d bytes for a message of %d", len(line), len(message))
				}
				if raw := v["rawRecord"] + v["rawMessage"]; raw != "" {
					b, err := base64.StdEncoding.DecodeString(raw)
					if err != nil || !strings.HasSuffix(string(message), string(b)) || v["rawReason"] == "" {
						t.Errorf("%v: % x is not the end of % x (%s)", err, b, message, v["rawReason"])
					}
					return
				}
				h, _ := wire.PeekRecord(message)
				if v["recordType"] != fmt.Sprint(h.Type) || v["recordName"] == "" {
					t.Errorf("record %d: %s", h.Type, line)
				}
			})
		})
	}
}

var hostile = []string{
	"plain", `a "b" c`, `back\slash\`, "two\r\nlines", "tab\t nul\x00inside", "a=b c=d", "\x1b[31mred", "\u009b31m c1",
	"\u202egnp.exe", "line\u2028sep\u2029", "\xff\xfe\x80 bytes", "é ü 漢字 😀", " spaces ", "\\x41 \\n", "=", `"`, "\ufeffbom", "\u00a0nbsp",
}

// TestHostile: the reader gets back what was sent, byte for byte.
func TestHostile(t *testing.T) {
	set := flattest.Layouts(t)
	f := kvpair.New(kvpair.Options{})
	for _, text := range hostile {
		v := check(t, flattest.Record(t, set, f, 500, 56, map[string]any{"file_name": text, "uri": text + "\x00\x00"}))
		if v["fileName"] != text || v["uri"] != text {
			t.Errorf("%q came back as %q and %q", text, v["fileName"], v["uri"])
		}
	}
}

// TestNames: numbers and what tables call them stand side by side, and the names
// that all records have belong to no field.
func TestNames(t *testing.T) {
	set := flattest.Layouts(t)
	f := kvpair.New(kvpair.Options{})
	v := check(t, flattest.Record(t, set, f, 400, 85, map[string]any{"blocked": 1, "event_second": 1700000000, "event_microsecond": 5}))
	for name, want := range map[string]string{
		"time": "2023-11-14T22:13:20.000005+00:00", "recordType": "400", "blockType": "85", "blocked": "1", "blocked_name": "Yes",
		"eventSecond": "1700000000", "eventDateTime": "",
	} {
		if v[name] != want {
			t.Errorf("%s is %q, want %q", name, v[name], want)
		}
	}
	line := flattest.Record(t, set, f, 9, 20, map[string]any{"time": 12345})
	if v := check(t, line); v["time"] != "2023-11-14T22:13:20+00:00" || v["time_raw"] != "12345" {
		t.Errorf("time of record 9: %s", line)
	}
	names, _, _ := read(line)
	if want := "time recordType recordName recordCategory blockType archiveTimestamp"; strings.Join(names[:6], " ") != want {
		t.Errorf("first names %v, want %s", names[:6], want)
	}
}

// TestTwoDomains: the domain of a device and that of a user have names of their own,
// and so has the name that metadata knows for a user.
func TestTwoDomains(t *testing.T) {
	set := flattest.Layouts(t)
	stream := flattest.TwoDomains(t, set)
	flattest.Lines(t, set, kvpair.New(kvpair.Options{}), stream, func(_ []byte, line string) {
		v := check(t, line)
		if strings.HasSuffix(v["recordCategory"], "metadata") {
			return
		}
		if v["domain"] != "Global" || v["userDomain"] != "corp" || v["user"] != "bob" {
			t.Errorf("domain %q, userDomain %q, user %q in %s", v["domain"], v["userDomain"], v["user"], line)
		}
	})
}

// TestUnknownBlock shows what the discovery header says of a record that cannot be
// read any further.
func TestUnknownBlock(t *testing.T) {
	set := flattest.Layouts(t)
	m := flattest.Message(t, set, 71, 174, nil)
	l, err := set.Layout(71, 174)
	if err != nil || l.Discovery == 0 {
		t.Fatal(err)
	}
	binary.BigEndian.PutUint32(m[24:], 77) // device id in the discovery header
	i := strings.Index(string(m), "\x00\x00\x00\xae")
	binary.BigEndian.PutUint32(m[i:], 0xfeed)
	out, _ := format.NewWorker(set, kvpair.New(kvpair.Options{})).Append(nil, m, meta.Initial())
	if v := check(t, string(out)); v["deviceId"] != "77" || v["blockType"] != "65261" || v["rawRecord"] == "" {
		t.Errorf("%s", out)
	}
}

func FuzzKVPair(f *testing.F) {
	set := flattest.Layouts(f)
	for stream := flattest.Random(f, set, 1); len(stream) > 0; {
		message, rest, err := wire.NextMessage(stream)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(message[8:])
		stream = rest
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		message := binary.BigEndian.AppendUint64(nil, 1<<48|4<<32|uint64(uint32(len(data))))
		flattest.Lines(t, set, kvpair.New(kvpair.Options{}), append(message, data...), func(_ []byte, line string) { check(t, line) })
	})
}
