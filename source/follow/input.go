package follow

import (
	"context"
	"fmt"
	"time"
)

// Take is called with the lines of a batch, in order, without line ends and empty
// lines. It borrows lines, and may wait while there is no room: that slows the
// input down. mark is the position behind the last line, at most MaxMark bytes,
// valid until the call returns; it is nil for an input without position. After an
// error the input stops and its Run returns the error; a Follower that resumes
// from the last stored mark hands the same lines on again.
type Take func(ctx context.Context, lines [][]byte, mark []byte) error

// An Input is where lines come from.
type Input interface {
	// Run hands on lines until ctx ends, which is no error.
	Run(ctx context.Context, take Take) error
	// MarkAt appends the position behind line i of the batch that is being taken to
	// dst. It may be called by take only.
	MarkAt(dst []byte, i int) []byte
	// Where tells where line i of the batch that is being taken stands. It may be
	// called by take only.
	Where(i int) Place
	// String names the input in logs.
	String() string
}

var (
	_ Input = (*Follower)(nil)
	_ Input = (*Stream)(nil)
)

// A Place is where a line begins.
type Place struct {
	Name   string // path of the file, or address of the connection
	Offset int64  // bytes from the start of the file (unpacked) or connection
}

// String writes the place for logs: "/var/log/eve.json: offset 1234".
func (p Place) String() string { return fmt.Sprintf("%s: offset %d", p.Name, p.Offset) }

const (
	// DefaultMaxLine is the longest line that is handed on, in bytes, if MaxLine
	// does not say otherwise: a packet of 64 KiB in two encodings and a payload beside
	// it have less than half of it.
	DefaultMaxLine = 1 << 20
	// DefaultPoll is how often a file is looked at: short against the seconds that
	// SIEMs take, long enough to cost nothing.
	DefaultPoll = 200 * time.Millisecond
	// batchSize is how much of a file is read at once, and so the largest batch, a
	// single longer line aside.
	batchSize = 256 << 10
)
