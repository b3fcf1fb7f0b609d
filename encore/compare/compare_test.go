package compare

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func write(t *testing.T, path string, lines ...string) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")), 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

// compared returns the result and the lines that only one side has.
func compared(t *testing.T, ours, theirs []string, o Options) (*Result, []string) {
	t.Helper()
	var only []string
	o.Only = func(l Line) error {
		who := "theirs"
		if l.Ours {
			who = "ours"
		}
		only = append(only, fmt.Sprintf("%s %s:%d %s", who, filepath.Base(l.File), l.Number, l.Text))
		return nil
	}
	r, err := Compare(t.Context(), ours, theirs, o)
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(only)
	return r, only
}

func TestCompare(t *testing.T) {
	long := strings.Repeat("x", bufferBytes+10)
	for name, c := range map[string]struct {
		ours, theirs []string
		equal        uint64
		only         []string
	}{
		"equal":        {[]string{"a", "b", ""}, []string{"a", "b", ""}, 2, nil},
		"order":        {[]string{"a", "b", "c", ""}, []string{"c", "b", "a", ""}, 3, nil},
		"last line":    {[]string{"a", "b"}, []string{"a", "b", ""}, 2, nil},
		"more of one":  {[]string{"a", "a", "a", ""}, []string{"a", ""}, 1, []string{"ours o:2 a", "ours o:3 a"}},
		"both":         {[]string{"a", "x", "b", ""}, []string{"a", "b", "y", ""}, 2, []string{"ours o:2 x", "theirs t:3 y"}},
		"empty":        {[]string{""}, []string{"a", ""}, 0, []string{"theirs t:1 a"}},
		"blank lines":  {[]string{"", "", "a", ""}, []string{"a", "", "", ""}, 3, nil},
		"long":         {[]string{long + "1", long + "2", ""}, []string{long + "2", long + "3", ""}, 1, []string{"ours o:1 " + long[:shownBytes], "theirs t:2 " + long[:shownBytes]}},
		"CEF":          {[]string{"<13>Jan 02 03:04:05 a CEF:0|x", ""}, []string{"<13>Feb 12 13:14:15 b CEF:0|x", ""}, 1, nil},
		"no CEF":       {[]string{"<13>Jan 02 03:04:05 a", ""}, []string{"<13>Feb 12 13:14:15 b", ""}, 0, []string{"ours o:1 <13>Jan 02 03:04:05 a", "theirs t:1 <13>Feb 12 13:14:15 b"}},
		"line breaks":  {[]string{"a\r", ""}, []string{"a", ""}, 0, []string{"ours o:1 a\r", "theirs t:1 a"}},
		"wrong UTF-8":  {[]string{"a\xff", ""}, []string{"", ""}, 0, []string{"ours o:1 a?", "theirs t:1 "}},
		"nothing both": {[]string{""}, []string{""}, 0, nil},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			r, only := compared(t, []string{write(t, filepath.Join(dir, "o"), c.ours...)}, []string{write(t, filepath.Join(dir, "t"), c.theirs...)}, Options{})
			if r.Equal != c.equal || !slices.Equal(only, c.only) || r.Same() != (len(c.only) == 0) {
				t.Errorf("%v %.200q, want %d equal, %.200q", r, only, c.equal, c.only)
			}
		})
	}
}

// TestFiles: a side is many files, in the order of their names; where one ends is of
// no account.
func TestFiles(t *testing.T) {
	dir := t.TempDir()
	for i := range 20 {
		write(t, filepath.Join(dir, "ours", fmt.Sprintf("encore.%03d.json", i)), fmt.Sprint(2*i), fmt.Sprint(2*i+1), "")
		write(t, filepath.Join(dir, "theirs", fmt.Sprintf("encore.%03d.json", i)), fmt.Sprint(39-2*i), fmt.Sprint(38-2*i), "")
	}
	write(t, filepath.Join(dir, "ours", ".hidden"), "x", "")
	r, only := compared(t, []string{filepath.Join(dir, "ours")}, []string{filepath.Join(dir, "theirs", "encore.0*.json")}, Options{})
	if r.Equal != 40 || len(only) > 0 || r.Ours.Files != 20 || r.Theirs.Files != 20 {
		t.Errorf("%v %+v %v", r, r, only)
	}
	for _, spec := range []string{filepath.Join(dir, "none"), filepath.Join(dir, "*.none"), write(t, filepath.Join(dir, "a.gz"), "")} {
		if _, err := Compare(t.Context(), []string{spec}, []string{dir}, Options{}); err == nil || !strings.Contains(err.Error(), spec) {
			t.Errorf("%s: %v", spec, err)
		}
	}
}

