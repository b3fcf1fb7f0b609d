package follow

import (
	"context"
	"errors"
	"os"
	"slices"
)

// trouble deals with a file that cannot be read on. It reports whether there is
// something to do at once.
func (r *run) trouble(t *fault) (more bool) {
	f := r.cur
	r.err = t.err
	fi, err := os.Stat(r.f.Path)
	moved := err != nil || !f.same(fi)
	switch t.why {
	case ReasonUnreadable:
		r.once(t.why, t.err, "trying again")
		if r.tries++; r.tries < maxTries && f.zip == nil || !moved {
			return false
		}
		// A newer file may exist: advance finds out.
		f.lost = true
		return true
	case ReasonShorter:
		if moved {
			r.once(ReasonGone, t.err, "the rest of the file is not read")
			f.lost = true
			return true
		}
		r.once(t.why, t.err, "waiting until it grows beyond the position or gets other content")
		return false
	}
	// Truncated or rewritten: a rotating tool has made a copy before it did that.
	c, again := r.copyOf(f)
	if again {
		return true
	}
	if c != nil {
		r.log.Info("follow: file was copied and truncated, reading the rest of the copy first", "file", r.f.Path, "copy", c.path, "offset", c.off)
		r.change(c)
		return true
	}
	if moved {
		r.once(ReasonGone, t.err, "the rest of the file is not read")
		f.lost = true
		return true
	}
	r.report(t.why, t.err, "starting over; what had not been read of the old content is gone")
	r.done.remember(headOf(f.head))
	r.done.modified = f.modified.UnixNano()
	f.restart()
	clear(r.logged)
	return true
}

// copyOf opens the newest rotated file that begins as f did and can hold its
// position, and moves there. again says that it may have been missed because files
// were renamed meanwhile.
func (r *run) copyOf(f *file) (c *file, again bool) {
	if len(f.head) == 0 {
		return nil, false
	}
	list := r.rotations()
	for _, old := range slices.Backward(list) {
		if f.same(old.info) {
			continue
		}
		c, err := openFile(old.path)
		if err != nil {
			continue // not a copy that anybody can read
		}
		if ok, err := c.resume(f.off, headOf(f.head)); err == nil && ok && (c.zip != nil || c.info.Size() >= f.off) {
			return c, false
		}
		c.close()
	}
	return nil, !r.still(list)
}

// finish ends a follower that reads once: what stands behind the last line end is
// a line as well.
func (r *run) finish(ctx context.Context) error {
	if r.err != nil || r.cur == nil {
		return r.err
	}
	return errors.Join(r.tail(ctx), r.err)
}
