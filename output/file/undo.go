package file

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
)

// undo brings the files back to what they were at the commit that s comes from,
// except for what stands behind s.Length: files begun later are removed, and the
// file that was the current one gets its name back. It can be done any number
// of times, so a crash in the middle does no harm. It returns s, without a file
// when what s says is older than what is known to be stored.
func (o *Options) undo(s state) (state, error) {
	path := s.Ledger
	if path == "" && o.rotates() {
		path = o.Ledger
	}
	if path == "" {
		return s, nil
	}
	l, err := loadLedger(o.FS, path)
	if err != nil {
		return s, err
	}
	if s.Seq < l.Safe {
		o.Log.Warn("the cursor is older than the output files, as from a backup: nothing is removed, lines will be written again", "files", o.Path, "list", path, "cursor's file", s.Seq, "expected", l.Safe)
		return state{}, nil
	}
	var (
		drop []uint64
		dirs = map[string]bool{}
		back string // where the current file is now
	)
	for _, e := range l.Files {
		switch {
		case e.Seq > s.Seq:
			if err := o.FS.Remove(e.Name); err == nil {
				o.Log.Info("removed a file that was not committed; its lines will be written again", "file", e.Name)
			} else if !errors.Is(err, fs.ErrNotExist) {
				return s, fmt.Errorf("output file: undo what was not committed: %w", err)
			}
			dirs[filepath.Dir(e.Name)] = true
		case e.Seq == s.Seq && s.Path != "" && e.Name != s.Path:
			back = e.Name
		default:
			continue
		}
		drop = append(drop, e.Seq)
	}
	if len(drop) == 0 {
		return s, nil
	}
	if back != "" {
		if err := o.takeBack(back, s.Path); err != nil {
			return s, err
		}
		dirs[filepath.Dir(back)] = true
	}
	for dir := range dirs {
		if err := o.FS.SyncDir(dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return s, fmt.Errorf("output file: undo what was not committed: %w", err)
		}
	}
	return s, l.update(func(d *ledgerData) { d.drop(drop...) })
}

// takeBack gives a renamed file its first name again. What has that name now was
// begun later. When the renamed file is missing, the crash came before the rename
// reached the device.
func (o *Options) takeBack(renamed, path string) error {
	there, err := o.exists(renamed)
	if err == nil && there {
		err = o.FS.Rename(renamed, path)
	}
	if err != nil {
		return fmt.Errorf("output file: undo what was not committed: %w", err)
	}
	return nil
}
