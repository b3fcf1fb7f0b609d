package source

import (
	"encoding/binary"
	"maps"
	"slices"
	"sync"

	"estream/meta"
	"estream/wire"
)

// Names holds the metadata of each source apart from that of the others: two
// Management Centers may give the same number to different devices. It is safe
// for concurrent use.
type Names struct {
	set *wire.Layouts
	mu  sync.Mutex
	of  map[uint32]*meta.Latest
}

// NewNames returns an empty table.
func NewNames(set *wire.Layouts) *Names {
	return &Names{set: set, of: map[uint32]*meta.Latest{}}
}

// Of returns the metadata of a source, by its number in the journal.
func (n *Names) Of(source uint32) *meta.Latest {
	n.mu.Lock()
	defer n.mu.Unlock()
	l := n.of[source]
	if l == nil {
		l = meta.NewLatest(n.set)
		n.of[source] = l
	}
	return l
}

// Sources returns the numbers of all sources, in order.
func (n *Names) Sources() []uint32 {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Sorted(maps.Keys(n.of))
}

// In front of the messages of a source a snapshot has a message of type
// typeSource, which never occurs on a connection, with the number of the source.
// Snapshots of journals written before there were several sources have none; all
// they hold belongs to firstSource.
const (
	typeSource  = 0xfe53
	firstSource = 1
)

// Append appends the snapshot with which a journal segment begins: all messages
// kept, source by source.
func (n *Names) Append(dst []byte) []byte {
	for _, source := range n.Sources() {
		dst = binary.BigEndian.AppendUint16(dst, 1)
		dst = binary.BigEndian.AppendUint16(dst, typeSource)
		dst = binary.BigEndian.AppendUint32(dst, 4)
		dst = binary.BigEndian.AppendUint32(dst, source)
		dst = n.Of(source).Append(dst)
	}
	return dst
}

// eachSource calls f with the messages of each source in a snapshot.
func eachSource(snapshot []byte, f func(source uint32, messages []byte)) {
	source := uint32(firstSource)
	start, rest := snapshot, snapshot
	flush := func(end []byte) {
		if n := len(start) - len(end); n > 0 {
			f(source, start[:n])
		}
	}
	for len(rest) > 0 {
		m, next, err := wire.NextMessage(rest)
		if err != nil {
			break // the checksum was right, so it was written like that; what is whole counts
		}
		if len(m) == 12 && binary.BigEndian.Uint16(m[2:]) == typeSource {
			flush(rest)
			source, start = binary.BigEndian.Uint32(m[8:]), next
		}
		rest = next
	}
	flush(rest)
}
