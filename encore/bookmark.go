package encore

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"sync"

	"estream/internal/durable"
)

// A bookmark is the archive time of the last event that was written, in eNcore's
// file and form: {"1": SECOND}. It only grows while we run. eNcore and other
// machines take it over by copying the file.
//
// The file is for people and for takeovers; our own position is in the journal. To
// tell whether somebody changed the file while we were not running, the seconds we
// may have written ourselves are kept beside the journal. They are stored first,
// so a crash in between is no change by somebody.
//
// It is safe for concurrent use.
type bookmark struct {
	fsys  durable.FS
	path  string
	marks string // file with the seconds that are ours
	mu    sync.Mutex
	last  uint32 // second in the file
}

// marks is what is kept beside the journal: what the file held, and what it was
// to hold next.
type marks struct {
	Version int
	Was     uint32
	Is      uint32
}

const maxSmallFile = 64 << 10 // bytes of bookmark, status and pid files

// readSmall reads a file that others may have written, a bounded part of it.
func readSmall(fsys durable.FS, path string) ([]byte, error) {
	f, err := fsys.OpenFile(path, os.O_RDONLY, 0)
	if err != nil {
		return nil, err
	}
	data := make([]byte, maxSmallFile)
	n, err := readFull(f, data)
	return data[:n], errors.Join(err, f.Close())
}

// load reads the file. A value that is no whole number is 0, as in eNcore; exists
// tells it from a file that is not there.
func (b *bookmark) load() (second uint32, exists bool, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	data, err := readSmall(b.fsys, b.path)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, false, nil
	}
	if err != nil {
		return 0, false, fmt.Errorf("bookmark: %w", err)
	}
	b.last = parseBookmark(data)
	return b.last, true, nil
}

func parseBookmark(data []byte) uint32 {
	var file map[string]json.RawMessage
	if json.Unmarshal(data, &file) != nil {
		return 0
	}
	second, err := strconv.ParseUint(string(file["1"]), 10, 32)
	if err != nil || second == 1<<32-1 { // the protocol's word for now
		return 0
	}
	return uint32(second)
}

func bookmarkText(second uint32) []byte { return fmt.Appendf(nil, `{"1": %d}`, second) }

// ours reports whether second is what this program wrote last, or was about to.
func (b *bookmark) ours(second uint32) (bool, error) {
	data, err := readSmall(b.fsys, b.marks)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("bookmark: %w", err)
	}
	var m marks
	if err := json.Unmarshal(data, &m); err != nil || m.Version != 1 {
		return false, fmt.Errorf("bookmark: %s holds %.60q, which this program does not know; remove it to begin at the bookmark", b.marks, data)
	}
	return second == m.Was || second == m.Is, nil
}

// own notes that the file as it is now is ours.
func (b *bookmark) own(was, is uint32) error {
	data, err := json.Marshal(marks{Version: 1, Was: was, Is: is})
	if err != nil {
		return err
	}
	if err := durable.ReplaceFile(b.fsys, b.marks, data, 0o600); err != nil {
		return fmt.Errorf("bookmark: %w", err)
	}
	return nil
}

// advance writes a later second. The file is replaced as a whole and keeps the
// mode that eNcore gives it, since it holds no secret and others copy it.
func (b *bookmark) advance(second uint32) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if second <= b.last {
		return nil
	}
	if err := b.own(b.last, second); err != nil {
		return err
	}
	if err := durable.ReplaceFile(b.fsys, b.path, bookmarkText(second), 0o644); err != nil {
		return fmt.Errorf("bookmark: %w", err)
	}
	b.last = second
	return nil
}

// second returns what the file was last seen to hold.
func (b *bookmark) second() uint32 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.last
}
