package deadletter

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"estream/internal/durable"
	"estream/internal/durable/faultfs"
	"estream/output"
	"estream/output/stream"
)

const path = "/dead"

var errNo = errors.New("status 400: no")

func open(t *testing.T, o Options) *File {
	t.Helper()
	if o.Path == "" {
		o.Path = path
	}
	o.Now = func() time.Time { return time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC) }
	d, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// list returns the lines of all entries, and how many are damaged.
func list(t *testing.T, d *File) (lines []string, damaged int) {
	t.Helper()
	err := d.List(func(e Entry, err error) error {
		var de *DamagedError
		if errors.As(err, &de) {
			damaged++
			return nil
		}
		lines = append(lines, string(e.Line))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return lines, damaged
}

func want(t *testing.T, d *File, lines ...string) {
	t.Helper()
	if got, _ := list(t, d); !slices.Equal(got, lines) {
		t.Errorf("entries %q, want %q", got, lines)
	}
}

// TestEntry: everything that was said comes back, and any bytes.
func TestEntry(t *testing.T) {
	d := open(t, Options{FS: faultfs.New()})
	want(t, d)
	o := Output{File: d, Name: "siem", Format: "cef", Position: func() uint64 { return 17 }}
	var reject output.Reject = o.Reject
	if err := reject([]byte("eins\nzw\xffei\n\n<drei>\n"), errNo); err != nil {
		t.Fatal(err)
	}
	want(t, d, "eins", "zw\xffei", "", "<drei>")
	err := d.List(func(e Entry, err error) error {
		if len(e.ID) != 16 || e.Output != "siem" || e.Format != "cef" || e.Position != 17 || e.Cause != errNo.Error() || e.Time.Hour() != 12 {
			t.Errorf("%+v", e)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestFull: what has no room is refused as a whole, and room comes back by removal.
func TestFull(t *testing.T) {
	d := open(t, Options{FS: faultfs.New(), MaxBytes: 400})
	o := Output{File: d}
	for _, line := range []string{"one\n", "two\n"} {
		if err := o.Reject([]byte(line), errNo); err != nil {
			t.Fatal(err)
		}
	}
	err := o.Reject([]byte("three\nfour\n"), errNo)
	if !errors.Is(err, ErrFull) || !strings.Contains(err.Error(), "estream deadletter list") {
		t.Errorf("got error %v", err)
	}
	want(t, d, "one", "two")
	n, err := d.Remove(func(e Entry) bool { return string(e.Line) == "one" })
	if n != 1 || err != nil {
		t.Errorf("removed %d, %v", n, err)
	}
	if err := o.Reject([]byte("three\n"), errNo); err != nil {
		t.Error(err)
	}
	want(t, d, "two", "three")
	if size, most, err := d.Size(); size < 100 || size > most || most != 400 || err != nil {
		t.Errorf("%d of %d bytes, %v", size, most, err)
	}
}

// TestTorn: half an entry at the end is cut; damage elsewhere is reported and kept until it is removed.
func TestTorn(t *testing.T) {
	fsys := faultfs.New()
	d := open(t, Options{FS: fsys})
	o := Output{File: d}
	add := func(s string) {
		t.Helper()
		f, err := fsys.OpenFile(path, os.O_RDWR|os.O_APPEND|os.O_CREATE, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write([]byte(s)); err != nil {
			t.Fatal(err)
		}
	}
	if err := o.Reject([]byte("one\n"), errNo); err != nil {
		t.Fatal(err)
	}
	add("\x00\x00damage\n")
	add(`{"id":"12`)
	want(t, d, "one")
	if err := o.Reject([]byte("two\n"), errNo); err != nil {
		t.Fatal(err)
	}
	if got, damaged := list(t, d); len(got) != 2 || damaged != 1 {
		t.Errorf("%q, %d damaged", got, damaged)
	}
	if n, err := d.Remove(func(e Entry) bool { return e.ID == "" }); n != 1 || err != nil {
		t.Errorf("removed %d, %v", n, err)
	}
	if got, damaged := list(t, d); len(got) != 2 || damaged != 0 {
		t.Errorf("%q, %d damaged", got, damaged)
	}
}

// TestEveryCrash: an entry that was vouched for survives a crash at any operation of the next
// one or of a removal, and an operation that failed is repeated without a trace.
func TestEveryCrash(t *testing.T) {
	for n := 1; ; n++ {
		ops := 0
		for _, effect := range []faultfs.Effect{faultfs.None, faultfs.Half, faultfs.Full} {
			for _, mode := range []faultfs.Mode{faultfs.Lose, faultfs.Keep} {
				fsys := faultfs.New()
				d := open(t, Options{FS: fsys})
				first := Output{File: d}
				if err := first.Reject([]byte("one\ntwo\n"), errNo); err != nil {
					t.Fatal(err)
				}
				before := fsys.Ops()
				fsys.FailNth(n, faultfs.Fault{Effect: effect})
				added := first.Reject([]byte("three\n"), errNo)
				_, removed := d.Remove(func(e Entry) bool { return string(e.Line) == "one" })
				ops = fsys.Ops() - before
				fsys = fsys.Crash(mode, nil)
				d = open(t, Options{FS: fsys})
				got, damaged := list(t, d)
				has := func(s string) bool { return slices.Contains(got, s) }
				where := fmt.Sprintf("operation %d, effect %d, mode %d: %q", n, effect, mode, got)
				if !has("two") || damaged > 0 || added == nil && !has("three") || removed == nil && has("one") {
					t.Errorf("%s: added %v, removed %v, %d damaged", where, added, removed, damaged)
				}
				again := Output{File: d}
				if err := again.Reject([]byte("four\n"), errNo); err != nil {
					t.Errorf("%s: %v", where, err)
				}
				if n, err := d.Remove(func(Entry) bool { return true }); n != len(got)+1 || err != nil {
					t.Errorf("%s: removed %d of %d, %v", where, n, len(got)+1, err)
				}
			}
		}
		if n > ops {
			if ops < 8 {
				t.Errorf("only %d operations", ops)
			}
			return
		}
	}
}

// broken is an output whose Commit fails.
type broken struct{ *stream.Output }

func (broken) Commit(context.Context) ([]byte, error) { return nil, errNo }

// TestReplay: what was taken goes, what was not stays, what is refused again comes back.
func TestReplay(t *testing.T) {
	d := open(t, Options{FS: faultfs.New()})
	o := Output{File: d, Name: "siem"}
	if err := o.Reject([]byte("one\ntwo\nthree\n"), errNo); err != nil {
		t.Fatal(err)
	}
	var got bytes.Buffer
	all := func(Entry) bool { return true }
	if n, err := d.Replay(t.Context(), broken{stream.New(&got, "x")}, all); n != 0 || !errors.Is(err, errNo) {
		t.Errorf("replayed %d, %v", n, err)
	}
	want(t, d, "one", "two", "three")
	got.Reset()
	picky := writer(func(lines []byte) error {
		if string(lines) == "two\n" {
			return o.Reject(lines, errNo)
		}
		_, err := got.Write(lines)
		return err
	})
	if n, err := d.Replay(t.Context(), picky, all); n != 3 || err != nil {
		t.Errorf("replayed %d, %v", n, err)
	}
	if got.String() != "one\nthree\n" {
		t.Errorf("out came %q", got.String())
	}
	want(t, d, "two")
	if n, err := d.Replay(t.Context(), picky, func(Entry) bool { return false }); n != 0 || err != nil {
		t.Errorf("replayed %d, %v", n, err)
	}
}

type writer func([]byte) error

func (w writer) Write(_ context.Context, lines []byte) error { return w(lines) }
func (w writer) Commit(context.Context) ([]byte, error)      { return nil, nil }
func (w writer) Empty() bool                                 { return false }
func (w writer) Close() error                                { return nil }
func (w writer) String() string                              { return "picky" }

// TestTogether: several users of a real file, each with an object of its own, as several processes have.
func TestTogether(t *testing.T) {
	name := filepath.Join(t.TempDir(), "dead")
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			d := open(t, Options{FS: durable.OS{}, Path: name})
			o := Output{File: d, Name: fmt.Sprint(i)}
			for j := range 5 {
				if err := o.Reject(fmt.Appendf(nil, "%d.%d\n", i, j), errNo); err != nil {
					t.Error(err)
				}
				if _, err := d.Remove(func(e Entry) bool { return e.Output == o.Name && strings.HasSuffix(string(e.Line), ".0") }); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	got, damaged := list(t, open(t, Options{FS: durable.OS{}, Path: name}))
	slices.Sort(got)
	if len(slices.Compact(got)) != 16 || damaged != 0 {
		t.Errorf("%d entries, %d damaged: %q", len(got), damaged, got)
	}
}

func TestMistakes(t *testing.T) {
	for _, o := range []Options{{}, {Path: "x", MaxBytes: -1}} {
		if _, err := Open(o); err == nil {
			t.Errorf("%+v was accepted", o)
		}
	}
}

// FuzzEntry: what parses comes back the same.
func FuzzEntry(f *testing.F) {
	for _, line := range []string{"one", "zw\xffei", ""} {
		b, err := appendEntry(nil, &Entry{ID: "1", Cause: "no", Line: []byte(line)})
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		e, err := parseEntry(b)
		if err != nil {
			return
		}
		again, err := appendEntry(nil, &e)
		if err != nil {
			return // a year that JSON has no form for
		}
		if e2, err := parseEntry(bytes.TrimSuffix(again, []byte{'\n'})); err != nil || !bytes.Equal(e2.Line, e.Line) || e2.ID != e.ID {
			t.Errorf("%+v became %+v, %v", e, e2, err)
		}
	})
}

// FuzzList: a file of any bytes is read without harm, and can be added to.
func FuzzList(f *testing.F) {
	f.Add([]byte("{\"id\":\"1\",\"line\":\"x\"}\n{}\nhalf"))
	f.Fuzz(func(t *testing.T, b []byte) {
		fsys := faultfs.New()
		file, err := fsys.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := file.Write(b); err != nil {
			t.Fatal(err)
		}
		d := open(t, Options{FS: fsys})
		before, damaged := list(t, d)
		o := Output{File: d}
		if err := o.Reject([]byte("new\n"), errNo); err != nil {
			t.Fatal(err)
		}
		if after, d := list(t, d); len(after) != len(before)+1 || d != damaged {
			t.Errorf("%q, %d damaged, became %q, %d", before, damaged, after, d)
		}
	})
}

// BenchmarkWrite keeps one line on a real disk.
func BenchmarkWrite(b *testing.B) {
	d, err := Open(Options{Path: filepath.Join(b.TempDir(), "dead"), MaxBytes: 1 << 40})
	if err != nil {
		b.Fatal(err)
	}
	o := Output{File: d}
	line := append(bytes.Repeat([]byte{'x'}, 799), '\n')
	b.SetBytes(int64(len(line)))
	b.ReportAllocs()
	for b.Loop() {
		if err := o.Reject(line, errNo); err != nil {
			b.Fatal(err)
		}
	}
}
