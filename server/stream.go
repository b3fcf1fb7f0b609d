package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"

	"estream/journal"
	"estream/server/versions"
	"estream/session"
	"estream/wire"
)

// A sender streams the journal to one session.
type sender struct {
	*Server
	live *live
	sess *session.Server
	log  *slog.Logger
	sel  *selection
	fail context.CancelCauseFunc

	// lastWords are what the client is told beside what the session knows itself.
	lastWords *wire.ErrorMessage
}

// buffers are for batches of which only a part is sent, or in another form. A session
// has one while it sends; idle ones have none. Larger ones than maxBuffer are not kept.
var buffers = sync.Pool{New: func() any { return new([]byte) }}

const maxBuffer = 2 * maxPiece

// run streams until the session or ctx ends. The error says why; it is never nil.
func (s *sender) run(ctx context.Context) error {
	ctx, s.fail = context.WithCancelCause(ctx)
	defer s.fail(nil)
	defer context.AfterFunc(s.sess.Context(), func() { s.fail(s.sess.Err()) })()
	var wg sync.WaitGroup
	if s.Hosts != nil {
		wg.Go(func() { s.answer(ctx) })
	}
	err := s.stream(ctx)
	if cause := context.Cause(ctx); cause != nil {
		err = cause
	}
	if cause := s.sess.Err(); cause != nil {
		err = cause
	}
	s.fail(err)
	wg.Wait()
	var request *session.RequestError
	if errors.As(err, &request) && s.sess.Err() == nil {
		s.lastWords = &wire.ErrorMessage{Code: wire.Unnumbered, Text: request.Error()}
	}
	return err
}

// stream sends metadata and events from the request's start on.
func (s *sender) stream(ctx context.Context) error {
	start := s.begin()
	pos := s.position(start)
	names, err := s.preambles.at(ctx, pos)
	if err != nil {
		return fmt.Errorf("journal: read metadata: %w", err)
	}
	s.opened(start, pos, names)
	if err := s.sendNames(ctx, names, nil); err != nil {
		return err
	}
	waiting, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	defer context.AfterFunc(s.drain.begun, func() { stop(errDraining) })()
	for {
		if pos, err = s.catchUp(ctx, pos); err != nil {
			return err
		}
		if waiting.Err() != nil && ctx.Err() == nil {
			return s.finish(ctx)
		}
		// Only a drain, which ends the wait and not ctx, lets the loop go on.
		if pos, err = s.await(ctx, waiting, pos); err != nil && (ctx.Err() != nil || waiting.Err() == nil) {
			return err
		}
	}
}

// catchUp sends what is durable from pos on, and returns the position behind it. While
// the server drains, it stops where that began.
func (s *sender) catchUp(ctx context.Context, pos journal.Position) (journal.Position, error) {
	reader := s.Journal.NewReader(pos, journal.ReaderOptions{DurableOnly: true, NoWait: true})
	defer reader.Close()
	for {
		pos = reader.Position()
		s.live.position.Store(pos.Seq)
		if s.drain.begun.Err() != nil && pos.Seq >= s.drain.target() {
			return pos, nil
		}
		v, err := reader.Next(ctx)
		switch {
		case skipped(err, s.log):
			continue
		case errors.Is(err, io.EOF):
			return pos, nil
		case err != nil:
			return pos, err
		}
		if err := s.sendBatch(ctx, &v); err != nil {
			return pos, err
		}
	}
}

// await waits, as long as waiting allows, until there is something durable at pos, and
// sends it. Its reader is another one than that which caught up: a reader holds on to
// what it read last, up to 1 MiB, and an idle session should not.
func (s *sender) await(ctx, waiting context.Context, pos journal.Position) (journal.Position, error) {
	reader := s.Journal.NewReader(pos, journal.ReaderOptions{DurableOnly: true})
	defer reader.Close()
	v, err := reader.Next(waiting)
	switch {
	case skipped(err, s.log):
		return reader.Position(), nil
	case err != nil:
		return pos, err
	}
	return reader.Position(), s.sendBatch(ctx, &v)
}

// finish waits for the client to acknowledge what it was sent, and returns errDraining.
func (s *sender) finish(ctx context.Context) error {
	if err := s.sess.Flush(ctx); err != nil {
		return err
	}
	return errDraining
}

// begin makes the selection, says what the request comes down to, and returns the start
// time.
func (s *sender) begin() uint32 {
	req := s.sess.Request()
	if s.Trace == nil {
		s.log.Info("session began", "request", req)
	}
	p := newPlan(s.converters.Table, req, s.reading())
	s.sel = &selection{
		set: s.Journal.Set, plan: p, asIs: s.AsIs, boxes: s.live.rights.Boxes, serves: s.Serves, netmap: s.live.rights.NetmapID,
		encoder: s.converters.NewEncoder(p.asked),
	}
	if !s.AsIs {
		s.sel.told = newTold(s.statements)
		for _, text := range p.notes {
			s.note(text)
		}
	}
	s.sel.encoder.Note = func(_ uint16, _ versions.Reason, text string) { s.note(text) }
	if s.live.rights.Restricted() {
		s.sel.sight = newSight(s.Server, s.Journal.Set, s.live.rights)
	}
	if f := s.trace.Streaming; f != nil {
		f(s.live.number, req)
	}
	return req.Start
}

