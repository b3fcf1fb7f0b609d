package file

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"estream/internal/durable/faultfs"
	"estream/output"
)

// A world is a file system, what the cursor holds, and the lines of a stream. It
// plays the pipeline: writes, commits, and goes back to the cursor when told to.
type world struct {
	fsys      *faultfs.FS
	opt       Options
	saved     []byte
	committed int // lines
	clock     time.Time
	commits   int
	dieAfter  int // a crash between this Commit and the saving of its state; 0: none
}

const (
	total    = 36 // lines
	perWrite = 4
	perSave  = 3 // writes between commits
)

func line(i int) string { return fmt.Sprintf("line %03d\n", i) }

var errDead = errors.New("dead")

// run writes until everything is committed (nil) or the world has ended (errDead).
func (w *world) run() error {
	opt := w.opt
	opt.FS, opt.Log, opt.inline = w.fsys, slog.New(slog.DiscardHandler), true
	opt.Now = func() time.Time { return w.clock }
	for attempt := 0; w.committed < total; attempt++ {
		if attempt > 50 {
			return errors.New("no progress")
		}
		o, err := OpenWith(opt, w.saved)
		if err != nil {
			if errors.Is(err, errDead) {
				return errDead
			}
			continue
		}
		err = w.session(o)
		if cerr := o.Close(); err == nil {
			err = cerr
		}
		if err != nil && !errors.Is(err, output.ErrUncommitted) {
			return err
		}
	}
	return nil
}

// session is one life of an output.
func (w *world) session(o *Output) error {
	if err := w.commit(o, w.committed); err != nil {
		return err
	}
	for at := w.committed; at < total; {
		for n := 0; n < perSave && at < total; n++ {
			var lines []byte
			for i := at; i < at+perWrite; i++ {
				lines = append(lines, line(i)...)
			}
			w.clock = w.clock.Add(400 * time.Millisecond)
			if err := retry(func() error { return o.Write(context.Background(), lines) }); err != nil {
				return err
			}
			at += perWrite
		}
		if err := w.commit(o, at); err != nil {
			return err
		}
	}
	return nil
}

func (w *world) commit(o *Output, at int) error {
	var state []byte
	err := retry(func() (err error) {
		state, err = o.Commit(context.Background())
		return err
	})
	if err != nil {
		return err
	}
	if w.commits++; w.commits == w.dieAfter {
		return errDead
	}
	w.saved, w.committed = state, at
	return nil
}

// retry is what a pipeline does with errors that it can wait out.
func retry(f func() error) (err error) {
	for range 10 {
		err = f()
		if err == nil || errors.Is(err, output.ErrUncommitted) || errors.Is(err, errDead) {
			return err
		}
	}
	return fmt.Errorf("ten attempts failed: %w", err)
}

// lines returns what all files hold, in the order of the lines, and complains
// about files that hold them in another order, too many of them, or are none of
// the output's.
func (w *world) lines(t *testing.T, where string) []string {
	t.Helper()
	var all []string
	var walk func(dir string)
	walk = func(dir string) {
		entries, err := w.fsys.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			name := filepath.Join(dir, e.Name())
			if e.IsDir() {
				walk(name)
				continue
			}
			if strings.HasPrefix(e.Name(), ".") && strings.HasSuffix(e.Name(), ".files") {
				continue
			}
			if strings.Contains(e.Name(), ".tmp-") || strings.HasSuffix(e.Name(), ".part") {
				t.Errorf("%s: %s was left behind", where, name)
				continue
			}
			got := strings.SplitAfter(string(read(t, w.fsys, name)), "\n")
			if got = got[:len(got)-1]; !slices.IsSorted(got) {
				t.Errorf("%s: %s holds %q", where, name, got)
			}
			if n := w.opt.MaxLines; n > 0 && int64(len(got)) > n {
				t.Errorf("%s: %s holds %d lines", where, name, len(got))
			}
			all = append(all, got...)
		}
	}
	walk("/")
	slices.Sort(all)
	return all
}

