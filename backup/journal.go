package backup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path"
	"path/filepath"

	"estream/internal/durable"
	"estream/journal"
)

// journal archives the segments. All are opened before one is read: retention may
// delete them now, and what it has deleted already are the oldest.
func (b *builder) journal(names []string) (err error) {
	var open []durable.File
	defer func() {
		for _, f := range open {
			err = errors.Join(err, f.Close())
		}
	}()
	var kept []string
	for _, name := range names {
		f, oerr := b.o.FS.OpenFile(filepath.Join(b.dir, journalDir, name), os.O_RDONLY, 0)
		if errors.Is(oerr, fs.ErrNotExist) {
			// Those before it are gone as well; without it they would leave a gap.
			for _, f := range open {
				err = errors.Join(err, f.Close())
			}
			open, kept = nil, nil
			continue
		}
		if oerr != nil {
			return errors.Join(err, fmt.Errorf("journal: %w", oerr))
		}
		open, kept = append(open, f), append(kept, name)
	}
	if len(open) == 0 {
		return err
	}
	sizes := make([]int64, len(open))
	for i, f := range open {
		info, err := f.Stat()
		if err != nil {
			return fmt.Errorf("journal: %w", err)
		}
		sizes[i] = info.Size()
		b.total += info.Size()
	}
	last := len(open) - 1
	// What is read of the newest segment is made durable: the server must not lose in a
	// crash what a restored backup has. Windows syncs only what is open for writing;
	// there the journal's own sync follows within its commit interval.
	if err := open[last].Sync(); err != nil && !errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("journal: sync %s: %w", kept[last], err)
	}
	for i, f := range open[:last] {
		if err := b.copy(path.Join(journalDir, kept[i]), f, sizes[i], 0o600); err != nil {
			return err
		}
	}
	whole, end, err := b.newest(kept[last], open[last], sizes[last])
	if err != nil {
		return err
	}
	if !whole && last == 0 {
		return nil // begun a moment ago: no journal is as good as one without a batch
	}
	first, err := firstOf(kept[0])
	if err != nil {
		return err
	}
	b.manifest.Journal = &Range{First: min(first, end), End: end, Segments: last}
	if whole {
		b.manifest.Journal.Segments++
	}
	return nil
}

// newest archives the segment that is being written to, without the batch that may be
// half written at its end. What is complete the journal knows best: it opens a copy,
// as it would after a crash. The results say whether anything was left, and where
// the journal ends.
func (b *builder) newest(name string, f io.Reader, size int64) (whole bool, end uint64, err error) {
	dir := filepath.Join(b.o.Temp, fmt.Sprintf("estream-backup.tmp-%016x", rand.Uint64()))
	if err := b.o.FS.MkdirAll(dir, 0o700); err != nil {
		return false, 0, fmt.Errorf("directory for temporary files: %w", err)
	}
	defer func() { err = errors.Join(err, removeAll(b.o.FS, dir)) }()
	if err := b.stage(filepath.Join(dir, name), f, size); err != nil {
		return false, 0, fmt.Errorf("copy of %s: %w", name, err)
	}
	j, err := journal.Open(dir, journal.Options{FS: b.o.FS, Log: b.o.Log})
	if err != nil {
		return false, 0, fmt.Errorf("copy of %s: %w", name, err)
	}
	end = j.End().Seq
	if err := j.Close(context.WithoutCancel(b.ctx)); err != nil {
		return false, 0, fmt.Errorf("copy of %s: %w", name, err)
	}
	cut, err := b.o.FS.OpenFile(filepath.Join(dir, name), os.O_RDONLY, 0)
	if errors.Is(err, fs.ErrNotExist) {
		b.total -= size
		return false, end, nil // nothing was in it yet
	}
	if err != nil {
		return false, 0, fmt.Errorf("copy of %s: %w", name, err)
	}
	defer func() { err = errors.Join(err, cut.Close()) }()
	info, err := cut.Stat()
	if err != nil {
		return false, 0, fmt.Errorf("copy of %s: %w", name, err)
	}
	b.total += info.Size() - size
	return true, end, b.copy(path.Join(journalDir, name), cut, info.Size(), 0o600)
}

// stage copies the first size bytes of r into a new file.
func (b *builder) stage(name string, r io.Reader, size int64) (err error) {
	f, err := b.o.FS.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	_, err = io.CopyN(f, r, size)
	if errors.Is(err, io.EOF) {
		err = nil // a write that failed was taken back meanwhile
	}
	return err
}

// firstOf returns the sequence number in the name of a segment.
func firstOf(name string) (first uint64, err error) {
	if _, err := fmt.Sscanf(name, "%020d-", &first); err != nil {
		return 0, fmt.Errorf("journal: found a segment %q, expected SEQUENCE-GENERATION.seg: %w", name, err)
	}
	return first, nil
}

// removeAll removes a directory with what is in it.
func removeAll(fsys durable.FS, dir string) error {
	entries, err := fsys.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, e := range entries {
		name := filepath.Join(dir, e.Name())
		if e.IsDir() {
			err = errors.Join(err, removeAll(fsys, name))
			continue
		}
		err = errors.Join(err, fsys.Remove(name))
	}
	return errors.Join(err, fsys.Remove(dir))
}
