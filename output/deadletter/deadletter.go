// Package deadletter keeps the lines that a destination refuses for good, with the
// reason, until somebody has looked at them.
//
// All outputs share one file in the state directory: one JSON object in each line,
// with the members id, time, output, format, cause, position, and line (or
// line64, base64, when the line is not UTF-8). It has a fixed greatest size; when it
// is full, lines are not dropped: the output that has one more stops and says so.
//
// An entry is on the device before [Output.Reject]'s function returns. The file is
// locked for each operation and not in between, so that a command can list,
// replay and remove entries while the service runs.
package deadletter

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"
	"unicode/utf8"

	"estream/internal/durable"
)

const (
	defaultMaxBytes = 64 << 20
	maxCause        = 4 << 10 // bytes of an error that are kept
	lockSuffix      = ".lock"
	lockPatience    = 10 * time.Second
	lockPause       = 5 * time.Millisecond
)

// ErrFull is in the error of an entry for which there is no room.
var ErrFull = errors.New("dead-letter file is full")

// An Entry is one line that was refused.
type Entry struct {
	ID       string    `json:"id"` // 16 hexadecimal digits
	Time     time.Time `json:"time"`
	Output   string    `json:"output"`
	Format   string    `json:"format,omitempty"`
	Cause    string    `json:"cause"`
	Position uint64    `json:"position,omitempty"` // in the journal, where the output knows it
	Line     []byte    `json:"-"`                  // without line end
}

// Options say where entries are kept.
type Options struct {
	FS       durable.FS       // nil: the file system of the machine
	Path     string           // its directory has to exist
	MaxBytes int64            // of the file; 0: 64 MiB
	Now      func() time.Time // nil: time.Now
}

// A File is a dead-letter file. It is safe for concurrent use, by several processes
// as well.
type File struct {
	opt Options
	mu  sync.Mutex // held with the lock file, which knows no difference within a process
}

