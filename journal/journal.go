package journal

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"estream/internal/durable"
)

// A Position is a place in the journal: the sequence number of the first
// message not yet consumed. The zero Position is the place before the first
// message the journal ever held.
type Position struct {
	Seq uint64
}

// String returns the sequence number in decimal.
func (p Position) String() string { return strconv.FormatUint(p.Seq, 10) }

// A Journal is an open journal. Its methods are safe for concurrent use.
type Journal struct {
	dir      string
	opt      Options
	fs       durable.FS
	log      *slog.Logger
	readOnly bool
	lock     io.Closer
	salt     uint64
	salted   bool // salt is that of the files
	pool     *pool

	// appending is held by the one goroutine that is inside Append; a
	// channel, because waiting for it has to end with a context. Whoever
	// holds it may use appendWaiter.
	appending    chan struct{}
	appendWaiter chan struct{}

	// The committer is the goroutine that writes (run). These wake it: the
	// first pending batch, something that can't wait, work for retention,
	// the last commit, and the end of patience with it.
	dirty, now, tidy chan struct{}
	closing, abort   chan struct{}
	done             chan struct{} // closed when it has ended
	closeErr         error         // its last error; read after done
	open             *segment      // the segment it writes to; nil when that has to be created
	stallLogged      time.Time
	pinLogged        time.Time
	// snapshots serializes calls of Options.Snapshot by appender and committer.
	snapshots sync.Mutex

	mu      sync.Mutex
	segs    []*segment // in order; the last one may not exist as a file yet
	active  *segment   // takes new batches; nil: the next batch begins a segment
	ring    ring
	next    uint64 // sequence number of the next message
	durable uint64 // all messages below are durable
	pending int64  // bytes of batches that are not durable
	sources map[uint32]*source
	pins    map[string]*pin // cursors by name
	// badCursors are cursor files that can't be read; nothing is deleted while there are any.
	badCursors map[string]bool
	doomed     []string // files retention still has to remove
	closed     bool
	stall      error // why nothing can be written at present
	stalledAt  time.Time
	counters   counters

	appended, synced, room waitList // waiting for more data, for durable data, for room to append
}

// A source is what the journal remembers of a source.
type source struct {
	mark, durableMark             []byte
	maxArchive, durableMaxArchive uint32
}

// counters are the parts of Stats that only ever grow.
type counters struct {
	commits, syncs, writeErrors, cut, damaged, damagedMessages, deletedMessages uint64
}

// Open opens the journal in dir for appending and reading, creating it when
// there is none. It repairs what a crash left behind: see the package comment.
// Once Open has returned everything in the journal is durable.
//
// The error is an ErrLocked (errors.Is) when somebody else has it open, a
// *VersionError when a newer estream wrote it, and otherwise one of the file
// system; what was found is left as it was in the first two cases.
func Open(dir string, opt Options) (*Journal, error) {
	if err := opt.setDefaults(); err != nil {
		return nil, err
	}
	if err := durable.MkdirAll(opt.FS, filepath.Join(dir, cursorDir), 0o700); err != nil {
		return nil, fmt.Errorf("create journal directory %s: %w", dir, err)
	}
	lock, err := opt.FS.Lock(filepath.Join(dir, "LOCK"))
	if err != nil {
		if errors.Is(err, ErrLocked) {
			err = fmt.Errorf("%w; only one process may have a journal open: stop that one, or give this one a directory of its own", err)
		}
		return nil, fmt.Errorf("open journal %s: %w", dir, err)
	}
	j := newJournal(dir, opt)
	j.lock = lock
	if err := j.recover(); err != nil {
		return nil, errors.Join(fmt.Errorf("open journal %s: %w", dir, err), j.closeFiles())
	}
	go j.run()
	return j, nil
}

// OpenReadOnly opens a journal for reading what it holds at this moment. It
// takes no lock and changes nothing, and another process may have the journal
// open; of its unfinished last batches those count that are intact. Readers
// return io.EOF at the end. Of the options only FS and Log are used.
func OpenReadOnly(dir string, opt Options) (*Journal, error) {
	if err := opt.setDefaults(); err != nil {
		return nil, err
	}
	j := newJournal(dir, opt)
	j.readOnly = true
	if err := j.recover(); err != nil {
		return nil, fmt.Errorf("open journal %s for reading: %w", dir, err)
	}
	close(j.done)
	return j, nil
}

func newJournal(dir string, opt Options) *Journal {
	const chunkBytes = 1 << 20
	chunk := int(min(chunkBytes, max(4<<10, opt.RecentBytes/8)))
	return &Journal{
		dir: dir, opt: opt, fs: opt.FS, log: opt.Log.With("journal", dir),
		pool:      &pool{bytes: chunk, keep: 16},
		ring:      ring{limit: opt.RecentBytes},
		appending: make(chan struct{}, 1), appendWaiter: newWaiter(),
		dirty: make(chan struct{}, 1), now: make(chan struct{}, 1), tidy: make(chan struct{}, 1),
		closing: make(chan struct{}), abort: make(chan struct{}), done: make(chan struct{}),
		sources: map[uint32]*source{}, pins: map[string]*pin{}, badCursors: map[string]bool{},
	}
}

// Close makes everything appended durable and closes the journal. While the
// disk does not work it keeps trying until ctx ends; the error then says how
// much is lost with this process. A system call in progress is waited for even
// then. All other calls, also those that wait, return ErrClosed from now on,
// so consumers are stopped first. Further calls return ErrClosed.
func (j *Journal) Close(ctx context.Context) error {
	j.mu.Lock()
	if j.closed {
		j.mu.Unlock()
		return ErrClosed
	}
	j.closed = true
	j.appended.wake()
	j.synced.wake()
	j.room.wake()
	j.mu.Unlock()
	close(j.closing)
	if j.readOnly {
		return nil
	}
	select {
	case <-j.done:
	case <-ctx.Done():
		close(j.abort)
		<-j.done
	}
	return j.closeErr
}

// closeFiles closes what the committer had open and gives the lock back.
func (j *Journal) closeFiles() error {
	var err error
	if j.open != nil {
		err = j.open.file.Close()
		j.open = nil
	}
	return errors.Join(err, j.lock.Close())
}

// kick wakes whoever receives from ch, now or when it next does.
func kick(ch chan struct{}) {
	select {
	case ch <- struct{}{}:
	default:
	}
}
