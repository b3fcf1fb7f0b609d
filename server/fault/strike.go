package fault

import (
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"net"
	"time"

	"estream/wire"
)

// openBytes is how much more an open bundle announces than ever comes.
const openBytes = 4096

// fits reports whether a fault can strike at m at all.
func (f *pending) fits(h wire.Header, m []byte, events uint64, set *wire.Layouts) bool {
	switch {
	case f.Kind == "keepalive":
		return h.Type == wire.TypeNull
	case f.AtInformation:
		return h.Type == wire.TypeStreamingInformation
	case events == 0:
		return false
	case f.Word == "inner" || f.Word == "sequence" || f.Word == "empty":
		return h.Type == wire.TypeMessageBundle
	case f.Kind == "length" && f.Word == "block":
		return blockAt(firstRecord(h, m), set) > 0
	}
	return true
}

// struck sends m as the faults want it. An error ends the session.
func (c *faulty) struck(m []byte, due []*pending) error {
	s := &strike{faulty: c, m: m, after: 1}
	for _, f := range due {
		if f.Kind != "keepalive" {
			c.log.Info("fault strikes", "fault", f.String(), "events", c.events)
		}
		if err := s.apply(f); err != nil {
			return err
		}
	}
	for range s.after {
		if err := s.send(s.m); err != nil {
			return err
		}
	}
	return nil
}

// A strike is what happens at one message. The message belongs to the session,
// so faults that change it work on a copy.
type strike struct {
	*faulty
	m      []byte
	copied bool
	after  int // how often m is sent in the end
}

func (s *strike) send(p []byte) error {
	if len(p) == 0 {
		return nil
	}
	_, err := s.Conn.Write(p)
	return err
}

// own makes m a copy that may be changed.
func (s *strike) own() []byte {
	if !s.copied {
		s.m, s.copied = append([]byte(nil), s.m...), true
	}
	return s.m
}

func (s *strike) apply(f *pending) error {
	switch f.Kind {
	case "keepalive":
		s.after = 0
	case "drop":
		if err := s.part(f.Inside); err != nil {
			return err
		}
		return s.reset(f)
	case "close":
		return s.goodbye(f)
	case "error":
		s.because(f) // before the client hears of it and may close
		if err := s.send(wire.AppendErrorMessage(nil, wire.ErrorMessage{Code: int32(f.Code), Text: f.Text})); err != nil {
			return err
		}
		return s.goodbye(f)
	case "stall":
		if err := s.part(f.Inside); err != nil {
			return err
		}
		return s.stall(f.For)
	case "garbage":
		return s.send(noise(int(f.Bytes), f.Seed))
	case "length":
		s.length(f)
	case "header":
		binary.BigEndian.PutUint16(s.own(), uint16(f.Version))
	case "unknown":
		return s.unknown(f)
	case "bundle":
		return s.bundle(f)
	case "duplicate":
		s.after = 2
	}
	return nil
}

// part sends the first n bytes of m, and leaves the rest in it.
func (s *strike) part(n uint64) error {
	k := int(min(n, uint64(len(s.m))))
	err := s.send(s.m[:k])
	s.m = s.m[k:]
	return err
}

// lingerFor is how long a closing server waits for the client to close, too.
const lingerFor = 10 * time.Second

// goodbye closes as a server that has no more to say: the client can read all that
// was sent before.
func (s *strike) goodbye(f *pending) error {
	end := s.because(f)
	if err := closeWrite(s.Conn); err != nil {
		return err
	}
	if err := s.stall(lingerFor); err != nil && !errors.Is(err, net.ErrClosed) {
		return err
	}
	return end
}

// reset closes the connection so that the client gets a reset where the network
// knows one, and in any case no word from TLS.
func (s *strike) reset(f *pending) error {
	end := s.because(f)
	raw := below(s.Conn)
	if t, ok := raw.(*net.TCPConn); ok {
		_ = t.SetLinger(0) // fails on a connection that is gone already, as does Close
	}
	_ = raw.Close()
	return end
}

// because tells the connection below, which may be a recording, why it ends.
func (s *strike) because(f *pending) *EndError {
	end := &EndError{f.text}
	if r, ok := s.Conn.(interface{ Because(reason string) }); ok {
		r.Because(end.Error())
	}
	return end
}

// An EndError is the error of a write to a session that a fault has ended.
type EndError struct{ Fault string }

func (e *EndError) Error() string { return "ended by fault " + e.Fault }

// noise returns n bytes, the same for the same seed.
func noise(n int, seed uint64) []byte {
	var key [32]byte
	binary.BigEndian.PutUint64(key[:], seed)
	p := make([]byte, n)
	_, _ = rand.NewChaCha8(key).Read(p) // documented never to fail
	return p
}

// unknown inserts something well formed that nobody knows.
func (s *strike) unknown(f *pending) error {
	if f.Word == "message" {
		p := wire.AppendHeader(nil, wire.MessageType(f.Type), uint32(f.Bytes))
		return s.send(append(p, make([]byte, f.Bytes)...))
	}
	// The record header has the form that the session uses, and its archive time.
	h, _ := wire.ParseHeader(s.m)
	first := firstRecord(h, s.m)
	head, ok := wire.PeekRecord(first)
	size := 16
	if ok {
		size = head.Size
	}
	record := wire.AppendHeader(nil, wire.TypeEventData, uint32(size)+uint32(f.Bytes))
	record = binary.BigEndian.AppendUint32(record, uint32(f.Type))
	record = binary.BigEndian.AppendUint32(record, uint32(f.Bytes))
	if size == 16 {
		record = binary.BigEndian.AppendUint32(record, head.ArchiveTimestamp)
		record = binary.BigEndian.AppendUint32(record, 0)
	}
	record = append(record, make([]byte, f.Bytes)...)
	if h.Type != wire.TypeMessageBundle {
		return s.send(record)
	}
	// In front of the others, with the inner header that they have.
	const at = wire.HeaderSize + wire.BundleHeaderSize
	copy(record[:2], s.m[at:])
	grown := make([]byte, 0, len(s.m)+len(record))
	grown = append(append(append(grown, s.m[:at]...), record...), s.m[at:]...)
	binary.BigEndian.PutUint32(grown[4:], uint32(len(grown)-wire.HeaderSize))
	s.m, s.copied = grown, true
	return nil
}

// bundle does what is wrong with bundles.
func (s *strike) bundle(f *pending) error {
	switch f.Word {
	case "empty":
		return s.send(append(wire.AppendHeader(nil, wire.TypeMessageBundle, wire.BundleHeaderSize), s.m[8:16]...))
	case "sequence":
		p := s.own()
		binary.BigEndian.PutUint32(p[12:], uint32(int64(binary.BigEndian.Uint32(p[12:]))+f.Add))
	case "inner":
		for rest := s.own()[16:]; len(rest) > 0; {
			_, inner, next, err := wire.NextBundled(rest)
			if err != nil {
				return nil // another fault was here before
			}
			binary.BigEndian.PutUint16(inner, uint16(f.Version))
			rest = next
		}
	case "open":
		// A single message is put into a bundle of its own.
		p := s.own()
		if h, _ := wire.ParseHeader(p); h.Type != wire.TypeMessageBundle {
			b, err := wire.AppendBundle(nil, 1, 1, 0, p)
			if err != nil {
				return nil // another fault was here before
			}
			p = b
		}
		binary.BigEndian.PutUint32(p[4:], binary.BigEndian.Uint32(p[4:])+openBytes)
		if err := s.send(p); err != nil {
			return err
		}
		if err := s.stall(f.For); err != nil {
			return err
		}
		return s.reset(f)
	}
	return nil
}
