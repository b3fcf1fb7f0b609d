package file

import (
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc64"
	"io"
	"time"

	"estream/internal/durable"
)

// stateVersion is the form of the state that Commit returns. Version 1 had Path and
// Length only, and was written by outputs of one file.
const stateVersion = 2

// state is what a cursor keeps for this output: the current file and how much of
// it counts. Everything the output wrote later is undone when it is opened with it.
type state struct {
	Version int
	Path    string // of the current file; "": none was begun yet
	Length  int64  // bytes of it that count
	// Since version 2:
	Seq    uint64    `json:",omitempty"` // number of the file among all that the output made; 0: unknown
	Lines  int64     `json:",omitempty"` // in these bytes
	Began  time.Time `json:",omitzero"`
	Stamp  string    `json:",omitempty"` // what the pattern of Stamped gave for it
	Tail   *uint64   `json:",omitempty"` // checksum of the last bytes that count
	Ledger string    `json:",omitempty"` // where the files made later are listed
}

func parseState(saved []byte) (state, error) {
	var s state
	err := json.Unmarshal(saved, &s)
	if err == nil && (s.Version < 1 || s.Version > stateVersion || s.Length < 0 || s.Lines < 0) {
		err = fmt.Errorf("version %d, length %d, lines %d; expected version 1 to %d and no negative number", s.Version, s.Length, s.Lines, stateVersion)
	}
	if err != nil {
		return state{}, fmt.Errorf("output file: the cursor holds a state this program does not know: %.200q: %w", saved, err)
	}
	return s, nil
}

// tailSize is how many bytes at the end of what counts tell our file from one that
// somebody else put in its place.
const tailSize = 256

var tailTable = crc64.MakeTable(crc64.ECMA)

// A tail remembers the last bytes of a file.
type tail struct {
	buf [tailSize]byte
	n   int
}

// add takes bytes that were appended to the file.
func (t *tail) add(p []byte) {
	if len(p) >= tailSize {
		t.n = copy(t.buf[:], p[len(p)-tailSize:])
		return
	}
	if over := t.n + len(p) - tailSize; over > 0 {
		copy(t.buf[:], t.buf[over:t.n])
		t.n -= over
	}
	t.n += copy(t.buf[t.n:], p)
}

func (t *tail) sum() uint64 { return crc64.Checksum(t.buf[:t.n], tailTable) }

// open reports whether the last line has no end.
func (t *tail) open() bool { return t.n > 0 && t.buf[t.n-1] != '\n' }

// read fills t with the bytes of f before length.
func (t *tail) read(f durable.File, length int64) error {
	t.n = int(min(length, tailSize))
	_, err := f.ReadAt(t.buf[:t.n], length-int64(t.n))
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	if t.n == 0 {
		err = nil
	}
	if err != nil {
		return fmt.Errorf("output file: read its end: %w", err)
	}
	return nil
}
