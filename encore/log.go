package encore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"estream/encore/conf"
)

// loggerKey is the attribute that holds the name of a logger: eNcore's class.
const loggerKey = "logger"

// named returns a logger for one part of the client.
func named(log *slog.Logger, name string) *slog.Logger { return log.With(loggerKey, name) }

// A logSink writes entries as lines in eNcore's format to all of its writers. It is
// safe for concurrent use.
type logSink struct {
	format lineFormat
	level  slog.Level
	now    func() time.Time // nil: the time of the record
	mu     sync.Mutex
	to     []io.Writer
	file   *os.File // one of to; nil for none
	buf    []byte
	lost   int // lines that a writer did not take
}

// openLog opens the log that a configuration asks for. Warnings about it are for
// the caller to log. Lines are appended; the file is never rotated, as operators
// do that.
func openLog(c *conf.Conf, dir string, stdout, stderr io.Writer) (s *logSink, warnings []conf.Warning, err error) {
	s = &logSink{level: levelOf(c.Logging.Level)}
	if s.format, err = compileFormat(c.Logging.Format); err != nil {
		warnings = append(warnings, conf.Warning{Path: "$.logging.format", Text: err.Error() + "; the usual format is used"})
		if s.format, err = compileFormat(conf.DefaultFormat); err != nil {
			return nil, nil, err
		}
	}
	if c.Logging.File != "" {
		s.file, err = os.OpenFile(In(dir, c.Logging.File), os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o644)
		if err != nil {
			return nil, nil, fmt.Errorf("log file ($.logging.filepath): %w", err)
		}
		s.to = append(s.to, s.file)
	}
	if c.Logging.StdOut && stdout != nil {
		s.to = append(s.to, stdout)
	}
	if c.Logging.StdErr && stderr != nil {
		s.to = append(s.to, stderr)
	}
	return s, warnings, nil
}

func (s *logSink) logger() *slog.Logger { return slog.New(&logHandler{sink: s, name: "Controller"}) }

func (s *logSink) Close() error {
	if s.file == nil {
		return nil
	}
	return s.file.Close()
}

// write writes one line. A full disk must not stop the client: what could not be
// written is counted, and the count is in the log once there is room.
func (s *logSink) write(e *entry) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.now != nil {
		e.at = s.now()
	}
	s.buf = s.buf[:0]
	if s.lost > 0 {
		s.buf = s.line(s.buf, &entry{at: e.at, name: "Controller", level: slog.LevelWarn, message: fmt.Sprintf("%d log lines could not be written", s.lost)})
	}
	s.buf = s.line(s.buf, e)
	var errs []error
	for _, w := range s.to {
		if _, err := w.Write(s.buf); err != nil {
			errs = append(errs, err)
		}
	}
	if len(errs) > 0 {
		s.lost++
		return errors.Join(errs...)
	}
	s.lost = 0
	return nil
}

// oneLine keeps a message on its line, as eNcore does, and harmless on a terminal.
var oneLine = strings.NewReplacer("\n", `\n`, "\r", `\r`, "\x1b", `\x1b`, "\x00", `\x00`)

func (s *logSink) line(dst []byte, e *entry) []byte {
	e.message = oneLine.Replace(e.message)
	return append(s.format.append(dst, e), '\n')
}

// A logHandler is a slog.Handler in front of a sink: the message comes first, then
// attributes as key=value.
type logHandler struct {
	sink  *logSink
	name  string
	attrs []byte // of With, ready to be appended
	group string
}

// Enabled implements [slog.Handler].
func (h *logHandler) Enabled(_ context.Context, l slog.Level) bool { return l >= h.sink.level }

// Handle implements [slog.Handler].
func (h *logHandler) Handle(_ context.Context, r slog.Record) error {
	message := append([]byte(r.Message), h.attrs...)
	name := h.name
	r.Attrs(func(a slog.Attr) bool {
		if a.Key == loggerKey {
			name = a.Value.String()
		} else {
			message = h.attr(message, a)
		}
		return true
	})
	return h.sink.write(&entry{at: r.Time, name: name, level: r.Level, message: string(message)})
}

func (h *logHandler) attr(dst []byte, a slog.Attr) []byte {
	v := a.Value.Resolve()
	if a.Equal(slog.Attr{}) {
		return dst
	}
	if v.Kind() == slog.KindGroup {
		inner := *h
		inner.group += a.Key + "."
		for _, member := range v.Group() {
			dst = inner.attr(dst, member)
		}
		return dst
	}
	text := v.String()
	if text == "" || strings.ContainsAny(text, " \"=\n\r") {
		text = fmt.Sprintf("%q", text)
	}
	return fmt.Appendf(dst, " %s%s=%s", h.group, a.Key, text)
}

// WithAttrs implements [slog.Handler].
func (h *logHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	n := *h
	n.attrs = slices.Clone(h.attrs)
	for _, a := range attrs {
		if a.Key == loggerKey && h.group == "" {
			n.name = a.Value.String()
			continue
		}
		n.attrs = n.attr(n.attrs, a)
	}
	return &n
}

// WithGroup implements [slog.Handler].
func (h *logHandler) WithGroup(name string) slog.Handler {
	n := *h
	if name != "" {
		n.group += name + "."
	}
	return &n
}
