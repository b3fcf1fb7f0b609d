package hostile

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"estream/format"
	"estream/layouts"
	"estream/meta"
	"estream/wire"
)

// hostileTexts are what somebody would send to break a line, a quotation, a
// terminal or a parser.
var hostileTexts = []struct{ name, text string }{
	{"empty", ""},
	{"line ends", "a\r\nb\nc\rd\u0085e\u2028f\u2029g\v\fh"},
	{"a second event", "x\n{\"recordType\": 71}\nCEF:0|Cisco|x|1|1|x|9|\n"},
	{"NUL", "\x00a\x00b\x00"},
	{"control characters", "\x01\x02\x07\x08\x0e\x1b[31m\x1b]0;title\x07\x7f\u009b1m"},
	{"pipes", "|a||b\\|c|"},
	{"equals", "=a=b== c=d act=blocked"},
	{"backslashes", `\ \\ \\\ \n \r \" \= \| \u0041 \`},
	{"quotes", `"a" 'b' "" ' " \" end"`},
	{"brackets", "{[(<a>)]} %s %n ${jndi:ldap://x} <script>"},
	{"commas and formulas", "=cmd|' /C calc'!A0,@x;+1\t-1"},
	{"invalid UTF-8", "a\xff\xfe\xc0\x80\xed\xa0\x80\xf8\x88 b\xe2\x82"},
	{"latin-1", "Gr\xfc\xdfe"},
	{"far characters", "\U0010ffff\ufffe\ufeff\u202eevil\u202c\u200b👩\u200d💻"},
	{"spaces", "  \t leading and trailing \t  "},
	{"numbers", "-0"},
	{"unfinished", "\\"},
}

// filler is what the fields of a hostile record are filled with.
type filler struct {
	text   string
	number uint64
	list   func(f *wire.Field, series uint8) []byte // nil: empty
}

// fill sets every field of b. Texts are cut to what the field that counts them
// can say; a cut inside a character is part of the attack.
func (f *filler) fill(b *wire.Builder) {
	b.Reset()
	l := b.Layout()
	for i := range l.Fields {
		fd := &l.Fields[i]
		switch {
		case fd.Kind.Integer():
			n := f.number
			if optional(l, fd.Name) {
				n &= 1 // has_ipv6 decides what follows
			}
			b.SetUint(i, n)
		case fd.When != "" && f.number&1 == 0:
		case fd.Kind == wire.KindList || fd.Kind == wire.KindBlock:
			if f.list != nil {
				b.SetBytes(i, f.list(fd, max(1, l.Record.Series)))
			}
		default:
			b.SetBytes(i, []byte(f.text[:min(len(f.text), room(l, fd))]))
		}
	}
}

// optional reports whether another field depends on the one called name.
func optional(l *wire.Layout, name string) bool {
	for i := range l.Fields {
		if l.Fields[i].When == name {
			return true
		}
	}
	return false
}

// room returns how many bytes a field can hold.
func room(l *wire.Layout, f *wire.Field) int {
	switch {
	case f.Kind.Fixed():
		return f.Size
	case f.Kind == wire.KindText:
		for i := range l.Fields {
			if l.Fields[i].Name == f.LengthOf && l.Fields[i].Size < 4 {
				return 1<<(8*l.Fields[i].Size) - 1
			}
		}
	}
	return 1 << 20
}

// TestHostileText fills the texts of every layout with each of the hostile texts,
// and formats the record in every format, after metadata of the same text has
// named everything that it names.
func TestHostileText(t *testing.T) {
	list := variants(t)
	for _, c := range hostileTexts {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			everyLayout(t, list, filler{text: c.text, number: 1}, true)
		})
	}
}

// TestHostileNumbers does the same with numbers at their limits.
func TestHostileNumbers(t *testing.T) {
	list := variants(t)
	for _, n := range []uint64{0, 1, 14, 15, 0x7f, 0x80, 1<<31 - 1, 1 << 31, 1<<63 - 1, 1 << 63, 1<<64 - 1} {
		t.Run(fmt.Sprintf("%#x", n), func(t *testing.T) {
			t.Parallel()
			everyLayout(t, list, filler{text: "x", number: n}, true)
		})
	}
}

