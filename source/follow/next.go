package follow

import (
	"context"
	"errors"
	"io/fs"
	"os"
)

// maxTries is how many looks an unreadable file holds the follower up once a
// newer file exists: five seconds at the default interval.
const maxTries = 25

// advance goes on to the next file when the current one has come up short.
//
// It is left only when it came up short in a read that began after its successor
// was seen to have content: rotation may create the new file long before the
// writer changes over to it.
func (r *run) advance(ctx context.Context) (more bool, err error) {
	next := r.successor()
	if next == nil {
		r.last = false
		return false, nil
	}
	if !r.last {
		next.close()
		r.last = true
		return true, nil
	}
	r.last = false
	if next.off == 0 && !r.cur.lost {
		if err := r.tail(ctx); err != nil {
			next.close()
			return false, err
		}
	}
	r.log.Info("follow: next file", "read", r.cur.path, "bytes", r.cur.off, "next", next.path)
	if next.off == 0 {
		r.done.remember(headOf(r.cur.head))
		r.f.count(func(s *Stats) { s.Files++ })
	}
	r.change(next)
	return true, nil
}

// change makes next the current file.
func (r *run) change(next *file) {
	r.done.modified = r.cur.modified.UnixNano()
	r.cur.close()
	r.cur, r.last, r.tries, r.err = next, false, 0, nil
	clear(r.logged)
}

// successor opens the file to be read after the current one, nil if there is none
// with content: the oldest of those that were rotated since, or the one that is
// under the name now.
func (r *run) successor() *file {
	cur := r.cur
	if fi, err := os.Stat(r.f.Path); err == nil && cur != nil && cur.same(fi) {
		return nil
	}
	now, err := openFile(r.f.Path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		r.once(ReasonUnreadable, err, "trying again")
		return nil
	}
	// After the open: whatever was under the name before is listed by now.
	list := r.rotations()
	renamed := false
	for _, old := range list {
		if cur != nil && cur.same(old.info) {
			renamed = true
			continue
		}
		f, v := r.unread(old, now)
		if v == isNow {
			break // what follows here is newer
		}
		if v == skip {
			continue
		}
		if now != nil {
			now.close()
		}
		return f // nil if it has to be looked for again
	}
	if now == nil {
		return nil
	}
	if now.info.Size() == 0 {
		now.close()
		return nil
	}
	// A file that was replaced by a copy of itself goes on where it was. If it
	// lives on under another name the one here is another, whatever its beginning.
	if cur != nil && !renamed && len(cur.head) > 0 && cur.zip == nil {
		if ok, err := now.resume(cur.off, headOf(cur.head)); err == nil && ok && now.info.Size() < cur.off {
			r.once(ReasonShorter, nil, "waiting until the file grows beyond the position or gets other content")
			now.close()
			return nil
		}
	}
	return now
}
