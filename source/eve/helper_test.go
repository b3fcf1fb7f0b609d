package eve

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"estream/internal/corpus"
	"estream/internal/recordtest"
	"estream/layouts"
	"estream/source"
	"estream/source/sensor"
	"estream/wire"
)

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// testFile returns the content of a file in testdata, unpacked.
func testFile(t testing.TB, name string) []byte {
	t.Helper()
	return corpus.File(t, "source/eve/testdata/"+name)
}

func testMaps(t testing.TB) *sensor.Maps {
	t.Helper()
	m, err := sensor.LoadMaps("testdata/maps", quiet())
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// lineFile writes lines into a file of its own.
func lineFile(t testing.TB, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "eve.json")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

var fixedNow = time.Date(2024, 5, 4, 9, 0, 0, 0, time.UTC)

// once returns a source that reads data to its end.
func once(t testing.TB, data []byte) *Source {
	t.Helper()
	return &Source{Path: lineFile(t, data), Layouts: layouts.Default(), Log: quiet(), Once: true, Sensor: sensor.Device{Name: "s1", ID: 7},
		Now: func() time.Time { return fixedNow }}
}

// A sink keeps what a source hands on.
type sink struct {
	data  []byte
	marks [][]byte
	ends  []int // length of data behind each batch
}

func (s *sink) take(_ context.Context, b source.Batch) error {
	s.data = append(s.data, b.Data...)
	s.marks = append(s.marks, append([]byte(nil), b.Mark...))
	s.ends = append(s.ends, len(s.data))
	return nil
}

// read runs a source to its end.
func read(t testing.TB, s *Source) *sink {
	t.Helper()
	out := new(sink)
	if err := s.Run(t.Context(), out.take); err != nil {
		t.Fatal(err)
	}
	return out
}

// convert returns what becomes of lines.
func convert(t testing.TB, lines ...string) []record {
	t.Helper()
	return records(t, read(t, once(t, []byte(strings.Join(lines, "\n")+"\n"))).data)
}

// A record is a decoded message with its fields by name.
type record struct {
	typ   uint16
	bytes map[string][]byte
	nums  map[string]uint64
}

func (r record) text(name string) string { return string(r.bytes[name]) }

// records decodes a stream. The test ends at what its layout does not fit.
func records(t testing.TB, stream []byte) (list []record) {
	t.Helper()
	dec := wire.NewDecoder(layouts.Default(), nil)
	for m := range recordtest.Split(t, stream) {
		d, err := dec.Decode(m)
		if err != nil {
			t.Fatalf("message of type %d: %v", d.Type, err)
		}
		r := record{d.Type, map[string][]byte{}, map[string]uint64{}}
		for i := range d.Layout.Fields {
			f := &d.Layout.Fields[i]
			if f.Kind.Integer() {
				r.nums[f.Name] = d.Uint(i)
			} else {
				r.bytes[f.Name] = append([]byte(nil), d.Bytes(i)...)
			}
		}
		list = append(list, r)
	}
	return list
}

// only returns the records of a type.
func only(list []record, typ uint16) (some []record) {
	for _, r := range list {
		if r.typ == typ {
			some = append(some, r)
		}
	}
	return some
}

func tallyTypes(list []record) map[uint16]int {
	n := map[uint16]int{}
	for _, r := range list {
		n[r.typ]++
	}
	return n
}
