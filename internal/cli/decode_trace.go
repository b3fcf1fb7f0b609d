package cli

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"strings"
	"unicode"

	"estream/transcript"
	"estream/wire"
)

// trace decodes recordings of sessions, one or several in a row: what their servers
// sent. Names of one session are none of another.
func (d *decodeRun) trace(ctx context.Context, r io.Reader) error {
	return d.messages(ctx, func(in *messageInput) error {
		t, err := transcript.NewReader(r)
		if err != nil {
			return err
		}
		for source := uint32(1); ; source++ {
			s := &tracedSession{decodeRun: d, in: in, recording: t, source: source}
			if err := s.read(); err != nil {
				return err
			}
			if err := d.nextSession(t); err != nil {
				if err == io.EOF {
					return nil
				}
				return err
			}
		}
	})
}

// nextSession goes to the recording that follows, or returns io.EOF.
func (d *decodeRun) nextSession(t *transcript.Reader) error {
	for {
		err := t.NextSession()
		var line *transcript.LineError
		if !errors.As(err, &line) {
			return err
		}
		d.report("line %d: %v", line.Line, line.Err)
	}
}

// A tracedSession is one recording of a file.
type tracedSession struct {
	*decodeRun
	in        *messageInput
	recording *transcript.Reader
	source    uint32
	lost      map[transcript.Side]*lostBytes
}

// lostBytes are those of a side that follow the first which are no message.
type lostBytes struct{ first, last, bytes int }

// read takes in one recording.
func (s *tracedSession) read() error {
	before := s.in.events
	s.lost = map[transcript.Side]*lostBytes{}
	end := ""
	for end == "" {
		e, err := s.recording.Next()
		var (
			line *transcript.LineError
			cut  *transcript.CutError
		)
		switch {
		case err == nil:
			err = s.entry(e)
		case err == io.EOF:
			end, err = s.recording.End, nil
			if s.recording.Stopped {
				s.log.Warn("the recording stops before its session ended", "session", s.recording.Header.Session, "reason", end)
			}
		case errors.As(err, &cut):
			end, err = "unknown", nil
			if cut.Inside {
				s.report("line %d: the recording ends in the middle of this line, whatever it said is lost", cut.Line)
			} else {
				s.log.Warn("the recording has no last line: it is still being written, or what wrote it was killed", "session", s.recording.Header.Session)
			}
		case errors.As(err, &line):
			s.report("line %d: %v", line.Line, line.Err)
			err = nil
		}
		if err != nil {
			return err
		}
	}
	for _, side := range []transcript.Side{transcript.Client, transcript.Server} {
		if l := s.lost[side]; l != nil && l.bytes > 0 {
			s.report("lines %d to %d: %d more bytes of the %s, in which nobody can tell where a message begins", l.first, l.last, l.bytes, side)
		}
	}
	if s.in.events == before {
		s.skipped = true // said here, with what is known of it
		s.log.Warn("the recorded session has no events", "session", s.recording.Header.Session, "end", end)
	}
	return nil
}

// entry takes in one line.
func (s *tracedSession) entry(e *transcript.Entry) error {
	at := location{line: e.Line}
	switch {
	case !e.Whole:
		return s.noMessage(at, e)
	case e.Type == wire.TypeError:
		s.lastWords(at, e.From, e.Data)
	}
	if e.From != transcript.Server {
		return nil
	}
	return s.in.take(at, s.source, e.Data)
}

// noMessage reports bytes that are no message: the first ones of a side, with all that
// can be had of them, and at the end how many followed.
func (s *tracedSession) noMessage(at location, e *transcript.Entry) error {
	if l := s.lost[e.From]; l != nil {
		if l.bytes == 0 {
			l.first = e.Line
		}
		l.last, l.bytes = e.Line, l.bytes+len(e.Data)
		return nil
	}
	s.lost[e.From] = &lostBytes{}
	why := strings.Map(func(r rune) rune { // it is a stranger's text
		if !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, e.Problem)
	s.report("%v: %d bytes of the %s are no message: %s", at, len(e.Data), e.From, why)
	if e.From != transcript.Server {
		return nil
	}
	return s.in.cut(at, s.source, e.Data)
}

// lastWords says why an end of a session closed it: often all that there is to learn.
func (d *decodeRun) lastWords(at location, from transcript.Side, message []byte) {
	m, err := wire.ParseErrorMessage(message[wire.HeaderSize:])
	if err != nil && m.Text == "" {
		d.report("%v: error message of the %s: %v", at, from, err)
		return
	}
	level := slog.LevelWarn
	if from == transcript.Client {
		level = slog.LevelInfo // it says good-bye like that
	}
	d.log.Log(context.Background(), level, "the "+string(from)+" ended the session with an error message", "at", at.String(), "code", m.Code, "text", m.Text)
}
