package capture

import "slices"

const (
	maxQueued   = 4 << 20 // bytes of one direction that wait for a missing segment
	maxChunks   = 4096    // pieces of them
	chunkCost   = 64      // bytes that a piece costs beside its own
	ackPatience = 32      // packets of a connection until an acknowledged hole is a gap
)

// A chunk is a piece of a direction that came too early.
type chunk struct {
	seq  uint32
	data []byte
}

// A half puts one direction of a TCP connection in order. Sequence numbers are compared
// by their distance, so that they may wrap around.
type half struct {
	r    *reader
	data func(p []byte) error // gets the bytes in order
	gap  func(n int) error    // is told that n bytes are missing in front of the next ones

	started bool
	syn     bool   // the capture has the beginning
	first   uint32 // of the first byte, if syn
	next    uint32 // of the byte that comes next
	queue   []chunk
	queued  int // bytes, with cost
	fin     bool
	end     uint32 // behind the last byte, if fin
	acked   uint32 // by the other side, if hasAck
	hasAck  bool
	waited  int  // packets since the other side had what is missing here
	cut     bool // a segment was cut by the snap length
}

// distance is how far seq is ahead of what comes next.
func (h *half) distance(seq uint32) int { return int(int32(seq - h.next)) }

// add takes a segment of this direction.
func (h *half) add(s *segment) error {
	seq, data := s.seq, s.data
	if s.syn {
		seq++ // the SYN is a byte of its own
		if !h.started {
			h.started, h.syn, h.first, h.next = true, true, seq, seq
		}
	}
	if !h.started {
		if len(data) == 0 {
			return nil
		}
		h.started, h.next = true, seq
	}
	if s.missing > 0 {
		h.r.stats.Truncated++
		h.cut = true
	}
	if s.fin && !h.fin {
		h.fin, h.end = true, seq+uint32(len(data)+s.missing)
	}
	if ahead := h.distance(seq); ahead < 0 {
		n := min(-ahead, len(data))
		h.r.stats.RepeatedBytes += uint64(n)
		seq, data = seq+uint32(n), data[n:]
		if len(data) == 0 {
			return nil
		}
	}
	if len(data) == 0 {
		return nil
	}
	if seq != h.next {
		return h.store(seq, data)
	}
	h.next += uint32(len(data))
	if err := h.data(data); err != nil {
		return err
	}
	return h.drain()
}

// store keeps data, which is ahead. Of bytes that are there twice, the first count.
func (h *half) store(seq uint32, data []byte) error {
	for i := 0; i <= len(h.queue) && len(data) > 0; i++ {
		if i == len(h.queue) {
			h.insert(i, chunk{seq, data})
			break
		}
		before, size := int(int32(h.queue[i].seq-seq)), len(h.queue[i].data)
		if before > 0 { // this much of data is in front of the chunk
			n := min(before, len(data))
			h.insert(i, chunk{seq, data[:n]})
			seq, data = seq+uint32(n), data[n:]
			continue // the chunk is the next one
		}
		if over := size + before; over > 0 { // the chunk has this much of data
			n := min(over, len(data))
			h.r.stats.RepeatedBytes += uint64(n)
			seq, data = seq+uint32(n), data[n:]
		}
	}
	if h.queued > maxQueued || len(h.queue) > maxChunks || h.r.held > maxHeld {
		return h.skip()
	}
	return nil
}

func (h *half) insert(i int, c chunk) {
	c.data = slices.Clone(c.data)
	h.queue = slices.Insert(h.queue, i, c)
	h.hold(len(c.data) + chunkCost)
}

func (h *half) hold(n int) {
	h.queued += n
	h.r.held += n
}

// drain hands on what is no longer ahead.
func (h *half) drain() error {
	n := 0
	for ; n < len(h.queue); n++ {
		c := &h.queue[n]
		ahead := h.distance(c.seq)
		if ahead > 0 {
			break
		}
		h.waited = 0
		h.hold(-len(c.data) - chunkCost)
		old := min(-ahead, len(c.data))
		h.r.stats.RepeatedBytes += uint64(old)
		data := c.data[old:]
		c.data = nil
		h.next += uint32(len(data))
		if len(data) == 0 {
			continue
		}
		if err := h.data(data); err != nil {
			return err // which ends it all
		}
	}
	// What the data said may have closed the connection.
	h.queue = slices.Delete(h.queue, 0, min(n, len(h.queue)))
	return nil
}

// skip gives up what is missing in front of the queue.
func (h *half) skip() error {
	if len(h.queue) == 0 {
		return nil
	}
	h.waited = 0
	n := h.distance(h.queue[0].seq)
	h.next = h.queue[0].seq
	if err := h.gap(n); err != nil {
		return err
	}
	return h.drain()
}

// acknowledge takes what the other side says it has.
func (h *half) acknowledge(ack uint32) {
	if !h.hasAck || int32(ack-h.acked) > 0 {
		h.acked, h.hasAck = ack, true
	}
}

// tick is called with each packet of the connection. What the other side has, and the capture
// still lacks some packets later, does not come any more.
func (h *half) tick() error {
	if len(h.queue) == 0 || !h.hasAck || int32(h.acked-h.queue[0].seq) < 0 {
		return nil
	}
	if h.waited++; h.waited < ackPatience {
		return nil
	}
	return h.skip()
}

// complete reports whether the direction has ended and everything of it was there.
func (h *half) complete() bool { return h.fin && h.started && h.next == h.end }

// finish hands on what is left, with its gaps.
func (h *half) finish() error {
	for len(h.queue) > 0 {
		if err := h.skip(); err != nil {
			return err
		}
	}
	if !h.started {
		return nil
	}
	n := 0
	if h.fin {
		n = h.distance(h.end)
	} else if h.hasAck {
		// The last byte may be that of a FIN which the capture lacks.
		if n = h.distance(h.acked); n == 1 {
			n = 0
		}
	}
	if n > 0 {
		h.next += uint32(n)
		return h.gap(n)
	}
	return nil
}

// free drops what is held.
func (h *half) free() {
	h.hold(-h.queued)
	h.queue = nil
}
