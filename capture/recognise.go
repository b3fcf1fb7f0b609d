package capture

import (
	"errors"
	"fmt"
	"slices"
)

// recognise looks at the first bytes of a direction.
func (s *stream) recognise(d int, p []byte) error {
	h := &s.head[d]
	began := s.f.half[d].syn
	if h.len() > 0 {
		if !h.add(p) {
			return s.fail(errHeld)
		}
		p = h.bytes()
	}
	switch {
	case looksLikeTLS(p):
		return s.beginTLS(d, p)
	case looksLikeMessage(p):
		return s.beginPlain(d, p)
	case len(p) < 8 && began:
		if h.len() == 0 && !h.add(p) {
			return s.fail(errHeld)
		}
		return nil
	case !s.matched:
		s.f.reject()
		return nil
	case !began:
		// The capture begins in the middle: some later segment begins with a message.
		s.f.r.stats.BetweenMessages += uint64(len(p))
		return nil
	}
	if err := s.take(); err != nil {
		return err
	}
	s.f.r.stats.NotMessages += uint64(len(p))
	return s.fail(fmt.Errorf("begins with % x, which is neither TLS nor an eStreamer message", p[:min(len(p), 8)]))
}

func (s *stream) beginPlain(d int, p []byte) error {
	if s.client < 0 {
		if fromClient, known := sender(p); known {
			s.client = 1 - d
			if fromClient {
				s.client = d
			}
		}
	}
	if err := s.take(); err != nil {
		return err
	}
	s.plain = true
	s.f.r.stats.Plain++
	for i := range s.frames {
		// The other direction may be in the middle of a message.
		s.frames[i].seek = !s.f.half[i].syn
	}
	return s.recognised(d, p)
}

func (s *stream) beginTLS(d int, p []byte) error {
	if s.matched {
		if err := s.take(); err != nil {
			return err
		}
	}
	s.tls = newTLSStream(s)
	return s.recognised(d, p)
}

// recognised hands on p, which may be held by head, and what the other direction said
// before, less than 8 bytes.
func (s *stream) recognised(d int, p []byte) error {
	p = slices.Clone(p)
	s.head[d].free()
	other := slices.Clone(s.head[1-d].bytes())
	s.head[1-d].free()
	if err := s.data(d, p); err != nil || len(other) == 0 {
		return err
	}
	return s.data(1-d, other)
}

// take makes the connection a session.
func (s *stream) take() error {
	if s.number > 0 {
		return nil
	}
	if s.client < 0 { // servers have the lower ports
		s.client = 0
		if s.f.key.a.Port() < s.f.key.b.Port() {
			s.client = 1
		}
	}
	s.f.r.stats.Sessions++
	s.number = int(s.f.r.stats.Sessions)
	s.f.state = taken
	s.f.r.flows.idle.Remove(s.f.idle)
	s.f.idle = nil
	return nil
}

// unrecognised tells of a connection with a port of ours in which no message was found. Those without
// data, as port scans and refused connections are, need no word.
func (s *stream) unrecognised() error {
	said := s.head[0].len() + s.head[1].len()
	middle := false
	for d := range s.f.half {
		middle = middle || s.f.half[d].started && !s.f.half[d].syn
	}
	if said == 0 && !middle {
		s.f.r.stats.OtherFlows++
		return nil
	}
	if middle {
		return s.fail(errors.New("the capture begins in the middle of the connection, and no segment begins with a message or with TLS: start the capture before the client connects"))
	}
	return s.fail(fmt.Errorf("%d bytes were sent in all, too few for TLS or a message", said))
}
