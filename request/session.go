package request

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"estream/filter"
	"estream/meta"
	"estream/session"
	"estream/wire"
)

// tick is how often a Ticker is called; closing is how long an Output has for its end
// when the session ends by a signal, and answer how long a server may take for the first
// answer to a host request, and from one to the next.
const (
	tick    = time.Second
	closing = 10 * time.Second
	answer  = time.Minute
	// quiet is the pause that a host request waits for, at most patience.
	quiet    = 250 * time.Millisecond
	patience = 10 * time.Second
)

// A Session is one session of the reference client. Its fields are not changed once Run
// has begun.
type Session struct {
	Addr   string // as session.Dial takes it
	Client session.ClientConfig
	// Layouts decode the records.
	Layouts *wire.Layouts
	Output  Output
	Where   *filter.Filter // nil: all records
	// Count, if not 0, is after how many records written the session ends.
	Count uint64
	// For, if not 0, is how long the session may last, the handshake not included.
	For time.Duration
	// Bookmark, if not nil, follows the archive times of the records.
	Bookmark *Bookmark

	// Hosts are sent one after the other; Run ends after the last answer. Output gets
	// events and metadata then, too; Discard is for who does not want them. The first
	// request waits for a pause in the metadata, so that there are names for what the
	// profiles hold. Host takes the block of each profile, borrowed for the call; it is
	// nil for the one host of a request that the server does not know.
	Hosts []wire.HostDataRequest
	Host  func(r wire.HostDataRequest, block []byte, names *meta.Snapshot) error

	Log *slog.Logger

	// Connected, if not nil, is called once the server has taken the request, or the
	// connection at least: without an extended request servers answer with events only.
	Connected func(c *session.Client)

	Stats Stats

	names   *meta.Tables
	learn   *wire.Decoder
	decoder *wire.Decoder
	matcher *filter.Matcher
	reached uint32 // greatest archive time of a record that was written or left out
}

// Stats count what became of the records of a session.
type Stats struct {
	Received  uint64
	Written   uint64 // handed to the output, which may have no line for some
	Filtered  uint64 // left out by Where
	Undecoded uint64 // among those written: without layout, or malformed
	Hosts     uint64 // host profiles
}

// errDone ends a session that has what it came for.
var errDone = errors.New("enough")

// ErrEnded is wrapped by the error of a session that the server ended after records had
// come.
var ErrEnded = errors.New("the server closed the connection")

// Run connects, makes the request and hands records to the output until the session is
// over. It returns nil when Count, For or the last host profile was reached, and when ctx
// ended; else the error of the session, of the output or of the bookmark. The output was
// flushed then, and is the caller's to close.
func (s *Session) Run(ctx context.Context) error {
	if s.Log == nil {
		s.Log = slog.New(slog.DiscardHandler)
	}
	s.names, s.learn, s.decoder = meta.NewTables(), wire.NewDecoder(s.Layouts, meta.Wanted), wire.NewDecoder(s.Layouts, nil)
	if s.Where != nil {
		s.matcher = s.Where.NewMatcher()
	}
	cfg := s.Client
	var hosts *hostRun
	if len(s.Hosts) > 0 {
		hosts = &hostRun{session: s}
		cfg.OnMessage = hosts.message
	}
	c, err := session.Dial(ctx, s.Addr, cfg)
	if err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return err
	}
	if s.Connected != nil {
		s.Connected(c)
	}
	err = s.receive(ctx, c, hosts)
	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), closing)
	defer cancel()
	// A client that has enough closes without a word, and a server that is gone cannot
	// hear one.
	_ = c.Close(ending, "")
	if errors.Is(err, errDone) || ctx.Err() != nil && errors.Is(err, context.Cause(ctx)) {
		err = nil
	}
	if flushed := s.settle(ending, true); err == nil {
		err = flushed
	}
	return err
}

// receive is the loop of the session.
func (s *Session) receive(ctx context.Context, c *session.Client, hosts *hostRun) error {
	if s.For > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, s.For, errDone)
		defer cancel()
	}
	if hosts != nil {
		hosts.begun, hosts.last = time.Now(), time.Now()
	}
	ticker, _ := s.Output.(Ticker)
	due := time.Now().Add(tick)
	for {
		until := due
		if hosts != nil && !hosts.sent {
			until = hosts.last.Add(quiet)
		}
		b, err := s.read(ctx, c, hosts, ticker != nil || hosts != nil, until)
		now := time.Now()
		if hosts != nil {
			if b != nil && !hosts.sent {
				hosts.last = now
			}
			if err := hosts.step(ctx, c, now); err != nil {
				return err
			}
		}
		if ticker != nil && !now.Before(due) {
			if err := ticker.Tick(ctx, now); err != nil {
				return err
			}
		}
		if !now.Before(due) {
			due = now.Add(tick)
		}
		switch {
		case errors.Is(err, errTick):
			if err := s.settle(ctx, false); err != nil {
				return err
			}
			continue
		case errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) && c.Stats().Messages > 0:
			return fmt.Errorf("%w (%w)", ErrEnded, err)
		case err != nil:
			return err
		}
		if err := s.batch(b.Data); err != nil {
			return err
		}
		if err := s.settle(ctx, false); err != nil {
			return err
		}
		if err := c.Ack(ctx, b); err != nil {
			return err
		}
	}
}

