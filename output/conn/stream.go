package conn

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"time"

	"estream/internal/mute"
	"estream/output"
)

// A Frame appends line, which has no line end, to dst in the form in which it is
// sent.
type Frame func(dst, line []byte) []byte

// A Stream sends lines over a connection that it dials when there is something
// to send. It keeps no copy of them: when the connection breaks while something
// is uncommitted, all further calls return [output.ErrUncommitted].
type Stream struct {
	o     Options
	frame Frame // nil: lines go out as they are
	stats *output.Stats
	log   *slog.Logger
	quiet *mute.Mute // of connections that end and begin again
	c     *Conn      // nil until needed
	dirty bool       // something was taken since the last Commit
	lost  error
	buf   []byte
}

// NewStream returns a stream of lines in the form that frame gives them.
func NewStream(o Options, frame Frame, stats *output.Stats, log *slog.Logger) *Stream {
	return &Stream{o: o, frame: frame, stats: stats, log: log, quiet: mute.New(time.Minute)}
}

// Write sends whole lines. Other errors than [output.ErrUncommitted] mean that
// the same lines can be offered again.
func (s *Stream) Write(ctx context.Context, lines []byte) error {
	if err := s.ready(ctx); err != nil {
		return err
	}
	lingering, stop := Linger(ctx)
	defer stop()
	defer s.c.Attach(lingering)()
	if err := s.send(lingering, lines); err != nil {
		return s.broke(err)
	}
	s.dirty = true
	s.stats.Connected.Store(true)
	s.stats.Lines.Add(uint64(bytes.Count(lines, []byte{'\n'})))
	s.stats.Bytes.Add(uint64(len(lines)))
	return nil
}

// send frames and writes in pieces, so that the buffer stays small.
func (s *Stream) send(ctx context.Context, lines []byte) error {
	if s.frame == nil {
		return s.c.Send(ctx, lines)
	}
	buf := s.buf[:0]
	for len(lines) > 0 {
		var line []byte
		line, lines = Cut(lines)
		if buf = s.frame(buf, line); len(buf) >= writeBytes || len(lines) == 0 {
			if err := s.c.Send(ctx, buf); err != nil {
				return err
			}
			buf = buf[:0]
		}
	}
	if s.buf = buf; cap(buf) > 16*writeBytes {
		s.buf = nil // a huge line came by; its memory need not stay
	}
	return nil
}

// Cut splits lines, which is not empty, behind the first line and removes the
// line's end.
func Cut(lines []byte) (line, rest []byte) {
	if i := bytes.IndexByte(lines, '\n'); i >= 0 {
		return lines[:i], lines[i+1:]
	}
	return lines, nil
}

// ready leaves an open connection behind, or an error.
func (s *Stream) ready(ctx context.Context) error {
	if s.lost != nil {
		return s.lost
	}
	if s.c != nil {
		err := s.c.Alive()
		if err == nil {
			return nil
		}
		if err := s.broke(err); s.lost != nil {
			return err
		}
		if held, ok := s.quiet.Held(); ok {
			s.log.Info("output: the connection ended between two batches; nothing is missing, connecting again", "output", s.o.Name, "cause", err, "more", held)
		}
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("%s: not connected: %w", s.o.Name, context.Cause(ctx))
	}
	c, err := Dial(ctx, s.o, nil)
	if err != nil {
		return err
	}
	s.c = c
	s.stats.Connects.Add(1)
	if held, ok := s.quiet.Held(); ok {
		s.log.Info("output: connected", "output", s.o.Name, "address", c.tcp.RemoteAddr(), "tls", c.Version(), "more", held)
	}
	return nil
}

// broke lets go of the connection. If that leaves lines in doubt, err says so
// from now on.
func (s *Stream) broke(err error) error {
	_ = s.c.Close() // it is broken: err says more than closing it could
	s.c = nil
	s.stats.Connected.Store(false)
	if s.dirty {
		s.lost = fmt.Errorf("%w: %w", err, output.ErrUncommitted)
		return s.lost
	}
	return err
}

// Commit returns once the peer's kernel has acknowledged everything that was
// written.
func (s *Stream) Commit(ctx context.Context) error {
	if s.lost != nil || !s.dirty {
		return s.lost
	}
	if err := s.c.Flush(ctx); err != nil {
		if ctx.Err() != nil && s.c.Alive() == nil {
			return err
		}
		return s.broke(err)
	}
	s.dirty = false
	return nil
}

// Close ends the connection. It may be called again.
func (s *Stream) Close() error {
	s.lost = fmt.Errorf("%s: output is closed: %w", s.o.Name, output.ErrUncommitted)
	s.stats.Connected.Store(false)
	if s.c == nil {
		return nil
	}
	c := s.c
	s.c = nil
	return c.Close()
}
