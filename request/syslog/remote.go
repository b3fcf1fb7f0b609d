package syslog

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"estream/internal/mute"
	"estream/output"
	"estream/output/syslog"
)

// maxPending is how many bytes wait for the receiver's acknowledgement at most.
const maxPending = 256 << 10

// A remote sends over the network. Over TCP it keeps what the peer's kernel has not
// acknowledged yet, to send it again on a new connection.
type remote struct {
	o       syslog.Options
	out     *syslog.Output // nil while there is none to vouch for pending
	stream  bool
	pending []byte // lines written since the last commit, over TCP and TLS
	log     *slog.Logger
	quiet   *mute.Mute
}

func openRemote(o Options, t syslog.Transport, address string) (destination, error) {
	r := &remote{
		o: syslog.Options{
			Transport: t, Address: address, TLS: o.TLS, Framing: o.Framing, Header: o.Header,
			MaxLine: o.MaxLine, Log: o.Log, Connect: o.Connect, Stall: o.Stall,
		},
		log: o.Log, quiet: mute.New(time.Minute),
	}
	out, err := syslog.Open(r.o)
	if err != nil {
		return nil, err
	}
	r.out, r.stream = out, out.Guarantee() != output.AtMostOnce
	// No lines: this only looks up the name and connects.
	if err := out.Write(context.Background(), nil); err != nil {
		return nil, errors.Join(err, out.Close())
	}
	return r, nil
}

func (r *remote) String() string { return r.o.Transport.String() + "://" + r.o.Address }

// send writes a line, on a second connection if the first one turns out to be
// broken.
func (r *remote) send(ctx context.Context, line []byte) error {
	if len(r.pending)+len(line) > maxPending {
		if err := r.flush(ctx); err != nil {
			return err
		}
	}
	err := r.twice(ctx, func() error { return r.out.Write(ctx, line) })
	if err == nil && r.stream {
		r.pending = append(r.pending, line...)
	}
	return err
}

// flush returns once the peer's kernel has acknowledged everything.
func (r *remote) flush(ctx context.Context) error {
	if len(r.pending) == 0 {
		return nil
	}
	err := r.twice(ctx, func() error {
		_, err := r.out.Commit(ctx)
		return err
	})
	if err == nil {
		r.pending = r.pending[:0]
	}
	return err
}

// twice calls f with an output that has pending, and once more if that broke over
// it.
func (r *remote) twice(ctx context.Context, f func() error) error {
	fresh := r.out == nil
	err := r.attempt(ctx, f)
	if err == nil || fresh || !r.stream || ctx.Err() != nil {
		return err
	}
	if r.out == nil {
		if held, ok := r.quiet.Held(); ok {
			r.log.Warn("syslog: the connection broke; sending again what may have been lost with it", "output", r.String(), "bytes", len(r.pending), "error", err, "more", held)
		}
	}
	return r.attempt(ctx, f)
}

func (r *remote) attempt(ctx context.Context, f func() error) error {
	if r.out == nil {
		out, err := syslog.Open(r.o)
		if err != nil {
			return err
		}
		if err := out.Write(ctx, r.pending); err != nil {
			return errors.Join(err, out.Close())
		}
		r.out = out
	}
	err := f()
	if errors.Is(err, output.ErrUncommitted) {
		// Closing says nothing that err does not: the connection is broken.
		_ = r.out.Close()
		r.out = nil
	}
	return err
}

func (r *remote) lost() uint64 {
	if r.out == nil {
		return 0
	}
	return r.out.Stats().Lost.Load()
}

func (r *remote) close() error {
	if r.out == nil {
		return nil
	}
	return r.out.Close()
}
