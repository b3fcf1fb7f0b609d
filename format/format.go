// Package format turns decoded records into lines of text for other systems. The
// formats themselves are in packages below: [estream/format/jsonl] and
// [estream/format/cef].
//
// A [Format] is a choice of output and its settings; it is shared. A [Formatter]
// is one goroutine's use of it. [Worker] joins decoder and formatter for batches
// of messages.
//
// No format ever fails on a record. A field that is missing is left out or
// written as the format's mapping says; what cannot be decoded is written raw
// where the format allows it. Every line ends in one LF and holds no other CR or
// LF.
package format

import (
	"sync"
	"sync/atomic"

	"estream/meta"
	"estream/wire"
)

// A Format is an output format with its settings. Implementations are safe for
// concurrent use.
type Format interface {
	// Wanted tells which fields of a layout the format reads. Records must come
	// from a decoder that fills at least these.
	Wanted(l *wire.Layout, slot int) bool
	// Writes reports whether records of a layout get a line.
	Writes(l *wire.Layout) bool
	// NewFormatter returns a formatter for the use of one goroutine.
	NewFormatter() Formatter
}

// A Headed format starts every output with a line that is no record.
type Headed interface {
	Format
	// Header returns that line without its line end.
	Header() string
}

// A Formatter writes records. It is not safe for concurrent use. It keeps neither
// record nor buffer and allocates nothing per record, growth of dst aside.
type Formatter interface {
	// Append appends the line of a record, if the format has one for its type,
	// and reports whether it did. d is the decoder that the record came from, or
	// another one for the same layouts; it is used for nested blocks. A record
	// without layout is handed to AppendRaw.
	Append(dst []byte, d *wire.Decoder, r *wire.Record, s *meta.Snapshot) (out []byte, ok bool)
	// AppendRaw appends a line for a message that could not be decoded, if the
	// format has a form for that, and reports whether it did. r is what the
	// decoder returned with the error, nil if not even the record header could be
	// read; message is then all that is known.
	AppendRaw(dst []byte, message []byte, r *wire.Record, reason error) (out []byte, ok bool)
}

// Plans keeps what a format has compiled for each layout. Looking up a plan takes
// no lock. It is safe for concurrent use.
type Plans[T any] struct {
	compile func(*wire.Layout) *T
	mu      sync.Mutex
	done    atomic.Pointer[[]planEntry[T]] // by Layout.ID; replaced, never modified
}

type planEntry[T any] struct {
	layout *wire.Layout
	plan   *T
}

// NewPlans returns an empty set of plans. compile must be safe for concurrent use.
func NewPlans[T any](compile func(*wire.Layout) *T) *Plans[T] {
	p := &Plans[T]{compile: compile}
	p.done.Store(new([]planEntry[T]))
	return p
}

// Get returns the plan for l, compiling it at its first use.
func (p *Plans[T]) Get(l *wire.Layout) *T {
	if done := *p.done.Load(); l.ID < len(done) && done[l.ID].layout == l {
		return done[l.ID].plan
	}
	return p.add(l)
}

// add compiles the plan for l. A layout of another set with the same number takes
// the place of the first: that happens when layouts are loaded again.
func (p *Plans[T]) add(l *wire.Layout) *T {
	p.mu.Lock()
	defer p.mu.Unlock()
	old := *p.done.Load()
	if l.ID < len(old) && old[l.ID].layout == l {
		return old[l.ID].plan
	}
	done := make([]planEntry[T], max(len(old), l.ID+1))
	copy(done, old)
	done[l.ID] = planEntry[T]{l, p.compile(l)}
	p.done.Store(&done)
	return done[l.ID].plan
}
