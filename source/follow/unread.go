package follow

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"time"
)

// maxLeft bounds how many rotated files are remembered as unreadable.
const maxLeft = 256

// A verdict says what a rotated file is, in the order of writing.
type verdict uint8

const (
	skip  verdict = iota // read already, or cannot be read
	take                 // to be read next
	isNow                // the file under the name, or a copy of it
	again                // renamed meanwhile, an older one may have been missed: look again
)

// unread opens a rotated file if it was written after the last one that was read,
// was not read yet, and is not the one under the name, now (nil for none).
func (r *run) unread(old rotated, now *file) (*file, verdict) {
	heads, after := r.done.done, time.Unix(0, r.done.modified)
	if r.cur != nil && r.cur != now {
		after = r.cur.modified
		heads = append(slices.Clip(heads), headOf(r.cur.head))
	}
	if now != nil && now.same(old.info) {
		return nil, isNow
	}
	if old.info.ModTime().Before(after) {
		return nil, skip
	}
	if compression(old.path) != "" && unpacker(old.path) == nil {
		r.leftOut(old, fmt.Errorf("%s is compressed in a way that cannot be read here; leave the newest rotated file plain, or use gzip", old.path))
		return nil, skip
	}
	f, err := openFile(old.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, again
	}
	v := take
	if err == nil {
		v, err = r.judge(f, old, heads, now)
	}
	if err != nil {
		r.leftOut(old, err)
		v = skip
	}
	if v == take {
		return f, take
	}
	if f != nil {
		f.close()
	}
	return nil, v
}

// leftOut reports a rotated file that cannot be read, once: it keeps its size and
// time under whatever name.
func (r *run) leftOut(old rotated, err error) {
	k := [2]int64{old.info.Size(), old.info.ModTime().UnixNano()}
	if r.left[k] {
		return
	}
	if r.left == nil || len(r.left) >= maxLeft {
		r.left = make(map[[2]int64]bool)
	}
	r.left[k] = true
	delete(r.logged, ReasonUnreadable)
	r.report(ReasonUnreadable, err, "a rotated file is left out")
}

// judge is unread for a file that was opened.
func (r *run) judge(f *file, old rotated, heads []head, now *file) (verdict, error) {
	if !f.same(old.info) {
		return again, nil
	}
	known, err := f.begins(heads)
	switch {
	case err != nil || known:
		return skip, err
	case now != nil && f.copies(now):
		return isNow, nil // compressed, or being copied to be truncated afterwards
	}
	return take, nil
}
