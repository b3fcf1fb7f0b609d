package eve

import (
	"context"
	"crypto/rand"
	"errors"
	"hash/crc32"
	"time"

	"estream/internal/durable"
	"estream/source"
)

// errMissed means that reading again from an older position did not lead to where
// the mark says.
var errMissed = errors.New("the lines before the mark are not those that were read")

const (
	// saveEvery is how often the open flows are saved. What was read since is read
	// again after a crash.
	saveEvery = 30 * time.Second
	// letGoEvery is how often flows are let go while no line comes. It also keeps the
	// two files of open flows further apart than the journal is behind.
	letGoEvery = 10 * time.Second
	// missAfter is how long lines that have to be read again may keep us waiting.
	missAfter = 5 * time.Second
	// letGoAtOnce bounds how many flows go into one batch then.
	letGoAtOnce = 128
)

// A run is the state of one call of Source.Run.
type run struct {
	src   *Source
	conv  *converter
	stats *counts
	input input
	take  func(context.Context, source.Batch) error
	now   func() time.Time

	at    position  // behind the last line taken
	goal  position  // of the mark
	whole bool      // at, the table and what was handed on belong together
	heard time.Time // when the last line came
	saved time.Time // when the open flows were saved last
	slot  int       // which of the two files is next
	dirty bool      // something changed since
	let   time.Time // when flows were let go last without a line
	mark  []byte
	file  []byte
}

// restore sets the table to what it was at the mark or, where lines have to be
// read again for that, at an earlier position.
func (r *run) restore(old *savedState) error {
	c, mark := r.conv, &r.goal
	if old.at == nil {
		if mark.lines > 0 && r.src.State != "" {
			r.stats.Forgotten++
		}
		return nil
	}
	again := old.at.batches != mark.batches
	if again && r.src.Path == "" {
		// Nobody sends once more what came over a socket in the meantime.
		r.stats.Forgotten++
		return nil
	}
	d := codec{b: old.table, reading: true}
	if d.table(c.table); d.err != nil {
		return d.err
	}
	r.at = *old.at
	if !again {
		return nil // nothing was handed on since, whether or not lines were read
	}
	c.quiet = true
	if r.at.lines == mark.lines {
		r.settle()
	}
	return nil
}

// begin starts a lineage of its own: batches of this run may be cut otherwise
// than those of an earlier one that the journal has lost, so that states of
// flows of the one must not be taken for states of the other.
func (r *run) begin() {
	rand.Read(r.at.lineage[:])
	r.dirty = true
	r.save()
}

// run reads until ctx ends or, with Once, the input does.
func (r *run) run(ctx context.Context) error {
	r.whole = true
	if !r.conv.quiet {
		r.begin()
	}
	err := r.input.Run(ctx, r.lines)
	if err == nil && ctx.Err() == nil && r.conv.quiet {
		err = errMissed // all was read, and the mark not reached
	}
	if err == nil && ctx.Err() == nil && r.src.Once {
		err = r.letGo(ctx, func() (*conn, bool) { return r.conv.table.oldest() })
	}
	if r.whole && !r.conv.quiet {
		r.save()
	}
	r.src.publish(r)
	return err
}

// lines takes a batch of lines.
func (r *run) lines(ctx context.Context, lines [][]byte, mark []byte) error {
	r.whole = false
	c := r.conv
	for i, line := range lines {
		c.line(line, i)
		r.at.lines++
		r.at.ended, r.at.opened, r.at.last = 0, 0, crc32.Checksum(line, castagnoli)
		if !c.quiet {
			if len(r.at.file) == 0 && r.src.Path != "" {
				// What begin saved knows no file: after a rotation nobody could tell which
				// one it began with.
				r.at.file = r.input.MarkAt(r.at.file, i)
				r.dirty = true
				r.save()
			}
			if c.enc.Full() {
				r.file = r.input.MarkAt(r.file[:0], i)
				if err := r.flush(ctx, r.file); err != nil {
					return err
				}
			}
			continue
		}
		if r.at.lines == r.goal.lines {
			if r.at.last != r.goal.last {
				return errMissed
			}
			r.at.file = r.input.MarkAt(r.at.file[:0], i)
			r.settle()
			r.begin()
		}
	}
	r.at.file = append(r.at.file[:0], mark...)
	r.dirty = true
	r.heard = r.now()
	if c.quiet {
		r.whole = true
		return nil
	}
	if err := r.flush(ctx, mark); err != nil {
		return err
	}
	r.whole = true
	if r.heard.Sub(r.saved) >= saveEvery {
		r.save()
	}
	r.src.publish(r)
	return nil
}

