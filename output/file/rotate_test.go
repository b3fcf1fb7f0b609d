package file

import (
	"bytes"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"estream/internal/durable"
	"estream/internal/durable/faultfs"
	"estream/internal/syncbuf"
)

var noon = time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)

// openWith opens an output on fsys whose clock stands at *now.
func openWith(t *testing.T, fsys durable.FS, opt Options, now *time.Time, saved []byte) *Output {
	t.Helper()
	opt.FS, opt.inline = fsys, true
	opt.Now = func() time.Time { return *now }
	if opt.Log == nil {
		opt.Log = slog.New(slog.DiscardHandler)
	}
	o, err := OpenWith(opt, saved)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// all returns the files of the root directory with their contents, the ledger left out.
func all(t *testing.T, fsys *faultfs.FS) map[string]string {
	t.Helper()
	files := map[string]string{}
	entries, err := fsys.ReadDir("/")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), ".") {
			files[e.Name()] = string(read(t, fsys, "/"+e.Name()))
		}
	}
	return files
}

func wantFiles(t *testing.T, fsys *faultfs.FS, want map[string]string) {
	t.Helper()
	if got := all(t, fsys); !maps.Equal(got, want) {
		t.Errorf("files:\n got %q\nwant %q", got, want)
	}
}

// TestRenamed: names, a name that is taken, limits of each kind.
func TestRenamed(t *testing.T) {
	fsys, now := faultfs.New(), noon
	o := openWith(t, fsys, Options{Path: "/e.json", MaxLines: 2, MaxBytes: 20, MaxAge: time.Hour}, &now, nil)
	write(t, o, "1\n2\n3\n4\n")
	write(t, o, "5\n6\n7\n")
	write(t, o, "a line of its own that is too long\n8\n")
	now = now.Add(time.Hour)
	write(t, o, "9\n")
	wantFiles(t, fsys, map[string]string{
		"e-20260131T120000Z.json":   "1\n2\n",
		"e-20260131T120000Z-2.json": "3\n4\n",
		"e-20260131T120000Z-3.json": "5\n6\n",
		"e-20260131T120000Z-4.json": "7\n",
		"e-20260131T120000Z-5.json": "a line of its own that is too long\n",
		"e-20260131T130000Z.json":   "8\n",
		"e.json":                    "9\n",
	})
	if got := o.Stats().Lines.Load(); got != 10 {
		t.Errorf("counted %d lines", got)
	}
}

// TestStamped: another name begins another file, a restart goes on in the old one.
func TestStamped(t *testing.T) {
	fsys, now := faultfs.New(), noon
	opt := Options{Path: "/e-%Y%m%dT%H%%.log", Naming: Stamped, MaxLines: 3}
	o := openWith(t, fsys, opt, &now, nil)
	write(t, o, "1\n2\n")
	state := commit(t, o)
	now = now.Add(30 * time.Minute)
	o = openWith(t, fsys, opt, &now, state)
	write(t, o, "3\n4\n")
	now = now.Add(30 * time.Minute)
	write(t, o, "5\n")
	wantFiles(t, fsys, map[string]string{
		"e-20260131T12%.log":   "1\n2\n3\n",
		"e-20260131T12%-2.log": "4\n",
		"e-20260131T13%.log":   "5\n",
	})
}

// TestEncore: {0} is the second in which the file is begun; a name that is taken
// gets a UUID; each run begins a file with its first line; nothing is overwritten.
func TestEncore(t *testing.T) {
	fsys, now := faultfs.New(), time.Unix(1_700_000_000, 999)
	opt, err := ParseEncoreURI("relfile:///encore.{0}.log", true, 2, "/")
	if err != nil {
		t.Fatal(err)
	}
	o := openWith(t, fsys, opt, &now, nil)
	state := commit(t, o)
	wantFiles(t, fsys, map[string]string{})
	write(t, o, "1\n2\n3\n")
	now = now.Add(time.Second)
	write(t, o, "4\n5\n")
	state2 := commit(t, o)
	now = now.Add(time.Second)
	o = openWith(t, fsys, opt, &now, state2)
	write(t, o, "6\n")
	got := all(t, fsys)
	uuids := 0
	for name, lines := range got {
		if regexp.MustCompile(`^encore\.1700000000-[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\.log$`).MatchString(name) && lines == "3\n4\n" {
			uuids++
			delete(got, name)
		}
	}
	want := map[string]string{"encore.1700000000.log": "1\n2\n", "encore.1700000001.log": "5\n", "encore.1700000002.log": "6\n"}
	if !maps.Equal(got, want) || uuids != 1 {
		t.Errorf("%d names with a UUID, and %q; want 1, and %q", uuids, got, want)
	}
	// Nothing of all this is in the first state.
	openWith(t, fsys, opt, &now, state)
	if left := len(all(t, fsys)); left == 0 {
		t.Error("a state older than what was stored removed files")
	}
}

