package unified2

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// open opens the current file at the position where it was left.
func (l *lane) open() error {
	l.blocked = nil
	f, err := openFile(l.path())
	if errors.Is(err, fs.ErrNotExist) {
		// Without a newer file it may still come: a name without stamp that was
		// renamed away a moment ago. advance reports it otherwise.
		return err
	}
	if err == nil && l.off == 0 && l.sp.overtaken(l) {
		f.close()
		return io.EOF // the next poll tells their lane
	}
	if err == nil && l.off > 0 {
		var same bool
		if same, err = f.resume(l.off, l.hash); err == nil && !same {
			f = l.moved(f)
		}
	}
	if err != nil {
		if f != nil {
			f.close()
		}
		l.sp.report(l, ReasonUnreadable, err, "trying again")
		l.blocked = err
		return err
	}
	l.fresh, l.armed = l.off == 0, false
	l.file, l.off = f, 0
	return nil
}

// moved is called when the current file is not the one in which the position
// was taken. A file without stamp may have been renamed by log rotation while
// nobody was reading; then the rest of it comes first.
func (l *lane) moved(f *spoolFile) *spoolFile {
	if !l.stamped {
		entries, err := os.ReadDir(l.sp.dir)
		if err != nil {
			entries = nil // reported by the next poll
		}
		for _, e := range entries {
			if !strings.HasPrefix(e.Name(), l.name.base+".") && !strings.HasPrefix(e.Name(), l.name.base+"-") {
				continue
			}
			old, err := openFile(filepath.Join(l.sp.dir, e.Name()))
			if err != nil {
				continue
			}
			if same, err := old.resume(l.off, l.hash); err == nil && same {
				l.sp.log.Info("unified2: file was renamed, reading the rest of it first", "file", l.path(), "now", e.Name())
				f.close()
				l.pending = slices.Insert(l.pending, 0, l.cur)
				return old
			}
			old.close()
		}
	}
	l.sp.report(l, ReasonRewritten, errRewritten, "it is not the file in which the position was taken: starting at its beginning")
	return f
}
