// Package source holds what all sources of events share: each appends batches
// of wire messages to a journal that knows the metadata at its end. The sources
// themselves are in packages below.
package source

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"estream/journal"
	"estream/wire"
)

// A Batch is what a source hands on: whole event data messages in a row.
type Batch struct {
	Data       []byte // borrowed until the call returns
	Count      int    // messages in Data
	MinArchive uint32 // lowest and highest archive time in Data, 0 for none
	MaxArchive uint32
	Mark       []byte // the source's own position behind the batch, stored with it
}

// A Journal is a journal of wire messages together with the metadata that each
// source has sent up to its end. It is safe for concurrent use.
type Journal struct {
	*journal.Journal
	Set   *wire.Layouts
	Names *Names

	// mu keeps the order of batches and the order in which their metadata is
	// learned the same when several sources append.
	mu     sync.Mutex
	pieces [1][]byte
}

// OpenJournal opens the journal in dir. Each of its segments starts with the
// metadata known by then; opt.Snapshot is set here.
func OpenJournal(ctx context.Context, dir string, set *wire.Layouts, opt journal.Options) (*Journal, error) {
	j := &Journal{Set: set, Names: NewNames(set)}
	opt.Snapshot = j.Names.Append
	var err error
	if j.Journal, err = journal.Open(dir, opt); err != nil {
		return nil, err
	}
	err = MetadataAt(ctx, j.Journal, j.End(), func(source uint32, messages []byte) { j.Names.Of(source).ObserveAll(messages) })
	if err != nil {
		return nil, errors.Join(fmt.Errorf("journal %s: read metadata: %w", dir, err), j.Close(ctx))
	}
	return j, nil
}

// AppendFrom appends a batch of a source. It returns when the batch is in
// bounded memory and waits while there is no room.
func (j *Journal) AppendFrom(ctx context.Context, source uint32, b Batch) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.pieces[0] = b.Data
	_, err := j.Append(ctx, journal.Batch{
		Source: source, Payload: j.pieces[:], Count: uint32(b.Count),
		MinArchive: b.MinArchive, MaxArchive: b.MaxArchive, Mark: b.Mark,
	})
	if err != nil {
		return err
	}
	// After Append: a segment that begins with this batch must start with the names
	// as they were before it.
	j.Names.Of(source).ObserveAll(b.Data)
	return nil
}

// MetadataAt calls observe for the metadata of a journal as it was at pos, and
// for some events among it: first with the snapshot of the segment that holds
// pos, then with the batches from there to pos.
func MetadataAt(ctx context.Context, j *journal.Journal, pos journal.Position, observe func(source uint32, messages []byte)) error {
	start, snapshot, err := j.SegmentStart(pos)
	if err != nil {
		return err
	}
	eachSource(snapshot, observe)
	if start.Seq >= pos.Seq {
		return nil
	}
	r := j.NewReader(start, journal.ReaderOptions{})
	defer r.Close()
	for r.Position().Seq < pos.Seq {
		v, err := r.Next(ctx)
		var (
			gone   *journal.GoneError
			damage *journal.DamageError
		)
		if errors.As(err, &gone) || errors.As(err, &damage) {
			continue // whoever reads the events reports it
		}
		if err != nil {
			return err
		}
		messages := v.Payload
		if before := pos.Seq - v.Seq; before < uint64(v.Count) {
			if messages, err = First(v.Payload, int(before)); err != nil {
				return err
			}
		}
		observe(v.Source, messages)
	}
	return nil
}

// First returns the first n messages of a batch.
func First(batch []byte, n int) ([]byte, error) {
	rest := batch
	for range n {
		var err error
		if _, rest, err = wire.NextMessage(rest); err != nil {
			return nil, fmt.Errorf("journal batch: %w", err)
		}
	}
	return batch[:len(batch)-len(rest)], nil
}