func TestParseEncoreURI(t *testing.T) {
	for _, c := range []struct {
		uri     string
		rotate  bool
		maxLogs int
		want    Options // Path, Naming, MaxLines, NewAtStart
	}{
		{"file:///var/log/e{0}.json", true, 0, Options{Path: "/var/log/e{0}.json", Naming: Encore, MaxLines: 10000, NewAtStart: true}},
		{"file:///var/log/e{0}.json", true, 7, Options{Path: "/var/log/e{0}.json", Naming: Encore, MaxLines: 7, NewAtStart: true}},
		{"file:///var/log/e{0}.json?x#y", false, 7, Options{Path: "/var/log/e{0}.json", Naming: Encore, NewAtStart: true}},
		{"file:///:data/e.json", true, 7, Options{Path: "/base/data/e.json"}},
		{"relfile:///data/{{e}}.json", true, 7, Options{Path: "/base/data/{e}.json"}},
		{"relfile:///../../data/encore.{0}.log", true, 7, Options{Path: "/data/encore.{0}.log", Naming: Encore, MaxLines: 7, NewAtStart: true}},
		{"relfile:///data/", false, 0, Options{Path: "/base/data/log{0}", Naming: Encore, NewAtStart: true}},
		{"file:///C:/data/e{0}", false, 0, Options{Path: "C:/data/e{0}", Naming: Encore, NewAtStart: true}},
	} {
		o, err := ParseEncoreURI(c.uri, c.rotate, c.maxLogs, "/base")
		if err != nil {
			t.Errorf("%s: %v", c.uri, err)
			continue
		}
		if filepath.ToSlash(o.Path) != c.want.Path || o.Naming != c.want.Naming || o.MaxLines != c.want.MaxLines || o.NewAtStart != c.want.NewAtStart || !o.MakeDirs {
			t.Errorf("%s: got %+v, want %+v", c.uri, o, c.want)
		}
	}
	for uri, want := range map[string]string{
		"e.json":             `"://"`,
		"file://host/e.json": "three slashes",
		"ftp:///e.json":      "not a scheme of files",
		"file:///e{1}.json":  "brace at byte 1",
		"file:///e{0}}.json": "brace at byte 4",
	} {
		if _, err := ParseEncoreURI(uri, true, 0, "/"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got error %v, want one with %q", uri, err, want)
		}
	}
	if _, err := ParseEncoreURI("file:///e{0}", true, -1, "/"); err == nil || !strings.Contains(err.Error(), "maxLogs is -1") {
		t.Errorf("negative maxLogs: %v", err)
	}
}

// TestUpgrade opens the state that version 1 of the output left.
func TestUpgrade(t *testing.T) {
	fsys, now := faultfs.New(), noon
	write(t, open(t, fsys, nil), "one\ntwo\nnot committed\n")
	saved := []byte(`{"Version":1,"Path":"/events.json","Length":8}`)
	o := openWith(t, fsys, Options{Path: path, MaxLines: 3}, &now, saved)
	write(t, o, "three\nfour\n")
	wantFiles(t, fsys, map[string]string{"events-20260131T120000Z.json": "one\ntwo\nthree\n", "events.json": "four\n"})
}