// note says what is served otherwise than asked for.
func (s *sender) note(text string) {
	if f := s.trace.Overruled; f != nil {
		f(s.live.number, text)
	}
	if s.Trace == nil {
		s.log.Info(text)
	}
}

// position finds where in the journal a start time is.
func (s *sender) position(start uint32) journal.Position {
	switch start {
	case wire.StartOldest:
		return s.Journal.First()
	case wire.StartNow:
		return s.Journal.Durable()
	}
	s.sel.from = start
	return s.Journal.SeekArchive(start)
}

// opened tells the trace where reading starts.
func (s *sender) opened(start uint32, pos journal.Position, n *names) {
	f := s.trace.Opened
	if f == nil {
		return
	}
	at := start
	if start == wire.StartNow {
		at = uint32(time.Now().Unix())
	} else if oldest := s.archiveTime(pos); pos == s.Journal.First() && oldest > start {
		at = oldest
	}
	f(s.live.number, wire.ServiceEStreamer, start, n.segment.String(), at-at%3600)
}

// archiveTime returns the lowest archive time of the batch at pos; without one it is the
// present.
func (s *sender) archiveTime(pos journal.Position) uint32 {
	r := s.Journal.NewReader(pos, journal.ReaderOptions{NoWait: true})
	defer r.Close()
	v, err := r.Next(context.Background())
	if err != nil || v.MinArchive == 0 {
		return uint32(time.Now().Unix()) // whoever reads the events reports the error
	}
	return v.MinArchive
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

// sendNames sends metadata; only, if not nil, says of which sources.
func (s *sender) sendNames(ctx context.Context, n *names, only func(source uint32) bool) error {
	if s.sel.sight != nil {
		for _, part := range n.parts {
			s.sel.sight.learn(part.source, part.messages)
		}
	}
	if !s.AsIs && !s.sel.plan.metadata {
		return nil
	}
	return n.each(func(p *piece) error {
		if only != nil && !only(p.source) {
			return nil
		}
		return s.send(ctx, p)
	})
}

// sendBatch sends what a batch of the journal has for the client.
func (s *sender) sendBatch(ctx context.Context, v *journal.View) error {
	payload := v.Payload
	for range v.Skip {
		var err error
		if _, payload, err = wire.NextMessage(payload); err != nil {
			return fmt.Errorf("journal batch at %d: %w", v.Seq, err)
		}
	}
	if w := s.sel.sight; w != nil && w.learn(v.Source, payload) {
		// Of a source that was nothing to this client so far it needs the names, too.
		n, err := s.preambles.at(ctx, journal.Position{Seq: v.Seq})
		if err != nil {
			return fmt.Errorf("journal: read metadata: %w", err)
		}
		if err := s.sendNames(ctx, n, func(source uint32) bool { return source == v.Source }); err != nil {
			return err
		}
	}
	if t := s.sel.told; t != nil && len(t.displaced) > 0 {
		if messages, count := t.again(v.Source); count > 0 {
			if err := s.send(ctx, &piece{source: v.Source, data: messages, count: count}); err != nil {
				return err
			}
		}
	}
	return s.send(ctx, &piece{source: v.Source, data: payload, count: int(v.Count - v.Skip), lowest: v.MinArchive, arrival: uint32(v.Arrival.Unix())})
}

// send sends what the client gets of a piece.
func (s *sender) send(ctx context.Context, p *piece) error {
	buf := buffers.Get().(*[]byte)
	defer func() {
		if cap(*buf) <= maxBuffer {
			buffers.Put(buf)
		}
	}()
	for next := 0; next < len(p.data); {
		var data []byte
		var count int
		if data, count, next = s.sel.apply((*buf)[:0], p, next); s.sel.copied {
			*buf = data
		}
		if err := s.sendMessages(ctx, data, count); err != nil {
			return err
		}
	}
	return nil
}

func (s *sender) sendMessages(ctx context.Context, data []byte, count int) error {
	if d := &s.sel.dropped; d.inexpressible+d.unservable > 0 {
		s.stats.Inexpressible.Add(d.inexpressible)
		s.stats.Unservable.Add(d.unservable)
		d.inexpressible, d.unservable = 0, 0
	}
	if count == 0 {
		return nil
	}
	if err := s.sess.Send(ctx, data, count); err != nil {
		return err
	}
	s.live.sent.Add(uint64(count))
	s.stats.Sent.Add(uint64(count))
	s.stats.Bytes.Add(uint64(len(data)))
	return nil
}
