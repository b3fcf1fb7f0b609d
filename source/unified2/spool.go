package unified2

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
)

// fairShare is how many records a lane may return before the next one's turn.
const fairShare = 1024

// A Spool follows the files of a directory. It is not safe for concurrent use.
type Spool struct {
	dir    string
	prefix string
	only   string // the one file to read, "" for all of the directory
	log    *slog.Logger

	lanes   []*lane
	turn    int   // index of the lane that Next asks first
	share   int   // records it has returned in a row
	last    *lane // which returned the last record
	final   bool
	opened  bool // the first poll is done
	refused map[string]bool
	noList  bool // the directory could not be listed at the last poll
	stats   Stats
}

// OpenSpool opens the spool in dir, or the single file dir. With a prefix only
// PREFIX and PREFIX.STAMP are read; without one *.u2, unified2.*,
// *unified2.log.*, snort.u2.STAMP and merged.log.STAMP. mark is the position to
// resume from; nil begins with the oldest file. log must not be nil.
//
// It is an error if dir does not exist, the mark is damaged, or the directory
// holds files of more prefixes than a mark has room for (about ten).
func OpenSpool(dir, prefix string, mark []byte, log *slog.Logger) (*Spool, error) {
	fi, err := os.Stat(dir)
	if err != nil {
		return nil, fmt.Errorf("open unified2 spool: %w", err)
	}
	s := &Spool{dir: dir, prefix: prefix, log: log, refused: make(map[string]bool), stats: newStats()}
	if !fi.IsDir() {
		s.dir, s.only = filepath.Dir(dir), filepath.Base(dir)
	}
	positions, err := decodeMark(mark)
	if err != nil {
		return nil, fmt.Errorf("resume unified2 spool %s: %w", dir, err)
	}
	for i := range positions {
		s.restore(&positions[i])
	}
	if err := s.poll(); err != nil {
		s.Close()
		return nil, err
	}
	s.opened = true
	return s, nil
}

// restore makes a lane from a position, unless the prefix was changed since.
func (s *Spool) restore(p *lanePosition) {
	l := s.newLane(laneName{base: p.Name}, p.Cur.Stamp != 0)
	if base, ext, ok := strings.Cut(p.Name, ".*"); ok && l.stamped {
		l.name = laneName{base, ext}
	}
	l.cur, l.high, l.off, l.hash = p.Cur, p.High, p.Offset, p.Hash
	if name := l.name.file(l.cur); s.only != "" && name != s.only || s.only == "" && !wanted(name, s.prefix) {
		s.log.Info("unified2: position of files that are not selected any more is dropped", "dir", s.dir, "files", p.Name)
		return
	}
	s.lanes = append(s.lanes, l)
}

func (s *Spool) newLane(name laneName, stamped bool) *lane {
	return &lane{sp: s, name: name, stamped: stamped, logged: make(map[Reason]bool)}
}

// Next returns the next record, which is valid until the following call. The
// only error is io.EOF: there is nothing to read until Poll has looked again.
// Faults in files are logged and counted, and reading goes on behind them.
func (s *Spool) Next() (Record, error) {
	for waiting := true; waiting; {
		waiting = false
		for range s.lanes {
			l := s.lanes[s.turn]
			if !l.idle {
				if rec, err := l.next(); err == nil {
					s.last = l
					s.stats.Bytes += uint64(len(rec.Raw))
					if s.share++; s.share >= fairShare {
						s.share, s.turn = 0, (s.turn+1)%len(s.lanes)
					}
					return rec, nil
				}
				waiting = waiting || !l.idle
			}
			s.share, s.turn = 0, (s.turn+1)%len(s.lanes)
		}
	}
	return Record{}, io.EOF
}

// File returns the path of the file that the last record came from.
func (s *Spool) File() string {
	if s.last == nil || s.last.file == nil {
		return ""
	}
	return s.last.file.rd.name
}

// Skip counts the last record as skipped. The first of a file and reason is
// logged with err, which says where it is.
func (s *Spool) Skip(why Reason, err error) {
	s.stats.Skipped[why]++
	if l := s.last; !l.logged[why] {
		l.logged[why] = true
		s.log.Warn("unified2: record skipped, further ones of this file are only counted", "reason", string(why), "error", err)
	}
}

// Mark appends the position behind the last record returned by Next to dst: at
// most 512 bytes, opaque to the caller. The position belongs to this directory.
func (s *Spool) Mark(dst []byte) []byte {
	dst = append(dst, markVersion)
	for _, l := range s.lanes {
		p := l.position()
		dst = appendPosition(dst, &p)
	}
	return dst
}

// Poll looks for new files and for more data in the known ones. It must be
// called at intervals even while Next has records, since one busy lane says
// nothing about the others. A directory that cannot be listed is logged once
// and tried again by the next Poll.
func (s *Spool) Poll() {
	err := s.poll()
	if err != nil && !s.noList {
		s.log.Error("unified2: list spool, trying again", "dir", s.dir, "error", err)
		s.stats.Skipped[ReasonUnreadable]++
	}
	s.noList = err != nil
}

// Final says that the files will not grow any more: Next then goes through what
// is left, and leaves unreadable files without waiting. Call Finish afterwards.
func (s *Spool) Final() {
	s.final = true
	for _, l := range s.lanes {
		l.idle = false
	}
}

// Finish reports the incomplete last records of all current files. The error
// names those current files that could not be read.
func (s *Spool) Finish() error {
	var unread []error
	for _, l := range s.lanes {
		switch {
		case l.blocked != nil:
			unread = append(unread, l.blocked)
		case l.torn != nil:
			s.report(l, ReasonTorn, l.torn, "the file ends here")
		}
	}
	return errors.Join(unread...)
}

// Close closes all files.
func (s *Spool) Close() {
	for _, l := range s.lanes {
		l.off, l.hash = l.position().Offset, l.position().Hash
		if l.file != nil {
			l.file.close()
			l.file = nil
		}
		l.drop()
	}
}

// report counts an incident and logs it, once per file and reason.
func (s *Spool) report(l *lane, why Reason, err error, what string, args ...any) {
	if l.logged[why] {
		return
	}
	l.logged[why] = true
	s.stats.Skipped[why]++
	p := l.position()
	args = append([]any{"file", l.path(), "offset", p.Offset, "reason", string(why), "what", what}, args...)
	if err != nil {
		args = append(args, "error", err)
	}
	s.log.Warn("unified2: trouble with a spool file", args...)
}