// TestWindow: what waits is bounded, and what waited too long is reported although
// its twin comes later.
func TestWindow(t *testing.T) {
	dir := t.TempDir()
	const lines, ahead = 20 * turn, 4 * turn
	var ours, theirs []string
	for i := range lines {
		ours = append(ours, fmt.Sprint(i))
		theirs = append(theirs, fmt.Sprint((i+ahead)%lines))
	}
	o, th := []string{write(t, filepath.Join(dir, "o"), ours...)}, []string{write(t, filepath.Join(dir, "t"), theirs...)}
	if r, only := compared(t, o, th, Options{}); !r.Same() || r.Equal != lines {
		t.Errorf("%v, %d lines reported", r, len(only))
	}
	r, only := compared(t, o, th, Options{Window: turn})
	if r.Same() || r.Equal+r.Ours.Only != lines || int(r.Ours.Only+r.Theirs.Only) != len(only) {
		t.Errorf("%v, %d lines reported", r, len(only))
	}
	if _, err := Compare(t.Context(), o, th, Options{Window: 1}); err == nil {
		t.Error("a window of one line is accepted")
	}
}

// TestWaiting: the memory of lines that met their twin is used again.
func TestWaiting(t *testing.T) {
	w := newWaiting()
	for i := range 100000 {
		w.put(entry{hash: [2]uint64{uint64(i), 0}})
		if i >= 10 && !w.take([2]uint64{uint64(i - 10), 0}) {
			t.Fatalf("entry %d has no twin", i-10)
		}
	}
	if w.len() != 10 || len(w.left) != 10 || cap(w.queue) > 8192 {
		t.Errorf("%d entries, %d hashes, room for %d", w.len(), len(w.left), cap(w.queue))
	}
}

// TestFollow: lines and files that come later are compared as well, and half a line
// waits for its rest.
func TestFollow(t *testing.T) {
	dir := t.TempDir()
	ours, theirs := filepath.Join(dir, "ours"), filepath.Join(dir, "theirs")
	write(t, filepath.Join(ours, "1"), "a", "b", "")
	write(t, filepath.Join(theirs, "1"), "a", "b", "only", "hal")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	reported := make(chan Line)
	type outcome struct {
		r   *Result
		err error
	}
	done := make(chan outcome, 1)
	go func() {
		r, err := Compare(ctx, []string{ours}, []string{filepath.Join(theirs, "*")}, Options{
			Follow: true, Grace: 1, // a nanosecond: at the next look
			Only: func(l Line) error {
				reported <- l
				return nil
			},
		})
		done <- outcome{r, err}
	}()
	if l := <-reported; l.Ours || l.Text != "only" || l.Number != 3 {
		t.Errorf("%+v", l)
	}
	f, err := os.OpenFile(filepath.Join(theirs, "1"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString("f\n"); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if l := <-reported; l.Ours || l.Text != "half" || l.Number != 4 {
		t.Errorf("%+v", l)
	}
	write(t, filepath.Join(ours, "2"), "new", "")
	if l := <-reported; !l.Ours || l.Text != "new" || filepath.Base(l.File) != "2" {
		t.Errorf("%+v", l)
	}
	cancel()
	if o := <-done; o.err != nil || o.r.Equal != 2 || o.r.Ours.Only != 1 || o.r.Theirs.Only != 2 {
		t.Errorf("%v, %v", o.r, o.err)
	}
}

func TestErrorOfOnly(t *testing.T) {
	dir := t.TempDir()
	stop := errors.New("enough")
	_, err := Compare(t.Context(), []string{write(t, filepath.Join(dir, "o"), "a", "")}, []string{write(t, filepath.Join(dir, "t"), "b", "")},
		Options{Only: func(Line) error { return stop }})
	if !errors.Is(err, stop) {
		t.Errorf("%v", err)
	}
}
