package follow

import (
	"compress/gzip"
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// put writes a file.
func put(t testing.TB, path, content string) string {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// add appends to a file, which is created if it is missing.
func add(t testing.TB, path, content string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY|os.O_CREATE, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString(content); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

func move(t testing.TB, from, to string) {
	t.Helper()
	if err := os.Rename(from, to); err != nil {
		t.Fatal(err)
	}
}

func remove(t testing.TB, path string) {
	t.Helper()
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
}

// pack compresses a file as a rotating tool does: the time stays.
func pack(path string) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	fi, err := os.Stat(path)
	if err != nil {
		return err
	}
	f, err := os.Create(path + ".gz")
	if err != nil {
		return err
	}
	z := gzip.NewWriter(f)
	if _, err := z.Write(data); err != nil {
		return err
	}
	if err := z.Close(); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	if err := os.Chtimes(path+".gz", time.Time{}, fi.ModTime()); err != nil {
		return err
	}
	return os.Remove(path)
}

// lines makes numbered lines, each with what makes the beginning of a file its own.
func lines(ids ...int) string {
	var b strings.Builder
	for _, id := range ids {
		fmt.Fprintf(&b, "line %d\n", id)
	}
	return b.String()
}

// A reader steps through what a follower does, without waiting.
type reader struct {
	t    *testing.T
	f    *Follower
	r    *run
	got  []string
	mark []byte
}

func newReader(t *testing.T, path string, mark []byte) *reader {
	t.Helper()
	at, err := decodeMark(mark)
	if err != nil {
		t.Fatal(err)
	}
	f := &Follower{Path: path, Mark: mark, Log: quiet()}
	x := &reader{t: t, f: f}
	x.r = &run{f: f, log: f.Log, max: 1 << 10, resume: at, logged: make(map[Reason]bool)}
	x.r.take = func(_ context.Context, lines [][]byte, mark []byte) error {
		if len(mark) > MaxMark {
			t.Errorf("mark of %d bytes", len(mark))
		}
		for i, l := range lines {
			x.got = append(x.got, strings.TrimPrefix(string(l), "line "))
			if m := x.r.markAt(nil, i); i == len(lines)-1 && string(m) != string(mark) && len(x.r.end) > 0 && x.r.end[i] == x.r.cur.off {
				t.Errorf("mark behind the last line is %x, that of the batch %x", m, mark)
			}
		}
		x.mark = append(x.mark[:0], mark...)
		return nil
	}
	t.Cleanup(func() { x.r.close() })
	return x
}

// all goes on until nothing happens any more, and returns the lines since.
func (x *reader) all() []string {
	x.t.Helper()
	x.got = nil
	for {
		more, err := x.r.step(x.t.Context())
		if err != nil {
			x.t.Fatal(err)
		}
		if !more {
			return x.got
		}
	}
}

// want checks the lines that are there now.
func (x *reader) want(what string, ids ...string) {
	x.t.Helper()
	if got := x.all(); !slices.Equal(got, ids) {
		x.t.Errorf("%s: got %q, want %q", what, got, ids)
	}
}

// skipped checks the incidents: reasons, each as often as it was counted.
func (x *reader) skipped(reasons ...Reason) {
	x.t.Helper()
	want := make(map[Reason]uint64)
	for _, r := range reasons {
		want[r]++
	}
	got := x.f.Stats().Skipped
	if len(got) != len(want) {
		x.t.Errorf("incidents %v, want %v", got, want)
	}
	for r, n := range want {
		if got[r] != n {
			x.t.Errorf("%s counted %d times, want %d (%v)", r, got[r], n, got)
		}
	}
}

// restart gives up the reader and returns one that resumes from its last mark.
func (x *reader) restart() *reader {
	x.t.Helper()
	x.r.close()
	x.r.cur = nil
	return newReader(x.t, x.f.Path, x.mark)
}

func tempPath(t *testing.T) string { return filepath.Join(t.TempDir(), "eve.json") }
