package server

import (
	"errors"
	"log/slog"
	"net/netip"
	"sync"
	"time"

	"estream/pki"
)

const (
	// refusalPause is how long a host that is refused for one and the same reason
	// again and again is not mentioned in the log.
	refusalPause = 10 * time.Second
	// maxRefusals is how many hosts and reasons are told apart. A peer chooses the
	// number of both, so it has to be bounded; beyond it all share one entry.
	maxRefusals = 1024
)

// A refusalLog writes refused connections to the log: the first of a host and
// reason at once, then one line per refusalPause with the number of the others.
// The zero value is ready for use, by several goroutines at a time.
type refusalLog struct {
	mu   sync.Mutex
	seen map[refusalKey]*refusals
}

type refusalKey struct {
	host   netip.Addr
	reason pki.Reason
}

type refusals struct {
	since time.Time // of the last line
	held  uint64    // not mentioned since then
}

func (r *refusalLog) warn(log *slog.Logger, err error) {
	var refusal *pki.Refusal
	if !errors.As(err, &refusal) {
		refusal = &pki.Refusal{Err: err}
	}
	held, ok := r.pass(refusalKey{refusal.Remote, refusal.Reason}, time.Now())
	if !ok {
		return
	}
	if held > 0 {
		log = log.With("others", held)
	}
	if refusal.Reason == 0 {
		log.Warn("connection refused", "error", err)
		return
	}
	log.Warn(refusal.Error(), "reason", refusal.Reason.String())
}

// pass reports whether a refusal at the given time is to be logged, and how many
// like it were not since the last one that was.
func (r *refusalLog) pass(k refusalKey, now time.Time) (held uint64, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.seen == nil {
		r.seen = map[refusalKey]*refusals{}
	}
	e := r.seen[k]
	if e == nil && len(r.seen) >= maxRefusals {
		for k, e := range r.seen {
			if e.held == 0 && now.Sub(e.since) >= refusalPause {
				delete(r.seen, k)
			}
		}
		if len(r.seen) >= maxRefusals {
			k = refusalKey{}
			e = r.seen[k]
		}
	}
	switch {
	case e == nil:
		r.seen[k] = &refusals{since: now}
		return 0, true
	case now.Sub(e.since) < refusalPause:
		e.held++
		return 0, false
	}
	held, e.held, e.since = e.held, 0, now
	return held, true
}
