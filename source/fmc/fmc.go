// Package fmc receives events from a Management Center, or from any other
// eStreamer server, into a journal. It is the collector's source.
//
// Guarantee: each event the server sends is in the journal exactly once, however
// often connection, server or collector break. Three things make it so. An event
// counts as received when the journal holds it durably; a new session asks for
// everything from the last durable second on, less a margin; and what comes
// twice that way is dropped by content (see resume.go). It needs archive times,
// which request flag bit 23 asks for: without them a new session begins where
// --start says, and events come at least once.
package fmc

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"estream/internal/mute"
	"estream/session"
	"estream/source"
	"estream/wire"
)

const (
	// DefaultMargin is how many seconds before the last durable event a new
	// session begins: archive time is not promised to be monotonic.
	DefaultMargin = 1

	retryFirst = 500 * time.Millisecond
	retryMost  = 30 * time.Second

	// lastAck is how long the acknowledgement of the last batch may take to leave when
	// Run is to end.
	lastAck = time.Second
	// lastSave is how long the position of a group may take to be kept then.
	lastSave = 5 * time.Second

	// future is how far ahead of our clock an archive time may lie to be believed: one
	// wrong record must not make us ask for events of the next century only.
	future = 24 * time.Hour

	// refusals is how many times in a row a server may turn us away before its
	// first event until Run gives up, unless Persist is set.
	refusals = 3
)

// A Source keeps one session with one server alive.
type Source struct {
	Addr    string      // host, host:port, IPv4 or IPv6
	TLS     *tls.Config // client certificate and verification of the server
	Journal *source.Journal
	Number  uint32               // of this source in the journal
	Start   uint32               // where to begin when the journal holds nothing yet: Unix second, wire.StartOldest or wire.StartNow
	Margin  uint32               // seconds; 0: DefaultMargin
	Session session.ClientConfig // limits and request; Addr, TLS and Start go before it
	Group   *Group               // nil: delivers events that no other source does
	Member  int                  // index in Group.Members
	Persist bool                 // never give up, not even when the server turned us away from the beginning
	Log     *slog.Logger

	// Fault, in tests, sees each batch before it is journaled and may alter it.
	Fault func(batch []byte, count int) ([]byte, int)

	stats Stats
}

// Stats counts what a Source did. Its fields may be read at any time.
type Stats struct {
	Connected    atomic.Bool
	Sessions     atomic.Uint64          // sessions that came to be
	Received     atomic.Uint64          // events and metadata received
	Repeated     atomic.Uint64          // dropped, as the journal held them already
	Journaled    atomic.Uint64          // appended to the journal
	LastReceived atomic.Int64           // Unix nanoseconds of the last batch
	Remote       atomic.Pointer[string] // address and port of the server in the last session; nil before the first
	LastError    atomic.Pointer[string] // why there is no session at present; nil while there is one
}

// Stats returns the counters.
func (s *Source) Stats() *Stats { return &s.stats }

func (s *Source) String() string { return "fmc " + s.Addr }

// Run receives until ctx ends, which is no error, connecting again with growing
// pauses whenever a session ends. It returns an error only when it was not let
// in even once for a reason that time does not heal: a certificate that
// does not verify, or a server that turns us away.
func (s *Source) Run(ctx context.Context) error {
	if s.Margin == 0 {
		s.Margin = DefaultMargin
	}
	if s.Group != nil {
		defer func() {
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastSave)
			defer cancel()
			if err := s.Group.save(last, true); err != nil {
				s.Log.Error("position of the group could not be kept; events of the last seconds will be asked for again", "error", err)
			}
		}()
	}
	turnedAway, hinted := 0, map[string]bool{} // a handful of texts
	pause := retryFirst
	for {
		began, before := time.Now(), s.stats.Journaled.Load()
		err := s.session(ctx)
		s.stats.Connected.Store(false)
		if ctx.Err() != nil {
			return nil
		}
		text := Explain(err).Error()
		s.stats.LastError.Store(&text)
		if s.stats.Sessions.Load() == 0 && !s.Persist {
			switch cause := classify(err); {
			case cause == final:
				return Explain(err)
			case cause == refused:
				if turnedAway++; turnedAway == refusals {
					return Explain(err)
				}
			}
		}
		// A session that lasted or got us further is no sign of a server in trouble.
		if time.Since(began) > retryMost || s.stats.Journaled.Load() > before {
			pause = retryFirst
		}
		wait := pause/2 + rand.N(pause) // so that many clients do not come back in one moment
		pause = min(2*pause, retryMost)
		log := s.Log.With("server", s.Addr)
		if errors.As(err, new(*endedError)) {
			log.Warn("session ended; connecting again", "error", err, "in", wait.Round(10*time.Millisecond))
		} else {
			explained := Explain(err)
			if e := (*Explained)(nil); errors.As(explained, &e) && !hinted[e.Hint] {
				hinted[e.Hint] = true // once: the next attempts will mostly end in the same way
				log = log.With("hint", e.Hint)
			}
			log.Warn("no session; connecting again", "error", explained, "in", wait.Round(10*time.Millisecond))
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return nil
		}
	}
}

