package follow

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
)

// A run is the state of one call of Follower.Run.
type run struct {
	f    *Follower
	take Take
	log  *slog.Logger
	max  int // longest line

	resume *position         // where to begin; nil once that is done
	cur    *file             // nil until there is a file
	done   position          // of it the files that were read, and what is known of the last
	last   bool              // the successor of cur had content before the last read of cur
	tries  int               // looks at an unreadable file
	err    error             // why nothing is read at present
	logged map[Reason]bool   // of the current file
	left   map[[2]int64]bool // unreadable rotated files by size and time

	buf   []byte
	lines [][]byte // the batch that is being taken
	begin []int64  // where its lines begin
	end   []int64  // and where the next ones do
	mark  []byte
}

func (r *run) close() {
	if r.cur != nil {
		r.cur.close()
	}
}

func (r *run) markAt(dst []byte, i int) []byte {
	p := r.cur.position(r.end[i])
	p.done = r.done.done
	return p.append(dst)
}

func (r *run) where(i int) Place { return Place{r.cur.path, r.begin[i]} }

// batch reads the next piece of the current file and hands on the whole lines in
// it. It returns how many bytes were dealt with, 0 when there is no whole line.
func (r *run) batch(ctx context.Context) (int, error) {
	f := r.cur
	if f.lost {
		return 0, nil
	}
	if f.off == 0 && len(f.head) == 0 {
		if n, ready, err := r.prime(); !ready {
			return n, err
		}
	}
	if f.scan > 0 {
		return r.skip()
	}
	if len(r.buf) < f.chunk {
		r.buf = make([]byte, f.chunk)
	}
	b := r.buf[:f.chunk]
	n, err := f.readAt(b, f.off)
	if err != nil {
		return 0, err
	}
	r.err, r.tries = nil, 0
	if n == 0 {
		return 0, nil
	}
	b = b[:n]
	whole := bytes.LastIndexByte(b, '\n') + 1
	if whole == 0 {
		return r.noEnd(b)
	}
	f.chunk = batchSize
	f.learn(b[:whole], f.off)
	r.split(b[:whole])
	return whole, r.hand(ctx, f.off+int64(whole))
}

// hand hands on the lines of the batch and moves to next.
func (r *run) hand(ctx context.Context, next int64) error {
	f := r.cur
	if len(r.lines) > 0 {
		p := f.position(next)
		p.done = r.done.done
		r.mark = p.append(r.mark[:0])
		if err := r.take(ctx, r.lines, r.mark); err != nil {
			return fmt.Errorf("hand on %d lines of %s: %w", len(r.lines), f.path, err)
		}
	}
	r.f.count(func(s *Stats) { s.Lines += uint64(len(r.lines)); s.Bytes += uint64(next - f.off) })
	f.off, f.scan = next, 0
	return nil
}

// split cuts whole lines, which start at the file's offset.
func (r *run) split(b []byte) {
	r.lines, r.begin, r.end = r.lines[:0], r.begin[:0], r.end[:0]
	at := r.cur.off
	for len(b) > 0 {
		n := bytes.IndexByte(b, '\n') + 1
		if n == 0 {
			n = len(b) // the last line of a file that its writer has left
		}
		r.line(b[:n], at)
		b, at = b[n:], at+int64(n)
	}
}

// line adds a line to the batch, without its end and the zeros that a writer
// leaves in front of it that goes on at its old offset in a truncated file.
func (r *run) line(b []byte, at int64) {
	end := at + int64(len(b))
	if len(b) > 0 && b[0] == 0 {
		rest := bytes.TrimLeft(b, "\x00")
		at += int64(len(b) - len(rest))
		b = rest
	}
	b = bytes.TrimSuffix(b, []byte{'\n'})
	b = bytes.TrimSuffix(b, []byte{'\r'})
	switch {
	case len(b) > r.max:
		r.long(at, int64(len(b)))
	case len(b) > 0:
		r.lines, r.begin, r.end = append(r.lines, b), append(r.begin, at), append(r.end, end)
	}
}

// noEnd is called when b, all that was read at the file's offset, holds no line
// end: the line is not written yet, or longer than what was read.
func (r *run) noEnd(b []byte) (int, error) {
	f := r.cur
	full := len(b) == f.chunk
	// Zeros in front of other bytes, or more of them than fit, are a hole. At the
	// end of a file they may be what a network file system shows before the data.
	if zeros := len(b) - len(bytes.TrimLeft(b, "\x00")); zeros > 0 && (full || zeros < len(b)) {
		f.learn(b[:zeros], f.off)
		f.off += int64(zeros)
		return zeros, nil
	}
	switch {
	case !full:
		return 0, nil
	case len(b) <= r.max:
		f.chunk = min(2*f.chunk, max(r.max+1, batchSize))
	default:
		f.learn(b, f.off)
		f.scan = int64(len(b))
	}
	return len(b), nil
}

// skip looks for the end of a line that is too long.
func (r *run) skip() (int, error) {
	f := r.cur
	b := r.buf[:min(len(r.buf), batchSize)]
	n, err := f.readAt(b, f.off+f.scan)
	if err != nil || n == 0 {
		return 0, err
	}
	if i := bytes.IndexByte(b[:n], '\n'); i >= 0 {
		r.long(f.off, f.scan+int64(i))
		f.off, f.scan, f.chunk = f.off+f.scan+int64(i)+1, 0, batchSize
		return i + 1, nil
	}
	f.scan += int64(n)
	return n, nil
}

func (r *run) long(at, size int64) {
	r.report(ReasonLong, fmt.Errorf("offset %d: line of %d bytes, at most %d expected", at, size, r.max), "left out; further ones of this file are only counted")
}

// tail hands on what stands behind the last line end of a file that its writer
// has left.
func (r *run) tail(ctx context.Context) error {
	f := r.cur
	if len(r.buf) < r.max+1 {
		r.buf = make([]byte, r.max+1)
	}
	n, err := f.readAt(r.buf[:r.max+1], f.off)
	if err != nil || n == 0 {
		return nil // what is wrong with the file was reported; there is nothing to hand on
	}
	f.learn(r.buf[:n], f.off)
	r.split(r.buf[:n])
	if len(r.lines) > 0 && !r.f.Once {
		r.report(ReasonTorn, nil, "the last line has no end and is handed on as it is")
	}
	return r.hand(ctx, f.off+int64(n))
}

// report counts an incident and logs it, once per file and reason.
func (r *run) report(why Reason, err error, what string) {
	r.f.count(func(s *Stats) { s.skip(why) })
	if r.logged[why] {
		return
	}
	r.logged[why] = true
	args := []any{"file", r.f.Path, "reason", string(why), "what", what}
	if r.cur != nil {
		args = append(args, "reading", r.cur.path, "offset", r.cur.off)
	}
	if err != nil {
		args = append(args, "error", err)
	}
	r.log.Warn("follow: trouble with a file", args...)
}

// once is report for what would be found again at every look.
func (r *run) once(why Reason, err error, what string) {
	if !r.logged[why] {
		r.report(why, err, what)
	}
}

func (f *Follower) count(add func(*Stats)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	add(&f.stats)
}
