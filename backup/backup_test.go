package backup_test

import (
	"bytes"
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"estream/backup"
	"estream/internal/durable"
	"estream/journal"
)

// TestRoundTrip: what is restored is the data directory, file by file, without what
// would be in the way.
func TestRoundTrip(t *testing.T) {
	for _, name := range []string{"server.backup", "server.backup.gz"} {
		t.Run(name, func(t *testing.T) {
			root := t.TempDir()
			dir, file, copied := filepath.Join(root, "data"), filepath.Join(root, name), filepath.Join(root, "copy")
			const messages = 100
			server(t, durable.OS{}, dir, messages)
			ln, err := net.Listen("unix", filepath.Join(dir, "s.socket")) // no regular file, whatever its name
			if err != nil {
				t.Fatal(err)
			}
			defer ln.Close()
			var done, total int64
			m, err := backup.CreateFile(t.Context(), dir, file, backup.Options{
				Version: "1.2.3", Compress: strings.HasSuffix(name, ".gz"), Temp: t.TempDir(), Progress: func(d, n int64) { done, total = d, n },
			})
			if err != nil {
				t.Fatal(err)
			}
			if m.Estream != "1.2.3" || m.Journal == nil || m.Journal.First != 0 || m.Journal.End != messages || m.Journal.Segments < 3 {
				t.Errorf("manifest: %+v %+v", m, m.Journal)
			}
			if done != m.Bytes() || total != done {
				t.Errorf("progress ended at %d of %d, want %d", done, total, m.Bytes())
			}
			if info, err := os.Stat(file); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
				t.Errorf("mode %v, %v; want 0600", info.Mode(), err)
			}
			if entries, _ := os.ReadDir(root); len(entries) != 2 {
				t.Errorf("left beside the backup: %v", entries)
			}
			restored, err := backup.Restore(t.Context(), bytes.NewReader(readFile(t, file)), copied, backup.RestoreOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if restored.Bytes() != m.Bytes() || !restored.Made.Equal(m.Made) {
				t.Errorf("restored %+v, made %+v", restored, m)
			}
			before, after := tree(t, durable.OS{}, dir), tree(t, durable.OS{}, copied)
			segments := 0
			for name, content := range after {
				if before[name] != content {
					t.Errorf("%s differs", name)
				}
				if strings.HasSuffix(name, ".seg") {
					segments++
					delete(after, name)
				}
			}
			if got := names(after); !slices.Equal(got, wanted) || segments != m.Journal.Segments {
				t.Errorf("restored %q and %d segments, want %q and %d", got, segments, wanted, m.Journal.Segments)
			}
			holds(t, durable.OS{}, copied, 0, messages)
		})
	}
}

// TestUnderLoad: backups while a journal is written, rotated and cut by retention. Each
// holds every message from its first one on, at least up to what was durable when it
// was begun, and a reader of the journal sees no gap meanwhile.
func TestUnderLoad(t *testing.T) {
	root := t.TempDir()
	dir := filepath.Join(root, "data")
	opt := options(nil)
	opt.RetainBytes = 32 << 10
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	j, err := journal.Open(filepath.Join(dir, "journal"), opt)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var wg sync.WaitGroup
	var written atomic.Int64
	wg.Go(func() {
		for n := 0; ctx.Err() == nil; n++ {
			_, err := j.Append(context.Background(), journal.Batch{Source: 1, Payload: [][]byte{message(n)}, Count: 1, Mark: []byte{1}})
			if err != nil {
				t.Errorf("append: %v", err)
				return
			}
			written.Store(int64(n + 1))
			if n%50 == 0 {
				if err := j.Sync(context.Background()); err != nil {
					t.Errorf("sync: %v", err)
				}
			}
		}
	})
	wg.Go(func() {
		r := j.NewReader(journal.Position{}, journal.ReaderOptions{})
		defer r.Close()
		for {
			_, err := r.Next(ctx)
			var gone *journal.GoneError
			if errors.As(err, &gone) {
				continue // retention is faster than this reader
			}
			if err != nil {
				if ctx.Err() == nil {
					t.Errorf("reader: %v", err)
				}
				return
			}
		}
	})
	cut := 0
	for range 12 {
		before := j.Durable().Seq
		var archive bytes.Buffer
		m, err := backup.Create(t.Context(), dir, &archive, backup.Options{Temp: t.TempDir()})
		if err != nil {
			t.Fatal(err)
		}
		if m.Journal == nil {
			continue // nothing was there yet
		}
		if m.Journal.End < before || m.Journal.End > uint64(written.Load()) {
			t.Errorf("backup holds %d to %d; %d were durable before", m.Journal.First, m.Journal.End, before)
		}
		if m.Journal.First > 0 {
			cut++
		}
		copied := filepath.Join(t.TempDir(), "copy")
		if _, err := backup.Restore(t.Context(), &archive, copied, backup.RestoreOptions{}); err != nil {
			t.Fatal(err)
		}
		r, err := journal.OpenReadOnly(filepath.Join(copied, "journal"), journal.Options{})
		if err != nil {
			t.Fatal(err)
		}
		read := r.NewReader(r.First(), journal.ReaderOptions{})
		for n := m.Journal.First; n < m.Journal.End; n++ {
			v, err := read.Next(t.Context())
			if err != nil || !bytes.Equal(v.Payload, message(int(n))) {
				t.Fatalf("message %d: %.20q, %v", n, v.Payload, err)
			}
		}
		read.Close()
		closeJournal(t, r)
	}
	stop()
	wg.Wait()
	closeJournal(t, j)
	if cut == 0 {
		t.Error("retention deleted nothing: this test does not show what it is for")
	}
}

