package session

import (
	"context"
	"fmt"
	"sync"
	"time"

	"estream/wire"
)

// Send sends count event data messages, which follow each other in data, each
// with its 8-byte header. They go out as they are, or in bundles where the
// configuration says so and the client made an extended request. Send returns
// when all were written; it waits while the window is full. It does not keep
// data.
//
// After an error the client may have received any part of data, and the session
// must be ended. The error of a session that has ended is that of Err.
func (s *Server) Send(ctx context.Context, data []byte, count int) error {
	if err := s.sending.take(ctx); err != nil {
		return err
	}
	defer s.sending.give()
	if s.request.Extended && s.cfg.BundleMessages > 0 {
		return s.sendBundles(ctx, data)
	}
	for count > 0 {
		n, err := s.acquire(ctx, count, s.cfg.Window)
		if err != nil {
			return err
		}
		piece := data
		if n < count {
			if _, piece, err = prefix(data, n, len(data)); err != nil {
				return err
			}
		}
		if err := s.write(ctx, piece); err != nil {
			return err
		}
		s.stats.messages.Add(uint64(n))
		data, count = data[len(piece):], count-n
	}
	return nil
}

// bundles are buffers that bundles were made in. A session has one while it sends; idle
// ones have none.
var bundles = make(chan []byte, 32)

func takeBundle() []byte {
	select {
	case b := <-bundles:
		return b
	default:
		return nil
	}
}

// giveBundle keeps a buffer for others. Those of giant messages need not be paid for
// ever after.
func giveBundle(b []byte) {
	if cap(b) > 2*(DefaultBundleBytes+minBuffer) {
		return
	}
	select {
	case bundles <- b:
	default:
	}
}

func (s *Server) sendBundles(ctx context.Context, data []byte) error {
	bundle := takeBundle()
	defer func() { giveBundle(bundle) }()
	for len(data) > 0 {
		n, piece, err := prefix(data, s.cfg.BundleMessages, s.cfg.BundleBytes)
		if err != nil {
			return err
		}
		if _, err := s.acquire(ctx, 1, s.cfg.BundleWindow); err != nil {
			return err
		}
		s.sequence++
		bundle, err = wire.AppendBundle(bundle[:0], s.cfg.ConnectionID, s.sequence, s.cfg.InnerVersion, piece)
		if err != nil {
			return err
		}
		if err := s.write(ctx, bundle); err != nil {
			return err
		}
		s.stats.messages.Add(uint64(n))
		s.stats.bundles.Add(1)
		data = data[len(piece):]
	}
	return nil
}

// prefix returns the first messages of data: at most limit, of size bytes
// together, but at least one.
func prefix(data []byte, limit, size int) (n int, piece []byte, err error) {
	at := 0
	for n < limit && at < len(data) {
		h, ok := wire.ParseHeader(data[at:])
		if !ok || uint64(h.Length) > uint64(len(data)-at-wire.HeaderSize) || h.Version != wire.HeaderVersion {
			return 0, nil, fmt.Errorf("send: no whole message at byte %d of %d", at, len(data))
		}
		end := at + wire.HeaderSize + int(h.Length)
		if n > 0 && end > size {
			break
		}
		at = end
		n++
	}
	return n, data[:at], nil
}

// SendHostData sends one message of type single or multiple host data: the host
// profile block, or nothing to end the answer to a request for several hosts. It
// counts for no window.
func (s *Server) SendHostData(ctx context.Context, t wire.MessageType, block []byte) error {
	if t != wire.TypeSingleHostData && t != wire.TypeMultipleHostData {
		return fmt.Errorf("send host data: %v: single or multiple host data expected", t)
	}
	if len(block) > wire.MaxMessage {
		return fmt.Errorf("send host data: %d bytes, at most %d expected", len(block), wire.MaxMessage)
	}
	p := make([]byte, 0, wire.HeaderSize+len(block))
	p = wire.AppendHeader(p, t, uint32(len(block)))
	return s.write(ctx, append(p, block...))
}

// A window counts what was sent and not acknowledged.
//
// Clients answer every message, including those that are not counted here
// (streaming information, keep-alives), so an answer can free a place that it
// was not meant for. It never frees more than there are: the window errs by
// the few such messages, and not for ever.
type window struct {
	freed chan struct{} // holds a token after a release
	timer *time.Timer   // of the one goroutine that acquires

	mu   sync.Mutex
	open int // sent and not acknowledged
}

// Flush waits until the client has acknowledged everything that Send has sent, as far as
// its acknowledgements can be told apart. The error is a *TimeoutError when AckTimeout
// passed without any, that of ctx, or why the session has ended. No Send may be under
// way.
func (s *Server) Flush(ctx context.Context) error {
	if err := s.sending.take(ctx); err != nil {
		return err
	}
	defer s.sending.give()
	for {
		if err := s.Err(); err != nil {
			return err
		}
		if s.window.empty() {
			return nil
		}
		if err := s.awaitAck(ctx); err != nil {
			return err
		}
	}
}

func newWindow() window { return window{freed: make(chan struct{}, 1)} }

// take returns how many of want places it took; 0 when the window is full.
func (w *window) take(want, size int) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := want
	if size >= 0 {
		n = max(min(want, size-w.open), 0)
	}
	w.open += n
	return n
}

func (w *window) release(n int) {
	w.mu.Lock()
	w.open -= min(n, w.open)
	w.mu.Unlock()
	select {
	case w.freed <- struct{}{}:
	default:
	}
}

func (w *window) empty() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.open == 0
}

// acquire waits for places in the window of size (Off for no limit) and takes
// up to want of them.
func (s *Server) acquire(ctx context.Context, want, size int) (int, error) {
	for {
		if err := s.Err(); err != nil {
			return 0, err
		}
		if n := s.window.take(want, size); n > 0 {
			return n, nil
		}
		if err := s.awaitAck(ctx); err != nil {
			return 0, err
		}
	}
}

// awaitAck waits for an acknowledgement.
func (s *Server) awaitAck(ctx context.Context) error {
	w := &s.window
	var late <-chan time.Time
	if s.cfg.AckTimeout > 0 {
		if w.timer == nil {
			w.timer = time.NewTimer(s.cfg.AckTimeout)
		} else {
			w.timer.Reset(s.cfg.AckTimeout)
		}
		defer w.timer.Stop()
		late = w.timer.C
	}
	select {
	case <-w.freed:
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-s.ctx.Done():
		return s.Err()
	case <-late:
		s.fail(&TimeoutError{What: "client acknowledged nothing", After: s.cfg.AckTimeout})
		return s.Err()
	}
	return nil
}
