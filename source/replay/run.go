package replay

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"

	"estream/wire"
)

// A run is one call of Source.Run.
type run struct {
	source      *Source
	file        *file
	log         *slog.Logger
	limit       int // bytes of a batch
	appendBatch func(context.Context, Batch) error
	pace        *pacer
	timing      timing
	due         uint64        // second of the batch, with a timing
	check       *wire.Decoder // reads no value: finds malformed records at little cost
	shift       *shifter

	scan    scanner
	opened  bool
	by      uint32 // seconds by which this round moves all times
	pending []byte // the batch being filled
	count   int
	min     uint32
	max     uint32

	skipped, malformed uint64 // in this run, for the log
	reported           bool
}

// logged is how many malformed messages are logged one by one in a run.
const logged = 8

// rewind puts the scanner at the current position.
func (r *run) rewind(ctx context.Context) error {
	in, err := r.file.at(ctx, r.source.at.Offset)
	if err != nil {
		return err
	}
	r.scan.reset(in, r.source.at.Offset)
	return nil
}

// round hands on the file from the current position to its end.
func (r *run) round(ctx context.Context) error {
	at := &r.source.at
	if !r.opened {
		if err := r.rewind(ctx); err != nil {
			return err
		}
		r.opened = true
	}
	move := at.Round * at.span()
	if at.Round > 0 && (move/at.span() != at.Round || move > math.MaxUint32-1 || move+uint64(at.Max) > math.MaxUint32-1) {
		return fmt.Errorf("round %d would move archive times beyond 32 bits (latest %d, span %d s)", at.Round, at.Max, at.span())
	}
	r.by = uint32(move)
	for {
		allowed, err := r.pace.wait(ctx)
		if err != nil {
			return err
		}
		end := r.fill(allowed)
		if err := r.timing.wait(ctx, r.due, r.log); err != nil {
			return err
		}
		if err := r.flush(ctx); err != nil {
			return err
		}
		switch {
		case errors.Is(end, io.EOF):
			return nil
		case end != nil:
			return end
		}
	}
}

// fill collects up to most messages, as far as a batch takes them. The error,
// io.EOF at the end of the file, comes after the messages collected.
func (r *run) fill(most int) error {
	// The third bound keeps a long run of skipped messages from going on when
	// the context has ended.
	for n := 0; r.count < most && len(r.pending) < r.limit && n < 1<<16; n++ {
		message, err := r.scan.next()
		if err != nil {
			return err
		}
		if !r.now(message) || len(r.pending) > 0 && len(r.pending)+len(message) > r.limit {
			r.scan.back(message)
			return nil
		}
		r.take(message)
	}
	return nil
}

// now reports whether a message belongs to the second of the batch, which it begins if
// there is none, or comes late.
func (r *run) now(message []byte) bool {
	h, ok := wire.PeekRecord(message)
	if r.timing.speed == 0 || !ok || h.ArchiveTimestamp == 0 {
		return true
	}
	second := uint64(h.ArchiveTimestamp) + uint64(r.by)
	if r.count > 0 && second > r.due {
		return false
	}
	r.due = max(r.due, second)
	return true
}

// take adds one message to the batch.
func (r *run) take(message []byte) {
	if t := binary.BigEndian.Uint16(message[2:]); t != uint16(wire.TypeEventData) {
		r.skipped++
		r.source.counters.skipped.Add(1)
		return
	}
	offset := r.scan.offset - int64(len(message))
	start := len(r.pending)
	r.pending = append(r.pending, message...)
	message = r.pending[start:]
	var err error
	if r.by == 0 {
		_, err = r.check.Decode(message)
	} else {
		err = r.shift.message(message, r.by)
	}
	if err != nil && !errors.Is(err, wire.ErrUnknownRecord) && !errors.Is(err, wire.ErrUnknownBlock) {
		r.malformed++
		r.source.counters.malformed.Add(1)
		if r.malformed <= logged {
			r.log.Warn("replay: malformed message, handed on as it is", "file", r.source.Path, "offset", offset, "error", err)
		}
	}
	if h, ok := wire.PeekRecord(message); ok && h.ArchiveTimestamp != 0 {
		if r.min == 0 || h.ArchiveTimestamp < r.min {
			r.min = h.ArchiveTimestamp
		}
		r.max = max(r.max, h.ArchiveTimestamp)
	}
	r.count++
}

// flush hands on what was collected and moves the position behind it.
func (r *run) flush(ctx context.Context) error {
	next := r.source.at
	next.Offset = r.scan.offset
	if next.Round == 0 {
		next.include(r.min, r.max)
	}
	if r.count > 0 {
		b := Batch{Data: r.pending, Count: r.count, MinArchive: r.min, MaxArchive: r.max, Mark: next.appendMark(nil)}
		if err := r.appendBatch(ctx, b); err != nil {
			return fmt.Errorf("hand on %d messages before offset %d: %w", r.count, next.Offset, err)
		}
		r.source.counters.messages.Add(uint64(r.count))
		r.source.counters.bytes.Add(uint64(len(r.pending)))
		r.pace.spend(r.count)
	}
	r.source.at = next
	r.pending, r.count, r.min, r.max = r.pending[:0], 0, 0, 0
	return nil
}

// report logs once per run what was unusual, after the first round.
func (r *run) report() {
	if r.reported {
		return
	}
	r.reported = true
	if r.skipped > 0 {
		r.log.Info("replay: messages that are not event data were skipped", "file", r.source.Path, "count", r.skipped)
	}
	if r.malformed > logged {
		r.log.Warn("replay: malformed messages were handed on as they are", "file", r.source.Path, "count", r.malformed)
	}
}
