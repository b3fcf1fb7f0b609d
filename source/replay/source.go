package replay

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"sync/atomic"

	"estream/wire"
)

// ErrReplayed is returned by Source.Run when the file was handed on to its end
// before, and Source.Loop does not ask for more.
var ErrReplayed = errors.New("replayed already")

// defaultBatch is the usual size of a batch in bytes.
const defaultBatch = 256 << 10

// A Batch is a run of whole messages in the order of the file.
type Batch struct {
	Data       []byte // concatenated messages; valid until the call it is passed to returns
	Count      int    // messages in Data, at least 1
	MinArchive uint32 // earliest and latest archive second in Data,
	MaxArchive uint32 // those that are 0 left out; both 0 when there is none
	Mark       []byte // where to go on after this batch, see Source.Resume; the receiver may keep it
}

// A Source replays one file. Set the fields before Run. One Run at a time;
// Stats may be called at any time.
type Source struct {
	Path    string
	Layouts *wire.Layouts // required: to find malformed records, and the times in records
	Log     *slog.Logger  // nil: no log

	// Loop repeats the file until the context ends, see the package comment.
	Loop bool
	// Rate limits how many messages are handed on in a second; 0 means no limit
	// but the receiver's.
	Rate float64
	// Speed, if not 0, keeps the recording's own timing by archive time, which has whole
	// seconds: 1 takes as long as the recording did, 2 half of that.
	Speed float64
	// BatchBytes is the size at which a batch is complete; 0 means 256 KiB. A
	// larger message makes a batch of its own.
	BatchBytes int

	at       position // where Run goes on
	known    bool     // at comes from a mark, or from an earlier Run
	counters counters
}

type counters struct {
	messages, bytes, skipped, malformed, rounds atomic.Uint64
}

// Stats are counts since the Source was made.
type Stats struct {
	Messages  uint64 // handed on
	Bytes     uint64 // in them
	Skipped   uint64 // not event data, not handed on
	Malformed uint64 // handed on although the record in it is malformed
	Rounds    uint64 // completed
}

// Stats returns the counts. It is safe for concurrent use.
func (s *Source) Stats() Stats {
	c := &s.counters
	return Stats{Messages: c.messages.Load(), Bytes: c.bytes.Load(), Skipped: c.skipped.Load(), Malformed: c.malformed.Load(), Rounds: c.rounds.Load()}
}

// Resume makes the next Run go on behind the batch that carried mark. An empty
// mark means the beginning. If Path holds another file by then (other name, size
// or first 4 KiB) that file is replayed from its beginning, and the log says so.
// It fails when mark is damaged.
func (s *Source) Resume(mark []byte) error {
	if len(mark) == 0 {
		s.at, s.known = position{}, false
		return nil
	}
	at, err := decodeMark(mark)
	if err != nil {
		return fmt.Errorf("resume replay of %s: %w", s.Path, err)
	}
	s.at, s.known = at, true
	return nil
}

// Run hands on the file in batches and returns nil at its end; with Loop it goes
// on until ctx ends. appendBatch may block, which is how the receiver slows the
// replay down. After an error of appendBatch, Run returns it; the next Run offers
// the same messages again.
//
// Other errors: the context's, ErrReplayed, a file that cannot be read, holds no
// event data or has a broken frame, and times that no longer fit 32 bits.
func (s *Source) Run(ctx context.Context, appendBatch func(context.Context, Batch) error) error {
	r, err := s.start(appendBatch)
	if err != nil {
		return fmt.Errorf("replay: %w", err)
	}
	defer r.file.Close()
	for {
		fresh := s.at.Offset == 0
		sent := s.counters.messages.Load()
		if err := r.round(ctx); err != nil {
			return fmt.Errorf("replay %s: %w", s.Path, err)
		}
		r.report()
		sent = s.counters.messages.Load() - sent
		if sent > 0 {
			s.counters.rounds.Add(1)
		}
		switch {
		case sent == 0 && fresh:
			// In a loop this would spin for ever.
			return fmt.Errorf("replay %s: the file holds no event data message", s.Path)
		case !s.Loop && sent == 0:
			return fmt.Errorf("replay %s: %w", s.Path, ErrReplayed)
		case !s.Loop:
			return nil
		}
		s.at.Round++
		s.at.Offset = 0
		if err := r.rewind(ctx); err != nil {
			return fmt.Errorf("replay %s: %w", s.Path, err)
		}
	}
}

// start checks the settings, opens the file and decides where to begin.
func (s *Source) start(appendBatch func(context.Context, Batch) error) (*run, error) {
	if s.Layouts == nil {
		return nil, errors.New("no layouts given")
	}
	if !(s.Speed >= 0) || math.IsInf(s.Speed, 1) {
		return nil, fmt.Errorf("speed is %v times that of the recording; expected 0 (no timing) or more", s.Speed)
	}
	if !(s.Rate >= 0) || math.IsInf(s.Rate, 1) {
		return nil, fmt.Errorf("rate is %v messages per second; expected 0 or more", s.Rate)
	}
	limit := s.BatchBytes
	if limit == 0 {
		limit = defaultBatch
	}
	if limit < 0 {
		return nil, fmt.Errorf("batch size is %d bytes; expected 0 or more", s.BatchBytes)
	}
	log := s.Log
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	f, err := openFile(s.Path)
	if err != nil {
		return nil, err
	}
	if s.at.File != f.identity {
		if s.known {
			log.Warn("replay: the position is that of another file, starting at the beginning", "file", s.Path)
		}
		s.at = position{File: f.identity}
	}
	s.known = true
	return &run{
		source: s, file: f, log: log, limit: limit, appendBatch: appendBatch, pace: newPacer(s.Rate),
		timing: timing{speed: s.Speed},
		check:  wire.NewDecoder(s.Layouts, isNested), shift: newShifter(s.Layouts),
	}, nil
}

// isNested makes a decoder check all lengths, down to the last nested block, and
// read no value.
func isNested(l *wire.Layout, slot int) bool {
	k := l.Fields[slot].Kind
	return k == wire.KindList || k == wire.KindBlock
}
