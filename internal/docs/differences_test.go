package docs

import (
	"slices"
	"strings"
	"testing"
	"time"

	"estream/format"
	"estream/format/catalog"
	"estream/internal/formattest"
	"estream/internal/recordtest"
	"estream/layouts"
	"estream/meta"
	"estream/wire"
)

// An example shows one row of docs/encore-differences.md: some messages, and
// what formats make of the last of them.
type example struct {
	id, name string
	stream   [][]byte
	claims   []claim
}

// A claim says what the line of a format holds and, with "!" in front, what it
// does not hold. A record that a format has no line for has the line "".
type claim struct {
	formats, profiles string // names with a space between them
	pieces            []string
}

func in(formats, profiles string, pieces ...string) claim { return claim{formats, profiles, pieces} }

// others is the profile of the formats that have none, and their column on the page.
const others = "others"

func ours(formats string, pieces ...string) claim { return claim{formats, others, pieces} }

// each calls visit for every format and profile that the claim is about.
func (c claim) each(visit func(format, profile string)) {
	for f := range strings.FieldsSeq(c.formats) {
		for p := range strings.FieldsSeq(c.profiles) {
			visit(f, p)
		}
	}
}

// A lab makes the messages of the examples.
type lab struct {
	testing.TB
	set *wire.Layouts
}

type fields = recordtest.Fields

func (l *lab) msg(record uint16, block uint32, values fields) []byte {
	l.Helper()
	return recordtest.Message(l, l.set, record, block, values)
}

func (l *lab) msgAs(h wire.RecordHeader, record uint16, block uint32, values fields) []byte {
	l.Helper()
	return recordtest.MessageAs(l, l.set, h, record, block, values)
}

// user gives number 7 a name.
func (l *lab) user() []byte {
	return l.msg(98, 57, fields{"id": 7, "protocol": 6, "username": "bob"})
}

// examples are those of all rows, in the order of the page.
func (l *lab) examples() []example {
	return slices.Concat(l.nameRows(), l.fieldRows(), l.cefRows(), l.cefTextRows(), l.failureRows())
}

// TestDifferences: the program does what the page says, in every profile.
func TestDifferences(t *testing.T) {
	l := &lab{t, layouts.Default()}
	for _, e := range l.examples() {
		t.Run(e.id+" "+e.name, func(t *testing.T) {
			for _, c := range e.claims {
				c.each(func(format, profile string) {
					line := last(t, l.set, format, profile, e.stream)
					for _, p := range c.pieces {
						if not, absent := strings.CutPrefix(p, "!"); strings.Contains(line, not) == absent {
							t.Errorf("%s %s: want %s in %q", format, profile, p, line)
						}
					}
				})
			}
		})
	}
}

// last formats a stream and returns the line of its last message, LF included.
func last(t *testing.T, set *wire.Layouts, name, profile string, stream [][]byte) (line string) {
	t.Helper()
	var o catalog.Options
	if profile != others {
		p, err := meta.ParseProfile(profile)
		if err != nil {
			t.Fatal(err)
		}
		o.Profile = p
	}
	if name == "json" {
		o.Location = time.UTC
	}
	f, err := catalog.New(name, o)
	if err != nil {
		t.Fatal(err)
	}
	w := format.NewWorker(set, f)
	formattest.Scan(t, set, slices.Concat(stream...), func(message []byte, s *meta.Snapshot) {
		out, _ := w.Append(nil, message, s)
		if line = string(out); line != "" && strings.Index(line, "\n") != len(line)-1 {
			t.Errorf("%s %s: not one line: %q", name, profile, line)
		}
	})
	return line
}