// read returns the content of a file, decompressed if its name says so.
func read(t *testing.T, fsys *faultfs.FS, name string) []byte {
	t.Helper()
	f, err := fsys.OpenFile(name, os.O_RDONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(f)
	if err == nil && strings.HasSuffix(name, gzSuffix) {
		var z *gzip.Reader
		if z, err = gzip.NewReader(bytes.NewReader(b)); err == nil {
			b, err = io.ReadAll(z)
		}
	}
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return b
}

// check: every line once; where files are deleted, the last ones, without a gap.
func (w *world) check(t *testing.T, where string) {
	t.Helper()
	got := w.lines(t, where)
	first := 0
	if w.opt.KeepFiles > 0 || w.opt.KeepBytes > 0 {
		first = max(total-len(got), 0)
		if len(got) < int(w.opt.MaxLines) {
			t.Errorf("%s: only %d lines are left", where, len(got))
		}
	}
	var want []string
	for i := first; i < total; i++ {
		want = append(want, line(i))
	}
	if !slices.Equal(got, want) {
		t.Errorf("%s: got %d lines, want %d: %q", where, len(got), len(want), got)
	}
}

// matrix holds outputs in which everything that has steps happens.
var matrix = []struct {
	name string
	opt  Options
}{
	{"one file", Options{Path: "/e.log"}},
	{"lines", Options{Path: "/e.log", MaxLines: 5}},
	{"bytes", Options{Path: "/e.log", MaxBytes: 60}},
	{"age", Options{Path: "/e.log", MaxAge: time.Second}},
	{"compressed", Options{Path: "/e.log", MaxLines: 7, Compress: true, Ledger: "/list"}},
	{"few", Options{Path: "/e.log", MaxLines: 6, Compress: true, KeepFiles: 3}},
	{"stamped", Options{Path: "/%Y/%M%S.log", Naming: Stamped, MakeDirs: true, MaxLines: 9}},
	{"encore", Options{Path: "/d/e{0}.log", Naming: Encore, MakeDirs: true, NewAtStart: true, MaxLines: 3}},
	{"encore, few", Options{Path: "/e{0}.log", Naming: Encore, NewAtStart: true, MaxLines: 8, KeepBytes: 200, Compress: true}},
}

func newWorld(opt Options) *world {
	if opt.Ledger == "/list" {
		opt.Ledger = "/.e.files"
	}
	return &world{fsys: faultfs.New(), opt: opt, clock: time.Unix(1_700_000_000, 0)}
}

// TestEveryCrash ends the machine, or the process only, at every operation, before,
// in the middle of and after its effect, and again while the damage is repaired.
func TestEveryCrash(t *testing.T) {
	for _, m := range matrix {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			whole := newWorld(m.opt)
			if err := whole.run(); err != nil {
				t.Fatal(err)
			}
			whole.check(t, "without a fault")
			ops := whole.fsys.Ops()
			for n := 1; n <= ops; n++ {
				for _, effect := range []faultfs.Effect{faultfs.None, faultfs.Half, faultfs.Full} {
					for mode, name := range []string{"lose", "torn", "keep"} {
						if m.opt.Compress && (n+3*int(effect)+mode)%5 > 0 {
							continue // compression takes its time; every operation is met by about two of the nine combinations
						}
						where := fmt.Sprintf("operation %d, effect %d, %s", n, effect, name)
						rng := rand.New(rand.NewPCG(uint64(n), uint64(effect)))
						w := newWorld(m.opt)
						w.crashAt(t, where, n, effect, faultfs.Mode(mode), rng)
						// Odd ones are hit again on their way back.
						if n%2 == 1 {
							w.crashAt(t, where, 1+n/2%15, effect, faultfs.Mode(mode), rng)
						}
						if err := w.run(); err != nil {
							t.Fatalf("%s: %v", where, err)
						}
						if w.check(t, where); t.Failed() {
							return
						}
					}
				}
			}
			if ops < 20 {
				t.Errorf("only %d operations were hit", ops)
			}
		})
	}
}

// crashAt runs w and ends it at its n-th operation.
func (w *world) crashAt(t *testing.T, where string, n int, effect faultfs.Effect, mode faultfs.Mode, rng *rand.Rand) {
	t.Helper()
	target := w.fsys.Ops() + n
	w.fsys.SetHook(func(op faultfs.Op) faultfs.Fault {
		switch {
		case op.N == target:
			return faultfs.Fault{Err: errDead, Effect: effect}
		case op.N > target:
			return faultfs.Fault{Err: errDead}
		}
		return faultfs.Fault{}
	})
	if err := w.run(); err != nil && !errors.Is(err, errDead) {
		t.Fatalf("%s: %v", where, err)
	}
	w.fsys = w.fsys.Crash(mode, rng)
}

// TestEveryUnsavedCommit ends the process between a Commit and the saving of its state.
func TestEveryUnsavedCommit(t *testing.T) {
	for _, m := range matrix {
		for n := 1; ; n++ {
			w := newWorld(m.opt)
			w.dieAfter = n
			err := w.run()
			if err == nil {
				if n < 5 {
					t.Errorf("%s: only %d commits", m.name, n)
				}
				break
			}
			if !errors.Is(err, errDead) {
				t.Fatal(err)
			}
			w.dieAfter, w.fsys = 0, w.fsys.Crash(faultfs.Mode(n%3), rand.New(rand.NewPCG(uint64(n), 0)))
			if err := w.run(); err != nil {
				t.Fatal(err)
			}
			w.check(t, fmt.Sprintf("%s: after commit %d", m.name, n))
		}
	}
}

// TestEveryError: any single operation fails, with or without having happened, and the
// process lives on.
func TestEveryError(t *testing.T) {
	for _, m := range matrix {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			whole := newWorld(m.opt)
			if err := whole.run(); err != nil {
				t.Fatal(err)
			}
			for n := range whole.fsys.Ops() {
				for _, effect := range []faultfs.Effect{faultfs.None, faultfs.Half, faultfs.Full} {
					if m.opt.Compress && int(effect) != n%3 {
						continue
					}
					w := newWorld(m.opt)
					where := fmt.Sprintf("operation %d, effect %d", n+1, effect)
					w.fsys.FailNth(n+1, faultfs.Fault{Effect: effect})
					if err := w.run(); err != nil {
						t.Fatalf("%s: %v", where, err)
					}
					w.settle(t)
					if w.check(t, where); t.Failed() {
						return
					}
					// What was vouched for is on the device.
					w.fsys = w.fsys.Crash(faultfs.Lose, nil)
					if w.check(t, where+", then a crash"); t.Failed() {
						return
					}
				}
			}
		})
	}
}

// settle opens the output once more, so that what an error left behind is put away.
func (w *world) settle(t *testing.T) {
	t.Helper()
	opt := w.opt
	opt.FS, opt.Log, opt.inline = w.fsys, slog.New(slog.DiscardHandler), true
	opt.Now = func() time.Time { return w.clock }
	o, err := OpenWith(opt, w.saved)
	if err != nil {
		t.Fatal(err)
	}
	commit(t, o)
	if err := o.Close(); err != nil {
		t.Fatal(err)
	}
}
