package file

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"estream/output"
)

// Write implements [output.Output]. Lines that do not fit into the current file
// begin another; when that fails after some of them were written, the error is
// [output.ErrUncommitted].
func (o *Output) Write(_ context.Context, lines []byte) error {
	if o.unsure != nil {
		return o.unsure
	}
	if o.pending {
		o.pending, o.safe = false, o.seq
		if o.keeper != nil {
			o.keeper.wake(o.safe)
		}
	}
	for all := len(lines); len(lines) > 0; {
		err := o.ready()
		n := 0
		if err == nil {
			if n = o.fit(lines); n == 0 {
				o.full = true
				continue
			}
			err = o.append(lines[:n])
		}
		if err != nil {
			o.stats.Connected.Store(false)
			if len(lines) < all && !errors.Is(err, output.ErrUncommitted) {
				return o.lost(err) // the first of them are in a file that was finished
			}
			return err
		}
		lines = lines[n:]
	}
	o.stats.Connected.Store(true)
	return nil
}

// due reports whether the next line belongs into another file.
func (o *Output) due(now time.Time) bool {
	if o.length <= int64(len(o.opt.Header)) {
		return false
	}
	p := &o.opt
	if o.full || o.fresh || p.MaxLines > 0 && o.lines >= p.MaxLines || p.MaxBytes > 0 && o.length >= p.MaxBytes {
		return true
	}
	if now.Before(o.began) { // the clock was set back: age counts from here
		o.began = now
	}
	if p.MaxAge > 0 && now.Sub(o.began) >= p.MaxAge {
		return true
	}
	if p.Naming != Stamped || now.Unix() == o.second {
		return false
	}
	stamp, err := p.expand(now, "")
	if err == nil && stamp == o.stamp {
		o.second = now.Unix()
		return false
	}
	return true
}

// fit returns how many bytes of lines, whole lines, the current file has room for.
func (o *Output) fit(lines []byte) int {
	if limit := o.opt.MaxBytes; limit > 0 && int64(len(lines)) > limit-o.length {
		room := max(limit-o.length, 0) // it is less than len(lines)
		n := bytes.LastIndexByte(lines[:room], '\n') + 1
		if n == 0 && o.length <= int64(len(o.opt.Header)) {
			n = lineEnd(lines) // too long for any file
		}
		lines = lines[:n]
	}
	if limit := o.opt.MaxLines; limit > 0 {
		n := 0
		for room := limit - o.lines; room > 0 && n < len(lines); room-- {
			n += lineEnd(lines[n:])
		}
		return n
	}
	return len(lines)
}

// lineEnd returns the length of the first line with its end.
func lineEnd(lines []byte) int {
	if i := bytes.IndexByte(lines, '\n'); i >= 0 {
		return i + 1
	}
	return len(lines)
}

// append writes whole lines to the current file.
func (o *Output) append(lines []byte) error {
	if err := o.write(lines); err != nil {
		return err
	}
	n := int64(bytes.Count(lines, []byte{'\n'}))
	o.lines += n
	o.fresh = false
	o.stats.Lines.Add(uint64(n))
	o.stats.Bytes.Add(uint64(len(lines)))
	return nil
}

// write writes p at the end of what was accepted, all of it or nothing.
func (o *Output) write(p []byte) error {
	n, err := o.f.Write(p)
	if err == nil && n < len(p) {
		err = io.ErrShortWrite
	}
	if err != nil {
		o.dirty = true
		return fmt.Errorf("output file: %w", err)
	}
	o.length += int64(n)
	o.tail.add(p)
	o.sync = true
	return nil
}

// ready has a file open, positioned at its end, that can take a line. After an
// error it goes on with the step that failed.
func (o *Output) ready() error {
	now := o.opt.Now()
	if o.f != nil && o.due(now) {
		if err := o.end(); err != nil {
			return err
		}
	}
	if o.ended {
		if err := o.rename(now); err != nil {
			return err
		}
	}
	if o.f == nil {
		if err := o.begin(now); err != nil {
			return err
		}
	}
	if err := o.truncated(); err != nil {
		return err
	}
	if o.length == 0 && len(o.opt.Header) > 0 {
		return o.write(o.opt.Header)
	}
	if o.tail.open() { // somebody else's half line
		return o.write([]byte{'\n'})
	}
	return nil
}

// truncated puts the file's offset at the end of what was accepted: debris of a
// failed write is cut off, and if somebody else changed the length, that is
// accepted and said.
func (o *Output) truncated() error {
	end, err := o.f.Seek(0, io.SeekEnd)
	if err != nil {
		return fmt.Errorf("output file: %w", err)
	}
	if o.dirty && end > o.length {
		if err := o.f.Truncate(o.length); err != nil {
			return fmt.Errorf("output file: cut off a failed write: %w", err)
		}
		if end, err = o.f.Seek(o.length, io.SeekStart); err != nil {
			return fmt.Errorf("output file: %w", err)
		}
	}
	o.dirty = false
	if end == o.length {
		return nil
	}
	o.opt.Log.Warn("somebody else truncated the output file or wrote to it; going on at its end", "file", o.path, "written", o.length, "found", end)
	was := o.length
	o.length = end
	if o.lines, err = o.countLines(); err == nil {
		err = o.tail.read(o.f, end)
	}
	if err != nil {
		o.length = was // the next attempt has to see the difference again
	}
	return err
}
