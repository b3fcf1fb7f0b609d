package alert

import (
	"context"
	"time"
)

const (
	// Interval is how long alerts that can wait are collected.
	Interval = 120 * time.Second
	// MaxRules is how many rules are collected at once. Such an alert has a few
	// hundred bytes.
	MaxRules = 10_000
)

// A Send delivers one alert. It does not keep a. After an error nothing counts as
// delivered.
type Send func(ctx context.Context, a *Alert) error

// A Batch sends urgent alerts at once and collects the others by rule. One
// goroutine uses it at a time. It has no clock: the caller says what time it is.
type Batch struct {
	send     Send
	interval time.Duration
	most     int

	rules map[Rule]uint64 // where a rule stands in held, counted from the first that was ever there
	held  []Alert         // in the order of their first events
	first uint64          // the number of held[0]
	since time.Time       // when an event was added to nothing held
	count uint64          // events in held
	stats Stats
}

// Stats say what became of events.
type Stats struct {
	Events     uint64 // intrusion events taken
	Alerts     uint64 // alerts sent, urgent or collected
	Lost       uint64 // of them those that are known not to have arrived, see Sender
	Early      uint64 // of them those sent before their time because MaxRules was reached
	Other      uint64 // records that are no intrusion events
	Unreadable uint64 // messages that could not be decoded; there may be intrusion events among them
}

// NewBatch returns an empty batch. Interval and most are those of the constants
// where they are 0.
func NewBatch(send Send, interval time.Duration, most int) *Batch {
	if interval <= 0 {
		interval = Interval
	}
	if most <= 0 {
		most = MaxRules
	}
	return &Batch{send: send, interval: interval, most: most, rules: map[Rule]uint64{}}
}

// Add takes one event. It sends what is urgent, and the oldest of the collected
// alerts if there are too many rules. After an error, which is that of sending, a
// is not taken and may be added again.
func (b *Batch) Add(ctx context.Context, a *Alert, now time.Time) error {
	if a.Urgent() {
		if err := b.deliver(ctx, a); err != nil {
			return err
		}
		b.stats.Events += a.Count
		return nil
	}
	if at, ok := b.rules[a.Rule]; ok {
		h := &b.held[at-b.first]
		count := h.Count + a.Count
		*h = *a
		h.Count = count
	} else {
		if len(b.held) >= b.most {
			if err := b.oldest(ctx); err != nil {
				return err
			}
			b.stats.Early++
		}
		if len(b.held) == 0 {
			b.since = now
		}
		b.rules[a.Rule] = b.first + uint64(len(b.held))
		b.held = append(b.held, *a)
	}
	b.count += a.Count
	b.stats.Events += a.Count
	return nil
}

// Tick sends what is collected, all rules, if the interval since the first event
// has passed. What could not be sent stays, and the next call tries again.
func (b *Batch) Tick(ctx context.Context, now time.Time) error {
	if len(b.held) == 0 || now.Sub(b.since) < b.interval {
		return nil
	}
	return b.SendAll(ctx)
}

// SendAll sends what is collected without waiting for its time. It stops at the
// first error; what was not sent stays.
func (b *Batch) SendAll(ctx context.Context) error {
	for len(b.held) > 0 {
		if err := b.oldest(ctx); err != nil {
			return err
		}
	}
	return nil
}

// oldest sends the alert that was begun first and lets go of it.
func (b *Batch) oldest(ctx context.Context) error {
	a := &b.held[0]
	if err := b.deliver(ctx, a); err != nil {
		return err
	}
	b.count -= a.Count
	delete(b.rules, a.Rule)
	b.first++
	*a = Alert{} // lets go of its text
	if b.held = b.held[1:]; len(b.held) == 0 {
		b.held = nil // and of the memory that the rules before it had
	}
	return nil
}

func (b *Batch) deliver(ctx context.Context, a *Alert) error {
	if err := b.send(ctx, a); err != nil {
		return err
	}
	b.stats.Alerts++
	return nil
}

// Held returns how many events are collected and not sent yet.
func (b *Batch) Held() int { return int(min(b.count, 1<<31-1)) }

// Rules returns for how many rules they are.
func (b *Batch) Rules() int { return len(b.held) }
