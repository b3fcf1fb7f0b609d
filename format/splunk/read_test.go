package splunk_test

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"estream/format"
	"estream/format/splunk"
	"estream/internal/formattest"
	"estream/internal/recordtest"
	"estream/layouts"
	"estream/meta"
	"estream/wire"
)

// readLine reads a line as Splunk does with KV_MODE = auto_escaped: pairs end at
// white space, a value in quotes ends at the first quote without a backslash, and
// only \" and \\ are escapes. The escapes \n and \r, which Splunk shows as they are,
// become line breaks here so that a value can be compared with what was sent.
func readLine(line string) (pairs map[string]string, err error) {
	pairs = map[string]string{}
	for line != "" {
		name, rest, ok := strings.Cut(line, "=")
		if !ok || name == "" || strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") != "" {
			return nil, fmt.Errorf("no name of a field at %.60q", line)
		}
		if _, ok := pairs[name]; ok {
			return nil, fmt.Errorf("%s for the second time", name)
		}
		var value string
		if rest != "" && rest[0] == '"' {
			var b strings.Builder
			i := 1
			for ; i < len(rest) && rest[i] != '"'; i++ {
				if rest[i] == '\\' && i+1 < len(rest) {
					i++
					switch rest[i] {
					case 'n':
						b.WriteByte('\n')
						continue
					case 'r':
						b.WriteByte('\r')
						continue
					}
				}
				b.WriteByte(rest[i])
			}
			if i == len(rest) {
				return nil, fmt.Errorf("%s: no closing quote", name)
			}
			value, rest = b.String(), rest[i+1:]
		} else {
			end := strings.IndexAny(rest, " \t,;|&\"'()[]{}<>=\r\n")
			if end < 0 {
				end = len(rest)
			}
			if value, rest = rest[:end], rest[end:]; value == "" {
				return nil, fmt.Errorf("%s: neither value nor quotes", name)
			}
		}
		pairs[name] = value
		if rest == "" {
			break
		}
		if rest[0] != ' ' || rest == " " {
			return nil, fmt.Errorf("%s: followed by %.20q; expected a space and another pair", name, rest)
		}
		line = rest[1:]
	}
	return pairs, nil
}

type fields = recordtest.Fields

// lines formats a stream, one line for each message.
func lines(t testing.TB, set *wire.Layouts, f format.Format, messages ...[]byte) []string {
	t.Helper()
	out := formattest.Output(t, set, f, messages...)
	list := strings.Split(strings.TrimSuffix(out, "\n"), "\n")
	if len(list) != len(messages) {
		t.Fatalf("%d lines for %d messages:\n%s", len(list), len(messages), out)
	}
	return list
}

var hostile = []string{
	"", " ", `"`, `\`, `\"`, `"a=b"`, `a "b" c`, `C:\new\"x" y\`, "two\nlines", "cr\r\nlf", `back\nslash n`, "tab\there",
	`a,b;c|d&e`, `{'x': 1}`, "[a]", "(b)", "<c>", `it's`, "=", "k=v", " x", "x ", "ünï", "日本 語", "no\u00a0break", "\x1b[31m\x7f", "plain-1.2_3:/@%",
	`ends in \`, `ends in "`, "\u2028", "10.1.2.3", "rec_type=400 event_sec=1",
}

// TestReadBack sends texts that try to leave their value: what fixed and strict
// write is read back exactly, from a field and from a name in the metadata.
func TestReadBack(t *testing.T) {
	set := layouts.Default()
	for _, p := range []meta.Profile{meta.Fixed, meta.Strict} {
		f := newFormat(t, splunk.Options{Profile: p})
		for _, s := range hostile {
			got := lines(t, set, f,
				recordtest.Message(t, set, 123, 0, fields{"id": 7, "name": s}),
				recordtest.Message(t, set, 400, 85, fields{"device_id": 7, "http_uri": s}))
			for i, names := range [][]string{{"name"}, {"http_uri", "sensor"}} {
				pairs, err := readLine(got[i])
				if err != nil {
					t.Errorf("%v, %q: %v in %s", p, s, err, got[i])
					continue
				}
				for _, name := range names {
					want := s
					if name == "sensor" && s == "" { // an empty name is no name
						want = map[meta.Profile]string{meta.Fixed: "None"}[p]
					}
					if pairs[name] != want {
						t.Errorf("%v: %s is %q, want %q in %s", p, name, pairs[name], want, got[i])
					}
				}
			}
		}
	}
}

// TestCorpusReadBack reads every line of fixed and strict, and holds what each of
// them must have.
func TestCorpusReadBack(t *testing.T) {
	for _, p := range []meta.Profile{meta.Fixed, meta.Strict} {
		each(t, newFormat(t, splunk.Options{Profile: p}), 1<<18, func(i int, m []byte, line string) {
			h, _ := wire.PeekRecord(m)
			pairs, err := readLine(line)
			if err != nil {
				t.Fatalf("%v, message %d, record %d: %v in %s", p, i, h.Type, err, line)
			}
			if pairs["rec_type"] != fmt.Sprint(h.Type) || pairs["event_sec"] == "" || pairs["rec_type_simple"] == "" || pairs["rec_type_simple"] != pairs["rec_type_category"] {
				t.Errorf("%v, message %d: %s", p, i, line)
			}
			if _, ok := pairs["event_time"]; ok != (p == meta.Strict) {
				t.Errorf("%v, message %d: %s", p, i, line)
			}
			if strings.Contains(line, "{'") {
				t.Errorf("%v, message %d: a dictionary in %s", p, i, line)
			}
		})
	}
}

// TestEveryLayout fills every layout at random: in no profile may a line hold a line
// break, and fixed and strict must be readable.
func TestEveryLayout(t *testing.T) {
	set := layouts.Default()
	stream := formattest.Random(t, set, 1)
	for p := meta.Compat; p <= meta.Strict; p++ {
		f := newFormat(t, splunk.Options{Profile: p})
		n := 0
		for m := range recordtest.Split(t, stream) {
			h, _ := wire.PeekRecord(m)
			line := lines(t, set, f, m)[0]
			n++
			if strings.Contains(line, "raw_reason=") || !strings.HasPrefix(line, fmt.Sprintf("rec_type=%d ", h.Type)) || strings.ContainsAny(line, "\r\n") || !utf8.ValidString(line) {
				t.Errorf("%v, layout %d: %q", p, n, line)
			}
			if _, err := readLine(line); err != nil && p != meta.Compat {
				t.Errorf("%v, layout %d: %v in %s", p, n, err, line)
			}
		}
		if n < 200 {
			t.Errorf("%v: only %d layouts", p, n)
		}
	}
}

// FuzzSplunk formats arbitrary bytes as a message in every profile.
func FuzzSplunk(f *testing.F) {
	set := layouts.Default()
	for _, s := range hostile[:12] {
		f.Add(recordtest.Message(f, set, 400, 85, fields{"http_uri": s})[8:])
		f.Add(recordtest.Message(f, set, 66, 0, fields{"message": s})[8:])
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		m := recordtest.Frame(data)
		for p := meta.Compat; p <= meta.Strict; p++ {
			line := lines(t, set, newFormat(t, splunk.Options{Profile: p}), m)[0]
			if strings.Contains(line, "\r") {
				t.Errorf("%v: CR in %q", p, line)
			}
			if _, err := readLine(line); err != nil && p != meta.Compat {
				t.Errorf("%v: %v in %q", p, err, line)
			}
		}
	})
}
