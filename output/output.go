// Package output defines what a destination of formatted events has to do. Each
// destination is a package of its own below this one and opens with its
// guarantee of delivery.
package output

import (
	"context"
	"errors"
)

// ErrGone is in the error of an Output that no retry can mend, such as a closed
// pipe on standard output.
var ErrGone = errors.New("output is gone")

// ErrUncommitted is in the error of an Output that can no longer vouch for what
// was written since its last Commit, such as a file whose fsync failed. Nothing
// but writing that again mends it: the output is closed, and opened anew with the
// state of its last Commit.
var ErrUncommitted = errors.New("what was written since the last commit may be lost")

// An Output takes formatted events. One goroutine uses it at a time.
type Output interface {
	// Write hands over whole lines. It does not keep the slice. After an error
	// nothing of lines counts as written: the same lines are offered again.
	Write(ctx context.Context, lines []byte) error
	// Commit returns once everything written is as safe as the destination's
	// guarantee says. The state belongs to the cursor that moves with it, and is
	// given back when the output is opened again. A Write after a Commit says that the
	// state was stored.
	Commit(ctx context.Context) (state []byte, err error)
	// Empty reports whether nothing has been written to the destination so far, so
	// that what comes next is its beginning.
	Empty() bool
	// Close lets go of the destination. It does not commit.
	Close() error
	// String names the destination for logs and status.
	String() string
}
