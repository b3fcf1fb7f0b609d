// Package file writes events to local files.
//
// Guarantee: exactly once. Commit syncs the current file and returns its name and
// length, which are stored with the cursor; when the output is opened again after
// a crash, whatever stands behind that length is cut off, files begun later are
// removed, and all of it is written anew. Nothing else may write to the files.
// Lines are in journal order. A full disk stops this output (not the journal)
// until there is room; nothing is dropped. After an fsync that failed nobody
// knows what of the lines since the last Commit is on the device, even if another
// fsync succeeds: they are cut off and written again.
//
// A Write that follows a Commit says that the state of that Commit has been
// stored: finished files before it are then compressed and deleted as [Options] say.
//
// Somebody else may move the current file away (as logrotate does, without
// copytruncate): the output finds out at its next Commit, which comes after a
// Write, and goes on in a new file of the first name. A crash between the move and
// that Commit repeats the lines in between, since nobody knows where they went.
// A file that was truncated or replaced is reported, and goes on at its end.
package file

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"time"

	"estream/internal/durable"
	"estream/output"
)

// An Output is a file that is open, and the ones before it. It is not safe for
// concurrent use; Stats and Kept are.
type Output struct {
	opt    Options
	ledger *ledger // nil: there is one file only
	keeper *keeper // nil: finished files are left alone
	stats  output.Stats
	unsure error // of an fsync that failed; nothing more can be committed

	f       durable.File // nil: the next Write opens one
	path    string       // of the current file; "": none was begun
	seq     uint64       // its number
	length  int64        // bytes that were accepted; what lies behind is debris of a failed write
	lines   int64        // in them, without Header
	began   time.Time
	stamp   string // what the pattern of Stamped gave
	tail    tail
	dirty   bool     // debris is there
	sync    bool     // something was written since the last Commit
	fresh   bool     // the current file is of an earlier run, and this one wants its own
	full    bool     // the next line has no room
	ended   bool     // the current file is closed, and has yet to be renamed
	next    string   // name in the ledger that the next step of a rotation uses
	dirs    []string // directories that have names not yet on the device
	second  int64    // when stamp was last compared
	pending bool     // a Commit was made, and no Write has come since
	safe    uint64   // the current file when the state that is stored was made
}

// Open opens the one file path, creating it when it is missing. saved is the
// state of the last Commit, or nil when this cursor has never written: then a
// file that exists is continued at its end.
func Open(fsys durable.FS, path string, saved []byte, log *slog.Logger) (*Output, error) {
	return OpenWith(Options{FS: fsys, Path: path, Log: log}, saved)
}

// OpenWith opens an output. saved is the state of the last Commit, or nil when
// this cursor has never written. Named Renamed, the file is opened at once, and
// created when it is missing; otherwise files are created by Write. Errors are mistakes in
// opt, files that cannot be opened, and a state or list of files that is damaged.
func OpenWith(opt Options, saved []byte) (_ *Output, err error) {
	if err := opt.complete(); err != nil {
		return nil, err
	}
	var s state
	if saved != nil {
		if s, err = parseState(saved); err != nil {
			return nil, err
		}
		if s.Version > 1 {
			if s, err = opt.undo(s); err != nil {
				return nil, err
			}
		}
	}
	o := &Output{opt: opt, seq: max(s.Seq, 1), fresh: opt.NewAtStart}
	if opt.rotates() {
		if opt.MakeDirs {
			if err := durable.MkdirAll(opt.FS, filepath.Dir(opt.Ledger), opt.DirMode); err != nil {
				return nil, openError(opt.Ledger, err)
			}
		}
		if o.ledger, err = loadLedger(opt.FS, opt.Ledger); err != nil {
			return nil, err
		}
		if err := o.ledger.sweep(); err != nil {
			return nil, err
		}
		o.seq = max(s.Seq, o.ledger.last(), o.ledger.Safe)
		if opt.Naming == Renamed { // the last of the list is finished
			o.seq = max(o.seq, o.ledger.last()+1)
		}
	}
	o.safe = o.seq
	if err := o.reopen(s); err != nil {
		if o.f != nil {
			err = errors.Join(err, o.f.Close())
		}
		return nil, err
	}
	if o.ledger != nil && opt.keeps() {
		o.keeper = newKeeper(&o.opt, o.ledger)
		o.keeper.wake(o.safe)
	}
	return o, nil
}

