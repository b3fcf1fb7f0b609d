package collect

import (
	"errors"
	"fmt"
	"maps"
	"sync"
	"sync/atomic"

	"estream/wire"
)

// A Problem is a record that could not be decoded.
type Problem struct {
	Offset  int64  // of the message in the input, in bytes
	Message uint64 // number of the message in the input
	Record  uint16 // 0 if not even the record header could be read
	Block   uint32
	Reason  string // short and constant, for counters
	Err     error
}

// Unknown reports that the record is well formed as far as one can see, but no
// layout is known for its record or block type.
func (p *Problem) Unknown() bool {
	return errors.Is(p.Err, wire.ErrUnknownRecord) || errors.Is(p.Err, wire.ErrUnknownBlock)
}

func (p *Problem) Error() string {
	switch {
	case errors.Is(p.Err, wire.ErrUnknownRecord):
		return fmt.Sprintf("record %d: %v", p.Record, p.Err)
	case errors.Is(p.Err, wire.ErrUnknownBlock):
		return fmt.Sprintf("record %d: block %d: %v", p.Record, p.Block, p.Err)
	}
	return p.Err.Error()
}

func newProblem(offset int64, number uint64, rec *wire.Record, err error) Problem {
	p := Problem{Offset: offset, Message: number, Err: err}
	if rec != nil {
		p.Record, p.Block = rec.Type, rec.Block
	}
	var (
		de *wire.DecodeError
		fe *wire.FrameError
	)
	switch {
	case errors.Is(err, wire.ErrUnknownRecord):
		p.Reason = "unknown record type"
	case errors.Is(err, wire.ErrUnknownBlock):
		p.Reason = "unknown block type"
	case errors.As(err, &de):
		p.Reason = de.Reason()
	case errors.As(err, &fe):
		p.Reason = "not a message"
	default:
		p.Reason = err.Error() // a faulty layout
	}
	return p
}

// Stats counts what a pipeline did. All methods and fields are safe for
// concurrent use.
type Stats struct {
	Messages  atomic.Uint64 // taken from the input: the sum of the next six
	Lines     atomic.Uint64 // decoded and written
	Silent    atomic.Uint64 // decoded; the format has no line for their type
	Filtered  atomic.Uint64 // not chosen by the filter
	Shed      atomic.Uint64 // left out because the output was behind
	Raw       atomic.Uint64 // not decoded, written in raw form
	Unwritten atomic.Uint64 // not decoded, and the format has no raw form: they stay in the journal
	Trailing  atomic.Uint64 // decoded, with bytes behind their known layout, which no format shows
	Bytes     atomic.Uint64 // of the lines
	Input     atomic.Uint64 // bytes of the messages
	Retries   atomic.Uint64 // failed writes and commits
	Committed atomic.Uint64 // last position committed
	Arrival   atomic.Int64  // when the last message taken arrived at the journal, in Unix nanoseconds

	failure  atomic.Pointer[error] // of the write or commit that is tried again
	mu       sync.Mutex
	problems map[ProblemKey]uint64
}

// LastError returns why the output cannot be written at present, nil if it can.
func (s *Stats) LastError() error {
	if p := s.failure.Load(); p != nil {
		return *p
	}
	return nil
}

// A ProblemKey is what problems are counted by.
type ProblemKey struct {
	Record uint16
	Block  uint32
	Reason string
}

// maxProblemKeys bounds the table: numbers come from the peer.
const maxProblemKeys = 4096

func (s *Stats) add(j *job) {
	s.Messages.Add(uint64(j.counts.Messages()))
	s.Lines.Add(uint64(j.counts.Lines))
	s.Silent.Add(uint64(j.counts.Silent))
	s.Filtered.Add(uint64(j.counts.Filtered))
	s.Shed.Add(uint64(j.counts.Shed))
	s.Raw.Add(uint64(j.counts.RawLines))
	s.Unwritten.Add(uint64(j.counts.Undecoded - j.counts.RawLines))
	s.Trailing.Add(uint64(j.counts.Trailing))
	s.Bytes.Add(uint64(len(j.out)))
	if !j.arrival.IsZero() {
		s.Arrival.Store(j.arrival.UnixNano())
	}
	s.Input.Add(uint64(len(j.part)))
	if len(j.problems) == 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.problems == nil {
		s.problems = map[ProblemKey]uint64{}
	}
	for i := range j.problems {
		k := ProblemKey{j.problems[i].Record, j.problems[i].Block, j.problems[i].Reason}
		if _, ok := s.problems[k]; !ok && len(s.problems) >= maxProblemKeys {
			k = ProblemKey{Reason: "other"}
		}
		s.problems[k]++
	}
}

// Problems returns how many records could not be decoded, by record, block and
// reason.
func (s *Stats) Problems() map[ProblemKey]uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.problems)
}
