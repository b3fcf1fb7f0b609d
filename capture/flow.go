package capture

import (
	"container/list"
	"iter"
	"maps"
	"net/netip"
	"slices"
)

// maxFlows is how many connections are known at a time, those that are over or
// none of ours included, so that late packets of theirs are not taken for news.
const maxFlows = 20_000

// A flowKey names a connection, whichever side a packet is from: a is the lesser end.
type flowKey struct{ a, b netip.AddrPort }

// A flowTable holds the connections.
type flowTable struct {
	flows  map[flowKey]*flow
	idle   *list.List // those that may be forgotten, the one without a packet for longest first
	number uint64
}

func (t *flowTable) init() {
	t.flows = map[flowKey]*flow{}
	t.idle = list.New()
}

// all returns the connections in the order in which they began.
func (t *flowTable) all() iter.Seq[*flow] {
	return slices.Values(slices.SortedFunc(maps.Values(t.flows), func(a, b *flow) int {
		if a.number < b.number {
			return -1
		}
		return 1
	}))
}

// A state says what is known of a connection.
type state int

const (
	undecided state = iota
	taken           // is a session
	rejected        // is none
	over
)

// A flow is a TCP connection. Its directions have the numbers 0, from the lesser
// end, and 1.
type flow struct {
	r      *reader
	key    flowKey
	number uint64
	idle   *list.Element // nil while it is a session
	state  state
	half   [2]half
	stream stream
}

// segment takes a TCP segment.
func (c *reader) segment(s segment) error {
	key, d := flowKey{s.from, s.to}, 0
	if s.from.Compare(s.to) > 0 {
		key, d = flowKey{s.to, s.from}, 1
	}
	f := c.flows.flows[key]
	if f != nil && f.reused(&s, d) {
		if err := c.forget(f); err != nil {
			return err
		}
		f = nil
	}
	if f == nil {
		if !s.syn && len(s.data) == 0 {
			return nil // the last words of a connection nobody knows
		}
		var err error
		if f, err = c.begin(key); f == nil {
			return err
		}
	}
	if f.idle != nil {
		c.flows.idle.MoveToBack(f.idle)
	}
	if f.state == rejected || f.state == over {
		return nil
	}
	return f.take(&s, d)
}

// reused reports whether s begins another connection between the same ports.
func (f *flow) reused(s *segment, d int) bool {
	if !s.syn || s.has {
		return false
	}
	h, back := &f.half[d], &f.half[1-d]
	switch {
	case h.syn:
		return h.first != s.seq+1 // the same one is a repetition
	case h.started:
		return true
	}
	return back.started && !back.syn
}

// begin makes a connection, in place of an idle one if there are too many. It
// returns nil if all of them are busy.
func (c *reader) begin(key flowKey) (*flow, error) {
	if len(c.flows.flows) >= maxFlows {
		oldest := c.flows.idle.Front()
		if oldest == nil {
			c.stats.RefusedPackets++
			return nil, nil
		}
		if err := c.forget(oldest.Value.(*flow)); err != nil {
			return nil, err
		}
	}
	c.stats.Flows++
	c.flows.number++
	f := &flow{r: c, key: key, number: c.flows.number}
	f.idle = c.flows.idle.PushBack(f)
	for d := range f.half {
		f.half[d] = half{r: c,
			data: func(p []byte) error { return f.stream.data(d, p) },
			gap:  func(n int) error { return f.stream.gap(d, n) },
		}
	}
	f.stream.init(f)
	c.flows.flows[key] = f
	return f, nil
}

// forget ends a connection and takes it out of the table.
func (c *reader) forget(f *flow) error {
	err := f.end()
	c.flows.idle.Remove(f.idle)
	delete(c.flows.flows, f.key)
	return err
}

// take handles a segment from direction d.
func (f *flow) take(s *segment, d int) error {
	f.stream.opening(s, d)
	if s.has {
		f.half[1-d].acknowledge(s.ack)
	}
	if !s.rst { // what stands in a RST is no data
		if err := f.half[d].add(s); err != nil {
			return err
		}
	}
	for d := range f.half {
		if err := f.half[d].tick(); err != nil {
			return err
		}
	}
	if s.rst || f.half[0].complete() && f.half[1].complete() {
		return f.end()
	}
	return nil
}

// end hands on what is left of the connection, once.
func (f *flow) end() error {
	if f.state == over {
		return nil
	}
	var err error
	for d := range f.half {
		if err == nil && f.state != rejected {
			err = f.half[d].finish()
		}
	}
	if err == nil {
		err = f.stream.finish()
	}
	f.close(over)
	return err
}

// reject drops a connection that is no session.
func (f *flow) reject() {
	f.r.stats.OtherFlows++
	f.close(rejected)
}

// close frees what is held for the connection, and lets it be forgotten.
func (f *flow) close(s state) {
	f.state = s
	for d := range f.half {
		f.half[d].free()
	}
	f.stream.free()
	if f.idle == nil {
		f.idle = f.r.flows.idle.PushBack(f)
	}
}
