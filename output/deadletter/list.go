package deadletter

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"estream/output"
)

// A DamagedError is a line of the file that is no entry. It stays in the file.
type DamagedError struct {
	Path   string
	Offset int64 // of the line, in bytes
	Length int
	Err    error
}

// Error implements error.
func (e *DamagedError) Error() string {
	return fmt.Sprintf("dead letters: %s: %d bytes at offset %d are no entry: %v", e.Path, e.Length, e.Offset, e.Err)
}

// Unwrap returns what is wrong with the line.
func (e *DamagedError) Unwrap() error { return e.Err }

// List calls f for each entry, oldest first, until it returns an error, which List
// then returns. The entry belongs to f. For a line that is damaged f gets a
// *[DamagedError] and an entry without an id. Entries that come in meanwhile are left out. The file is not locked meanwhile: f may take
// its time, and use the file.
func (d *File) List(f func(Entry, error) error) error {
	file, err := d.opt.FS.OpenFile(d.opt.Path, os.O_RDONLY, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("dead letters: %w", err)
	}
	// What comes in meanwhile, which may be f's own doing, is for the next time.
	size, err := file.Seek(0, io.SeekEnd)
	if err == nil {
		_, err = file.Seek(0, io.SeekStart)
	}
	if err != nil {
		return fmt.Errorf("dead letters: %w", errors.Join(err, file.Close()))
	}
	err = d.scan(io.LimitReader(file, size), func(_ []byte, e Entry, damage error) error { return f(e, damage) })
	return errors.Join(err, file.Close())
}

// scan calls f for each whole line, its end included.
func (d *File) scan(file io.Reader, f func(raw []byte, e Entry, damage error) error) error {
	r := bufio.NewReaderSize(file, 64<<10)
	for offset := int64(0); ; {
		raw, err := r.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return nil // half an entry is one that nobody was told is kept
		}
		if err != nil {
			return fmt.Errorf("dead letters: read %s: %w", d.opt.Path, err)
		}
		e, damage := parseEntry(bytes.TrimSuffix(raw, []byte{'\n'}))
		if damage != nil {
			damage = &DamagedError{Path: d.opt.Path, Offset: offset, Length: len(raw), Err: damage}
		}
		if err := f(raw, e, damage); err != nil {
			return err
		}
		offset += int64(len(raw))
	}
}

// Remove takes out the entries that match reports true for, and returns how many
// these were. A line that is damaged has no id, and is taken out if match wants
// that. After a crash either all of them are gone or none.
func (d *File) Remove(match func(Entry) bool) (removed int, err error) {
	err = d.locked(func() error {
		removed, err = d.rewrite(match)
		return err
	})
	return removed, err
}

func (d *File) rewrite(match func(Entry) bool) (removed int, err error) {
	old, err := d.opt.FS.OpenFile(d.opt.Path, os.O_RDONLY, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("dead letters: %w", err)
	}
	// Whoever holds the lock is the only one who uses this name.
	part := d.opt.Path + ".part"
	file, err := d.opt.FS.OpenFile(part, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return 0, fmt.Errorf("dead letters: %w", errors.Join(err, old.Close()))
	}
	w := bufio.NewWriter(file)
	err = d.scan(old, func(raw []byte, e Entry, _ error) error {
		if match(e) {
			removed++
			return nil
		}
		_, err := w.Write(raw)
		return err
	})
	if err == nil {
		err = w.Flush()
	}
	if err == nil {
		err = file.Sync()
	}
	// Windows replaces no file that is open.
	if err = errors.Join(err, file.Close(), old.Close()); err == nil && removed > 0 {
		if err = d.opt.FS.Rename(part, d.opt.Path); err == nil {
			return removed, d.opt.FS.SyncDir(filepath.Dir(d.opt.Path))
		}
	}
	if rerr := d.opt.FS.Remove(part); !errors.Is(rerr, fs.ErrNotExist) {
		err = errors.Join(err, rerr)
	}
	if err != nil {
		return 0, fmt.Errorf("dead letters: %s stays as it was: %w", d.opt.Path, err)
	}
	return 0, nil
}

// Replay writes the lines of the entries that match reports true for to out, in
// order, commits, and then takes the entries out of the file. It returns how many
// went. When it fails, or the process ends, before that, none is taken out, and the
// next Replay writes all of them again. Lines that out refuses again come back as
// new entries, by out's own output.Reject.
func (d *File) Replay(ctx context.Context, out output.Output, match func(Entry) bool) (int, error) {
	written := map[string]bool{}
	var line []byte
	err := d.List(func(e Entry, damage error) error {
		if damage != nil || !match(e) || written[e.ID] {
			return nil
		}
		line = append(append(line[:0], e.Line...), '\n')
		if err := out.Write(ctx, line); err != nil {
			return fmt.Errorf("replay entry %s: %w", e.ID, err)
		}
		written[e.ID] = true
		return ctx.Err()
	})
	if err != nil || len(written) == 0 {
		return 0, err
	}
	if _, err := out.Commit(ctx); err != nil {
		return 0, fmt.Errorf("replay: %w", err)
	}
	return d.Remove(func(e Entry) bool { return written[e.ID] })
}
