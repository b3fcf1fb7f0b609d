package file

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"time"
)

// end finishes the current file: everything in it gets onto the device, since
// the next Commit will sync another.
func (o *Output) end() error {
	if err := o.truncated(); err != nil {
		return err
	}
	if o.sync {
		if err := o.f.Sync(); err != nil {
			return o.lost(err)
		}
		o.sync = false
	}
	f := o.f
	o.f, o.ended = nil, o.opt.Naming == Renamed
	if err := f.Close(); err != nil {
		return o.lost(err)
	}
	return nil
}

// rename gives the file that was finished the name that it keeps.
func (o *Output) rename(now time.Time) error {
	if o.next == "" {
		name, err := o.opt.freeName(now)
		if err != nil {
			return err
		}
		if err := o.enter(entry{Seq: o.seq, Name: name, Time: now.UTC()}); err != nil {
			return err
		}
		o.next = name
	}
	if err := o.opt.FS.Rename(o.path, o.next); err != nil {
		there, statErr := o.opt.exists(o.next)
		if !errors.Is(err, fs.ErrNotExist) || statErr != nil {
			return fmt.Errorf("output file: %w", errors.Join(err, statErr))
		}
		if !there { // otherwise the rename before this one had worked and said it had not
			o.opt.Log.Warn("somebody moved the output file before it could be renamed", "file", o.path, "to", o.next)
		}
	}
	o.nameMade()
	o.forget()
	return nil
}

// begin opens a new file.
func (o *Output) begin(now time.Time) error {
	if o.opt.Naming == Renamed {
		return o.openPath()
	}
	for range tries {
		if o.next == "" {
			name, err := o.opt.freeName(now)
			if err != nil {
				return err
			}
			if err := o.enter(entry{Seq: o.seq + 1, Name: name, Time: now.UTC()}); err != nil {
				return err
			}
			o.next = name
		}
		f, err := o.opt.openFile(o.next, true)
		if err != nil {
			return err
		}
		size, err := f.Seek(0, io.SeekEnd)
		if err != nil {
			return fmt.Errorf("output file: %w", errors.Join(err, f.Close()))
		}
		if size == 0 {
			next := o.next
			o.forget()
			o.f, o.path, o.began, o.seq, o.fresh = f, next, now, o.seq+1, false
			o.stamp, err = o.opt.expand(now, "")
			o.nameMade()
			return err
		}
		// Somebody made a file of that name in this moment: it is not ours to remove.
		if err := errors.Join(o.ledger.update(func(d *ledgerData) { d.drop(o.seq + 1) }), f.Close()); err != nil {
			return err
		}
		o.next = ""
	}
	return fmt.Errorf("output file: somebody takes every name like %s before it can be used", o.opt.Path)
}

// enter lists a file before it gets its name, and takes out those that nobody needs to know any more.
func (o *Output) enter(e entry) error {
	return o.ledger.update(func(d *ledgerData) {
		d.Safe = max(d.Safe, o.safe)
		if o.keeper == nil {
			d.Files = slices.DeleteFunc(d.Files, func(e entry) bool { return e.Seq < o.safe })
		}
		d.put(e)
	})
}
