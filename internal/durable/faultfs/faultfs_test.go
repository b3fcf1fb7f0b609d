package faultfs

import (
	"errors"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"syscall"
	"testing"

	"estream/internal/durable"
)

func create(t *testing.T, f *FS, name, content string) durable.File {
	t.Helper()
	h, err := f.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.WriteAt([]byte(content), 0); err != nil {
		t.Fatal(err)
	}
	return h
}

func content(t *testing.T, f *FS, name string) string {
	t.Helper()
	h, err := f.OpenFile(name, os.O_RDONLY, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return "(missing)"
	}
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(h)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestCrashLoses(t *testing.T) {
	f := New()
	synced := create(t, f, "/synced", "abc")
	must(t, synced.Sync())
	create(t, f, "/unsynced", "abc")
	must(t, create(t, f, "/renamed", "new").Sync())
	must(t, create(t, f, "/old", "old").Sync())
	create(t, f, "/removed", "x")
	must(t, f.SyncDir("/"))
	if _, err := synced.WriteAt([]byte("ABCDEF"), 0); err != nil {
		t.Fatal(err)
	}
	must(t, create(t, f, "/nameless", "abc").Sync())
	must(t, f.Rename("/renamed", "/old"))
	must(t, f.Remove("/removed"))

	for mode, want := range map[Mode]map[string]string{
		Lose: {"/synced": "abc", "/unsynced": "", "/nameless": "(missing)", "/old": "old", "/renamed": "new", "/removed": ""},
		Keep: {"/synced": "ABCDEF", "/unsynced": "abc", "/nameless": "abc", "/old": "new", "/renamed": "(missing)", "/removed": "(missing)"},
	} {
		left := f.Crash(mode, nil)
		for name, w := range want {
			if got := content(t, left, name); got != w {
				t.Errorf("mode %d: %s holds %q, want %q", mode, name, got, w)
			}
		}
	}
	if _, err := synced.WriteAt([]byte("x"), 0); !errors.Is(err, ErrCrashed) {
		t.Errorf("write after the crash: %v, want ErrCrashed", err)
	}
	if _, err := f.Stat("/synced"); !errors.Is(err, ErrCrashed) {
		t.Errorf("stat after the crash: %v, want ErrCrashed", err)
	}
}

// What was not synced survives in part, sector by sector; what was, as a whole.
func TestCrashTorn(t *testing.T) {
	lengths, contents := map[int]bool{}, map[string]bool{}
	for seed := range uint64(50) {
		f := New()
		h := create(t, f, "/file", string(make([]byte, sector)))
		must(t, h.Sync())
		must(t, f.SyncDir("/"))
		many := make([]byte, 4*sector)
		for i := range many {
			many[i] = 'x'
		}
		if _, err := h.WriteAt(many, sector); err != nil {
			t.Fatal(err)
		}
		got := content(t, f.Crash(Torn, rand.New(rand.NewPCG(1, seed))), "/file")
		if len(got) < sector || got[:sector] != string(make([]byte, sector)) {
			t.Fatalf("what was synced is damaged: %q", got)
		}
		lengths[len(got)] = true
		contents[got] = true
	}
	if len(lengths) < 10 || len(contents) < 20 {
		t.Errorf("%d lengths and %d contents in 50 crashes, want variety", len(lengths), len(contents))
	}
}

// A Sync that failed has forgotten what was dirty, even if the next one succeeds.
func TestSyncForgets(t *testing.T) {
	f := New()
	h := create(t, f, "/file", "aaa")
	must(t, f.SyncDir("/"))
	must(t, h.Sync())
	if _, err := h.WriteAt([]byte("bbb"), 3); err != nil {
		t.Fatal(err)
	}
	f.FailNth(1, Fault{Err: syscall.EIO})
	if err := h.Sync(); !errors.Is(err, syscall.EIO) {
		t.Fatalf("Sync: %v, want EIO", err)
	}
	must(t, h.Sync())
	if got := content(t, f, "/file"); got != "aaabbb" {
		t.Errorf("before the crash: %q, want what was written", got)
	}
	f = f.Crash(Keep, nil)
	if got := content(t, f.Crash(Lose, nil), "/file"); got != "aaa\x00\x00\x00" {
		t.Errorf("after the crash: %q, want zeros where the failed sync was", got)
	}
}

func TestFaults(t *testing.T) {
	for effect, want := range map[Effect]string{None: "", Half: "abc", Full: "abcdef"} {
		f := New()
		h := create(t, f, "/file", "")
		n := f.Ops()
		f.FailNth(2, Fault{Effect: effect})
		if _, err := h.Stat(); err != nil { // not counted
			t.Fatal(err)
		}
		if _, err := f.Stat("/file"); err != nil {
			t.Fatal(err)
		}
		if _, err := h.WriteAt([]byte("abcdef"), 0); !errors.Is(err, ErrInjected) {
			t.Errorf("effect %d: %v, want the fault", effect, err)
		}
		if got := content(t, f, "/file"); got != want {
			t.Errorf("effect %d: %q, want %q", effect, got, want)
		}
		if f.Ops() < n+4 { // stat and write, then open and reads
			t.Errorf("effect %d: %d operations counted", effect, f.Ops()-n)
		}
	}
}

func TestCapacity(t *testing.T) {
	f := New()
	f.SetCapacity(5)
	h := create(t, f, "/file", "abc")
	n, err := h.WriteAt([]byte("defgh"), 3)
	if n != 2 || !errors.Is(err, syscall.ENOSPC) || !durable.IsNoSpace(err) {
		t.Errorf("write beyond the capacity: %d, %v; want 2 and ENOSPC", n, err)
	}
	if _, err := h.WriteAt([]byte("ABCDE"), 0); err != nil {
		t.Errorf("overwriting in place: %v", err)
	}
	must(t, h.Truncate(1))
	if f.Used() != 1 {
		t.Errorf("%d bytes used, want 1", f.Used())
	}
	create(t, f, "/more", "1234")
	must(t, f.Remove("/more"))
	create(t, f, "/again", "5678")
}

func TestLock(t *testing.T) {
	f := New()
	l, err := f.Lock("/LOCK")
	must(t, err)
	if _, err := f.Lock("/LOCK"); !errors.Is(err, durable.ErrLocked) {
		t.Errorf("second lock: %v, want ErrLocked", err)
	}
	must(t, l.Close())
	_, err = f.Lock("/LOCK")
	must(t, err)
	if _, err := f.Crash(Lose, nil).Lock("/LOCK"); err != nil {
		t.Errorf("after a crash: %v, want that nobody holds it", err)
	}
}