// errTick ends a wait for events, not the session.
var errTick = errors.New("tick")

// read waits for events until due, where something else has to be done then, or until
// an answer to a host request has come.
func (s *Session) read(ctx context.Context, c *session.Client, hosts *hostRun, ticking bool, due time.Time) (*session.Batch, error) {
	if ticking {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadlineCause(ctx, due, errTick)
		defer cancel()
	}
	if hosts != nil {
		var cancel context.CancelCauseFunc
		ctx, cancel = context.WithCancelCause(ctx)
		defer cancel(nil)
		hosts.wake = func() { cancel(errTick) }
	}
	return c.ReadBatch(ctx)
}

// batch hands all records of a batch to the output.
func (s *Session) batch(data []byte) error {
	return s.names.Scan(data, s.learn, func(part []byte, names *meta.Snapshot) error {
		for len(part) > 0 {
			message, rest, err := wire.NextMessage(part)
			if err != nil {
				return fmt.Errorf("batch: %w", err)
			}
			part = rest
			if err := s.record(message, names); err != nil {
				return err
			}
		}
		return nil
	})
}

func (s *Session) record(message []byte, names *meta.Snapshot) error {
	s.Stats.Received++
	r, err := s.decoder.Decode(message)
	if r != nil && r.Extended {
		s.reached = max(s.reached, r.ArchiveTimestamp)
	}
	if s.matcher != nil && (r == nil || !s.matcher.Match(s.decoder, r, names)) {
		s.Stats.Filtered++
		return nil
	}
	if err != nil {
		s.Stats.Undecoded++
		s.Log.Debug("record is not decoded", "error", err)
	}
	if err := s.Output.Record(s.decoder, r, message, names, err); err != nil {
		return err
	}
	if s.Stats.Written++; s.Stats.Written == s.Count {
		return errDone
	}
	return nil
}

// settle flushes the output and moves the bookmark behind what left it.
func (s *Session) settle(ctx context.Context, final bool) error {
	if err := s.Output.Flush(ctx); err != nil {
		return err
	}
	return s.mark(final)
}

func (s *Session) mark(final bool) error {
	if s.Bookmark == nil {
		return nil
	}
	if h, ok := s.Output.(Holder); ok && h.Held() > 0 {
		return nil
	}
	return s.Bookmark.Save(s.reached, time.Now(), final)
}

// Finish closes the output and moves the bookmark behind what it had held.
func (s *Session) Finish(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closing)
	defer cancel()
	if err := s.Output.Close(ctx); err != nil {
		return err
	}
	return s.mark(true)
}

// A hostRun is the part of a session that asks for host profiles.
type hostRun struct {
	session *Session
	at      int // the request that is waited for
	open    bool
	err     error
	sent    bool
	begun   time.Time // of the session
	last    time.Time // of the last request or answer, before that of the last metadata
	wake    func()    // ends the wait for events
}

// next sends the next request.
func (h *hostRun) next(ctx context.Context, c *session.Client) error {
	if h.at == len(h.session.Hosts) {
		return errDone
	}
	h.sent, h.open, h.last = true, true, time.Now()
	return c.RequestHosts(ctx, h.session.Hosts[h.at])
}

// message takes what the server sends beside events. It is called within ReadBatch.
func (h *hostRun) message(t wire.MessageType, body []byte) {
	if t != wire.TypeSingleHostData && t != wire.TypeMultipleHostData {
		h.session.Log.Warn("a message of a type that is not known", "type", t.String(), "bytes", len(body))
		return
	}
	if !h.open || h.err != nil {
		h.session.Log.Warn("host data that was not asked for", "type", t.String(), "bytes", len(body))
		return
	}
	h.last = time.Now()
	r := h.session.Hosts[h.at]
	switch {
	case len(body) > 0:
		h.session.Stats.Hosts++
		h.err = h.session.Host(r, body, h.session.names.Snapshot())
	case t == wire.TypeSingleHostData:
		h.err = h.session.Host(r, nil, nil)
	}
	if t == wire.TypeSingleHostData || len(body) == 0 {
		h.open = false
		h.at++
	}
	if !h.open || h.err != nil {
		h.wake()
	}
}

// step goes on after a look at the connection.
func (h *hostRun) step(ctx context.Context, c *session.Client, now time.Time) error {
	switch {
	case h.err != nil:
		return h.err
	case !h.sent && now.Sub(h.last) < quiet && now.Sub(h.begun) < patience:
		return nil
	case !h.open:
		return h.next(ctx, c)
	case now.Sub(h.last) > answer:
		r := h.session.Hosts[h.at]
		return fmt.Errorf("the server did not answer the request for host data of %v to %v within %v", r.First, r.Last, answer)
	}
	return nil
}
