package fmc

import (
	"bytes"
	"context"
	"encoding/binary"
	"log/slog"
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"estream/internal/durable"
	"estream/internal/mute"
	"estream/source"
	"estream/wire"
)

const (
	// DefaultWindow is how far apart the members of a group may be.
	DefaultWindow = time.Hour
	// MaxMembers of a group.
	MaxMembers = 4

	groupParts = 8       // pieces in which the window is forgotten
	groupMost  = 4 << 20 // events remembered, about 32 bytes each
	groupSlack = 60      // seconds by which members may stamp the same event differently
	groupSave  = 5 * time.Second
)

// A Group makes several sources that deliver the same events, such as the
// Management Centers of a high-availability pair, count as one: each event is
// journaled once, whichever member delivers it first. Metadata is not shared:
// each member numbers its own things.
//
// What makes two records the same event is in identity.go. Equal events are
// counted by member, so that a second one that really happened stays a second
// one. The Group remembers the events of a window; it is read back from the
// journal at start. A member that comes back after more than the window, or
// after more than 4 million events, brings what it has again.
//
// A member whose events were all dropped as known still moves on: its position
// is kept in a file of the Group, written when the journal is durable up to it.
//
// A Group is safe for concurrent use.
type Group struct {
	Name    string
	Members []string      // names of its sources, 2 to MaxMembers
	Window  time.Duration // 0: DefaultWindow

	// Set by the Collector before any member runs.
	Numbers []uint32 // of the members in the journal
	Journal *source.Journal
	File    string     // where positions are kept
	FS      durable.FS // nil: the machine's
	Log     *slog.Logger

	stats GroupStats

	mu        sync.Mutex
	loaded    bool // the window holds what the journal does
	ids       *identifier
	devices   []map[uint32]string // names of managed devices, by member
	parts     []part              // of the window, newest last
	total     int
	positions map[string]uint32 // archive second up to which a member was heard
	changed   bool              // since they were saved
	saved     time.Time
	full      *mute.Mute
}

// GroupStats counts what a Group did. Its fields may be read at any time.
type GroupStats struct {
	Repeated   atomic.Uint64 // events dropped, as another delivery was journaled
	Remembered atomic.Uint64 // events in the window
}

// Stats returns the counters.
func (g *Group) Stats() *GroupStats { return &g.stats }

// A part of the window: events first seen in one stretch of archive time.
type part struct {
	from uint32 // highest archive second when it began
	seen map[uint64]seen
}

type seen struct {
	second    uint32 // highest archive second of it at any member
	journaled uint8
	copies    [MaxMembers]uint8 // delivered by each member
}

// begin prepares for a session of a member, which asks for events from second
// `from` on: what it delivers from there on it delivers anew.
func (g *Group) begin(ctx context.Context, member int, from uint32) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if err := g.load(ctx); err != nil {
		return err
	}
	for _, p := range g.parts {
		for id, e := range p.seen {
			if uint64(e.second)+groupSlack >= uint64(from) {
				e.copies[member] = 0
				p.seen[id] = e
			}
		}
	}
	return nil
}

// position returns the archive second up to which a member was heard, 0 when it
// never was.
func (g *Group) position(ctx context.Context, member int) (uint32, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if err := g.load(ctx); err != nil {
		return 0, err
	}
	return max(g.positions[g.Members[member]], g.Journal.MaxArchive(g.Numbers[member])), nil
}

// drop reports whether the journal holds the event in message already, and takes
// note of it.
func (g *Group) drop(member int, message []byte, h wire.RecordHeader) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	known := g.count(member, message, h, true)
	if known {
		g.stats.Repeated.Add(1)
		name := g.Members[member]
		if h.ArchiveTimestamp > g.positions[name] && int64(h.ArchiveTimestamp) <= time.Now().Add(future).Unix() {
			g.positions[name], g.changed = h.ArchiveTimestamp, true
		}
	}
	return known
}

// count adds a copy of an event. While the window is loaded every copy was
// journaled; later only those are that exceed what the journal holds.
func (g *Group) count(member int, message []byte, h wire.RecordHeader, live bool) (known bool) {
	id := g.ids.of(message, h, func(device uint32) string { return g.devices[member][device] })
	p := len(g.parts) - 1
	var e seen
	for ; p >= 0; p-- {
		var ok bool
		if e, ok = g.parts[p].seen[id]; ok {
			break
		}
	}
	if p < 0 {
		p = g.room(h.ArchiveTimestamp)
	}
	e.second = max(e.second, h.ArchiveTimestamp)
	if e.copies[member] < math.MaxUint8 {
		e.copies[member]++
	}
	switch {
	case !live && e.journaled < math.MaxUint8:
		e.journaled++
	case live && e.copies[member] > e.journaled:
		e.journaled = e.copies[member]
	case live:
		known = true
	}
	g.parts[p].seen[id] = e
	return known
}

// room returns the part of the window for a new event, and forgets what has
// become too old.
func (g *Group) room(second uint32) int {
	newest := &g.parts[len(g.parts)-1]
	if newest.from == 0 {
		newest.from = second
	}
	if step := uint32(g.Window/time.Second)/groupParts + 1; second >= newest.from+step || len(newest.seen) >= groupMost/groupParts {
		if len(newest.seen) >= groupMost/groupParts && g.full.Ok() {
			g.Log.Warn("so many events come that the group cannot remember a whole window: a member that lags behind may bring events again",
				"group", g.Name, "events", groupMost, "window", g.Window)
		}
		g.parts = append(g.parts, part{from: second, seen: map[uint64]seen{}})
		for len(g.parts) > groupParts+1 {
			g.total -= len(g.parts[0].seen)
			g.parts = slices.Delete(g.parts, 0, 1)
		}
	}
	g.total++
	g.stats.Remembered.Store(uint64(g.total))
	return len(g.parts) - 1
}

// learn takes note of the names of managed devices in a metadata message.
func (g *Group) learn(member int, message []byte, h wire.RecordHeader) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.learnLocked(member, message, h)
}

func (g *Group) learnLocked(member int, message []byte, h wire.RecordHeader) {
	const managedDevice, most = 123, 1 << 16
	body := message[wire.HeaderSize+h.Size:]
	if h.Type != managedDevice || len(body) < 8 || binary.BigEndian.Uint32(body[4:]) > uint32(len(body)-8) {
		return
	}
	id, name := binary.BigEndian.Uint32(body), body[8:8+binary.BigEndian.Uint32(body[4:])]
	if _, ok := g.devices[member][id]; ok || len(g.devices[member]) < most {
		g.devices[member][id] = string(bytes.Trim(name, "\x00"))
	}
}
