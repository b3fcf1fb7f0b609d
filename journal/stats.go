package journal

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Stats are a snapshot of a journal for status and metrics. Counts are since Open.
type Stats struct {
	Dir      string
	Segments int
	Bytes    int64    // length of all segments, with what is not written yet
	First    Position // of the oldest message
	End      Position // behind the newest message
	Durable  Position // behind the newest durable message

	PendingBytes int64 // of batches that are not durable
	MemoryBytes  int64 // held for recent batches

	Stall      error         // why nothing can be written at present, or nil
	StalledFor time.Duration // since when

	Commits         uint64 // groups of batches written
	Syncs           uint64 // calls of fsync
	WriteErrors     uint64 // commits that failed
	CutBytes        uint64 // torn tail that was cut off
	Damaged         uint64 // damaged regions that were found
	DamagedMessages uint64 // messages in them
	DeletedMessages uint64 // by retention, whether read or not

	PinnedBy    string // the required cursor that is furthest behind, or an unreadable cursor file; "" for none
	PinnedBytes int64  // length of segments kept above RetainBytes because of it

	Cursors []CursorStats // by name
}

// CursorStats describe a cursor.
type CursorStats struct {
	Name     string
	Position Position
	Behind   uint64 // messages between the cursor and the end of the journal
	Required bool
	Open     bool
}

// Stats returns the present state.
func (j *Journal) Stats() Stats {
	j.mu.Lock()
	defer j.mu.Unlock()
	c := j.counters
	s := Stats{
		Dir: j.dir, Segments: len(j.segs), Bytes: sizeOf(j.segs),
		First: Position{j.firstSeq()}, End: Position{j.next}, Durable: Position{j.durable},
		PendingBytes: j.pending, MemoryBytes: j.ring.bytes, Stall: j.stall,
		Commits: c.commits, Syncs: c.syncs, WriteErrors: c.writeErrors, CutBytes: c.cut,
		Damaged: c.damaged, DamagedMessages: c.damagedMessages, DeletedMessages: c.deletedMessages,
	}
	if j.stall != nil {
		s.StalledFor = j.opt.Now().Sub(j.stalledAt)
	}
	if name, seq := j.slowest(); seq != noSeq {
		s.PinnedBy = name
		for rest := j.segs; j.expired(rest) && seq < rest[0].end; rest = rest[1:] {
			s.PinnedBytes += rest[0].size
		}
	}
	for name, p := range j.pins {
		s.Cursors = append(s.Cursors, CursorStats{name, Position{p.seq}, j.next - min(p.seq, j.next), p.required, p.open})
	}
	slices.SortFunc(s.Cursors, func(a, b CursorStats) int { return strings.Compare(a.Name, b.Name) })
	return s
}

// Err returns why nothing can be written at present, or nil.
func (j *Journal) Err() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.stall == nil {
		return nil
	}
	return fmt.Errorf("journal %s is stalled: %w", j.dir, j.stall)
}
