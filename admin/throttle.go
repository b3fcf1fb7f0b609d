package admin

import (
	"sync"
	"time"
)

// A throttle bounds how often something is tried, for each key on its own: burst times
// at once, and then once in every. It is safe for concurrent use.
type throttle struct {
	burst int
	every time.Duration
	most  int // keys that are remembered
	now   func() time.Time

	mu   sync.Mutex
	keys map[string]time.Time // when all that was used will have been given back
}

func newThrottle(burst int, every time.Duration, most int, now func() time.Time) *throttle {
	return &throttle{burst: burst, every: every, most: most, now: now, keys: make(map[string]time.Time)}
}

// take uses up one try for key. When there is none, it returns how long to wait.
func (t *throttle) take(key string) time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	full, ok := t.keys[key]
	if !ok && len(t.keys) >= t.most {
		t.makeRoom(now)
	}
	if full.Before(now) {
		full = now
	}
	full = full.Add(t.every)
	if wait := full.Sub(now) - time.Duration(t.burst)*t.every; wait > 0 {
		return wait
	}
	t.keys[key] = full
	return 0
}

// back returns a try that turned out to be a good one.
func (t *throttle) back(key string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if full, ok := t.keys[key]; ok {
		t.keys[key] = full.Add(-t.every)
	}
}

// makeRoom forgets the keys that have all their tries again, or if there is none the
// one that is nearest to it.
func (t *throttle) makeRoom(now time.Time) {
	var first string
	for key, full := range t.keys {
		if !full.After(now) {
			delete(t.keys, key)
			continue
		}
		if first == "" || full.Before(t.keys[first]) {
			first = key
		}
	}
	if len(t.keys) >= t.most {
		delete(t.keys, first)
	}
}
