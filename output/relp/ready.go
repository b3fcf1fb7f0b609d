package relp

import (
	"context"
	"errors"
	"fmt"

	"estream/output"
)

// ready leaves an open session behind, or an error.
func (o *Output) ready(ctx context.Context) error {
	if o.lost != nil {
		return o.lost
	}
	if o.s != nil {
		_, _, leaving := o.window.status()
		err := o.s.c.Alive()
		if err == nil && !leaving {
			// Here a refused line that cannot be kept costs no session.
			return o.window.takeRefused(o.refuse)
		}
		if err == nil {
			// The server hangs up when it has answered what it got.
			if err := o.wait(ctx, 0); err != nil {
				return o.unless(ctx, err)
			}
			err = errLeaving
		}
		if err := o.ended(err); err != nil {
			return err
		}
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("%s: not connected: %w", o.co.Name, context.Cause(ctx))
	}
	s, err := open(ctx, o.co, o.window)
	if err != nil {
		o.window.reset(0)
		return err
	}
	o.s = s
	o.stats.Connects.Add(1)
	if held, ok := o.quiet.Held(); ok {
		o.o.Log.Info("output: RELP session opened", "output", o.co.Name, "tls", s.c.Version(), "more", held)
	}
	return nil
}

var errLeaving = errors.New("the server said that it closes the session")

// ended lets go of a session that is over. It returns an error if that leaves
// anything in doubt.
func (o *Output) ended(cause error) error {
	if err := o.window.takeRefused(o.refuse); err != nil {
		return err
	}
	if err := o.broke(cause, o.window.mark()); o.lost != nil {
		return err
	}
	if held, ok := o.quiet.Held(); ok {
		o.o.Log.Info("output: the session ended with everything confirmed; connecting again", "output", o.co.Name, "cause", cause, "more", held)
	}
	return nil
}

// broke lets go of the session. If a message before mark is not confirmed, this
// and all later errors are [output.ErrUncommitted].
func (o *Output) broke(err error, mark uint64) error {
	_ = o.s.c.Close() // it is broken: err says more than closing it could
	o.s = nil
	o.stats.Connected.Store(false)
	if o.window.reset(mark) {
		o.lost = fmt.Errorf("%w: %w", err, output.ErrUncommitted)
		return o.lost
	}
	return err
}

// unless keeps the session if err is only that ctx ended or that a refused line
// could not be kept; otherwise it lets go of it.
func (o *Output) unless(ctx context.Context, err error) error {
	if ctx.Err() == nil && errors.Is(err, errStalled) || o.s.c.Alive() != nil {
		return o.broke(err, o.window.mark())
	}
	return err
}