// TestHeader: each file begins with it, those begun in the middle of a write as well.
func TestHeader(t *testing.T) {
	fsys, now := faultfs.New(), noon
	o := openWith(t, fsys, Options{Path: "/e.csv", MaxLines: 2, Header: []byte("head\n")}, &now, nil)
	if o.Empty() {
		t.Error("an output that writes headers asks for one")
	}
	write(t, o, "1\n2\n3\n")
	state := commit(t, o)
	write(t, openWith(t, fsys, Options{Path: "/e.csv", MaxLines: 2, Header: []byte("head\n")}, &now, state), "4\n")
	wantFiles(t, fsys, map[string]string{"e-20260131T120000Z.csv": "head\n1\n2\n", "e.csv": "head\n3\n4\n"})
	o = openWith(t, faultfs.New(), Options{Path: "/e.log", MaxLines: 1}, &now, nil)
	for _, want := range []bool{true, true, true} { // the next line always begins a file
		if o.Empty() != want {
			t.Errorf("Empty is %t", !want)
		}
		write(t, o, "1\n")
	}
}

// TestOutsiders: what others did to the file is found, said, and survived.
func TestOutsiders(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "e.log")
	var log syncbuf.Buffer
	now := noon
	opt := Options{Path: name, Log: slog.New(slog.NewTextHandler(&log, nil))}
	said := func(want string) {
		t.Helper()
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log does not say %q:\n%s", want, log.String())
		}
	}
	holds := func(name, want string) {
		t.Helper()
		if b, err := os.ReadFile(name); err != nil || string(b) != want {
			t.Errorf("%s holds %q (%v), want %q", name, b, err, want)
		}
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	o := openWith(t, durable.OS{}, opt, &now, nil)
	write(t, o, "1\n")
	commit(t, o)
	// As logrotate does, with "create": the old file gets what is written until the next commit.
	must(os.Rename(name, name+".1"))
	must(os.WriteFile(name, nil, 0o600))
	write(t, o, "2\n")
	commit(t, o)
	write(t, o, "3\n")
	state := commit(t, o)
	holds(name+".1", "1\n2\n")
	holds(name, "3\n")
	said("somebody moved the output file")

	// Truncated by somebody while it is open, in the middle of a line.
	must(os.Truncate(name, 1))
	write(t, o, "4\n")
	holds(name, "3\n4\n")
	said("truncated the output file or wrote to it")
	must(o.Close())
	must(o.Close())

	// Replaced by a longer one while nobody looked: not one byte of it is cut off.
	must(os.WriteFile(name, []byte("somebody else's\nlog"), 0o600))
	o = openWith(t, durable.OS{}, opt, &now, state)
	write(t, o, "5\n")
	holds(name, "somebody else's\nlog\n5\n")
	said("is not the one that was written")
	must(o.Close())
}

// TestKeep: files are compressed and deleted by number, bytes and age, and nobody else's are touched.
func TestKeep(t *testing.T) {
	for name, c := range map[string]struct {
		opt  Options
		left int // finished files
	}{
		"number": {Options{KeepFiles: 2, Compress: true}, 2},
		"bytes":  {Options{KeepBytes: 25}, 2},
		"age":    {Options{KeepAge: 90 * time.Minute}, 1},
	} {
		fsys, now := faultfs.New(), noon
		other := open(t, fsys, nil)
		write(t, other, "x\n")
		for _, strange := range []string{"/e-20200101T000000Z.log", "/e-20200101T000000Z.log.gz"} {
			f, err := fsys.OpenFile(strange, os.O_CREATE|os.O_RDWR, 0o600)
			if err != nil {
				t.Fatal(err)
			}
			if err := f.Close(); err != nil {
				t.Fatal(err)
			}
		}
		c.opt.Path, c.opt.MaxLines = "/e.log", 1
		o := openWith(t, fsys, c.opt, &now, nil)
		for i := range 8 {
			write(t, o, fmt.Sprintf("number %03d\n", i))
			commit(t, o)
			now = now.Add(time.Hour)
		}
		write(t, o, "last\n") // only now the commit before is known to be stored
		entries, err := fsys.ReadDir("/")
		if err != nil {
			t.Fatal(err)
		}
		var ours, strange []string
		for _, e := range entries {
			switch {
			case strings.HasPrefix(e.Name(), "e-2020"):
				strange = append(strange, e.Name())
			case strings.HasPrefix(e.Name(), "e-"):
				ours = append(ours, e.Name())
			}
		}
		// The one that the last write finished is not committed yet.
		if len(ours) != c.left+1 || len(strange) != 2 {
			t.Errorf("%s: left are %q and %q, want %d and 2", name, ours, strange, c.left+1)
		}
		if k := o.Kept(); k.Deleted.Load() != uint64(7-c.left) || k.DeletedBytes.Load() == 0 || k.Failed.Load() != 0 {
			t.Errorf("%s: counted %d files with %d bytes, %d failed", name, k.Deleted.Load(), k.DeletedBytes.Load(), k.Failed.Load())
		}
		if gz := slices.ContainsFunc(ours, func(s string) bool { return strings.HasSuffix(s, gzSuffix) }); gz != c.opt.Compress {
			t.Errorf("%s: %q", name, ours)
		}
	}
}