// TestTornTail: a batch that is half written when the backup is made is not in it.
func TestTornTail(t *testing.T) {
	root := t.TempDir()
	dir := filepath.Join(root, "data")
	server(t, durable.OS{}, dir, 20)
	segments, err := filepath.Glob(filepath.Join(dir, "journal", "*.seg"))
	if err != nil || len(segments) < 2 {
		t.Fatalf("%q, %v", segments, err)
	}
	last := segments[len(segments)-1]
	whole := readFile(t, last)
	f, err := os.OpenFile(last, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write(whole[len(whole)-200:]); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	var archive bytes.Buffer
	if _, err := backup.Create(t.Context(), dir, &archive, backup.Options{Temp: root}); err != nil {
		t.Fatal(err)
	}
	copied := filepath.Join(root, "copy")
	if _, err := backup.Restore(t.Context(), &archive, copied, backup.RestoreOptions{}); err != nil {
		t.Fatal(err)
	}
	if got := readFile(t, filepath.Join(copied, "journal", filepath.Base(last))); !bytes.Equal(got, whole) {
		t.Errorf("the newest segment has %d bytes, want %d", len(got), len(whole))
	}
	holds(t, durable.OS{}, copied, 0, 20)
}

// TestBegunSegment: the only segment holds no whole batch yet.
func TestBegunSegment(t *testing.T) {
	for _, size := range []int64{0, 10, 100} {
		root := t.TempDir()
		dir := filepath.Join(root, "data")
		server(t, durable.OS{}, dir, 20)
		segments, err := filepath.Glob(filepath.Join(dir, "journal", "*.seg"))
		if err != nil || len(segments) < 2 {
			t.Fatalf("%q, %v", segments, err)
		}
		for _, s := range segments[1:] {
			if err := os.Remove(s); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.Truncate(segments[0], size); err != nil {
			t.Fatal(err)
		}
		var archive bytes.Buffer
		m, err := backup.Create(t.Context(), dir, &archive, backup.Options{Temp: root})
		if err != nil || m.Journal != nil {
			t.Fatalf("%d bytes: %+v, %v", size, m.Journal, err)
		}
		if _, err := backup.Restore(t.Context(), &archive, filepath.Join(root, "copy"), backup.RestoreOptions{}); err != nil {
			t.Errorf("%d bytes: %v", size, err)
		}
	}
}

// TestOneAtATime: a second backup of the same directory is refused, and the
// registrations are not read while they are being changed.
func TestOneAtATime(t *testing.T) {
	root := t.TempDir()
	dir := filepath.Join(root, "data")
	server(t, durable.OS{}, dir, 3)
	lock, err := durable.OS{}.Lock(filepath.Join(dir, "backup.lock"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := backup.CreateFile(t.Context(), dir, filepath.Join(root, "file"), backup.Options{}); !errors.Is(err, backup.ErrRunning) {
		t.Errorf("while another one is made: %v", err)
	}
	if err := lock.Close(); err != nil {
		t.Fatal(err)
	}
	if lock, err = (durable.OS{}).Lock(filepath.Join(dir, "pki", "lock")); err != nil {
		t.Fatal(err)
	}
	// The change is complete when the backup has written all but the registrations.
	var once sync.Once
	changed := backup.Options{Temp: root, Progress: func(done, total int64) {
		if done == total && total > 3*200 {
			once.Do(func() {
				put(t, durable.OS{}, filepath.Join(dir, "pki", "clients.json"), "[1]")
				if err := lock.Close(); err != nil {
					t.Error(err)
				}
			})
		}
	}}
	var archive bytes.Buffer
	if _, err := backup.Create(t.Context(), dir, &archive, changed); err != nil {
		t.Fatal(err)
	}
	if _, err := backup.Restore(t.Context(), &archive, filepath.Join(root, "copy"), backup.RestoreOptions{}); err != nil {
		t.Fatal(err)
	}
	if got := string(readFile(t, filepath.Join(root, "copy", "pki", "clients.json"))); got != "[1]" {
		t.Errorf("registrations are %s, want those after the change", got)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := backup.CreateFile(ctx, dir, filepath.Join(root, "file"), backup.Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if _, err := backup.Create(t.Context(), filepath.Join(root, "none"), &archive, backup.Options{}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no such directory: %v", err)
	}
}
