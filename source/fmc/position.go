package fmc

import (
	"context"
	"errors"
	"fmt"
	"time"

	"estream/journal"
	"estream/meta"
	"estream/wire"
)

// position decides what to ask the server for. The resume is nil if the journal
// holds nothing of this source.
func (s *Source) position(ctx context.Context) (*resume, uint32, error) {
	// What is not durable does not count as received.
	if err := s.Journal.Sync(ctx); err != nil {
		return nil, 0, fmt.Errorf("journal: %w", err)
	}
	upto := s.Journal.MaxArchive(s.Number)
	if s.Group != nil {
		var err error
		if upto, err = s.Group.position(ctx, s.Member); err != nil {
			return nil, 0, err
		}
	}
	if upto == 0 {
		if s.Group == nil {
			return nil, s.Start, nil
		}
		return s.grouped(newResume(0, 0, s.Journal.Names.Of(s.Number), meta.NewLatest(s.Journal.Set)), true), s.Start, s.Group.begin(ctx, s.Member, 0)
	}
	if mark := s.Journal.LastMark(s.Number); len(mark) > 0 && string(mark) != s.Addr {
		s.Log.Warn("the journal was filled by another server; going on from its position with this one", "was", string(mark), "now", s.Addr, "hint", "use a state directory of its own for each server")
	}
	from := upto - min(s.Margin, upto-1)
	if s.Start != wire.StartOldest && s.Start > from && s.Start <= upto {
		from = s.Start // the margin must not reach behind what was asked for at first
	}
	r := newResume(from, upto, s.Journal.Names.Of(s.Number), meta.NewLatest(s.Journal.Set))
	if s.Group != nil {
		s.grouped(r, false)
		if err := s.Group.begin(ctx, s.Member, from); err != nil {
			return nil, 0, err
		}
	}
	reader := s.Journal.NewReader(s.Journal.SeekArchive(from), journal.ReaderOptions{DurableOnly: true})
	defer reader.Close()
	for end := s.Journal.Durable(); reader.Position().Seq < end.Seq; {
		v, err := reader.Next(ctx)
		var damage *journal.DamageError
		if errors.As(err, &damage) {
			continue // Open has reported it
		}
		if err != nil {
			return nil, 0, fmt.Errorf("journal: %w", err)
		}
		if v.Source == s.Number && !v.Snapshot && v.MaxArchive >= from {
			r.remember(v.Payload)
		}
	}
	return r, from, nil
}

// grouped lets the group decide about events.
func (s *Source) grouped(r *resume, settled bool) *resume {
	r.settled = settled
	r.repeated = func(m []byte, h wire.RecordHeader) bool { return s.Group.drop(s.Member, m, h) }
	r.learn = func(m []byte, h wire.RecordHeader) { s.Group.learn(s.Member, m, h) }
	return r
}

// archiveRange returns the lowest and highest archive time in batch, those of 0
// and those after limit left out, and whether there were any of the latter.
func archiveRange(batch []byte, limit time.Time) (lowest, highest uint32, late bool) {
	most := uint32(min(limit.Unix(), 1<<32-2))
	for len(batch) > 0 {
		m, rest, err := wire.NextMessage(batch)
		if err != nil {
			break
		}
		batch = rest
		h, ok := wire.PeekRecord(m)
		switch {
		case !ok || h.ArchiveTimestamp == 0:
		case h.ArchiveTimestamp > most:
			late = true
		default:
			if lowest == 0 || h.ArchiveTimestamp < lowest {
				lowest = h.ArchiveTimestamp
			}
			highest = max(highest, h.ArchiveTimestamp)
		}
	}
	return lowest, highest, late
}