// everyLayout makes a record of every layout: first all as one stream, for the
// names, then each alone. All are written in every format.
func everyLayout(t *testing.T, list []variant, f filler, decodable bool) {
	t.Helper()
	c := newChecker(list)
	var messages [][]byte
	var of []*wire.Layout
	for l, err := range layouts.All(c.set()) {
		if err != nil {
			t.Fatal(err)
		}
		b := l.NewBuilder()
		f.fill(b)
		messages = append(messages, b.AppendMessage(nil, wire.RecordHeader{Extended: true, NetmapID: uint16(f.number), ArchiveTimestamp: uint32(f.number), Reserved: uint32(f.number)}))
		of = append(of, l)
	}
	if err := c.check(bytes.Join(messages, nil)); err != nil {
		t.Errorf("all in a row: %v", shorten(err))
	}
	for i, m := range messages {
		if err := c.check(m); err != nil {
			t.Errorf("%v: %v\n%s", of[i], shorten(err), shorten(fmt.Errorf("%x", m)))
			continue
		}
		if r, err := c.full.Decode(m); decodable && (err != nil || r.Layout != of[i]) {
			t.Errorf("%v: not decoded: %v", of[i], err)
		}
		for k := range c.formats {
			if err := c.writes(&c.formats[k], m, of[i]); decodable && err != nil {
				t.Errorf("%v: %s: %v", of[i], c.formats[k].name, err)
			}
		}
	}
}

// writes checks that a format has a line for the record if it says that it writes
// its layout, and none if not.
func (c *checker) writes(w *variantWorker, message []byte, l *wire.Layout) error {
	out, n := w.worker.Append(c.out[:0], message, c.tables.Snapshot())
	c.out = out
	want := format.Counts{Silent: 1}
	if w.format.Writes(l) {
		want = format.Counts{Lines: 1}
	}
	if n.Trailing = 0; n != want {
		return fmt.Errorf("%+v, want %+v", n, want)
	}
	return nil
}

func shorten(err error) string {
	const most = 4000
	s := err.Error()
	return s[:min(len(s), most)]
}

// TestLongText puts 64 KiB into one text of each layout, the next one for each
// record, and writes it in three of the formats, other ones each time.
func TestLongText(t *testing.T) {
	c := newChecker(variants(t))
	pattern := strings.Repeat("x\"\\|=\n\x00\xff ", 64<<10/9)
	turn := 0
	for l, err := range layouts.All(c.set()) {
		if err != nil {
			t.Fatal(err)
		}
		var texts []int
		for i := range l.Fields {
			if k := l.Fields[i].Kind; !k.Fixed() && k != wire.KindList && k != wire.KindBlock {
				texts = append(texts, i)
			}
		}
		if len(texts) == 0 {
			continue
		}
		b := l.NewBuilder()
		(&filler{text: "x", number: 1}).fill(b)
		slot := texts[turn%len(texts)]
		turn++
		b.SetBytes(slot, []byte(pattern[:min(len(pattern), room(l, &l.Fields[slot]))]))
		m := b.AppendMessage(nil, wire.RecordHeader{Extended: true})
		// Metadata that is so long names its own events only, or the limit would
		// have to grow with the number of names.
		c.tables = meta.NewTables()
		n := len(c.formats)
		if err := c.check(m, turn%n, (turn+n/3)%n, (turn+2*n/3)%n); err != nil {
			t.Errorf("%v: %s of %d bytes: %s", l, l.Fields[slot].Name, len(pattern), shorten(err))
		}
		if _, err := c.full.Decode(m); err != nil {
			t.Errorf("%v: %v", l, err)
		}
	}
	if turn < 100 {
		t.Errorf("only %d layouts with texts", turn)
	}
}

// block encodes a data block or list.
func block(typ uint32, content ...[]byte) []byte {
	body := bytes.Join(content, nil)
	p := binary.BigEndian.AppendUint32(nil, typ)
	p = binary.BigEndian.AppendUint32(p, uint32(8+len(body)))
	return append(p, body...)
}

// nested encodes a block of the given type with all fields 0 or empty, its first
// list or nested block aside, which holds inner. It reports false when the block
// has neither.
func nested(def *wire.BlockDef, inner []byte) (p []byte, ok bool) {
	var body []byte
	for i := range def.Fields {
		f := &def.Fields[i]
		switch {
		case f.When != "":
		case f.Kind.Fixed():
			body = append(body, make([]byte, f.Size)...)
		case f.Kind == wire.KindList && !ok:
			ok = true
			body = append(body, block(f.Number, inner)...)
		case f.Kind == wire.KindText, f.Kind == wire.KindRest:
		default:
			body = append(body, block(f.Number)...)
		}
	}
	return block(def.Type, body), ok
}