// An endedError says why a session ended into which the server had let us.
type endedError struct{ err error }

func (e *endedError) Error() string {
	if errors.Is(e.err, io.EOF) {
		return "the server closed the connection"
	}
	return e.err.Error()
}

func (e *endedError) Unwrap() error { return e.err }

// session runs one session from connect to its end. The error says why it
// ended; it is never nil, and an endedError if the server had let us in.
func (s *Source) session(ctx context.Context) (err error) {
	letIn := false
	defer func() {
		if letIn {
			err = &endedError{err}
		}
	}()
	resume, start, err := s.position(ctx)
	if err != nil {
		return err
	}
	cfg := s.Session
	cfg.TLS, cfg.Start, cfg.Log = s.TLS, start, s.Log
	began := time.Now()
	client, err := session.Dial(ctx, s.Addr, cfg)
	if err != nil {
		return err
	}
	defer client.Close(context.WithoutCancel(ctx), "")
	s.Log.Info("connected", "server", client.RemoteAddr().String(), "start", wire.StartText(start))
	remote := client.RemoteAddr().String()
	s.stats.Remote.Store(&remote)
	s.stats.Connected.Store(true)
	// A refusal by TLS 1.3 or by the host check comes after a handshake that looked
	// fine. Only words of the server prove that it lets us in: its answer to an
	// extended request, which Dial waits for, or its first message.
	letIn = cfg.Flags == 0 || cfg.Flags&wire.FlagExtendedRequest != 0
	if letIn {
		s.admitted(began)
	}
	// A batch that was taken is acknowledged also when ctx ends in between.
	ackCtx, stopAcks := context.WithCancel(context.WithoutCancel(ctx))
	defer stopAcks()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(lastAck, stopAcks) })()
	var scratch []byte
	skew := mute.New(time.Minute)
	for {
		b, err := client.ReadBatch(ctx)
		if err != nil {
			return err
		}
		if !letIn {
			letIn = true
			s.admitted(began)
		}
		s.stats.Received.Add(uint64(b.Count))
		s.stats.LastReceived.Store(time.Now().UnixNano())
		data, count := b.Data, b.Count
		if resume != nil {
			scratch, count = resume.filter(scratch[:0], b.Data)
			data = scratch
			s.stats.Repeated.Add(uint64(max(0, b.Count-count)))
			if resume.done() {
				resume = nil
			}
		}
		if s.Fault != nil {
			data, count = s.Fault(data, count)
		}
		if count > 0 {
			batch := source.Batch{Data: data, Count: count, Mark: []byte(s.Addr)}
			var late bool
			batch.MinArchive, batch.MaxArchive, late = archiveRange(data, s.believable())
			if late && skew.Ok() {
				s.Log.Warn("events carry an archive time of more than a day in the future; they do not move the position. Check the clocks", "server", s.Addr)
			}
			if err := s.Journal.AppendFrom(ctx, s.Number, batch); err != nil {
				if s.Group != nil {
					s.Group.forget()
				}
				return fmt.Errorf("journal: %w", err)
			}
			s.stats.Journaled.Add(uint64(count))
		}
		if err := client.Ack(ackCtx, b); err != nil {
			return err
		}
		if s.Group != nil {
			if err := s.Group.save(ctx, false); err != nil {
				return err
			}
		}
	}
}

// believable returns the latest archive time that moves the position: a day after
// now, or, should our clock have been set back, after what the journal holds. If the
// position stood still then, what comes now would come again with the next session.
func (s *Source) believable() time.Time {
	now := time.Now()
	if held := time.Unix(int64(s.Journal.MaxArchive(s.Number)), 0); held.After(now) {
		now = held
	}
	return now.Add(future)
}

// admitted notes that the server has let in the session that began then.
func (s *Source) admitted(began time.Time) {
	s.stats.LastError.Store(nil)
	s.stats.Sessions.Add(1)
	if s.Start == wire.StartNow {
		s.Start = uint32(began.Unix()) // a later session must not miss what comes in between
	}
}
