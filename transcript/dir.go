package transcript

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"

	"estream/wire"
)

// The limits of a Dir.
const (
	DefaultMaxBytes    = 64 << 20 // bytes of one file
	DefaultMaxTotal    = 1 << 30  // bytes of all files
	DefaultMaxSessions = 1000     // files
)

// A Dir records sessions as files of a directory, one each, named after the time
// and the number of the session. It is safe for concurrent use; its fields are not
// changed after the first Wrap.
type Dir struct {
	Path    string // exists
	Layouts *wire.Layouts
	Log     *slog.Logger

	MaxBytes    int64 // of one file; DefaultMaxBytes
	MaxTotal    int64 // of all; DefaultMaxTotal
	MaxSessions int   // recorded in all; DefaultMaxSessions

	// Failed, if not nil, is told why a recording does not exist or is incomplete.
	Failed func(error)

	mu       sync.Mutex
	sessions int
	total    int64
	full     bool // MaxTotal is reached, and the log says so
}

// Wrap returns conn, the connection above TLS, with its session recorded. Where no
// file can be made, or the limit is reached, that is logged and the result is conn.
func (d *Dir) Wrap(number uint64, client string, conn net.Conn) net.Conn {
	if !d.room() {
		return conn
	}
	h := HeaderOf(Server, conn)
	h.Session, h.Client = number, client
	name := filepath.Join(d.Path, fmt.Sprintf("%s-%d.jsonl", time.Now().UTC().Format("20060102T150405.000000Z"), number))
	// Events and addresses are nobody else's business.
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL|os.O_APPEND, 0o600)
	if err != nil {
		d.failed("session is not recorded", number, name, err)
		return conn
	}
	w, err := NewWriter(f, d.Layouts, h, WriterOptions{MaxBytes: limit(d.MaxBytes, DefaultMaxBytes), Budget: d.spend})
	if err != nil {
		d.failed("session is not recorded", number, name, errors.Join(err, f.Close()))
		return conn
	}
	d.Log.Info("session is recorded", "session", number, "file", name)
	return Conn(conn, w, func(err error) {
		if err := errors.Join(err, f.Close()); err != nil {
			d.failed("recording of a session is incomplete", number, name, err)
		}
	})
}

func (d *Dir) failed(what string, number uint64, name string, err error) {
	d.Log.Error(what, "session", number, "file", name, "error", err)
	if d.Failed != nil {
		d.Failed(fmt.Errorf("%s: session %d: %w", what, number, err))
	}
}

// room takes one of the sessions that may be recorded.
func (d *Dir) room() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	max := limit(d.MaxSessions, DefaultMaxSessions)
	if d.full {
		return false
	}
	if d.sessions == max {
		d.sessions++ // once
		d.Log.Warn("no more sessions are recorded until the next start", "limit", max, "directory", d.Path)
	}
	if d.sessions > max {
		return false
	}
	d.sessions++
	return true
}

// spend takes n bytes of what all recordings together may have.
func (d *Dir) spend(n int) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	max := limit(d.MaxTotal, DefaultMaxTotal)
	if !d.full && d.total+int64(n) > max {
		d.full = true
		d.Log.Warn("nothing more is recorded until the next start", "limit", max, "directory", d.Path)
	}
	if d.full {
		return false
	}
	d.total += int64(n)
	return true
}

// limit returns n, or its default where nothing is set.
func limit[T int | int64](n, byDefault T) T {
	if n <= 0 {
		return byDefault
	}
	return n
}
