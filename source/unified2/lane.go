package unified2

import (
	"errors"
	"io"
	"path/filepath"
	"slices"
)

// maxTries is how many polls an unreadable file holds its lane up once a newer
// file exists: five seconds at the default interval, enough for a permission
// that is set right after the file was created.
const maxTries = 25

// A lane reads the files of one writer, one after the other.
//
// The current file is left only when it came up short in a read that began
// after a newer file had been seen. Writers close a file before they create the
// next, so such a read has seen the whole file.
type lane struct {
	sp      *Spool
	name    laneName
	stamped bool

	cur     fileKey
	high    fileKey          // the newest file that was ever current
	pending []fileKey        // what to read after cur; cur itself if its name leads to a new file
	seen    map[fileKey]bool // all that were ever listed: a listing that misses a file for once must not make it new
	present int              // files in the last listing

	starts map[fileKey]*start // of files in pending that are open already, or begun
	after  *lane              // the files of this lane come before those of mine
	handed bool               // my file is in starts of another lane
	fresh  bool               // nothing was read of my file yet, and after may have more
	armed  bool               // it has content, and after was asked to look again

	file *spoolFile // nil while the current file is not open
	off  int64      // where to begin when it is opened
	hash [8]byte

	idle    bool  // came up short since the last poll
	spent   bool  // had come up short before the last poll
	short   bool  // came up short, and has returned nothing since
	aside   bool  // the rest of the current file cannot be read
	blocked error // why the current file cannot be opened or read at the moment
	tries   int   // polls since it was blocked
	torn    error // the incomplete record at which the current file came up short
	logged  map[Reason]bool
}

func (l *lane) id() string   { return l.name.String(l.stamped) }
func (l *lane) path() string { return filepath.Join(l.sp.dir, l.name.file(l.cur)) }

// next returns the lane's next record, or io.EOF when there is none at present.
func (l *lane) next() (Record, error) {
	if l.handed || l.waits() {
		// Asked again in this round, once the lane it waits for has come up short.
		l.idle = l.handed || l.after.idle
		return Record{}, io.EOF
	}
	for {
		rec, err := l.read()
		if err == nil {
			l.short = false
			return rec, nil
		}
		if !l.advance() {
			l.idle, l.short = true, true
			return Record{}, io.EOF
		}
		if l.waits() {
			l.idle = l.after.idle
			return Record{}, io.EOF
		}
	}
}

// read returns the next record of the current file. Whatever is in the way is
// reported here; the error only says that there is no record.
func (l *lane) read() (Record, error) {
	if l.file == nil {
		if err := l.open(); err != nil {
			return Record{}, err
		}
	}
	if l.aside {
		// A bad length is bad for ever, unless the writer begins the file anew.
		if err := l.file.check(0, false); !errors.Is(err, errRewritten) {
			return Record{}, io.EOF
		}
		l.restart()
	}
	for {
		rec, err := l.file.next()
		if err == nil {
			l.torn, l.blocked, l.tries = nil, nil, 0
			return rec, nil
		}
		l.torn, l.blocked = nil, nil
		switch {
		case errors.Is(err, io.EOF):
		case errors.Is(err, ErrTorn):
			l.torn = err
		case errors.Is(err, errRewritten):
			l.sp.report(l, ReasonRewritten, err, "starting over; what had not been read of the old content is gone")
			l.restart()
			continue
		case errors.Is(err, errTruncated):
			l.sp.report(l, ReasonTruncated, err, "waiting until it grows beyond the position again or gets other content")
		case errors.Is(err, ErrLength):
			l.sp.report(l, ReasonLength, err, "the rest of the file is not read")
			l.aside = true
		default:
			l.sp.report(l, ReasonUnreadable, err, "trying again")
			l.blocked = err
		}
		return Record{}, err
	}
}

func (l *lane) restart() {
	l.file.restart()
	l.aside, l.torn = false, nil
	clear(l.logged)
}

// advance leaves the current file for the next one. It reports false if there
// is none, or if the current one may still become readable.
func (l *lane) advance() bool {
	if l.blocked != nil && l.tries < maxTries && !l.sp.final {
		return false
	}
	if len(l.pending) == 0 {
		return false
	}
	if l.sp.overtaken(l) {
		return false // my file may be one of them: the next poll tells
	}
	switch {
	case l.blocked != nil:
		l.sp.report(l, ReasonSetAside, l.blocked, "a newer file exists: going on with it")
	case l.file == nil:
		l.sp.report(l, ReasonGone, nil, "it vanished before it was read to its end")
	case l.torn != nil:
		l.sp.report(l, ReasonTorn, l.torn, "the writer left it like this: a newer file exists")
	}
	l.sp.log.Info("unified2: next file", "read", l.path(), "next", l.name.file(l.pending[0]))
	l.leave()
	l.cur = l.pending[0]
	l.pending = slices.Delete(l.pending, 0, 1)
	if l.high.less(l.cur) {
		l.high = l.cur
	}
	l.sp.stats.Files++
	l.begin()
	return true
}

// leave lets go of the current file.
func (l *lane) leave() {
	if l.file != nil {
		l.file.close() // opened for reading: nothing to lose
		l.file = nil
	}
	l.off, l.hash = 0, [8]byte{}
	l.aside, l.blocked, l.torn, l.tries = false, nil, nil, 0
	clear(l.logged)
}

// update takes over a listing of the lane's files.
func (l *lane) update(keys []fileKey) {
	first := l.seen == nil
	if first {
		l.seen = make(map[fileKey]bool, len(keys))
	}
	l.present = len(keys)
	for _, k := range keys {
		switch {
		case k == l.cur || l.seen[k] || slices.Contains(l.pending, k):
		case l.high.less(k):
			l.pending = append(l.pending, k)
		case !first:
			// The sensor's clock went back. The file is new nevertheless.
			l.sp.report(l, ReasonLate, nil, "a file with an older stamp appeared: reading it next", "late", l.name.file(k))
			l.pending = append(l.pending, k)
		}
		l.seen[k] = true
	}
	replaced := len(l.pending) > 0 && l.pending[0] == l.cur
	if replaced {
		l.pending = l.pending[1:]
	}
	slices.SortFunc(l.pending, func(a, b fileKey) int {
		if a.less(b) {
			return -1
		}
		return 1
	})
	if replaced || l.file != nil && l.file.replaced(l.path()) {
		l.pending = slices.Insert(l.pending, 0, l.cur)
	}
	l.spent, l.idle = l.idle, false
	if l.blocked != nil {
		l.tries++
	}
}

func (l *lane) position() lanePosition {
	p := lanePosition{Name: l.id(), Cur: l.cur, High: l.high, Offset: l.off, Hash: l.hash}
	if l.file != nil {
		p.Offset, p.Hash = l.file.position()
	}
	return p
}
