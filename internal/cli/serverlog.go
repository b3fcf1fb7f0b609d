package cli

import (
	"errors"
	"fmt"
	"io"
	"log/slog"

	"estream/server"
	"estream/server/compatlog"

	"github.com/spf13/pflag"
	"gopkg.in/natefinch/lumberjack.v2"
)

// compat is the log format in the wording of a Management Center.
const compat = "compat"

// serverLog are the flags that say where the log of a server goes.
type serverLog struct {
	file   string
	rotate byteSize
	keep   int
	syslog string
	screen bool
}

func (s *serverLog) register(f *pflag.FlagSet) {
	s.rotate, s.keep = 100<<20, 7
	f.StringVar(&s.file, "log-file", "", "write the log to `FILE` instead of standard error")
	f.Var(&s.rotate, "log-rotate", "begin a new log file at this `SIZE`")
	f.IntVar(&s.keep, "log-keep", s.keep, "keep `N` old log files")
	f.StringVar(&s.syslog, "log-syslog", "", "send the log to the syslog daemon at this `SOCKET`, with --log-format compat")
	f.Lookup("log-syslog").NoOptDefVal = compatlog.DefaultSyslog
	f.BoolVar(&s.screen, "log-screen", false, "write the log to standard error, too")
}

// open returns the log that the flags ask for. trace is nil unless the format is
// compat: then it takes the place of what the server logs about its sessions.
func (s *serverLog) open(e *env) (log *slog.Logger, trace *server.Trace, done func() error, err error) {
	switch {
	case s.keep < 0:
		return nil, nil, nil, usagef("--log-keep is %d; expected 0 (all) or more", s.keep)
	case s.rotate < 1<<20:
		return nil, nil, nil, usagef("--log-rotate is %s; expected 1M or more", s.rotate.String())
	case s.syslog != "" && e.logFormat != compat:
		return nil, nil, nil, usagef("--log-syslog needs --log-format compat")
	case e.verbose && e.quiet:
		return nil, nil, nil, usagef("--verbose and --quiet contradict each other")
	}
	var writers []io.Writer
	done = func() error { return nil }
	if s.file != "" {
		if err := parentExists("--log-file", s.file); err != nil {
			return nil, nil, nil, err
		}
		f := &lumberjack.Logger{Filename: s.file, MaxSize: int(s.rotate >> 20), MaxBackups: s.keep}
		writers, done = append(writers, f), f.Close
	}
	if s.screen || s.file == "" && s.syslog == "" {
		writers = append(writers, struct{ io.Writer }{e.stderr}) // not to be closed
	}
	if e.logFormat != compat {
		inner := *e
		inner.stderr = io.MultiWriter(writers...)
		log, err = inner.logger()
		return log, nil, done, err
	}
	level := slog.LevelInfo
	switch {
	case e.verbose:
		level = slog.LevelDebug
	case e.quiet:
		level = slog.LevelWarn
	}
	l, err := openCompat(level, writers, s.syslog)
	if err != nil {
		return nil, nil, nil, hint(errors.Join(fmt.Errorf("--log-syslog %s: %w", s.syslog, err), done()), "--log-file FILE logs to a file instead")
	}
	return slog.New(l.Handler()), l.Trace(), l.Close, nil
}

// openCompat opens a log in the old wording that goes to writers, and to the syslog
// daemon at a socket unless that is "". Closing it closes the writers that can be closed.
func openCompat(level slog.Level, writers []io.Writer, syslog string) (*compatlog.Log, error) {
	opt := compatlog.Options{Level: level}
	if syslog != "" {
		daemon, err := compatlog.DialSyslog(syslog)
		if err != nil {
			return nil, err
		}
		opt.Sinks = append(opt.Sinks, daemon)
	}
	for _, w := range writers {
		opt.Sinks = append(opt.Sinks, compatlog.NewFile(w, ""))
	}
	return compatlog.New(opt), nil
}
