package strict

import (
	"bytes"
	"encoding/json"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"estream/format"
	"estream/layouts"
	"estream/meta"
	"estream/synth"
	"estream/wire"
)

var extended = wire.RecordHeader{Extended: true, ArchiveTimestamp: 1700000000}

func loadLayouts(t testing.TB) *wire.Layouts {
	t.Helper()
	set, err := layouts.Load("")
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func newFormat(t testing.TB, o Options) format.Format {
	t.Helper()
	if o.Prefix == nil {
		o.Prefix = []byte{}
	}
	f, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// A parsed line, with all escapes undone.
type parsed struct {
	header     []string // version of CEF to severity
	extension  map[string]string
	duplicates []string
}

// parse reads a line the way the standard describes it.
func parse(t testing.TB, line string) (p parsed) {
	t.Helper()
	p.extension = map[string]string{}
	rest := line
	for range 7 {
		var b strings.Builder
		i := 0
		for ; i < len(rest) && rest[i] != '|'; i++ {
			if rest[i] == '\\' {
				i++
				if i == len(rest) || rest[i] != '\\' && rest[i] != '|' {
					t.Fatalf("stray backslash in the header of %q", line)
				}
			}
			b.WriteByte(rest[i])
		}
		if i == len(rest) {
			t.Fatalf("header of %q has too few bars", line)
		}
		p.header = append(p.header, b.String())
		rest = rest[i+1:]
	}
	key, start := "", 0
	put := func(end int) {
		if key == "" {
			return
		}
		if _, ok := p.extension[key]; ok {
			p.duplicates = append(p.duplicates, key)
		}
		value := rest[start:end]
		var b strings.Builder
		for i := 0; i < len(value); i++ {
			c := value[i]
			if c == '\\' {
				i++
				switch {
				case i < len(value) && value[i] == 'n':
					c = '\n'
				case i < len(value) && value[i] == 'r':
					c = '\r'
				case i < len(value) && (value[i] == '\\' || value[i] == '='):
					c = value[i]
				default:
					t.Fatalf("stray backslash in %s of %q", key, line)
				}
			}
			b.WriteByte(c)
		}
		p.extension[key] = b.String()
	}
	for i := 0; i < len(rest); i++ {
		switch rest[i] {
		case '\\':
			i++
		case '=':
			space := strings.LastIndexByte(rest[:i], ' ')
			if space < start-1 {
				t.Fatalf("equals sign without key at %q", rest[max(0, i-20):])
			}
			put(max(space, 0))
			key, start = rest[space+1:i], i+1
			if key != strings.Trim(key, "\x00") || strings.ContainsFunc(key, func(r rune) bool {
				return (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
			}) {
				t.Fatalf("key %q in %q", key, line)
			}
		}
	}
	put(len(rest))
	return p
}

// readable is the rule of the package comment for what a text reads back as,
// stated with the library's own functions.
func readable(raw []byte) string {
	s := strings.TrimRight(string(raw), "\x00")
	var b strings.Builder
	for i, r := range s { // each invalid byte is one utf8.RuneError
		switch {
		case r == utf8.RuneError && !strings.HasPrefix(s[i:], "\uFFFD"):
			b.WriteRune('\uFFFD')
		case strings.ContainsRune("\t\r\n", r):
			b.WriteRune(r)
		case r < 0x20 || r == 0x7f || 0x80 <= r && r <= 0x9f:
			b.WriteRune('\uFFFD')
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// hostile texts go into every field that holds text.
var hostile = []string{
	"", " ", "  both ends  ", "a=b", `\`, `\\`, `a\=b|c\|d`, "\r\n", "a\nb=c\n", "\x00", "nul\x00inside\x00", "\x01\x02\x1b[31m\x7f", "tab\there",
	"\xff\xfe\xc3", "ok\xc3", "C1 \u0080\u0085\u009f end", "line\u2028separator", `"quoted" 'text'`, "x = y", " src=1.2.3.4 dst=5.6.7.8", "CEF:0|a|b|c|d|e|5|x=y",
	"日本語 🔥", "|||", "===", "%s%n{}", "\ufffd", "ends in \\", "\\n not a line", "\x00\x00\x00", strings.Repeat("é", 700), strings.Repeat("a=\\ \n", 900),
}

// fill gives all fields of a record values: random ones in most rounds, the
// greatest in the second, with hostile texts in all.
func fill(set *wire.Layouts, b *wire.Builder, rng *rand.Rand, round int) {
	synth.Fill(set, b, rng)
	l := b.Layout()
	for i := range l.Fields {
		switch f := &l.Fields[i]; {
		case f.Kind == wire.KindString, f.Kind == wire.KindText, f.Kind == wire.KindBlob, f.Kind == wire.KindRest:
			text := hostile[rng.IntN(len(hostile))]
			if round == 2 && i%7 == 0 {
				text = strings.Repeat("sixteen bytes =\\", 4096) // 64 KiB
			}
			if f.Kind == wire.KindText {
				if most := uint64(1)<<(8*l.Fields[l.Slot(f.LengthOf)].Size) - 1; uint64(len(text)) > most {
					text = text[:most]
				}
			}
			b.SetString(i, text)
		case f.Kind.Integer() && round == 1 && !condition(l, i):
			b.SetUint(i, 1<<(8*f.Size)-1)
		}
	}
}

// condition reports whether an optional field depends on this one, or a length.
func condition(l *wire.Layout, slot int) bool {
	for i := range l.Fields {
		if f := &l.Fields[i]; f.When == l.Fields[slot].Name || f.LengthOf == l.Fields[slot].Name {
			return true
		}
	}
	return false
}

// TestLiblognorm has liblognorm, a parser that shares nothing with this package,
// read lines of every layout, and compares what it finds with what this package's
// comment promises.
func TestLiblognorm(t *testing.T) {
	set := loadLayouts(t)
	w := format.NewWorker(set, newFormat(t, Options{}))
	d := wire.NewDecoder(set, nil)
	rng := rand.New(rand.NewPCG(1, 2))
	var lines []string
	layoutsSeen, records := 0, 0
	for l, err := range layouts.All(set) {
		if err != nil {
			t.Fatal(err)
		}
		layoutsSeen++
		b := l.NewBuilder()
		view := meta.Compile(l, meta.Strict)
		for round := range 5 {
			fill(set, b, rng, round)
			m := b.AppendMessage(nil, extended)
			out, counts := w.Append(nil, m, meta.Initial())
			if counts.Lines != 1 {
				t.Fatalf("%v: %+v, want a line", l, counts)
			}
			line := oneLine(t, out)
			lines = append(lines, line)
			records++
			r, err := d.Decode(m)
			if err != nil {
				t.Fatal(err)
			}
			checkComplete(t, r, view, parse(t, line))
			if t.Failed() {
				t.Fatalf("%v: %.3000q", l, line)
			}
		}
	}
	// Records that cannot be decoded have lines as well.
	for _, m := range undecodable(t, set) {
		out, counts := w.Append(nil, m, meta.Initial())
		if counts.RawLines != 1 {
			t.Errorf("%+v, want a raw line", counts)
		}
		lines = append(lines, oneLine(t, out))
	}
	if layoutsSeen < 150 {
		t.Errorf("only %d layouts", layoutsSeen)
	}
	compare(t, lines, lognormalize(t, lines))
	t.Logf("%d lines of %d layouts", len(lines), layoutsSeen)
}

// oneLine checks what holds for every line and returns it without its LF.
func oneLine(t *testing.T, out []byte) string {
	t.Helper()
	line, ok := strings.CutSuffix(string(out), "\n")
	if !ok || strings.ContainsAny(line, "\r\n") {
		t.Fatalf("not one line: %.300q", out)
	}
	if !utf8.ValidString(line) || line != strings.TrimRight(line, " ") {
		t.Fatalf("not UTF-8, or ends in a space: %.300q", line)
	}
	return line
}

// checkComplete looks for the value of every field of the record in the line.
func checkComplete(t *testing.T, r *wire.Record, view *meta.View, p parsed) {
	t.Helper()
	if len(p.duplicates) > 0 {
		t.Errorf("keys appear twice: %v", p.duplicates)
	}
	if severity, err := strconv.Atoi(p.header[6]); err != nil || severity < 0 || severity > 10 {
		t.Errorf("severity %q", p.header[6])
	}
	if p.header[4] == "" || p.header[5] == "" || utf8.RuneCountInString(p.header[5]) > 512 {
		t.Errorf("header %q", p.header)
	}
	values := map[string]bool{}
	for v := range maps.Values(p.extension) {
		values[v] = true
	}
	for i := range r.Layout.Fields {
		f := &r.Layout.Fields[i]
		if f.Name == "packet_data" || padding(r.Layout, i) || viewUses(view, i) {
			continue
		}
		found := true
		switch f.Kind {
		case wire.KindString, wire.KindText, wire.KindRest:
			want := readable(r.Bytes(i))
			found = want == "" || values[want]
		case wire.KindUint8, wire.KindUint16, wire.KindUint32, wire.KindUint64:
			n := r.Uint(i)
			found = values[strconv.FormatUint(n, 10)] || values[strconv.FormatUint(n, 10)+"000"] ||
				values[time.Unix(int64(n), 0).UTC().Format("2006-01-02T15:04:05+00:00")] || f.Name == "blocked"
		case wire.KindList:
			n, ok := p.extension[custom(f.Encore)+"Count"]
			found = ok
			if n == "0" {
				break
			}
			var elements []map[string]any
			if err := json.Unmarshal([]byte(p.extension[custom(f.Encore)]), &elements); err != nil || strconv.Itoa(len(elements)) != n {
				t.Errorf("%v: %s: %v, %d elements, count %s", r.Layout, f.Name, err, len(elements), n)
			}
		}
		if !found {
			t.Errorf("%v: value of %s is nowhere", r.Layout, f.Name)
		}
	}
	if p.extension["CiscoFirepowerRecordType"] != strconv.Itoa(int(r.Type)) {
		t.Errorf("record type %q", p.extension["CiscoFirepowerRecordType"])
	}
}

func viewUses(v *meta.View, slot int) bool {
	for i := range v.Ops {
		if v.Ops[i].Uses(slot) {
			return true
		}
	}
	return false
}

// lognormalize runs liblognorm's command over the lines.
func lognormalize(t *testing.T, lines []string) []json.RawMessage {
	t.Helper()
	command, err := exec.LookPath("lognormalizer")
	if err != nil {
		t.Fatalf("%v: run `make test`, which installs liblognorm-utils", err)
	}
	rules := filepath.Join(t.TempDir(), "cef.rulebase")
	if err := os.WriteFile(rules, []byte("version=2\nrule=:%f:cef%\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(command, "-r", rules, "-e", "json")
	cmd.Stdin = strings.NewReader(strings.Join(lines, "\n") + "\n")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("lognormalizer: %v: %s", err, stderr.Bytes())
	}
	var results []json.RawMessage
	for part := range bytes.Lines(out) {
		results = append(results, json.RawMessage(part))
	}
	if len(results) != len(lines) {
		t.Fatalf("lognormalizer printed %d results for %d lines: %s", len(results), len(lines), stderr.Bytes())
	}
	return results
}

// compare holds liblognorm's reading against the standard's.
func compare(t *testing.T, lines []string, results []json.RawMessage) {
	t.Helper()
	for i, line := range lines {
		var got struct {
			F struct {
				DeviceVendor, DeviceProduct, DeviceVersion, SignatureID, Name, Severity string
				Extensions                                                              map[string]string
			}
		}
		if err := json.Unmarshal(results[i], &got); err != nil {
			t.Fatalf("%v in %.300q", err, results[i])
		}
		want := parse(t, line)
		f := &got.F
		for j, field := range []string{f.DeviceVendor, f.DeviceProduct, f.DeviceVersion, f.SignatureID, f.Name, f.Severity} {
			if field != want.header[j+1] {
				t.Fatalf("header field %d is %q, want %q in %.500q", j, field, want.header[j+1], line)
			}
		}
		if !maps.Equal(f.Extensions, want.extension) {
			for k, v := range want.extension {
				if f.Extensions[k] != v {
					t.Errorf("%s is %.200q, want %.200q", k, f.Extensions[k], v)
				}
			}
			t.Fatalf("%d keys, want %d in %.3000q", len(f.Extensions), len(want.extension), line)
		}
	}
}

// undecodable returns messages of every kind that has no layout.
func undecodable(t *testing.T, set *wire.Layouts) (messages [][]byte) {
	t.Helper()
	build := func(record uint16, block uint32) []byte {
		b, err := set.NewBuilder(record, block)
		if err != nil {
			t.Fatal(err)
		}
		return b.AppendMessage(nil, extended)
	}
	unknown := build(22, 0)
	unknown[10], unknown[11] = 0x27, 0x0f // record type 9999
	block := build(71, 174)
	block[bytes.Index(block, []byte{0, 0, 0, 174})] = 0x7f // a block type that is not known
	short := build(71, 174)[:300]
	short[6], short[7], short[14], short[15] = 292>>8, 292&0xff, 276>>8, 276&0xff
	tail := []byte{0, 1, 0, 4, 0, 0, 0, 9}
	return [][]byte{unknown, block, short, tail}
}
