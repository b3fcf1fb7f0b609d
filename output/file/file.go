// Package file writes events to a local file.
//
// Guarantee: exactly once. Commit syncs the file and returns its length, which
// is stored with the cursor; when the output is opened again after a crash,
// whatever stands behind that length is cut off and written anew. Nothing else
// may write to the file. Lines are in journal order. A full disk stops this
// output (not the journal) until there is room; nothing is dropped. After an fsync
// that failed nobody knows what of the lines since the last Commit is on the
// device, even if another fsync succeeds: they are cut off and written again.
package file

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"

	"estream/internal/durable"
	"estream/output"
)

// An Output is an open file. It is not safe for concurrent use.
type Output struct {
	fsys   durable.FS
	path   string
	f      durable.File
	length int64 // bytes that were accepted; what lies behind is debris of a failed write
	dirty  bool  // debris is there
	sync   bool  // something was written since the last Commit
	ready  bool  // the name of the file is on the device
	unsure error // of an fsync that failed; nothing more can be committed
}

// state is what a cursor keeps for this output.
type state struct {
	Version int
	Path    string
	Length  int64
}

// Open opens or creates the file. saved is the state of the last Commit, or nil
// when this cursor has never written: then a file that exists is continued at
// its end.
//
// If the file is gone or shorter than the state says, somebody moved or
// truncated it: output goes on at its end, and log says so.
func Open(fsys durable.FS, path string, saved []byte, log *slog.Logger) (*Output, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("output file: %w", err)
	}
	f, err := fsys.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, openError(path, err)
	}
	o := &Output{fsys: fsys, path: path, f: f}
	if err := o.position(saved, log); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return o, nil
}

func openError(path string, err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("output file: %w: create the directory %s first", err, filepath.Dir(path))
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("output file: %w: the user that runs estream must be able to write it", err)
	}
	return fmt.Errorf("output file: %w", err)
}

// position cuts off what was written after the last Commit.
func (o *Output) position(saved []byte, log *slog.Logger) error {
	info, err := o.f.Stat()
	if err != nil {
		return fmt.Errorf("output file: %w", err)
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("output file %s is no regular file: use the output that fits it", o.path)
	}
	o.length = info.Size()
	if saved != nil {
		var s state
		if err := json.Unmarshal(saved, &s); err != nil || s.Version != 1 {
			return fmt.Errorf("output file %s: the cursor holds a state this program does not know: %.100q", o.path, saved)
		}
		switch {
		case s.Path != o.path:
			log.Info("output goes on in another file", "was", s.Path, "now", o.path)
		case s.Length > o.length:
			log.Warn("output file is shorter than what was written to it: somebody moved or truncated it; going on at its end", "file", o.path, "written", s.Length, "found", o.length)
		case s.Length < o.length:
			log.Info("cutting off lines that were not committed; they will be written again", "file", o.path, "bytes", o.length-s.Length)
			if err := o.f.Truncate(s.Length); err != nil {
				return fmt.Errorf("output file: cut to the %d bytes committed: %w", s.Length, err)
			}
			o.length, o.sync = s.Length, true
		}
	}
	_, err = o.f.Seek(o.length, io.SeekStart)
	return err
}

// Write implements [output.Output].
func (o *Output) Write(_ context.Context, lines []byte) error {
	if o.unsure != nil {
		return o.unsure
	}
	if o.dirty {
		if err := o.f.Truncate(o.length); err != nil {
			return fmt.Errorf("output file: cut off a failed write: %w", err)
		}
		if _, err := o.f.Seek(o.length, io.SeekStart); err != nil {
			return fmt.Errorf("output file: %w", err)
		}
		o.dirty = false
	}
	n, err := o.f.Write(lines)
	if err == nil && n < len(lines) {
		err = io.ErrShortWrite
	}
	if err != nil {
		o.dirty = true
		return fmt.Errorf("output file: %w", err)
	}
	o.length += int64(n)
	o.sync = true
	return nil
}

// Commit implements [output.Output]: fsync of the file, and once of the
// directory that holds its name. When the fsync of the file fails, this and all
// later errors are [output.ErrUncommitted].
func (o *Output) Commit(context.Context) ([]byte, error) {
	if o.unsure != nil {
		return nil, o.unsure
	}
	if !o.ready {
		if err := o.fsys.SyncDir(filepath.Dir(o.path)); err != nil {
			return nil, fmt.Errorf("output file: sync directory: %w", err)
		}
		o.ready = true
	}
	if o.sync {
		if err := o.f.Sync(); err != nil {
			o.unsure = fmt.Errorf("output file: %w: %w", output.ErrUncommitted, err)
			return nil, o.unsure
		}
		o.sync = false
	}
	return json.Marshal(state{Version: 1, Path: o.path, Length: o.length})
}

// Empty implements [output.Output].
func (o *Output) Empty() bool { return o.length == 0 }

// Close implements [output.Output].
func (o *Output) Close() error { return o.f.Close() }

func (o *Output) String() string { return "file:" + o.path }