// Open returns the file of that path, which need not exist yet.
func Open(o Options) (*File, error) {
	if o.Path == "" || o.MaxBytes < 0 {
		return nil, fmt.Errorf("dead letters: path %q, at most %d bytes; expected a path and no negative limit", o.Path, o.MaxBytes)
	}
	if o.FS == nil {
		o.FS = durable.OS{}
	}
	if o.MaxBytes == 0 {
		o.MaxBytes = defaultMaxBytes
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &File{opt: o}, nil
}

// An Output is the part of the file that one output fills.
type Output struct {
	File   *File
	Name   string // of the output
	Format string // of its lines
	// Position, if set, returns where in the journal the output is.
	Position func() uint64
}

// Reject keeps lines; it is an output.Reject. When it returns nil they are on the
// device, all of them. Its errors are those of the file system and [ErrFull].
func (o *Output) Reject(lines []byte, cause error) error {
	e := Entry{Time: o.File.opt.Now().UTC(), Output: o.Name, Format: o.Format, Cause: cause.Error()}
	if len(e.Cause) > maxCause {
		e.Cause = e.Cause[:maxCause] + "..."
	}
	if o.Position != nil {
		e.Position = o.Position()
	}
	var all []byte
	for len(lines) > 0 {
		line := lines
		if i := bytes.IndexByte(lines, '\n'); i >= 0 {
			line, lines = lines[:i], lines[i+1:]
		} else {
			lines = nil
		}
		e.Line = line
		var id [8]byte
		_, _ = rand.Read(id[:]) // never fails
		e.ID = hex.EncodeToString(id[:])
		var err error
		if all, err = appendEntry(all, &e); err != nil {
			return fmt.Errorf("dead letters: %w", err)
		}
	}
	return o.File.append(all)
}

// stored is an entry as it stands in the file.
type stored struct {
	Entry
	Text   *string `json:"line,omitempty"`
	Binary []byte  `json:"line64,omitempty"`
}

func appendEntry(dst []byte, e *Entry) ([]byte, error) {
	s := stored{Entry: *e}
	if utf8.Valid(e.Line) {
		text := string(e.Line)
		s.Text = &text
	} else {
		s.Binary = e.Line
	}
	b, err := json.Marshal(s)
	if err != nil {
		return dst, err
	}
	return append(append(dst, b...), '\n'), nil
}

// parseEntry reads one line of the file, without its end.
func parseEntry(b []byte) (Entry, error) {
	var s stored
	if err := json.Unmarshal(b, &s); err != nil {
		return Entry{}, err
	}
	if s.ID == "" || (s.Text == nil) == (s.Binary == nil) {
		return Entry{}, errors.New("id, or one of line and line64, is missing")
	}
	if s.Line = s.Binary; s.Text != nil {
		s.Line = []byte(*s.Text)
	}
	if bytes.IndexByte(s.Line, '\n') >= 0 {
		return Entry{}, errors.New("line holds a line end")
	}
	return s.Entry, nil
}

// locked runs f while nobody else uses the file.
func (d *File) locked(f func() error) (err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	var l io.Closer
	for end := time.Now().Add(lockPatience); ; time.Sleep(lockPause) {
		if l, err = d.opt.FS.Lock(d.opt.Path + lockSuffix); !errors.Is(err, durable.ErrLocked) || time.Now().After(end) {
			break
		}
	}
	if err != nil {
		return fmt.Errorf("dead letters: %w", err)
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	return f()
}

// append adds whole entries, all of them or none: a file that a failed write or a crash
// left with half an entry at its end is cut first.
func (d *File) append(entries []byte) error {
	if len(entries) == 0 {
		return nil
	}
	return d.locked(func() error {
		f, err := d.opt.FS.OpenFile(d.opt.Path, os.O_RDWR|os.O_CREATE, 0o600)
		if err != nil {
			return fmt.Errorf("dead letters: %w", err)
		}
		err = d.appendTo(f, entries)
		if err = errors.Join(err, f.Close()); err != nil {
			return fmt.Errorf("dead letters: %s: %w", d.opt.Path, err)
		}
		return nil
	})
}

func (d *File) appendTo(f durable.File, entries []byte) error {
	size, err := whole(f)
	if err != nil {
		return err
	}
	if size+int64(len(entries)) > d.opt.MaxBytes {
		return fmt.Errorf("%w: it has %d of %d bytes, %d more are needed: look at them (estream deadletter list), then replay or remove them", ErrFull, size, d.opt.MaxBytes, len(entries))
	}
	if err := f.Truncate(size); err != nil {
		return err
	}
	n, err := f.WriteAt(entries, size)
	if err == nil && n < len(entries) {
		err = io.ErrShortWrite
	}
	if err == nil {
		err = f.Sync()
	}
	if err != nil {
		// What was not vouched for must not be found later, since it will come again.
		return errors.Join(err, f.Truncate(size))
	}
	return d.opt.FS.SyncDir(filepath.Dir(d.opt.Path))
}

// whole returns the length of a file up to its last line end. What is behind was
// never vouched for.
func whole(f durable.File) (int64, error) {
	size, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return 0, err
	}
	buf := make([]byte, 4<<10)
	for size > 0 {
		part := buf[:min(int64(len(buf)), size)]
		from := size - int64(len(part))
		if _, err := f.ReadAt(part, from); err != nil && !errors.Is(err, io.EOF) {
			return 0, err
		}
		if i := bytes.LastIndexByte(part, '\n'); i >= 0 {
			return from + int64(i) + 1, nil
		}
		size = from
	}
	return 0, nil
}

// Size returns the length of the file in bytes, and the greatest it may have.
func (d *File) Size() (size, most int64, err error) {
	info, err := d.opt.FS.Stat(d.opt.Path)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, d.opt.MaxBytes, nil
	}
	if err != nil {
		return 0, d.opt.MaxBytes, fmt.Errorf("dead letters: %w", err)
	}
	return info.Size(), d.opt.MaxBytes, nil
}