// TestBackground compresses in a goroutine of its own, which Close waits for.
func TestBackground(t *testing.T) {
	dir := t.TempDir()
	opt := Options{Path: filepath.Join(dir, "e.log"), MaxLines: 1000, Compress: true, Log: slog.New(slog.DiscardHandler)}
	var state []byte
	for range 3 {
		o, err := OpenWith(opt, state)
		if err != nil {
			t.Fatal(err)
		}
		for range 5 {
			write(t, o, strings.Repeat("a line that repeats itself\n", 1000))
			state = commit(t, o)
		}
		if err := o.Close(); err != nil {
			t.Fatal(err)
		}
	}
	o, err := OpenWith(opt, state)
	if err != nil {
		t.Fatal(err)
	}
	o.keeper.wg.Wait()
	if err := o.Close(); err != nil {
		t.Fatal(err)
	}
	if n := len(o.ledger.Files); n > 0 {
		t.Errorf("the list holds %d files that nobody will ask for", n)
	}
	plain, err := filepath.Glob(filepath.Join(dir, "e-*.log"))
	if err != nil || len(plain) > 0 {
		t.Errorf("not compressed: %q, %v", plain, err)
	}
	packed, err := filepath.Glob(filepath.Join(dir, "e-*.log.gz"))
	if err != nil || len(packed) != 14 {
		t.Errorf("compressed: %d files, want 14, %v", len(packed), err)
	}
}

// TestBackup: a cursor from a backup is older than the files. None of them is removed.
func TestBackup(t *testing.T) {
	fsys, now := faultfs.New(), noon
	opt := Options{Path: "/e.log", MaxLines: 1}
	o := openWith(t, fsys, opt, &now, nil)
	old := commit(t, o)
	for range 3 {
		write(t, o, "x\n")
		commit(t, o)
	}
	write(t, o, "y\n")
	var log bytes.Buffer
	opt.Log = slog.New(slog.NewTextHandler(&log, nil))
	openWith(t, fsys, opt, &now, old)
	if n := len(all(t, fsys)); n != 4 || !strings.Contains(log.String(), "as from a backup") {
		t.Errorf("%d files are left; the log: %s", n, log.String())
	}
}

// TestMistakes: each is named, all at once.
func TestMistakes(t *testing.T) {
	_, err := OpenWith(Options{MaxBytes: -1, KeepFiles: 3, Header: []byte("x"), Naming: 7}, nil)
	for _, want := range []string{"no path", "-1 bytes", "no line end", "naming 7"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v does not say %q", err, want)
		}
	}
	_, err = OpenWith(Options{Path: "/x", KeepFiles: 3}, nil)
	if err == nil || !strings.Contains(err.Error(), "never finishes one") {
		t.Errorf("retention without rotation: %v", err)
	}
	_, err = OpenWith(Options{Path: "/x%q", Naming: Stamped}, nil)
	if err == nil || !strings.Contains(err.Error(), `"%q" at byte 2`) {
		t.Errorf("unknown conversion: %v", err)
	}
	fsys := faultfs.New()
	f, err := fsys.OpenFile("/.e.log.files", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write([]byte(`{"version":9}`)); err != nil {
		t.Fatal(err)
	}
	_, err = OpenWith(Options{FS: fsys, Path: "/e.log", MaxLines: 1}, nil)
	if err == nil || !strings.Contains(err.Error(), "version 9; expected 1") {
		t.Errorf("list of another version: %v", err)
	}
}
