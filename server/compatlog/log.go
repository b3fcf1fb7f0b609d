package compatlog

import (
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"
)

// The names under which a Management Center's listener and its modules log.
const (
	listener          = "Event Streamer"
	connectionHandler = "ConnectionHandler"
	sfestreamer       = "sfestreamer"
	sfUtil            = "SFUtil"
	unified2Iterator  = "Unified2Iterator"
)

const (
	// SessionBurst is how many connections without a valid certificate are listed one
	// by one at once; after that sessionRate a second are.
	SessionBurst = 200
	sessionRate  = 20
	// quietReport is how often the number of those that were not is logged.
	quietReport = 10 * time.Second
)

// Options say how a [Log] works.
type Options struct {
	Sinks []Sink
	// Level is the least level that is logged. With slog.LevelDebug every line has the
	// place in the source that logs it.
	Level slog.Level
	// PID stands in lines that are about no session. Default: that of this process.
	PID int
	// Now gives the time of a line. Default: time.Now.
	Now func() time.Time
}

// A Log writes lines. It is safe for concurrent use.
type Log struct {
	opt Options

	mu          sync.Mutex
	connections map[uint64]*connection // as many as there are connections
	lost        []uint64               // lines that each sink did not take
	tokens      float64                // connections that may be listed
	filled      time.Time              // when tokens was reckoned
	quiet       quiet
}

// quiet counts connections that were not listed.
type quiet struct {
	connections, refused uint64
	since                time.Time
}

// A connection is what the lines about a connection have in common.
type connection struct {
	remote netip.AddrPort
	label  string // in parentheses behind "EventStreamer child"

	muted     bool // not listed
	refused   bool
	failed    bool
	requested bool // the first service of its streaming request was logged
}

// New returns a Log.
func New(o Options) *Log {
	if o.PID == 0 {
		o.PID = os.Getpid()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Log{opt: o, lost: make([]uint64, len(o.Sinks)), connections: map[uint64]*connection{}, tokens: SessionBurst, filled: o.Now()}
}

// Close closes the sinks. Nothing must be logged afterwards.
func (l *Log) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	var errs []error
	for _, s := range l.opt.Sinks {
		errs = append(errs, s.Close())
	}
	return errors.Join(errs...)
}

// put hands an entry to all sinks. pc is the place that logs, 0 for none. The caller
// holds mu.
func (l *Log) put(pc uintptr, e *Entry) {
	if e.Level < l.opt.Level {
		return
	}
	if e.At.IsZero() {
		e.At = l.opt.Now()
	}
	if l.opt.Level <= slog.LevelDebug {
		e.Text = place(pc) + e.Text
	}
	for i, sink := range l.opt.Sinks {
		if l.lost[i] > 0 {
			note := &Entry{At: e.At, Process: uint64(l.opt.PID), Program: listener, Module: sfestreamer, Level: slog.LevelWarn, Text: fmt.Sprintf("%d log lines could not be written", l.lost[i])}
			if sink.Put(note) != nil {
				l.lost[i]++ // the count is all that can be said of the error: this is the log
				continue
			}
			l.lost[i] = 0
		}
		if sink.Put(e) != nil {
			l.lost[i]++
		}
	}
}

// parent logs a line of the listener.
func (l *Log) parent(pc uintptr, level slog.Level, module, format string, args ...any) {
	l.put(pc, &Entry{Process: uint64(l.opt.PID), Program: listener, Module: module, Level: level, Text: fmt.Sprintf(format, args...)})
}

// child logs a line of a connection.
func (l *Log) child(pc uintptr, n uint64, s *connection, level slog.Level, module, format string, args ...any) {
	l.put(pc, &Entry{Process: n, Program: "EventStreamer child(" + s.label + ")", Module: module, Level: level, Text: fmt.Sprintf(format, args...)})
}

// caller returns the place that called the function which calls caller, through one
// method of ours.
func caller() uintptr {
	var pcs [1]uintptr
	runtime.Callers(3, pcs[:])
	return pcs[0]
}

// place writes a place as "server.go:154:serve(): ".
func place(pc uintptr) string {
	if pc == 0 {
		return ""
	}
	f, _ := runtime.CallersFrames([]uintptr{pc}).Next()
	file := f.File[strings.LastIndexByte(f.File, '/')+1:]
	return file + ":" + strconv.Itoa(f.Line) + ":" + function(f.Function) + "(): "
}

// function returns the bare name of a function: without package, receiver, type
// parameters, and the numbers of function literals in it.
func function(full string) string {
	full, _, _ = strings.Cut(full[strings.LastIndexByte(full, '/')+1:], "[")
	parts := strings.Split(full, ".")
	if len(parts) < 2 {
		return full
	}
	last := parts[1]
	for _, p := range parts[1:] {
		if strings.HasPrefix(p, "(") {
			continue
		}
		if strings.TrimLeft(strings.TrimPrefix(p, "func"), "0123456789") == "" {
			break
		}
		last = p
	}
	return last
}
