package journal

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"

	"estream/internal/durable"
)

const (
	// MaxCursorState is the highest length of a cursor's state in bytes.
	MaxCursorState = 64 << 10

	cursorDir      = "cursors"
	cursorSuffix   = ".cursor"
	cursorMagic    = "estrmcur"
	cursorFixed    = 40
	cursorRequired = 1
	maxCursorName  = 100
)

// A pin is what retention and recovery know of a cursor. Guarded by Journal.mu.
type pin struct {
	seq      uint64
	required bool
	open     bool
	saved    bool // there is a file
}

// A Cursor remembers how far a consumer has come, across restarts. Its methods
// are safe for concurrent use.
//
// The file of a cursor is replaced as a whole by each Save. Behind the magic
// "estrmcur" it holds
//
//	 8  uint32  format version, 1
//	12  uint32  checksum of the file, this field left out
//	16  uint64  sequence number
//	24  int64   time of Save
//	32  uint32  flags: 1 required
//	36  uint32  length of the state
//	40  bytes   state
type Cursor struct {
	j        *Journal
	name     string
	required bool

	mu     sync.Mutex // held while the file is written
	seq    uint64
	state  []byte
	saved  bool
	closed bool
}

// CheckCursorName returns an error for a name that can't be used for a
// cursor: expected are 1 to 100 of the characters a-z, 0-9, ".", "_" and "-",
// the first not being ".".
func CheckCursorName(name string) error {
	if name == "" || len(name) > maxCursorName || name[0] == '.' {
		return fmt.Errorf("cursor name %q: expected 1 to %d characters and no leading period", name, maxCursorName)
	}
	for _, c := range []byte(name) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '.' && c != '_' && c != '-' {
			return fmt.Errorf("cursor name %q: character %q, expected a-z, 0-9, period, underscore or hyphen", name, c)
		}
	}
	return nil
}

// OpenCursor opens the cursor of a consumer, which is new when it was never
// saved. Retention does not delete what lies behind a required cursor, whether
// it is open or not; a new one counts from the start of the journal while it
// is open. A cursor can be opened once at a time.
//
// The error is a *CursorError when the file of the cursor is damaged, and a
// *VersionError when a newer estream wrote it.
func (j *Journal) OpenCursor(name string, required bool) (*Cursor, error) {
	if err := CheckCursorName(name); err != nil {
		return nil, err
	}
	if j.readOnly {
		return nil, ErrReadOnly
	}
	c := &Cursor{j: j, name: name, required: required}
	if err := c.load(); err != nil {
		return nil, fmt.Errorf("open cursor %s: %w", name, err)
	}
	c.required = required // whatever it was when it was saved
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.closed {
		return nil, ErrClosed
	}
	if p := j.pins[name]; p != nil && p.open {
		return nil, fmt.Errorf("cursor %s is already open", name)
	}
	seq := c.seq
	if !c.saved {
		seq = j.firstSeq()
	}
	delete(j.badCursors, j.cursorPath(name))
	j.pins[name] = &pin{seq: seq, required: required, open: true, saved: c.saved}
	return c, nil
}

// Load returns what Save last stored; ok is false for a cursor that was never
// saved. The state is a copy.
func (c *Cursor) Load() (pos Position, state []byte, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return Position{c.seq}, append([]byte(nil), c.state...), c.saved
}

// Save stores a position together with state of the consumer's own (the
// length of its file, say), at most [MaxCursorState] bytes, and returns when
// both are durable. They replace what was there at once, never in part.
//
// A position is saved only when the journal is durable up to it: Save waits
// for that. A cursor can therefore never point behind what a crash leaves.
func (c *Cursor) Save(ctx context.Context, pos Position, state []byte) error {
	if len(state) > MaxCursorState {
		return fmt.Errorf("save cursor %s: state of %d bytes, at most %d are possible", c.name, len(state), MaxCursorState)
	}
	if err := c.j.WaitDurable(ctx, pos); err != nil {
		return fmt.Errorf("save cursor %s: %w", c.name, err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed || c.j.isClosed() {
		return ErrClosed
	}
	b := appendCursor(nil, pos.Seq, c.j.opt.Now().UnixNano(), c.required, state)
	if err := durable.ReplaceFile(c.j.fs, c.j.cursorPath(c.name), b, 0o600); err != nil {
		return fmt.Errorf("save cursor %s: %w", c.name, err)
	}
	c.seq, c.state, c.saved = pos.Seq, append(c.state[:0], state...), true
	c.j.movePin(c.name, pos.Seq)
	return nil
}

// Close lets the cursor be opened again. Its file stays, and so does its
// effect on retention when it is required and was saved.
func (c *Cursor) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return ErrClosed
	}
	c.closed = true
	c.j.mu.Lock()
	defer c.j.mu.Unlock()
	if p := c.j.pins[c.name]; p != nil {
		p.open = false
		if !p.saved {
			delete(c.j.pins, c.name)
		}
	}
	return nil
}

// RemoveCursor removes a cursor that is not open, so that retention no longer
// waits for its consumer. A cursor that does not exist is fs.ErrNotExist.
func (j *Journal) RemoveCursor(name string) error {
	if err := CheckCursorName(name); err != nil {
		return err
	}
	if j.readOnly {
		return ErrReadOnly
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.closed {
		return ErrClosed
	}
	if p := j.pins[name]; p != nil && p.open {
		return fmt.Errorf("remove cursor %s: it is open", name)
	}
	// mu is held on purpose, so that nobody opens the cursor meanwhile.
	path := j.cursorPath(name)
	if err := j.fs.Remove(path); err != nil {
		return fmt.Errorf("remove cursor %s: %w", name, err)
	}
	delete(j.pins, name)
	delete(j.badCursors, path)
	kick(j.tidy)
	return j.fs.SyncDir(filepath.Dir(path))
}

func (j *Journal) isClosed() bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.closed
}

// movePin tells retention of a cursor that was saved.
func (j *Journal) movePin(name string, seq uint64) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if p := j.pins[name]; p != nil {
		p.seq, p.saved = seq, true
		if p.required {
			kick(j.tidy)
		}
	}
}
