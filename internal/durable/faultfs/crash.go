package faultfs

import "math/rand/v2"

// A Mode says what survives a crash.
type Mode int

const (
	// Lose keeps what was synced and nothing else: a power cut at the worst moment.
	Lose Mode = iota
	// Torn keeps, of what was not synced, changes of each directory up to a
	// random one and a random choice of the 512-byte sectors of each file.
	Torn
	// Keep keeps everything: the process died, the machine did not. What a
	// failed Sync has forgotten stays forgotten for the next crash.
	Keep
)

const sector = 512

// Crash ends this file system, whose operations all fail from now on, and
// returns what is left of it, with no locks held, no faults set, and the same
// capacity. rng is needed for Torn only.
func (f *FS) Crash(mode Mode, rng *rand.Rand) *FS {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.crashed = true
	next := &FS{root: f.root.survive(mode, rng, map[*node]*node{}), capacity: f.capacity, locks: map[string]bool{}}
	next.used = next.root.bytes()
	return next
}

// survive returns what is left of a node; seen keeps files with two names one file.
func (n *node) survive(mode Mode, rng *rand.Rand, seen map[*node]*node) *node {
	if done := seen[n]; done != nil {
		return done
	}
	left := &node{dir: n.dir, mode: n.mode}
	seen[n] = left
	if !n.dir {
		left.data, left.synced = n.content(mode, rng)
		if mode == Keep {
			left.dirty = append([]span(nil), n.dirty...)
		}
		return left
	}
	copyOf := func(m map[string]*node) map[string]*node {
		out := map[string]*node{}
		for name, child := range m {
			out[name] = child.survive(mode, rng, seen)
		}
		return out
	}
	if mode == Keep {
		left.entries, left.durable = copyOf(n.entries), copyOf(n.durable)
		for _, c := range n.changes {
			left.changes = append(left.changes, change{set: copyOf(c.set), unset: c.unset})
		}
		return left
	}
	names := map[string]*node{}
	for name, child := range n.durable {
		names[name] = child
	}
	if mode == Torn {
		for _, c := range n.changes[:rng.IntN(len(n.changes)+1)] {
			applyTo(names, c)
		}
	}
	left.durable = copyOf(names)
	left.entries = copyOf(names)
	return left
}

// content returns what a file holds after a crash, as seen and as durable.
func (n *node) content(mode Mode, rng *rand.Rand) (data, synced []byte) {
	switch mode {
	case Keep:
		return append([]byte(nil), n.data...), append([]byte(nil), n.synced...)
	case Torn:
		out := append([]byte(nil), n.synced...)
		if grown := int64(len(n.data) - len(n.synced)); grown > 0 {
			out = resize(out, int64(len(n.synced))+rng.Int64N(grown+1))
		} else if grown < 0 && rng.IntN(2) == 0 {
			out = out[:len(n.data)]
		}
		for _, s := range n.dirty {
			for at := s.from; at < s.to; at = at/sector*sector + sector {
				end := min(at/sector*sector+sector, s.to, int64(len(out)), int64(len(n.data)))
				if at < end && rng.IntN(2) == 0 {
					copy(out[at:end], n.data[at:end])
				}
			}
		}
		return out, append([]byte(nil), out...)
	}
	return append([]byte(nil), n.synced...), append([]byte(nil), n.synced...)
}

func (n *node) bytes() int64 {
	total := int64(len(n.data))
	for _, child := range n.entries {
		total += child.bytes()
	}
	return total
}

// resize sets the length of b, filling with zeros.
func resize(b []byte, size int64) []byte {
	if size <= int64(len(b)) {
		return b[:size]
	}
	if size <= int64(cap(b)) {
		grown := b[:size]
		clear(grown[len(b):])
		return grown
	}
	grown := make([]byte, size, size+size/2)
	copy(grown, b)
	return grown
}