// settle ends the reading of what was read before: the flows that went without a
// line go again, and from now on everything is new.
func (r *run) settle() {
	c, goal := r.conv, &r.goal
	for ; r.at.ended < goal.ended && c.table.soon.n > 0; r.at.ended++ {
		c.expire(c.table.soon.first)
	}
	for ; r.at.opened < goal.opened && c.table.open.n > 0; r.at.opened++ {
		c.expire(c.table.open.first)
	}
	c.table.clock = max(c.table.clock, goal.clock)
	r.at.batches, r.at.event = goal.batches, goal.event
	r.at.ended, r.at.opened = goal.ended, goal.opened
	c.quiet = false
}

// flush hands on what was made, with the position behind it.
func (r *run) flush(ctx context.Context, file []byte) error {
	c := r.conv
	if c.enc.Len() == 0 {
		return nil
	}
	p := r.at
	p.batches++
	p.event, p.clock, p.file = c.eventID, c.table.clock, file
	r.mark = p.append(r.mark[:0])
	if err := c.enc.Flush(ctx, r.take, r.mark); err != nil {
		return err
	}
	r.at.batches, r.at.event = p.batches, p.event
	return nil
}

// idle is called while there is nothing to read.
func (r *run) idle(ctx context.Context) error {
	c := r.conv
	now := r.now()
	if c.quiet {
		if now.Sub(r.heard) < missAfter {
			return nil // a rotation may be under way
		}
		return errMissed
	}
	if now.Sub(r.let) >= letGoEvery {
		r.let = now
		// Time goes on for flows, too.
		clock := c.table.clock + int64(now.Sub(r.heard)/time.Second)
		if x, _ := c.table.expired(clock); x != nil {
			err := r.letGo(ctx, func() (*conn, bool) { return c.table.expired(clock) })
			if err != nil {
				return err
			}
			c.table.clock, r.heard = clock, now
			r.save()
		}
	}
	if r.dirty && now.Sub(r.saved) >= saveEvery {
		r.save()
	}
	r.src.publish(r)
	return nil
}

// letGo makes the events that flows still owe, as long as next returns one. How
// many went from which list is part of the mark: it is all that cannot be told
// from the lines.
func (r *run) letGo(ctx context.Context, next func() (x *conn, ended bool)) error {
	r.whole = false
	c := r.conv
	c.enc.Begin()
	for n := 1; ; n++ {
		x, ended := next()
		if x == nil {
			break
		}
		if ended {
			r.at.ended++
		} else {
			r.at.opened++
		}
		c.expire(x)
		r.dirty = true
		if n%letGoAtOnce == 0 {
			if err := r.flush(ctx, r.at.file); err != nil {
				return err
			}
		}
	}
	if err := r.flush(ctx, r.at.file); err != nil {
		return err
	}
	r.whole = true
	return nil
}

// save writes the open flows. A fault costs, after the next start, what was open.
func (r *run) save() {
	s := r.src
	r.saved = r.now()
	if s.State == "" || !r.dirty {
		return
	}
	p := r.at
	p.event, p.clock = r.conv.eventID, r.conv.table.clock
	name := s.stateNames()[r.slot]
	if err := durable.ReplaceFile(s.fs(), name, appendState(nil, &p, r.conv.table), 0o600); err != nil {
		s.Log.Error("eve: open flows not saved; a crash now would forget them", "file", name, "error", err)
		return
	}
	r.slot, r.dirty = 1-r.slot, false
}
