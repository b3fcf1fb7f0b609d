package replay

import (
	"context"
	"time"
)

// A pacer is a token bucket: one token for each message, rate tokens a second.
// It gives out a tick's worth at a time, so that the pace is smooth, and saves
// up no more than ten ticks, so that a receiver that stood still is not flooded.
type pacer struct {
	rate   float64 // 0: no limit
	tokens float64
	last   time.Time
}

const tick = 10 * time.Millisecond

// unlimited is more messages than any batch takes.
const unlimited = 1 << 30

func newPacer(rate float64) *pacer {
	p := &pacer{rate: rate, last: time.Now()}
	p.tokens = p.portion() // the first messages go at once
	return p
}

// portion is how many tokens must be there to go on: a tick's worth, at least one.
func (p *pacer) portion() float64 { return max(1, p.rate*tick.Seconds()) }

// wait returns how many messages may go now, at least 1. It blocks until there
// is one or ctx ends.
func (p *pacer) wait(ctx context.Context) (int, error) {
	for {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		if p.rate == 0 {
			return unlimited, nil
		}
		now := time.Now()
		p.tokens = min(p.tokens+p.rate*now.Sub(p.last).Seconds(), 10*p.portion())
		p.last = now
		missing := p.portion() - p.tokens
		if missing <= 1e-6 { // rounding must not cost another tick
			return int(min(max(p.tokens, 1), unlimited)), nil
		}
		// Very low rates: look again every hour, far from the limits of Duration.
		sleep := time.Duration(min(missing/p.rate, 3600)*float64(time.Second)) + 1
		t := time.NewTimer(sleep)
		select {
		case <-ctx.Done():
			t.Stop()
			return 0, ctx.Err()
		case <-t.C:
		}
	}
}

// spend takes the tokens of n messages that went.
func (p *pacer) spend(n int) { p.tokens -= float64(n) }
