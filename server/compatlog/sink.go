package compatlog

import (
	"io"
	"log/slog"
	"net"
	"os"
	"strconv"
	"strings"
	"time"
)

// A Sink stores lines. Put is called by one goroutine at a time and must not keep e.
type Sink interface {
	Put(e *Entry) error
	Close() error
}

// A File is a [Sink] that appends lines to a file, or to whatever else w is, each with
// one Write. Close closes w if that can be closed.
type File struct {
	w    io.Writer
	host string
	buf  []byte
}

// NewFile returns a File. host stands in each line, "" for the name of this machine.
func NewFile(w io.Writer, host string) *File {
	if host == "" {
		host, _, _ = strings.Cut(hostname(), ".")
	}
	return &File{w: w, host: name(host)}
}

func hostname() string {
	if h, err := os.Hostname(); err == nil && h != "" {
		return h
	}
	return "localhost"
}

// Put implements [Sink].
func (f *File) Put(e *Entry) error {
	f.buf = e.At.UTC().AppendFormat(f.buf[:0], time.Stamp)
	f.buf = append(f.buf, ' ')
	f.buf = append(f.buf, f.host...)
	f.buf = append(f.buf, ' ')
	f.buf = append(e.appendTag(f.buf), '\n')
	_, err := f.w.Write(f.buf)
	return err
}

// Close implements [Sink].
func (f *File) Close() error {
	if c, ok := f.w.(io.Closer); ok {
		return c.Close()
	}
	return nil
}

const (
	// DefaultSyslog is where a syslog daemon of this machine listens.
	DefaultSyslog = "/dev/log"
	// syslogWait bounds how long a line may wait for a daemon that does not take it:
	// sessions wait as well.
	syslogWait = 100 * time.Millisecond
	// syslogPause is how long a daemon that failed is left alone.
	syslogPause = 2 * time.Second
	// facilityDaemon is what a Management Center's own services use.
	facilityDaemon = 3
)

// A Syslog is a [Sink] that sends lines to the syslog daemon of this machine in the
// form that is usual there: RFC 3164 without the host. A daemon that was restarted is
// connected to again. Lines that it does not take within 100 ms are lost, as are
// those of the next 2 s.
type Syslog struct {
	path    string
	conn    net.Conn
	stream  bool // lines need an end
	failure error
	until   time.Time // nothing is tried before
	now     func() time.Time
	buf     []byte
}

// DialSyslog connects to the Unix socket at path, "" for [DefaultSyslog]: a datagram
// socket, or a stream where the daemon has one.
func DialSyslog(path string) (*Syslog, error) {
	if path == "" {
		path = DefaultSyslog
	}
	s := &Syslog{path: path, now: time.Now}
	if err := s.dial(); err != nil {
		return nil, err
	}
	return s, nil
}

func (s *Syslog) dial() error {
	conn, err := net.DialTimeout("unixgram", s.path, syslogWait)
	s.stream = err != nil
	if err != nil {
		// The error of the datagram socket is the one to report: it is the usual kind.
		var serr error
		if conn, serr = net.DialTimeout("unix", s.path, syslogWait); serr != nil {
			return err
		}
	}
	s.conn = conn
	return nil
}

// Put implements [Sink].
func (s *Syslog) Put(e *Entry) error {
	now := s.now()
	if now.Before(s.until) {
		return s.failure
	}
	severity := 6 // informational
	switch {
	case e.Level >= slog.LevelError:
		severity = 3
	case e.Level >= slog.LevelWarn:
		severity = 4
	case e.Level < slog.LevelInfo:
		severity = 7
	}
	s.buf = append(s.buf[:0], '<')
	s.buf = strconv.AppendInt(s.buf, int64(facilityDaemon<<3|severity), 10)
	s.buf = append(s.buf, '>')
	s.buf = e.At.UTC().AppendFormat(s.buf, time.Stamp)
	s.buf = append(s.buf, ' ')
	s.buf = e.appendTag(s.buf)
	err := s.send()
	if err != nil {
		// The daemon may have been restarted, with a new socket.
		s.drop()
		if err = s.dial(); err == nil {
			err = s.send()
		}
	}
	if err != nil {
		s.drop()
		s.failure, s.until = err, now.Add(syslogPause)
	}
	return err
}

func (s *Syslog) send() error {
	if s.conn == nil {
		return net.ErrClosed
	}
	if err := s.conn.SetWriteDeadline(time.Now().Add(syslogWait)); err != nil {
		return err
	}
	line := s.buf
	if s.stream {
		line = append(line, '\n')
	}
	_, err := s.conn.Write(line)
	return err
}

// drop closes the connection; a daemon that has gone takes no last words.
func (s *Syslog) drop() {
	if s.conn != nil {
		_ = s.conn.Close()
		s.conn = nil
	}
}

// Close implements [Sink].
func (s *Syslog) Close() error {
	s.drop()
	return nil
}
