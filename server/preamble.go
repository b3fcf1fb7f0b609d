package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"

	"estream/journal"
	"estream/source"
	"estream/wire"
)

// A session begins with the metadata that the journal knew at its start, all of it, so
// that every event that follows has its names. Telling only what an event refers to
// would be less at the start, but every event of every session would have to be decoded
// for it, and a table kept as it was at each session's position.

const (
	// namesPiece is how much metadata is sent at a time, in bytes.
	namesPiece = 256 << 10
	// maxParts is in how many parts names grow before they are read anew.
	maxParts = 256
)

// names are the metadata messages of the journal up to a position, source by source in
// the order in which they came. They are shared by sessions and not changed.
type names struct {
	segment journal.Position // where the segment with the position begins
	end     journal.Position
	parts   []namesPart
}

type namesPart struct {
	source   uint32
	messages []byte
}

// preambles makes names. Sessions that start at about the same place share them: the
// last ones are kept, and grown when the journal has.
type preambles struct {
	journal *source.Journal
	kinds   map[uint16]bool // by record type: metadata

	// making lets one session at a time read the journal for this; a channel, so that
	// the wait ends with a context.
	making chan struct{}
	mu     sync.Mutex
	last   *names
}

func newPreambles(j *source.Journal) *preambles {
	return &preambles{journal: j, kinds: map[uint16]bool{}, making: make(chan struct{}, 1)}
}

// at returns the names as of pos.
func (p *preambles) at(ctx context.Context, pos journal.Position) (*names, error) {
	select {
	case p.making <- struct{}{}:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	defer func() { <-p.making }()
	last := p.kept()
	if last != nil && last.end == pos {
		return last, nil
	}
	// The snapshot is read twice, for its start and for its sources; that is what
	// keeps its form the business of package source.
	start, _, err := p.journal.SegmentStart(pos)
	if err != nil {
		return nil, err
	}
	n := names{segment: start, end: start}
	var old []namesPart
	if last != nil && last.segment == start && last.end.Seq <= pos.Seq && len(last.parts) < maxParts {
		n.end, old = last.end, last.parts
	} else {
		err = source.MetadataAt(ctx, p.journal.Journal, start, func(number uint32, messages []byte) { n.add(number, p.filter(messages)) })
		if err != nil {
			return nil, err
		}
	}
	if err := p.grow(ctx, &n, pos); err != nil {
		return nil, err
	}
	n.parts = append(slices.Clip(old), n.parts...)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.last == nil || p.last.end.Seq <= n.end.Seq {
		p.last = &n // those that start at the end are many, those that look back few
	}
	return &n, nil
}

func (p *preambles) kept() *names {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.last
}

// grow adds the metadata between n.end and pos.
func (p *preambles) grow(ctx context.Context, n *names, pos journal.Position) error {
	if n.end.Seq >= pos.Seq {
		return nil
	}
	r := p.journal.NewReader(n.end, journal.ReaderOptions{NoWait: true})
	defer r.Close()
	for r.Position().Seq < pos.Seq {
		v, err := r.Next(ctx)
		var (
			gone   *journal.GoneError
			damage *journal.DamageError
		)
		switch {
		case errors.As(err, &gone), errors.As(err, &damage):
			continue // whoever reads the events reports it
		case errors.Is(err, io.EOF):
			n.end = pos
			return nil
		case err != nil:
			return err
		}
		messages := v.Payload
		if before := pos.Seq - v.Seq; before < uint64(v.Count) {
			if messages, err = source.First(messages, int(before)); err != nil {
				return err
			}
		}
		if first, err := source.First(messages, int(v.Skip)); err == nil {
			messages = messages[len(first):]
		}
		n.add(v.Source, p.filter(messages))
	}
	n.end = pos
	return nil
}

// filter returns a copy of the metadata messages in a batch.
func (p *preambles) filter(batch []byte) (messages []byte) {
	for len(batch) > 0 {
		m, rest, err := wire.NextMessage(batch)
		if err != nil {
			return messages // the journal holds whole messages
		}
		if h, ok := wire.PeekRecord(m); ok && p.isMetadata(h.Type) {
			messages = append(messages, m...)
		}
		batch = rest
	}
	return messages
}

func (p *preambles) isMetadata(record uint16) bool {
	is, ok := p.kinds[record]
	if !ok {
		def, err := p.journal.Set.Source().Record(record)
		is = err == nil && def.IsMetadata()
		p.kinds[record] = is
	}
	return is
}

// add appends messages; n is not shared yet.
func (n *names) add(number uint32, messages []byte) {
	if len(messages) == 0 {
		return
	}
	if last := len(n.parts) - 1; last >= 0 && n.parts[last].source == number {
		n.parts[last].messages = append(n.parts[last].messages, messages...)
		return
	}
	n.parts = append(n.parts, namesPart{number, messages})
}

// each calls f for pieces of at most namesPiece bytes, or one message.
func (n *names) each(f func(p *piece) error) error {
	for _, part := range n.parts {
		for rest := part.messages; len(rest) > 0; {
			p := piece{source: part.source}
			size := 0
			for size < namesPiece && size < len(rest) {
				m, _, err := wire.NextMessage(rest[size:])
				if err != nil {
					return fmt.Errorf("metadata table: %w", err)
				}
				size += len(m)
				p.count++
			}
			p.data, rest = rest[:size], rest[size:]
			if err := f(&p); err != nil {
				return err
			}
		}
	}
	return nil
}
