package alert

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"estream/internal/mute"
	"estream/meta"
	"estream/wire"
)

// A Sender delivers alerts to one destination. One goroutine uses it at a time.
type Sender interface {
	// Send delivers an alert, as far as the destination confirms anything. It does
	// not keep a.
	Send(ctx context.Context, a *Alert) error
	// Flush returns once everything sent has left this process.
	Flush(ctx context.Context) error
	// Lost returns how many alerts are known not to have arrived. Most losses of
	// datagrams are not known.
	Lost() uint64
	// Close lets go of the destination without flushing.
	Close() error
	// String names the destination.
	String() string
}

// Options say how alerts are collected. The zero value is what the reference
// client does.
type Options struct {
	Interval time.Duration // how long alerts that can wait are collected; 0: the constant
	Rules    int           // for how many rules at once; 0: MaxRules
	Log      *slog.Logger  // nil: slog.Default
}

// A Collector takes records and sends alerts of the intrusion events among them.
// One goroutine uses it at a time.
type Collector struct {
	to     Sender
	reader *Reader
	batch  *Batch
	alert  Alert // of the present record
	log    *slog.Logger
	quiet  *mute.Mute
	closed bool
}

// New returns a collector that sends to a destination, which it closes in the end.
func New(to Sender, o Options) *Collector {
	if o.Log == nil {
		o.Log = slog.Default()
	}
	return &Collector{to: to, reader: NewReader(), batch: NewBatch(to.Send, o.Interval, o.Rules), log: o.Log, quiet: mute.New(time.Minute)}
}

var errClosed = errors.New("output is closed")

// Record takes one event data message: r as the decoder returned it with err, and
// the names that hold for it. Nothing of it is kept. An alert that is urgent is
// sent before Record returns, which a destination that does not answer can delay
// for some seconds; if that fails, the event is not taken and can be offered again.
// Records of other kinds, and what could not be decoded, are counted and left out.
func (c *Collector) Record(_ *wire.Decoder, r *wire.Record, message []byte, s *meta.Snapshot, err error) error {
	if c.closed {
		return fmt.Errorf("%s: %w", c.to, errClosed)
	}
	if err != nil || r == nil || r.Layout == nil {
		c.unreadable(r, message, err)
		return nil
	}
	if !c.reader.Read(r, s, &c.alert) {
		c.batch.stats.Other++
		return nil
	}
	return c.batch.Add(context.Background(), &c.alert, time.Now())
}

func (c *Collector) unreadable(r *wire.Record, message []byte, reason error) {
	c.batch.stats.Unreadable++
	held, ok := c.quiet.Held()
	if !ok {
		return
	}
	record := 0
	if r != nil {
		record = int(r.Type)
	}
	c.log.Warn("alert: a record could not be decoded; if it was an intrusion event, its alert is missing",
		"record", record, "bytes", len(message), "error", reason, "all", c.batch.stats.Unreadable, "more", held)
}

// Tick sends what was collected when its time has come. Call it about once a
// second. After an error what was not sent is kept, and the next call tries again.
func (c *Collector) Tick(ctx context.Context, now time.Time) error {
	if c.closed {
		return fmt.Errorf("%s: %w", c.to, errClosed)
	}
	return c.batch.Tick(ctx, now)
}

// Held returns how many events are collected and not sent yet.
func (c *Collector) Held() int { return c.batch.Held() }

// Flush returns once every alert that was sent is out of this process. What is
// collected stays.
func (c *Collector) Flush(ctx context.Context) error {
	if c.closed {
		return nil
	}
	return c.to.Flush(ctx)
}

// Close sends what is collected, flushes, and lets go of the destination. It may
// be called again. With an error that does not come from closing, alerts are lost;
// it says how many.
func (c *Collector) Close(ctx context.Context) error {
	if c.closed {
		return nil
	}
	c.closed = true
	err := c.batch.SendAll(ctx)
	if err != nil {
		err = fmt.Errorf("%d collected alerts of %d events are lost: %w", c.batch.Rules(), c.batch.Held(), err)
	}
	return errors.Join(err, c.to.Flush(ctx), c.to.Close())
}

// Stats returns what became of the events so far.
func (c *Collector) Stats() Stats {
	s := c.batch.stats
	s.Lost = c.to.Lost()
	return s
}

// String names the destination.
func (c *Collector) String() string { return c.to.String() }
