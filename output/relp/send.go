package relp

import (
	"context"
	"errors"
	"fmt"
	"time"

	"estream/output"
	"estream/output/conn"
)

const sendBytes = 64 << 10 // what is framed before it is sent

func (o *Output) send(ctx context.Context, lines []byte) error {
	o.head = o.header.Append(o.head[:0], time.Now())
	o.buf = o.buf[:0]
	for len(lines) > 0 {
		var line []byte
		line, lines = conn.Cut(lines)
		if room := o.o.MaxLine - len(o.head); len(line) > room {
			o.cut, _ = output.Truncate(o.cut[:0], line, room)
			o.stats.Truncated.Add(1)
			line = o.cut
		}
		if err := o.room(ctx); err != nil {
			return err
		}
		o.buf = appendStart(o.buf, o.window.put(line), "syslog", len(o.head)+len(line))
		o.buf = append(append(append(o.buf, o.head...), line...), '\n')
		if len(o.buf) >= sendBytes {
			if err := o.flush(ctx); err != nil {
				return err
			}
		}
	}
	return o.flush(ctx)
}

// flush sends what is in the buffer.
func (o *Output) flush(ctx context.Context) error {
	if len(o.buf) == 0 {
		return nil
	}
	err := o.s.c.Send(ctx, o.buf)
	o.buf = o.buf[:0]
	return err
}

// room waits until the window has room for one more message.
func (o *Output) room(ctx context.Context) error {
	if waiting, _, _ := o.window.status(); waiting < o.o.Window {
		return nil
	}
	if err := o.flush(ctx); err != nil {
		return err
	}
	return o.wait(ctx, o.o.Window-1)
}

// wait returns when at most this many messages wait for an answer. Refused ones
// are handed on. An error leaves the session as it is.
func (o *Output) wait(ctx context.Context, most int) error {
	o.timer.Reset(o.o.Stall)
	defer o.timer.Stop()
	last := ^uint64(0)
	for {
		if err := o.window.takeRefused(o.refuse); err != nil {
			return err
		}
		waiting, settled, _ := o.window.status()
		if waiting <= most {
			return nil
		}
		if settled != last {
			last = settled
			o.timer.Reset(o.o.Stall)
		}
		select {
		case <-o.window.changed:
		case <-o.s.c.Done():
			// Answers that came before the end count.
			if err := o.window.takeRefused(o.refuse); err != nil {
				return err
			}
			if waiting, _, _ := o.window.status(); waiting <= most {
				return nil
			}
			return o.s.c.Alive()
		case <-ctx.Done():
			return fmt.Errorf("%s: %d messages wait for the server's answer: %w", o.co.Name, waiting, context.Cause(ctx))
		case <-o.timer.C:
			return fmt.Errorf("%s: %d messages without an answer of the server for %v: %w", o.co.Name, waiting, o.o.Stall, errStalled)
		}
	}
}

var errStalled = errors.New("it hangs, is overloaded, or is gone")

// reject deals with a line that the server refused.
func (o *Output) reject(line []byte, text string) error {
	cause := fmt.Errorf("%s: the server refused the line: %s", o.co.Name, text)
	if o.o.Reject != nil {
		if err := o.o.Reject(line, cause); err != nil {
			return fmt.Errorf("%s: keep a line that the server refused (%s): %w", o.co.Name, text, err)
		}
	} else if held, ok := o.quiet.Held(); ok {
		o.o.Log.Error("output: the server refused a line, and nothing is configured to keep it", "output", o.co.Name, "answer", text, "line", string(line[:min(len(line), 200)]), "more", held)
	}
	o.stats.Rejected.Add(1)
	return nil
}
