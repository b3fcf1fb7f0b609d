package syslog

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"runtime"
	"syscall"
	"time"

	"estream/output/syslog"
)

// A local sends datagrams to the socket of this machine's syslog service. Each is
// a message as the C library's syslog function writes it: RFC 3164 without host.
type local struct {
	path     string
	priority []byte // <13>
	tag      string // estream: or estream[17]:
	o        Options
	c        net.Conn // nil after an error
	buf      []byte
}

// DefaultSocket returns the path of the local socket on this system, "" where there
// is none (Windows).
func DefaultSocket() string {
	switch runtime.GOOS {
	case "windows", "plan9", "js", "wasip1":
		return ""
	case "darwin", "ios":
		return "/var/run/syslog"
	case "freebsd", "dragonfly":
		return "/var/run/log"
	}
	return "/dev/log"
}

func openLocal(o Options, path string) (destination, error) {
	if path == "" {
		path = DefaultSocket()
	}
	if path == "" {
		return nil, errors.New("syslog: this system has no local syslog socket: name a receiver, such as syslog+udp://siem.example.net:514")
	}
	h := o.Header
	h.Format, h.Hostname, h.MsgID = syslog.RFC3164, "localhost", "" // checks the rest; the name is not used
	header, err := syslog.NewHeader(h, o.Log)
	if err != nil {
		return nil, err
	}
	l := &local{path: path, o: o}
	whole := header.Append(nil, time.Time{})
	_, after, _ := bytes.Cut(whole, []byte(" localhost "))
	l.priority = whole[:bytes.IndexByte(whole, '>')+1]
	l.tag = string(after)
	if least := len(l.head(nil)) + syslog.MinText; o.MaxLine < least {
		return nil, fmt.Errorf("syslog: messages of at most %d bytes: with this header expected %d or more", o.MaxLine, least)
	}
	if err := l.connect(context.Background()); err != nil {
		return nil, err
	}
	return l, nil
}

func (l *local) String() string { return "unix:" + l.path }

// head appends what stands before the text.
func (l *local) head(dst []byte) []byte {
	dst = append(dst, l.priority...)
	dst = time.Now().AppendFormat(dst, time.Stamp)
	return append(append(dst, ' '), l.tag...)
}

func (l *local) connect(ctx context.Context) error {
	d := net.Dialer{Timeout: l.o.Connect}
	c, err := d.DialContext(ctx, "unixgram", l.path)
	if err != nil {
		return l.explain(err)
	}
	l.c = c
	return nil
}

func (l *local) explain(err error) error {
	var hint string
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ECONNREFUSED):
		hint = "no syslog service listens there: start one, or name a receiver, such as syslog+udp://siem.example.net:514"
	case errors.Is(err, fs.ErrPermission):
		hint = "this user may not write to the socket"
	case errors.Is(err, syscall.EPROTOTYPE):
		hint = "that is no socket for datagrams"
	case errors.Is(err, os.ErrDeadlineExceeded):
		hint = "the syslog service takes nothing"
	default:
		return fmt.Errorf("%s: %w", l, err)
	}
	return fmt.Errorf("%s: %w: %s", l, err, hint)
}

// send writes one datagram, on a second socket if the service was started anew.
func (l *local) send(ctx context.Context, line []byte) error {
	l.buf = cut(l.head(l.buf[:0]), line, l.o.MaxLine)
	if l.c != nil {
		err := l.write(ctx)
		if err == nil {
			return nil
		}
		if errors.Is(err, os.ErrDeadlineExceeded) || ctx.Err() != nil {
			return l.explain(err)
		}
	}
	if err := l.connect(ctx); err != nil {
		return err
	}
	if err := l.write(ctx); err != nil {
		return l.explain(err)
	}
	return nil
}

// write sends l.buf. After an error there is no socket any more.
func (l *local) write(ctx context.Context) error {
	deadline := time.Now().Add(l.o.Stall)
	if d, ok := ctx.Deadline(); ok && d.Before(deadline) {
		deadline = d
	}
	err := l.c.SetWriteDeadline(deadline)
	if err == nil {
		_, err = l.c.Write(l.buf)
	}
	if err != nil {
		_ = l.c.Close() // a socket for datagrams has nothing left to say
		l.c = nil
	}
	return err
}

// flush has nothing to do: the service's socket has what was sent.
func (l *local) flush(context.Context) error { return nil }

func (l *local) lost() uint64 { return 0 }

func (l *local) close() error {
	if l.c == nil {
		return nil
	}
	return l.c.Close()
}
