package request

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"time"

	"estream/internal/durable"
)

// BookmarkFile is the name that ssl_test.pl gives to its bookmark, in the current
// directory.
const BookmarkFile = "estreamer.bmark"

// pause is the shortest time between two writes of the bookmark.
const pause = 100 * time.Millisecond

// A Bookmark is the file that says where the next session goes on: one decimal number,
// the archive time of the last record in Unix seconds, and a line end. It only grows. A
// session that starts from it gets the records of that second again.
type Bookmark struct {
	path  string
	saved uint32
	last  time.Time
}

// OpenBookmark reads the file. at is the number in it; without a file that is the current
// time and found is false.
func OpenBookmark(path string, now time.Time) (b *Bookmark, at uint32, found bool, err error) {
	text, err := os.ReadFile(path)
	b = &Bookmark{path: path}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return b, uint32(now.Unix()), false, nil
	case err != nil:
		return nil, 0, false, fmt.Errorf("bookmark: %w", err)
	}
	n, err := strconv.ParseUint(string(bytes.TrimSpace(text)), 10, 32)
	if err != nil {
		return nil, 0, false, fmt.Errorf("bookmark: %s: %.40q found, expected a time in Unix seconds; remove the file to begin with new events", path, text)
	}
	b.saved = uint32(n)
	return b, b.saved, true, nil
}

// Save writes archive time at, unless the file says as much already, or is so new that
// the next call will do; final writes in any case.
func (b *Bookmark) Save(at uint32, now time.Time, final bool) error {
	if at <= b.saved || (!final && now.Sub(b.last) < pause && now.After(b.last)) {
		return nil
	}
	b.last = now
	if err := durable.ReplaceFile(durable.OS{}, b.path, append(strconv.AppendUint(nil, uint64(at), 10), '\n'), 0o600); err != nil {
		return fmt.Errorf("bookmark: %w", err)
	}
	b.saved = at
	return nil
}