// TestDeepLists nests every block that holds a list into itself, as deep as the
// decoder follows and much deeper, in a list that takes any block.
func TestDeepLists(t *testing.T) {
	c := newChecker(variants(t))
	b, err := c.set().NewBuilder(39, 25)
	if err != nil {
		t.Fatal(err)
	}
	slot := b.Layout().Slot("ip_list")
	kinds := 0
	for _, typ := range c.set().Source().Blocks(1) {
		def, err := c.set().Source().Block(1, typ)
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := nested(def, nil); !ok {
			continue
		}
		kinds++
		for _, depth := range []int{1, 2, 7, 8, 9, 10, 200} {
			var inner []byte
			for range depth {
				inner, _ = nested(def, inner)
			}
			b.Reset()
			b.SetBytes(slot, block(11, inner))
			m := b.AppendMessage(nil, wire.RecordHeader{Extended: true})
			if err := c.check(m); err != nil {
				t.Errorf("block %d, %d deep: %s", typ, depth, shorten(err))
			}
			// The outer list is a level, and so is each block's own: an empty one counts.
			_, err := c.full.Decode(m)
			if depth <= 7 && err != nil || depth > 8 && (err == nil || !strings.Contains(err.Error(), "nested too deep")) {
				t.Errorf("block %d, %d deep: %v", typ, depth, err)
			}
		}
	}
	if kinds < 20 {
		t.Errorf("only %d blocks with lists", kinds)
	}
}

// TestLyingLists gives every list and nested block of every layout a length that
// cannot be, outside and inside.
func TestLyingLists(t *testing.T) {
	list := variants(t)
	for name, content := range map[string]func(f *wire.Field, series uint8) []byte{
		"longer than the record":         func(f *wire.Field, _ uint8) []byte { return lie(block(f.Number), 0x7fffffff) },
		"longer by one":                  func(f *wire.Field, _ uint8) []byte { return lie(block(f.Number, make([]byte, 8)), 17) },
		"nothing but a header":           func(f *wire.Field, _ uint8) []byte { return block(f.Number) },
		"length 0":                       func(f *wire.Field, _ uint8) []byte { return lie(block(f.Number), 0) },
		"length 7":                       func(f *wire.Field, _ uint8) []byte { return lie(block(f.Number), 7) },
		"length wraps":                   func(f *wire.Field, _ uint8) []byte { return lie(block(f.Number), 0xfffffff8) },
		"element of length 0":            func(f *wire.Field, _ uint8) []byte { return block(f.Number, lie(block(f.Element), 0)) },
		"element longer than the list":   func(f *wire.Field, _ uint8) []byte { return block(f.Number, lie(block(f.Element), 0xffffffff)) },
		"half an element":                func(f *wire.Field, _ uint8) []byte { return block(f.Number, []byte{0, 0, 0, 1}) },
		"element that is all header":     func(f *wire.Field, _ uint8) []byte { return block(f.Number, bytes.Repeat(block(f.Element), 20)) },
		"many empty strings":             func(f *wire.Field, _ uint8) []byte { return block(f.Number, bytes.Repeat(block(0), 200)) },
		"many unknown blocks":            func(f *wire.Field, _ uint8) []byte { return block(f.Number, bytes.Repeat(block(0xfffffffe), 200)) },
		"unknown block with a long body": func(f *wire.Field, _ uint8) []byte { return block(f.Number, block(0xfffffffe, make([]byte, 20000))) },
		"lists in lists":                 func(f *wire.Field, _ uint8) []byte { return deep(f.Number, 500) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			everyLayout(t, list, filler{text: "x", number: 1, list: content}, false)
		})
	}
}

// lie overwrites the length of a block.
func lie(p []byte, length uint32) []byte {
	binary.BigEndian.PutUint32(p[4:], length)
	return p
}

// deep encodes headers around headers.
func deep(typ uint32, depth int) (p []byte) {
	for range depth {
		p = block(typ, p)
	}
	return p
}
