package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"estream/journal"
	"estream/session"
	"estream/source"
	"estream/wire"
)

// A sender streams the journal to one session.
type sender struct {
	*Server
	sess *session.Server
	log  *slog.Logger
	sent uint64
	sel  *selection
	buf  []byte // for batches of which only a part is sent, or in another form
}

// run streams until the session or ctx ends. The error says why; it is never nil.
func (s *sender) run(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(s.sess.Context(), func() { cancel(s.sess.Err()) })()
	err := s.stream(ctx)
	if cause := s.sess.Err(); cause != nil {
		return cause
	}
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return err
}

func (s *sender) stream(ctx context.Context) error {
	req := s.sess.Request()
	s.sel = newSelection(req, s.Journal.Set, s.AsIs)
	pos, err := s.start(ctx, req.Start)
	if err != nil {
		return err
	}
	reader := s.Journal.NewReader(pos, journal.ReaderOptions{DurableOnly: true})
	defer reader.Close()
	for {
		v, err := reader.Next(ctx)
		if skipped(err, s.log) {
			continue
		}
		if err != nil {
			return err
		}
		payload := v.Payload
		for range v.Skip {
			if _, payload, err = wire.NextMessage(payload); err != nil {
				return fmt.Errorf("journal batch at %d: %w", v.Seq, err)
			}
		}
		data, count := s.sel.apply(s.buf[:0], payload, int(v.Count-v.Skip), v.MinArchive, uint32(v.Arrival.Unix()))
		if s.sel.copied {
			s.buf = data
		}
		if err := s.send(ctx, data, count); err != nil {
			return err
		}
	}
}

// skipped reports whether a reader's error is a gap that it steps over.
func skipped(err error, log *slog.Logger) bool {
	var (
		gone   *journal.GoneError
		damage *journal.DamageError
	)
	switch {
	case errors.As(err, &gone):
		log.Warn("client fell behind retention: events are gone", "lost", gone.Lost(), "error", gone)
	case errors.As(err, &damage):
		log.Error("journal is damaged: events are lost", "lost", damage.Lost(), "error", damage)
	default:
		return false
	}
	return true
}

func (s *sender) send(ctx context.Context, data []byte, count int) error {
	if s.Fault != nil {
		data, count = s.Fault(data, count)
	}
	if count == 0 {
		return nil
	}
	if err := s.sess.Send(ctx, data, count); err != nil {
		return err
	}
	s.sent += uint64(count)
	s.stats.Sent.Add(uint64(count))
	s.stats.Bytes.Add(uint64(len(data)))
	return nil
}

// start finds the position for a start time and sends the metadata that was
// learned before it, so that everything that follows has its names.
func (s *sender) start(ctx context.Context, start uint32) (journal.Position, error) {
	switch start {
	case wire.StartOldest:
		pos := s.Journal.First()
		return pos, s.preamble(ctx, pos)
	case wire.StartNow:
		pos := s.Journal.Durable()
		return pos, s.sendMetadata(ctx, s.Journal.Names)
	}
	s.sel.from = start
	pos := s.Journal.SeekArchive(start)
	return pos, s.preamble(ctx, pos)
}

// preamble sends the metadata as of pos.
func (s *sender) preamble(ctx context.Context, pos journal.Position) error {
	names := source.NewNames(s.Journal.Set)
	err := source.MetadataAt(ctx, s.Journal.Journal, pos, func(number uint32, messages []byte) { names.Of(number).ObserveAll(messages) })
	if err != nil {
		return fmt.Errorf("journal: read metadata: %w", err)
	}
	return s.sendMetadata(ctx, names)
}

func (s *sender) sendMetadata(ctx context.Context, names *source.Names) error {
	if !s.sel.metadata() {
		return nil
	}
	var all []byte
	for _, number := range names.Sources() {
		all = names.Of(number).Append(all)
	}
	const piece = 256 << 10
	for len(all) > 0 {
		n, count := 0, 0
		for n < piece && n < len(all) {
			m, _, err := wire.NextMessage(all[n:])
			if err != nil {
				return fmt.Errorf("metadata table: %w", err)
			}
			n += len(m)
			count++
		}
		data, count := s.sel.apply(nil, all[:n], count, 0, 0)
		if err := s.send(ctx, data, count); err != nil {
			return err
		}
		all = all[n:]
	}
	return nil
}
