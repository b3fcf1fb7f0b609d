// Package mute limits how often a peer can make us write to the log.
package mute

import (
	"sync"
	"time"
)

// A Mute lets one event through per interval and counts the others. It is safe
// for concurrent use.
type Mute struct {
	interval time.Duration

	mu   sync.Mutex
	last time.Time
	held uint64
}

// New returns a Mute that lets the first event through.
func New(interval time.Duration) *Mute { return &Mute{interval: interval} }

// Ok reports whether this event may be logged.
func (m *Mute) Ok() bool {
	_, ok := m.Held()
	return ok
}

// Held reports whether this event may be logged and, if so, how many were held
// back since the last one that was.
func (m *Mute) Held() (held uint64, ok bool) {
	now := time.Now()
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.last.IsZero() && now.Sub(m.last) < m.interval {
		m.held++
		return 0, false
	}
	held, m.held, m.last = m.held, 0, now
	return held, true
}
