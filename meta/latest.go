package meta

import (
	"bytes"
	"encoding/binary"
	"slices"
	"sync"

	"estream/wire"
)

// Limits of a Latest: a hostile stream of new ids costs bounded memory.
const (
	MaxLatestEntries = 1 << 20
	MaxLatestBytes   = 256 << 20
)

// Latest keeps the last metadata record of everything that a stream has
// explained, as whole messages. A session that begins in the middle of a stream
// is sent these first, and a journal segment starts with them, so that whatever
// follows can be named. It is safe for concurrent use.
type Latest struct {
	mu      sync.Mutex
	set     *wire.Layouts
	dec     *wire.Decoder
	kind    [1 << 16]uint8 // per record type: unknown yet, metadata or not
	entries map[string]*latestEntry
	order   uint64
	bytes   int
	refused uint64
	key     []byte
}

type latestEntry struct {
	message []byte
	order   uint64 // of the last change, so that a replay ends with the same values
}

const (
	kindUnset = iota
	kindMetadata
	kindOther
)

// NewLatest returns an empty table.
func NewLatest(set *wire.Layouts) *Latest {
	l := &Latest{set: set, entries: map[string]*latestEntry{}}
	l.dec = wire.NewDecoder(set, func(layout *wire.Layout, slot int) bool { return slices.Contains(layout.Key, slot) })
	return l
}

// IsMetadata reports whether records of this type explain numbers in events.
func (l *Latest) IsMetadata(record uint16) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.isMetadata(record)
}

func (l *Latest) isMetadata(record uint16) bool {
	k := &l.kind[record]
	if *k == kindUnset {
		*k = kindOther
		if def, err := l.set.Source().Record(record); err == nil && def.IsMetadata() && !def.Unknown {
			*k = kindMetadata
		}
	}
	return *k == kindMetadata
}

// Observe takes note of one message and reports whether it is metadata. It
// copies what it keeps. Metadata that cannot be decoded is left out.
func (l *Latest) Observe(message []byte) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.observe(message)
}

func (l *Latest) observe(message []byte) bool {
	h, ok := wire.PeekRecord(message)
	if !ok || !l.isMetadata(h.Type) {
		return false
	}
	e, ok := l.find(message)
	if !ok {
		return true
	}
	if e != nil {
		if !equal(e.message, message) {
			l.order++
			l.bytes += len(message) - len(e.message)
			e.message, e.order = append(e.message[:0], message...), l.order
		}
		return true
	}
	if len(l.entries) >= MaxLatestEntries || l.bytes+len(message)+len(l.key) > MaxLatestBytes {
		l.refused++
		return true
	}
	l.order++
	l.bytes += len(message) + len(l.key)
	l.entries[string(l.key)] = &latestEntry{message: bytes.Clone(message), order: l.order}
	return true
}

// ObserveAll takes note of all messages in a batch.
func (l *Latest) ObserveAll(batch []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for len(batch) > 0 {
		m, rest, err := wire.NextMessage(batch)
		if err != nil {
			return // the batch was split before; a broken tail holds no metadata
		}
		l.observe(m)
		batch = rest
	}
}

// Has reports whether the table's entry for the thing that message explains is
// equal to message, archive time aside.
func (l *Latest) Has(message []byte) bool {
	h, ok := wire.PeekRecord(message)
	if !ok {
		return false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.isMetadata(h.Type) {
		return false
	}
	e, ok := l.find(message)
	return ok && e != nil && equal(e.message, message)
}

// find looks up the entry of a metadata message and leaves its key in l.key. It
// reports false if the message cannot be decoded.
func (l *Latest) find(message []byte) (*latestEntry, bool) {
	r, err := l.dec.Decode(message)
	if err != nil {
		return nil, false
	}
	l.key = binary.BigEndian.AppendUint16(l.key[:0], r.Type)
	l.key = binary.BigEndian.AppendUint16(l.key, r.NetmapID)
	for _, slot := range r.Layout.Key {
		if r.Layout.Fields[slot].Kind.Integer() {
			l.key = binary.BigEndian.AppendUint64(l.key, r.Uint(slot))
		} else {
			b := r.Bytes(slot)
			l.key = binary.BigEndian.AppendUint32(l.key, uint32(len(b)))
			l.key = append(l.key, b...)
		}
	}
	return l.entries[string(l.key)], true
}

// equal compares two records of one type, archive time and reserved word aside.
func equal(a, b []byte) bool {
	ha, oka := wire.PeekRecord(a)
	hb, okb := wire.PeekRecord(b)
	return oka && okb && ha.Type == hb.Type && ha.NetmapID == hb.NetmapID && bytes.Equal(a[8+ha.Size:], b[8+hb.Size:])
}

// Append appends all kept messages to dst, in the order of their last change.
func (l *Latest) Append(dst []byte) []byte {
	l.Each(func(m []byte) { dst = append(dst, m...) })
	return dst
}

// Each calls f for every kept message in the order of their last change. f must
// not call methods of l.
func (l *Latest) Each(f func(message []byte)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	list := make([]*latestEntry, 0, len(l.entries))
	for _, e := range l.entries {
		list = append(list, e)
	}
	slices.SortFunc(list, func(a, b *latestEntry) int {
		switch {
		case a.order < b.order:
			return -1
		case a.order > b.order:
			return 1
		}
		return 0
	})
	for _, e := range list {
		f(e.message)
	}
}

// Reset forgets everything.
func (l *Latest) Reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	clear(l.entries)
	l.bytes, l.order = 0, 0
}

// Len returns the number of things explained, and how many were refused because
// a limit was reached.
func (l *Latest) Len() (entries int, refused uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.entries), l.refused
}