// nameMade remembers that the name of the current file may not be on the device.
func (o *Output) nameMade() {
	if dir := filepath.Dir(o.path); !slices.Contains(o.dirs, dir) {
		o.dirs = append(o.dirs, dir)
	}
}

// Commit implements [output.Output]: fsync of the current file, and of
// directories in which a name changed. When the fsync of a file fails, this and all
// later errors are [output.ErrUncommitted].
func (o *Output) Commit(context.Context) ([]byte, error) {
	if o.unsure != nil {
		return nil, o.unsure
	}
	if o.f == nil && !o.ended && o.opt.Naming == Renamed {
		if err := o.openPath(); err != nil { // after a move, or a rotation that got no further
			return nil, err
		}
	}
	if o.f != nil && o.sync {
		if err := o.truncated(); err != nil {
			return nil, err
		}
		if err := o.f.Sync(); err != nil {
			return nil, o.lost(err)
		}
		o.sync = false
		if err := o.moved(); err != nil {
			return nil, err
		}
	}
	for len(o.dirs) > 0 {
		if err := o.opt.FS.SyncDir(o.dirs[0]); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("output file: sync directory: %w", err)
		}
		o.dirs = o.dirs[1:]
	}
	s := state{Version: stateVersion, Path: o.path, Length: o.length, Seq: o.seq, Lines: o.lines, Began: o.began, Stamp: o.stamp}
	if sum := o.tail.sum(); o.path != "" {
		s.Tail = &sum
	}
	if o.ledger != nil {
		s.Ledger = o.opt.Ledger
	}
	o.pending = true
	return json.Marshal(s)
}

// lost makes err, after which nobody knows what is on the device, the end of
// this output.
func (o *Output) lost(err error) error {
	o.stats.Connected.Store(false)
	o.unsure = fmt.Errorf("output file: %w: %w", output.ErrUncommitted, err)
	return o.unsure
}

// moved finds out whether the current file still has its name, and lets go of it
// when it has not. Everything in it is on the device.
func (o *Output) moved() error {
	mine, err := o.f.Stat()
	if err != nil {
		return fmt.Errorf("output file: %w", err)
	}
	there, err := o.opt.FS.Stat(o.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return fmt.Errorf("output file: %w", err)
	case !os.SameFile(mine, mine) || os.SameFile(mine, there): // a file system without identities says no twice
		return nil
	}
	o.opt.Log.Warn("somebody moved the output file or deleted it; going on in a new one of its name", "file", o.path, "bytes", o.length)
	f := o.f
	o.forget()
	if err := f.Close(); err != nil {
		return fmt.Errorf("output file: %w", err)
	}
	if o.opt.Naming != Renamed {
		return nil
	}
	return o.openPath()
}

// forget makes the current file one of the past, and leaves none.
func (o *Output) forget() {
	o.f, o.path, o.length, o.lines, o.stamp, o.began = nil, "", 0, 0, "", time.Time{}
	o.tail.n, o.dirty, o.sync, o.full, o.ended, o.next = 0, false, false, false, false, ""
	if o.opt.Naming == Renamed {
		o.seq++ // of the file that has the name next
	}
}

// Empty implements [output.Output].
func (o *Output) Empty() bool {
	return len(o.opt.Header) == 0 && (o.f == nil || o.length == 0 || o.due(o.opt.Now()))
}

// Close implements [output.Output]. It ends compression, which goes on when the
// output is opened again.
func (o *Output) Close() error {
	if o.keeper != nil {
		o.keeper.stop()
	}
	o.unsure = fmt.Errorf("output file: %w", fs.ErrClosed)
	if o.f == nil {
		return nil
	}
	err := o.f.Close()
	o.f = nil
	return err
}

func (o *Output) String() string { return "file:" + o.opt.Path }

// Stats implements [output.Counter].
func (o *Output) Stats() *output.Stats { return &o.stats }

// Guarantee returns what this output promises.
func (*Output) Guarantee() output.Guarantee { return output.ExactlyOnce }
