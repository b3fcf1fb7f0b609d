package replay

import (
	"encoding/binary"
	"math"

	"estream/wire"
)

// A shifter moves the times in messages, in place: a time keeps its size, so no
// other byte changes. It is not safe for concurrent use.
type shifter struct {
	decoder *wire.Decoder
	routes  []*route // by Layout.ID
	by      uint32
}

func newShifter(set *wire.Layouts) *shifter {
	s := &shifter{}
	s.decoder = wire.NewDecoder(set, s.wants)
	return s
}

// wants keeps the decoder from reading what no route asks for.
func (s *shifter) wants(l *wire.Layout, slot int) bool {
	for _, leg := range s.route(l).steps {
		if leg.slot == slot && leg.action != move {
			return true
		}
	}
	return false
}

// A route leads to the times of one layout: how far to go from one to the next.
type route struct{ steps []leg }

// A leg goes fixed bytes forward, then does one thing.
type leg struct {
	fixed  int
	action action
	slot   int
}

type action uint8

const (
	move  action = iota // the time at this place is moved
	pass                // step over a field of variable size
	enter               // visit the blocks of a list or nested block, and step over it
)

// message moves the times of one event data message by some seconds. With an
// error, which is the decoder's, only the archive timestamp has moved, if it
// could be found.
func (s *shifter) message(message []byte, by uint32) error {
	if h, ok := wire.PeekRecord(message); ok && h.Extended {
		add(message[16:], by)
	}
	r, err := s.decoder.Decode(message)
	if err != nil {
		return err
	}
	s.by = by
	return s.walk(&r.View, message[8+r.RecordHeader.Size:])
}

// walk moves the times of one structure whose fields start at fields[0].
func (s *shifter) walk(v *wire.View, fields []byte) error {
	pos := 0
	for _, l := range s.route(v.Layout).steps {
		pos += l.fixed
		switch l.action {
		case move:
			add(fields[pos:], s.by)
		case enter:
			if err := s.decoder.Elements(v, l.slot, s.element); err != nil {
				return err
			}
			fallthrough
		case pass:
			pos += size(v, l.slot)
		}
	}
	return nil
}

func (s *shifter) element(v *wire.View) error {
	if v.Layout == nil {
		return nil
	}
	return s.walk(v, v.Raw()[8:])
}

// size returns how many bytes a field of variable size takes.
func size(v *wire.View, slot int) int {
	n := len(v.Bytes(slot))
	if k := v.Layout.Fields[slot].Kind; k == wire.KindString || k == wire.KindBlob {
		n += 8
	}
	return n
}

// route returns the route for a layout, made when it is first met.
func (s *shifter) route(l *wire.Layout) *route {
	if l.ID >= len(s.routes) {
		s.routes = append(s.routes, make([]*route, l.ID+1-len(s.routes))...)
	}
	if r := s.routes[l.ID]; r != nil {
		return r
	}
	r := &route{}
	fixed, last := 0, 0
	for i := range l.Fields {
		f := &l.Fields[i]
		if i == l.Discovery && l.Record != nil && l.Block != nil {
			fixed += 8 // header of the body's block
		}
		switch {
		case isTime(f):
			r.steps = append(r.steps, leg{fixed, move, i})
			fixed, last = f.Size, len(r.steps)
		case f.Kind.Fixed() && f.When == "":
			fixed += f.Size
		case f.Kind == wire.KindList || f.Kind == wire.KindBlock:
			r.steps = append(r.steps, leg{fixed, enter, i})
			fixed, last = 0, len(r.steps)
		default:
			r.steps = append(r.steps, leg{fixed, pass, i})
			fixed = 0
		}
	}
	r.steps = r.steps[:last] // nothing to do behind the last time
	s.routes[l.ID] = r
	return r
}

// add moves the time at the start of p; 0 means none and stays, and a time
// beyond 32 bits becomes the latest there is.
func add(p []byte, by uint32) {
	switch t := binary.BigEndian.Uint32(p); {
	case t == 0:
	case t > math.MaxUint32-by:
		binary.BigEndian.PutUint32(p, math.MaxUint32)
	default:
		binary.BigEndian.PutUint32(p, t+by)
	}
}
