package backup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"

	"estream/internal/durable"
	"estream/journal"
)

// RestoreOptions say how a backup is put back. The zero value of each field is its
// default.
type RestoreOptions struct {
	FS       durable.FS        // default: the machine's
	Progress func(bytes int64) // called with the bytes written so far, if not nil
	Log      *slog.Logger      // for damage that the journal had when the backup was made
}

// Restore makes dir the data directory that a backup holds. dir must not exist, or be
// empty (else ErrNotEmpty), and its parent must exist. The files belong to the owner of
// dir, or of its parent, if the caller may arrange that. Everything is checked
// before dir gets its content: digests, and the journal batch by batch. After an error
// dir is as it was. Beside the errors of [Verify] there are those of the file system.
func Restore(ctx context.Context, r io.Reader, dir string, o RestoreOptions) (_ *Manifest, err error) {
	if o.FS == nil {
		o.FS = durable.OS{}
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Progress == nil {
		o.Progress = func(int64) {}
	}
	dir = filepath.Clean(dir)
	exists, err := empty(o.FS, dir)
	if err != nil {
		return nil, err
	}
	tmp := fmt.Sprintf("%s.tmp-%016x", dir, rand.Uint64())
	defer func() {
		if err != nil {
			err = errors.Join(err, removeAll(o.FS, tmp))
		}
	}()
	w := &writer{dir: tmp, o: o, dirs: map[string]bool{}}
	if err := w.mkdir(tmp); err != nil {
		return nil, fmt.Errorf("restore: %w", err)
	}
	m, err := read(ctx, r, w.take)
	if err != nil {
		return nil, err
	}
	if err := checkJournal(ctx, filepath.Join(tmp, journalDir), m.Journal, o); err != nil {
		return nil, err
	}
	if err := w.finish(dir, exists); err != nil {
		return nil, fmt.Errorf("restore: %w", err)
	}
	return m, nil
}

// empty reports whether dir exists; it must be empty then.
func empty(fsys durable.FS, dir string) (exists bool, err error) {
	entries, err := fsys.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("restore: %w", err)
	}
	if len(entries) > 0 {
		return false, fmt.Errorf("restore: %s: %w: it has %s in it, and nothing is overwritten", dir, ErrNotEmpty, entries[0].Name())
	}
	return true, nil
}

// A writer puts the files of a backup into a new directory.
type writer struct {
	dir  string
	o    RestoreOptions
	dirs map[string]bool // that were made
	done int64
}

// mkdir makes a directory for the service alone, with those above it up to w.dir.
func (w *writer) mkdir(dir string) error {
	if w.dirs[dir] {
		return nil
	}
	if dir != w.dir {
		if err := w.mkdir(filepath.Dir(dir)); err != nil {
			return err
		}
	}
	if err := w.o.FS.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	w.dirs[dir] = true
	return nil
}

// take writes one file.
func (w *writer) take(f File, content io.Reader) (err error) {
	name := filepath.Join(w.dir, filepath.FromSlash(f.Name))
	if err := w.mkdir(filepath.Dir(name)); err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	out, err := w.o.FS.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, fs.FileMode(f.Mode).Perm()|0o600)
	if err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	buf := make([]byte, 256<<10)
	for {
		n, rerr := content.Read(buf)
		if n > 0 {
			if _, err := out.Write(buf[:n]); err != nil {
				return fmt.Errorf("restore: %w", err)
			}
			w.done += int64(n)
			w.o.Progress(w.done)
		}
		if rerr == io.EOF {
			break
		}
		if rerr != nil {
			return cut(rerr)
		}
	}
	if err := out.Sync(); err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	return nil
}

// finish makes the directory durable and gives it its name.
func (w *writer) finish(dir string, exists bool) error {
	for d := range w.dirs {
		if err := w.o.FS.SyncDir(d); err != nil {
			return err
		}
	}
	model := filepath.Dir(dir)
	if exists {
		model = dir
	}
	if err := adopt(w.o.FS, w.dir, model); err != nil {
		return fmt.Errorf("give the files to the owner of %s: %w", model, err)
	}
	if exists { // not every system renames over a directory
		if err := w.o.FS.Remove(dir); err != nil {
			return fmt.Errorf("%w (is it where a disk is mounted? name a directory below it then)", err)
		}
	}
	if err := w.o.FS.Rename(w.dir, dir); err != nil {
		return err
	}
	return w.o.FS.SyncDir(filepath.Dir(dir))
}

// checkJournal reads all batches, whose checksums the journal compares.
func checkJournal(ctx context.Context, dir string, want *Range, o RestoreOptions) (err error) {
	if want == nil {
		return nil
	}
	j, err := journal.OpenReadOnly(dir, journal.Options{FS: o.FS, Log: o.Log})
	if err != nil {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	defer func() { err = errors.Join(err, j.Close(ctx)) }()
	r := j.NewReader(j.First(), journal.ReaderOptions{})
	defer r.Close()
	for {
		_, err := r.Next(ctx)
		var damage *journal.DamageError
		switch {
		case errors.Is(err, io.EOF):
			if first, end := j.First().Seq, j.End().Seq; first != want.First || end != want.End {
				return fmt.Errorf("%w: its journal has the messages %d to %d, the manifest says %d to %d", ErrDamaged, first, end, want.First, want.End)
			}
			return nil
		case errors.As(err, &damage):
			// The digests agree: it was like this when the backup was made.
			o.Log.Warn("journal in the backup has a damaged place", "messages", damage.Lost(), "error", damage)
		case err != nil:
			return fmt.Errorf("%w: journal: %w", ErrDamaged, err)
		}
	}
}
