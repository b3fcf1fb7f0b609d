package capture

import (
	"fmt"
	"net/netip"
	"slices"

	"estream/transcript"
)

// A stream is what a connection carries: eStreamer, within TLS or without.
type stream struct {
	f       *flow
	client  int // the direction of its bytes, -1 while unknown
	matched bool
	number  int // of the session, 0 before it is one

	tls    *tlsStream // nil without TLS
	plain  bool
	head   [2]buffer // until it is known what this is
	frames [2]framer
	lost   [2]bool // the direction gives nothing more
	dead   bool    // neither does
	reset  bool    // a RST or both FINs were there
	emits  [2]func([]byte, error) error
}

func (s *stream) init(f *flow) {
	s.f, s.client = f, -1
	for d := range s.head {
		s.head[d].r, s.frames[d].buf.r = f.r, f.r
		s.emits[d] = func(p []byte, err error) error { return s.emit(d, p, err) }
	}
	a, b := slices.Contains(f.r.ports, f.key.a.Port()), slices.Contains(f.r.ports, f.key.b.Port())
	s.matched = a || b
	switch {
	case a && !b:
		s.client = 1
	case b && !a:
		s.client = 0
	}
}

// opening learns from a segment who is the client, and how the connection ends.
func (s *stream) opening(seg *segment, d int) {
	if seg.syn && !seg.has {
		s.client = d
	} else if seg.syn {
		s.client = 1 - d
	}
	s.reset = s.reset || seg.rst || seg.fin
}

// data takes bytes of direction d in order.
func (s *stream) data(d int, p []byte) error {
	switch {
	case s.f.state == rejected || s.f.state == over:
		return nil
	case !s.matched && !s.f.r.guess:
		s.f.reject()
		return nil
	case s.dead || s.lost[d]:
		s.skipped(len(p))
		return nil
	case s.tls != nil:
		return s.tls.feed(d, p)
	case s.plain:
		return s.frames[d].feed(p, s.emits[d])
	}
	return s.recognise(d, p)
}

// skipped counts bytes that nothing is done with.
func (s *stream) skipped(n int) {
	if s.tls != nil {
		s.f.r.stats.Undecryptable += uint64(n)
	} else {
		s.f.r.stats.NotMessages += uint64(n)
	}
}

// plaintext takes the content of a TLS record.
func (s *stream) plaintext(d int, p []byte) error {
	if s.number == 0 {
		// On a port of somebody else: what is said first must be eStreamer.
		h := &s.head[d]
		if h.len()+len(p) < 8 {
			if !h.add(p) {
				return s.fail(errHeld)
			}
			return nil
		}
		first := slices.Concat(h.bytes(), p)
		h.free()
		if !looksLikeMessage(first) {
			s.f.reject()
			return nil
		}
		if err := s.take(); err != nil {
			return err
		}
		p = first
	} else if h := &s.head[d]; h.len() > 0 {
		p = slices.Concat(h.bytes(), p)
		h.free()
	}
	return s.frames[d].feed(p, s.emits[d])
}

// gap says that n bytes of direction d are missing.
func (s *stream) gap(d, n int) error {
	if s.f.state == rejected || s.f.state == over || s.dead {
		return nil
	}
	if s.number == 0 {
		// Nothing was recognised yet. What follows may be; for ports of ours it is a
		// connection whose beginning is missing.
		s.head[d].free()
		s.f.half[d].syn = false
		if s.tls != nil {
			return s.tls.gap(d, n)
		}
		return nil
	}
	s.f.r.stats.Gaps++
	s.f.r.stats.GapBytes += uint64(n)
	if !s.lost[d] {
		if err := s.tell(s.side(d), s.frames[d].buf.bytes(), s.missing(d, n)); err != nil {
			return err
		}
	}
	if s.tls != nil {
		return s.tls.gap(d, n)
	}
	s.frames[d].gap()
	return nil
}

