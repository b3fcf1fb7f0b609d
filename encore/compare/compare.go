// Package compare finds the lines that only one of two collectors has written: ours
// and eNcore's, side by side, before the one takes the place of the other.
//
// Lines are compared as they stand, in any order, each as often as it occurs. Of a
// CEF line only what follows the syslog header counts, since that holds the time of
// writing. Files are read once, in step; of lines that wait for their twin a hash is
// kept, so memory depends on the window and neither on the length of the files nor
// on that of their lines.
package compare

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"
)

// DefaultWindow is how many lines of each side wait for their twin, some 25 MB.
const DefaultWindow = 1 << 18

const (
	turn = 512 // lines that are read from one side before the other has its turn
	poll = 500 * time.Millisecond
)

// A Line is one that only one side has.
type Line struct {
	Ours   bool
	File   string
	Number int64  // counted from 1
	Text   string // the first 4 KiB; "" if the file is gone by now
}

// Options say how to compare.
type Options struct {
	// Window is how many lines of a side may wait for their twin at a time: how far
	// one side may be ahead. 0: DefaultWindow.
	Window int
	// Follow goes on at the end of the files, also in new files of a directory or
	// pattern, until the context ends. A line then waits for its twin for Grace, or
	// until the window is full.
	Follow bool
	Grace  time.Duration
	// Only is called for each line that only one side has, about in the order of its
	// file. An error of it ends Compare.
	Only func(Line) error

	now func() time.Time
}

// A Count is about one side.
type Count struct {
	Lines uint64 // read
	Only  uint64 // without a twin
	Files int
}

// A Result says how far both sides agree.
type Result struct {
	Equal        uint64 // pairs
	Ours, Theirs Count
}

// Same reports whether every line has its twin.
func (r *Result) Same() bool { return r.Ours.Only == 0 && r.Theirs.Only == 0 }

func (r *Result) String() string {
	return fmt.Sprintf("%d lines are equal; of ours %d of %d, of theirs %d of %d have no twin", r.Equal, r.Ours.Only, r.Ours.Lines, r.Theirs.Only, r.Theirs.Lines)
}

// Compare reads both sides. Each is a list of files, directories (all files in
// them, in order of their names) and patterns as filepath.Glob takes them. The
// error is one of reading, or of Only; that ctx has ended is one unless it follows.
func Compare(ctx context.Context, ours, theirs []string, o Options) (*Result, error) {
	if o.Window == 0 {
		o.Window = DefaultWindow
	}
	if o.Window < turn {
		return nil, fmt.Errorf("a window of %d lines found, at least %d expected", o.Window, turn)
	}
	if o.now == nil {
		o.now = time.Now
	}
	c := &comparison{Options: o}
	for i, specs := range [2][]string{ours, theirs} {
		c.sides[i] = newSide(specs, o.Follow)
		defer c.sides[i].close()
	}
	err := c.run(ctx)
	if o.Follow && errors.Is(err, context.Canceled) {
		err = nil
	}
	if err == nil {
		err = c.expire(0, time.Time{})
	}
	for i, count := range [2]*Count{&c.result.Ours, &c.result.Theirs} {
		count.Files = len(c.sides[i].files)
	}
	return &c.result, err
}

type comparison struct {
	Options
	sides  [2]*side
	result Result
}

func (c *comparison) count(i int) *Count {
	if i == 0 {
		return &c.result.Ours
	}
	return &c.result.Theirs
}

func (c *comparison) run(ctx context.Context) error {
	for {
		idle := true
		for i := range c.sides {
			n, err := c.read(ctx, i)
			if err != nil {
				return err
			}
			idle = idle && n == 0
		}
		oldest := time.Time{}
		if c.Follow && c.Grace > 0 {
			oldest = c.now().Add(-c.Grace)
		}
		if err := c.expire(c.Window, oldest); err != nil {
			return err
		}
		switch {
		case idle && !c.Follow:
			return nil
		case idle:
			select {
			case <-time.After(poll):
			case <-ctx.Done():
				return ctx.Err()
			}
		}
	}
}

// read takes a turn of lines of one side.
func (c *comparison) read(ctx context.Context, i int) (int, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	mine, other := c.sides[i], c.sides[1-i]
	for n := range turn {
		e, err := mine.next()
		if errors.Is(err, io.EOF) {
			return n, nil
		}
		if err != nil {
			return n, err
		}
		c.count(i).Lines++
		if other.waiting.take(e.hash) {
			c.result.Equal++
			continue
		}
		e.at = c.now().Unix()
		mine.waiting.put(e)
	}
	return turn, nil
}

// expire reports lines that have waited long enough: all above a number, and all
// that came before a time.
func (c *comparison) expire(most int, before time.Time) error {
	for i, s := range c.sides {
		for {
			e, ok := s.waiting.oldest()
			if !ok || s.waiting.len() <= most && (before.IsZero() || e.at >= before.Unix()) {
				break
			}
			s.waiting.drop()
			c.count(i).Only++
			if c.Only == nil {
				continue
			}
			if err := c.Only(Line{Ours: i == 0, File: s.files[e.file], Number: e.number, Text: s.text(e)}); err != nil {
				return err
			}
		}
	}
	return nil
}
