package follow

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
)

// start opens the first file. It reports false if there is none yet.
func (r *run) start() bool {
	if r.resume != nil {
		return r.find(r.resume)
	}
	f, err := openFile(r.f.Path)
	if err != nil {
		r.err = err
		if !errors.Is(err, fs.ErrNotExist) {
			r.once(ReasonUnreadable, err, "trying again")
		}
		return false
	}
	// What was rotated before is older than the first line to be read.
	for _, old := range r.rotations() {
		if h, err := beginning(old.path); err == nil {
			r.done.remember(h)
		}
	}
	r.cur, r.err, r.done.modified = f, nil, f.modified.UnixNano()
	return true
}

// prime looks at the beginning of the current file before anything of it is
// handed on, so that from now on it is noticed when the file gets other content.
// What it held before, and what was copied and truncated in the meantime, comes
// first. It returns how many bytes there are to read, and whether the current file
// is ready for that.
func (r *run) prime() (n int, ready bool, err error) {
	f := r.cur
	b := make([]byte, headSize)
	n, err = f.readAt(b, 0)
	if n == 0 || err != nil {
		return 0, false, err
	}
	f.head = b[:n]
	if f.path != r.f.Path || f.zip != nil {
		return n, true, nil
	}
	// After the read: a copy of earlier content is listed by now.
	for _, old := range r.rotations() {
		earlier, v := r.unread(old, f)
		switch v {
		case isNow:
			return n, true, nil
		case again:
			f.head = nil
			return n, false, nil
		case take:
			modified := r.done.modified
			r.change(earlier)
			r.done.modified = modified
			return n, false, nil
		}
	}
	return n, true, nil
}

// beginning returns the head of a file.
func beginning(path string) (head, error) {
	f, err := openFile(path)
	if err != nil {
		return head{}, err
	}
	defer f.close()
	b := make([]byte, headSize)
	n, err := f.readAt(b, 0)
	return headOf(b[:n]), err
}

// find opens the file of a position from a mark: under its name or, if it was
// rotated while nobody read, under another one.
func (r *run) find(p *position) bool {
	r.done.done, r.done.head, r.done.modified = p.done, p.head, p.modified
	list := r.rotations()
	paths := []string{r.f.Path}
	for _, old := range slices.Backward(list) {
		paths = append(paths, old.path)
	}
	var best *file
	score := 0
	exists := false
	for i, path := range paths {
		f, err := openFile(path)
		if err != nil {
			if i == 0 && !errors.Is(err, fs.ErrNotExist) {
				r.err = err
				r.once(ReasonUnreadable, err, "trying again")
				return false
			}
			continue
		}
		exists = exists || f.info.Size() > 0
		if s := f.matches(p); s > score {
			best, score, f = f, s, best
		}
		if f != nil {
			f.close()
		}
	}
	switch {
	case best != nil:
		if best.path != r.f.Path {
			r.log.Info("follow: file was rotated, reading the rest of it first", "file", r.f.Path, "now", best.path)
		}
	case !exists:
		r.err = fmt.Errorf("%s: neither the file that was read nor a newer one is there: %w", r.f.Path, fs.ErrNotExist)
		return false
	case !r.still(list):
		return false // it may have been missed while files were renamed
	default:
		r.once(ReasonGone, nil, "it vanished before it was read to its end, or its end was not known; going on with the next file")
		r.done.remember(p.head)
		if best = r.successor(); best == nil {
			return false
		}
	}
	r.cur, r.resume, r.err = best, nil, nil
	clear(r.logged)
	return true
}

// matches says how well the file fits a position, 0 for not at all, and moves to
// the position if it does.
func (f *file) matches(p *position) int {
	if ok, err := f.resume(p.offset, p.head); err != nil || !ok {
		return 0
	}
	score := 1
	if f.zip != nil || f.info.Size() >= p.offset {
		score += 2
	}
	if dev, ino := inode(f.info); f.zip == nil && ino != 0 && dev == p.dev && ino == p.ino {
		score += 4
	}
	return score
}
