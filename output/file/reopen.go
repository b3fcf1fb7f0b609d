package file

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
)

// reopen opens the current file where s leaves it.
func (o *Output) reopen(s state) error {
	if s.Path != "" && (s.Path == o.opt.Path || o.opt.Naming != Renamed) {
		f, err := o.opt.openFile(s.Path, o.opt.Naming == Renamed)
		if errors.Is(err, fs.ErrNotExist) && o.opt.Naming != Renamed {
			if s.Length > 0 {
				o.opt.Log.Warn("output file is gone: somebody moved or deleted it; going on in a new one", "file", s.Path, "written", s.Length)
			}
			return nil
		}
		if err != nil {
			return err
		}
		o.f, o.path = f, s.Path
		o.nameMade()
		return o.position(s)
	}
	if s.Path != "" {
		o.opt.Log.Info("output goes on in another file", "was", s.Path, "now", o.opt.Path)
		if err := o.leave(s); err != nil {
			return err
		}
	}
	if o.opt.Naming != Renamed {
		return nil
	}
	return o.openPath()
}

// leave cuts off what was written after the last commit to a file that is not
// ours any more, if it can be told that these bytes are our own.
func (o *Output) leave(s state) error {
	if s.Tail == nil {
		return nil
	}
	f, err := o.opt.openFile(s.Path, false)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	old := &Output{opt: o.opt, f: f, path: s.Path}
	err = old.position(s)
	if err == nil && old.sync {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// openPath opens the file that has the fixed name of Renamed, where it ends.
func (o *Output) openPath() error {
	f, err := o.opt.openFile(o.opt.Path, true)
	if err != nil {
		return err
	}
	o.f, o.path = f, o.opt.Path
	o.nameMade()
	if err := o.position(state{}); err != nil {
		o.f = nil
		return errors.Join(err, f.Close())
	}
	return nil
}

// position cuts off what was written to the current file after the commit of s,
// and finds the end. s without a path: nothing is known.
func (o *Output) position(s state) error {
	size, err := o.f.Seek(0, io.SeekEnd)
	if err != nil {
		return fmt.Errorf("output file: %w", err)
	}
	o.length, o.lines, o.began, o.stamp = size, -1, o.opt.Now(), s.Stamp
	switch ours, err := o.ours(s, size); {
	case err != nil:
		return err
	case s.Length > size:
		o.opt.Log.Warn("output file is shorter than what was written to it: somebody moved or truncated it; going on at its end", "file", o.path, "written", s.Length, "found", size)
	case !ours:
		o.opt.Log.Warn("output file is not the one that was written: somebody replaced it; going on at its end", "file", o.path, "written", s.Length, "found", size)
	case s.Path != "":
		if s.Length < size {
			o.opt.Log.Info("cutting off lines that were not committed; they will be written again", "file", o.path, "bytes", size-s.Length)
			if err := o.f.Truncate(s.Length); err != nil {
				return fmt.Errorf("output file: cut to the %d bytes committed: %w", s.Length, err)
			}
			o.length, o.sync = s.Length, true
		}
		if s.Version > 1 {
			o.lines, o.began = s.Lines, s.Began
		}
	}
	if o.lines < 0 {
		if o.lines, err = o.countLines(); err != nil {
			return err
		}
	}
	return o.tail.read(o.f, o.length)
}

// ours reports whether the bytes before s.Length are the ones that were committed.
func (o *Output) ours(s state, size int64) (bool, error) {
	if s.Tail == nil || s.Length > size {
		return true, nil
	}
	var t tail
	err := t.read(o.f, s.Length)
	return t.sum() == *s.Tail, err
}

// countLines reads the current file. Without a limit of lines nobody needs to know.
func (o *Output) countLines() (int64, error) {
	if o.opt.MaxLines == 0 || o.length == 0 {
		return 0, nil
	}
	lines := int64(0)
	buf := make([]byte, 256<<10)
	for r := io.NewSectionReader(o.f, 0, o.length); ; {
		n, err := r.Read(buf)
		lines += int64(bytes.Count(buf[:n], []byte{'\n'}))
		if errors.Is(err, io.EOF) {
			return lines, nil
		}
		if err != nil {
			return 0, fmt.Errorf("output file: count its lines: %w", err)
		}
	}
}