func (s *stream) missing(d, n int) error {
	hint := "they were lost when it was captured (a greater buffer helps: tcpdump -B, dumpcap -B)"
	if s.f.half[d].cut {
		hint = "its packets were cut when it was captured (capture with snap length 0: tcpdump -s 0, dumpcap -s 0)"
	}
	return fmt.Errorf("%d bytes of the %s are missing in the capture: %s; reading goes on where a message is found again", n, s.side(d), hint)
}

// side returns who sends in direction d.
func (s *stream) side(d int) transcript.Side {
	if d == s.client {
		return transcript.Client
	}
	return transcript.Server
}

// fail ends the reading of the session, or of what might have been one.
func (s *stream) fail(err error) error {
	if s.number == 0 && !s.matched {
		s.f.reject()
		return nil
	}
	if taken := s.take(); taken != nil {
		return taken
	}
	s.dead = true
	for d := range s.head {
		s.skipped(s.head[d].free())
		if s.tls != nil {
			s.skipped(s.tls.dir[d].in.free() + s.tls.late.free())
		}
		s.frames[d].buf.free()
	}
	return s.tell("", nil, err)
}

// lose ends the reading of one direction.
func (s *stream) lose(d int, err error) error {
	if s.number == 0 {
		return s.fail(err)
	}
	s.lost[d] = true
	if s.tls != nil {
		s.skipped(s.tls.dir[d].in.free())
	}
	told := s.tell(s.side(d), s.frames[d].buf.bytes(), err)
	s.f.r.stats.NotMessages += uint64(s.frames[d].buf.free())
	return told
}

// emit hands out a message or bytes that are none.
func (s *stream) emit(d int, p []byte, err error) error {
	if err != nil {
		return s.tell(s.side(d), p, fmt.Errorf("from the %s: %w", s.side(d), err))
	}
	m := &s.f.r.message
	m.Client, m.Server = s.ends()
	m.Session, m.From, m.Data, m.Err = s.number, s.side(d), p, nil
	return s.f.r.deliver()
}

// tell hands out a problem.
func (s *stream) tell(from transcript.Side, p []byte, err error) error {
	m := &s.f.r.message
	m.Client, m.Server = s.ends()
	m.Session, m.From, m.Data = s.number, from, p
	m.Err = fmt.Errorf("session %d (%v -> %v): %w", s.number, m.Client, m.Server, err)
	return s.f.r.deliver()
}

// serverPort returns the port of the server, as far as it is known which that is.
func (s *stream) serverPort() uint16 {
	_, server := s.ends()
	return server.Port()
}

func (s *stream) ends() (client, server netip.AddrPort) {
	if s.client == 1 {
		return s.f.key.b, s.f.key.a
	}
	return s.f.key.a, s.f.key.b
}

// finish tells what the end of the connection, or of the capture, makes plain.
func (s *stream) finish() error {
	if s.f.state == rejected {
		return nil
	}
	if s.number == 0 && !s.matched {
		if s.tls != nil || s.f.half[0].started || s.f.half[1].started {
			s.f.r.stats.OtherFlows++
		}
		return nil
	}
	if s.tls != nil {
		if err := s.tls.finish(); err != nil {
			return err
		}
	} else if !s.plain && !s.dead {
		return s.unrecognised()
	}
	for d := range s.frames {
		if s.dead || s.lost[d] {
			continue
		}
		if err := s.frames[d].finish(func(p []byte, err error) error {
			if !s.reset {
				err = fmt.Errorf("the capture %w", err)
			} else {
				err = fmt.Errorf("the connection %w", err)
			}
			return s.emit(d, p, err)
		}); err != nil {
			return err
		}
	}
	return nil
}

func (s *stream) free() {
	for d := range s.head {
		s.head[d].free()
		s.frames[d].buf.free()
	}
	if s.tls != nil {
		s.tls.free()
	}
}
