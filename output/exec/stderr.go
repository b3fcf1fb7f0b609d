package exec

import (
	"bytes"
	"log/slog"
	"strings"
	"time"
)

const (
	stderrLine  = 1 << 10 // bytes of a line that are logged
	stderrLines = 20      // lines that are logged in each stderrTime
	stderrTime  = 10 * time.Second
)

// A logWriter logs the lines that a program writes to standard error, as many
// as a person might read.
type logWriter struct {
	log    *slog.Logger
	name   string
	line   []byte // start of a line that has no end yet
	cut    bool   // and more of it was thrown away
	since  time.Time
	logged int
	held   uint64 // lines that were not logged
	now    func() time.Time
}

func newLogWriter(log *slog.Logger, name string) *logWriter {
	return &logWriter{log: log, name: name, now: time.Now}
}

// Write implements [io.Writer]. It never fails: a program must not stop for its log.
func (w *logWriter) Write(p []byte) (int, error) {
	for rest := p; len(rest) > 0; {
		part := rest
		i := bytes.IndexByte(rest, '\n')
		if i >= 0 {
			part, rest = rest[:i], rest[i+1:]
		} else {
			rest = nil
		}
		n := min(len(part), stderrLine-len(w.line))
		w.line = append(w.line, part[:n]...)
		w.cut = w.cut || n < len(part)
		if i >= 0 {
			w.flush()
		}
	}
	return len(p), nil
}

// flush logs a line that is complete.
func (w *logWriter) flush() {
	text := strings.ToValidUTF8(string(bytes.TrimRight(w.line, "\r")), "\uFFFD")
	if w.cut {
		text += "..."
	}
	w.line, w.cut = w.line[:0], false
	if now := w.now(); w.since.IsZero() || now.Sub(w.since) >= stderrTime {
		w.since, w.logged = now, 0
	}
	if w.logged == stderrLines {
		w.held++
		return
	}
	w.logged++
	w.log.Warn("program says", "output", w.name, "line", text, "held back before", w.held)
	w.held = 0
}
