package unified2

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// Two kinds of files are opened before their turn comes, so that an archiver
// cannot take them away: the next ones of every lane, and the file that a lane
// without stamp has begun to read and that was then renamed to PREFIX.STAMP. The
// latter goes over to the lane of the stamped files, together with the position:
// there it has a name again, by which it is found after a restart.

// maxHeld is how many files that are to be read a lane holds open.
const maxHeld = 16

// A start is where a lane begins to read one of its files.
type start struct {
	file *spoolFile // already open and at the position; nil: to be opened
	off  int64      // position otherwise, with the hash that goes with it
	hash [8]byte
	from *lane // which waits until the file is taken over; nil for none
}

// begin makes the start of the current file the lane's position.
func (l *lane) begin() {
	st := l.starts[l.cur]
	if st == nil {
		return
	}
	delete(l.starts, l.cur)
	l.file, l.off, l.hash = st.file, st.off, st.hash
	if st.file != nil {
		l.off, l.hash = 0, [8]byte{}
	}
	if st.from != nil {
		st.from.release()
	}
}

// release lets a lane whose file went over to another one begin with the file
// that is under its name now.
func (l *lane) release() {
	l.handed = false
	l.leave()
	l.pending = nil
}

// hold opens the files that are to be read next.
func (l *lane) hold() {
	for _, k := range l.pending[:min(len(l.pending), maxHeld)] {
		if k == l.cur || l.starts[k] != nil {
			continue
		}
		// A file that cannot be opened now is reported when its turn has come.
		if f, err := openFile(filepath.Join(l.sp.dir, l.name.file(k))); err == nil {
			l.setStart(k, &start{file: f})
		}
	}
}

func (l *lane) setStart(k fileKey, st *start) {
	if l.starts == nil {
		l.starts = make(map[fileKey]*start)
	}
	if old := l.starts[k]; old != nil && old.file != nil {
		old.file.close()
	}
	l.starts[k] = st
}

// drop lets go of all files that are held.
func (l *lane) drop() {
	for k, st := range l.starts {
		if st.file != nil {
			st.file.close()
		}
		delete(l.starts, k)
	}
}

// waits reports whether the lane must not read on, because the lane of the stamped
// files may hold what was written before. That one must come up short in a read
// that begins after the file here has content: the writer then is done with the
// files there.
func (l *lane) waits() bool {
	if l.after == nil || l.file != nil && !l.fresh {
		return false
	}
	if l.file == nil && l.off > 0 {
		return false // begun before, and the lane there was asked then
	}
	if l.file == nil {
		if len(l.after.pending) > 0 || !l.after.short || l.open() != nil {
			return true
		}
	}
	if fi, err := l.file.f.Stat(); err != nil || fi.Size() == 0 {
		return true
	}
	if !l.armed {
		l.armed = true
		l.after.short, l.after.idle = false, false
		return true
	}
	if len(l.after.pending) > 0 || !l.after.short {
		return true
	}
	l.fresh = false
	return false
}

// A renaming says that the file of a lane without stamp is now one of the stamped
// files with the same prefix.
type renaming struct {
	from *lane
	to   laneKey
	key  fileKey
}

// renamings finds the files that were renamed to a stamped name since they were
// begun. A new stamped file that is gone again is taken for the one that was
// renamed, if one was: it is left out of found, and read as the open file it is.
func (s *Spool) renamings(found map[laneKey][]fileKey) (all []renaming) {
	for _, l := range s.lanes {
		to := laneKey{l.name, true}
		if l.stamped || l.handed || s.only != "" || len(found[to]) == 0 || l.file == nil && l.off == 0 {
			continue
		}
		var seen map[fileKey]bool
		if i := s.laneIndex(to); i >= 0 {
			seen = s.lanes[i].seen
		}
		gone := fileKey{}
		match := false
		for _, k := range found[to] {
			if seen[k] {
				continue
			}
			same, err := l.same(filepath.Join(s.dir, l.name.file(k)))
			if errors.Is(err, fs.ErrNotExist) {
				gone = k
			}
			if same {
				all, match = append(all, renaming{l, to, k}), true
				break
			}
		}
		if !match && gone != (fileKey{}) && l.file != nil && l.file.left(l.path()) {
			found[to] = slices.DeleteFunc(found[to], func(k fileKey) bool { return k == gone })
		}
	}
	return all
}

// overtaken reports whether files were renamed from a lane's name without stamp to
// stamped names that no poll has seen yet. What is in them comes before what is
// under the name now, and one of them may be the lane's own file.
func (s *Spool) overtaken(l *lane) bool {
	to := laneKey{l.name, true}
	if l.stamped || s.only != "" || s.refused[l.name.String(true)] {
		return false
	}
	found, err := s.list()
	if err != nil {
		return false // the next poll reports it
	}
	i := s.laneIndex(to)
	return slices.ContainsFunc(found[to], func(k fileKey) bool { return i < 0 || !s.lanes[i].seen[k] })
}

func (s *Spool) laneIndex(k laneKey) int {
	return slices.IndexFunc(s.lanes, func(l *lane) bool { return l.name == k.name && l.stamped == k.stamped })
}

// same reports whether the file at path is the one that the lane has begun to read.
func (l *lane) same(path string) (bool, error) {
	if l.file != nil {
		a, err := l.file.f.Stat()
		if err != nil {
			return false, err
		}
		b, err := os.Stat(path)
		return err == nil && os.SameFile(a, b), err
	}
	f, err := openFile(path)
	if err != nil {
		return false, err
	}
	defer f.close()
	return f.resume(l.off, l.hash)
}

// handOver gives the file of one lane to another.
func (s *Spool) handOver(r renaming) {
	i := s.laneIndex(r.to)
	if i < 0 {
		return // no room for the lane: the file is read on where it is
	}
	to, from := s.lanes[i], r.from
	if to.cur != r.key && !slices.Contains(to.pending, r.key) {
		return // it has been read already: an older file came back under this name
	}
	s.log.Info("unified2: file was renamed, reading on under its new name", "file", from.path(), "now", to.name.file(r.key))
	st := &start{file: from.file, off: from.off, hash: from.hash, from: from}
	from.off, from.hash = from.position().Offset, from.position().Hash
	from.file, from.handed = nil, true
	to.setStart(r.key, st)
	if to.cur == r.key {
		if to.file != nil {
			to.file.close()
			to.file = nil
		}
		to.begin()
	}
}
