package cef_test

import (
	"encoding/binary"
	"strings"
	"testing"

	"estream/format"
	"estream/format/cef"
	"estream/layouts"
	"estream/meta"
	"estream/wire"
)

func loadLayouts(t testing.TB) *wire.Layouts {
	t.Helper()
	set, err := layouts.Load("")
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func newFormat(t testing.TB, o cef.Options) format.Format {
	t.Helper()
	f, err := cef.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// fields are values by protocol name: int, or string and []byte for other kinds.
type fields map[string]any

// message encodes a record with archive time; netmap is its domain.
func message(t testing.TB, set *wire.Layouts, netmap uint16, record uint16, block uint32, values fields) []byte {
	t.Helper()
	b, err := set.NewBuilder(record, block)
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range values {
		slot := b.Layout().Slot(name)
		if slot < 0 {
			t.Fatalf("%v has no field %q", b.Layout(), name)
		}
		switch v := value.(type) {
		case int:
			b.SetUint(slot, uint64(v))
		case string:
			b.SetString(slot, v)
		case []byte:
			b.SetBytes(slot, v)
		}
	}
	return b.AppendMessage(nil, wire.RecordHeader{Type: record, NetmapID: netmap, Extended: true, ArchiveTimestamp: 1700000000})
}

// lines formats a stream and returns the last line.
func lastLine(t testing.TB, set *wire.Layouts, f format.Format, messages ...[]byte) string {
	t.Helper()
	var stream, out []byte
	for _, m := range messages {
		stream = append(stream, m...)
	}
	w := format.NewWorker(set, f)
	w.Report = func(_, number int, _ *wire.Record, err error) { t.Errorf("message %d: %v", number, err) }
	err := meta.NewTables().Scan(stream, wire.NewDecoder(set, meta.Wanted), func(part []byte, s *meta.Snapshot) error {
		out, _ = w.Append(out, part, s)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	all := strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
	return all[len(all)-1]
}

func block(typ uint32, body []byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, typ)
	b = binary.BigEndian.AppendUint32(b, uint32(len(body))+8)
	return append(b, body...)
}

func text(s string) []byte { return block(0, []byte(s)) }

// session is the data block of a VPN session.
func session(client []byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, 5) // index
	b = append(b, 2)                           // type
	b = append(append(b, text("staff")...), text("office")...)
	b = append(append(b, client...), 0, 0) // address, country
	b = append(append(b, text("linux-64")...), text("AnyConnect 4")...)
	b = binary.BigEndian.AppendUint32(b, 77)
	b = binary.BigEndian.AppendUint64(b, 1000)
	return block(166, binary.BigEndian.AppendUint64(b, 2000))
}

func ip4(a, b, c, d byte) []byte { return []byte{10: 0xff, 11: 0xff, 12: a, 13: b, 14: c, 15: d} }

// wants checks that a line holds some texts and does not hold others, which begin
// with "!".
func wants(t *testing.T, line string, texts ...string) {
	t.Helper()
	for _, s := range texts {
		if not, ok := strings.CutPrefix(s, "!"); ok == strings.Contains(line, not) {
			t.Errorf("want %s in %s", s, line)
		}
	}
}
