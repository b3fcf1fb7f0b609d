package collect

import (
	"context"
	"errors"
	"fmt"

	"estream/journal"
	"estream/meta"
	"estream/source"
	"estream/wire"
)

// A JournalInput reads a journal from a position on.
type JournalInput struct {
	// Lost is called when messages cannot be read because retention deleted them
	// or the disk damaged them. Set it before the first Next.
	Lost func(messages uint64, err error)

	reader *journal.Reader
}

// OpenJournal returns an input that begins at pos, and teaches names the
// metadata as it was there.
func OpenJournal(ctx context.Context, j *journal.Journal, set *wire.Layouts, names Names, pos journal.Position) (*JournalInput, error) {
	dec := wire.NewDecoder(set, meta.Wanted)
	err := source.MetadataAt(ctx, j, pos, func(source uint32, messages []byte) {
		// Nothing is formatted here; Scan is used for what it learns.
		_ = names.Of(source).Scan(messages, dec, func([]byte, *meta.Snapshot) error { return nil })
	})
	if err != nil {
		return nil, fmt.Errorf("read names from the journal: %w", err)
	}
	r := j.NewReader(pos, journal.ReaderOptions{DurableOnly: true})
	return &JournalInput{reader: r}, nil
}

// Next implements [Input]. Outputs get durable messages only: what a crash
// could still take back must not have been written anywhere. The messages are
// lent: they stay in the journal's memory.
func (in *JournalInput) Next(ctx context.Context, _ []byte) (Chunk, error) {
	for {
		v, err := in.reader.Next(ctx)
		var (
			gone   *journal.GoneError
			damage *journal.DamageError
		)
		switch {
		case errors.As(err, &gone):
			in.lost(gone.Lost(), gone)
			continue
		case errors.As(err, &damage):
			in.lost(damage.Lost(), damage)
			continue
		case err != nil:
			return Chunk{}, err
		}
		skip, err := source.First(v.Payload, int(v.Skip))
		if err != nil {
			return Chunk{}, err
		}
		v.Retain()
		return Chunk{
			Source:  v.Source,
			Arrival: v.Arrival,
			Data:    v.Payload[len(skip):],
			Base:    int64(len(skip)),
			First:   v.Seq + uint64(v.Skip),
			Cursor:  v.End().Seq,
			Release: v.Release,
		}, nil
	}
}

func (in *JournalInput) lost(n uint64, err error) {
	if in.Lost != nil {
		in.Lost(n, err)
	}
}

// Close ends the reading.
func (in *JournalInput) Close() error { return in.reader.Close() }
