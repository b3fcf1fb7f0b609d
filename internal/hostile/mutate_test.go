package hostile

import (
	"encoding/binary"
	"math/rand/v2"
)

// A mutator makes hostile messages of honest ones. The same seed and number give
// the same message, so that a failure can be repeated alone.
type mutator struct {
	seeds [][]byte
	pcg   rand.PCG
	rng   *rand.Rand
	buf   []byte
}

func newMutator(seeds [][]byte) *mutator {
	m := &mutator{seeds: seeds}
	m.rng = rand.New(&m.pcg)
	return m
}

// maxMutated bounds a mutated message, in bytes: duplication would let it grow.
const maxMutated = 16 << 10

// edges are values that length checks get wrong.
var edges = []uint32{0, 1, 2, 7, 8, 9, 16, 0x7f, 0x80, 0xff, 0x100, 0xffff, 0x10000, 1 << 28, 1<<31 - 1, 1 << 31, 1<<32 - 16, 1<<32 - 8, 1<<32 - 1}

// make returns message number n of the given seed. It is valid until the next call.
func (m *mutator) make(seed, n uint64) []byte {
	m.pcg.Seed(seed, n)
	m.buf = append(m.buf[:0], m.pick()...)
	for range 1 + m.rng.IntN(4) {
		if len(m.buf) == 0 {
			break
		}
		mutations[m.rng.IntN(len(mutations))](m)
		if len(m.buf) > maxMutated {
			m.buf = m.buf[:maxMutated]
		}
	}
	if m.rng.IntN(8) > 0 {
		frame(m.buf, m.rng.IntN(4) > 0)
	}
	return m.buf
}

// frame puts lengths into the headers of a message that fit what there is, so
// that a decoder reads on into the body.
func frame(p []byte, extended bool) {
	if len(p) < 24 {
		return
	}
	binary.BigEndian.PutUint16(p, 1)
	binary.BigEndian.PutUint16(p[2:], 4)
	binary.BigEndian.PutUint32(p[4:], uint32(len(p)-8))
	n := len(p) - 16
	if extended {
		n -= 8
	}
	binary.BigEndian.PutUint32(p[12:], uint32(n))
}

func (m *mutator) pick() []byte { return m.seeds[m.rng.IntN(len(m.seeds))] }

// put overwrites 4 bytes at an offset, as far as they are there.
func (m *mutator) put(at int, v uint32) {
	if at+4 <= len(m.buf) {
		binary.BigEndian.PutUint32(m.buf[at:], v)
	}
}

// length returns the offset of something that looks like a length: a number
// from 8 on that is no more than the message has. One of the first 64 candidates
// found from a random place on is taken.
func (m *mutator) length() int {
	start := m.rng.IntN(len(m.buf))
	for i := range min(len(m.buf), 64) {
		at := start + i
		if at+4 <= len(m.buf) {
			if v := binary.BigEndian.Uint32(m.buf[at:]); v >= 8 && v <= uint32(len(m.buf)) {
				return at
			}
		}
	}
	return start
}

// insert makes room for n bytes at an offset.
func (m *mutator) insert(at, n int) []byte {
	m.buf = append(m.buf, make([]byte, n)...)
	copy(m.buf[at+n:], m.buf[at:])
	return m.buf[at : at+n]
}

var mutations = []func(*mutator){
	func(m *mutator) { // bits
		for range 1 + m.rng.IntN(8) {
			m.buf[m.rng.IntN(len(m.buf))] ^= 1 << m.rng.IntN(8)
		}
	},
	func(m *mutator) { // bytes
		for range 1 + m.rng.IntN(8) {
			m.buf[m.rng.IntN(len(m.buf))] = byte(edges[m.rng.IntN(len(edges))])
		}
	},
	func(m *mutator) { // a run of one byte
		at := m.rng.IntN(len(m.buf))
		v := byte(edges[m.rng.IntN(len(edges))])
		for i := at; i < min(len(m.buf), at+m.rng.IntN(64)); i++ {
			m.buf[i] = v
		}
	},
	func(m *mutator) { m.put(m.length(), edges[m.rng.IntN(len(edges))]) },
	func(m *mutator) { // a length that is a little wrong
		if at := m.length(); at+4 <= len(m.buf) {
			m.put(at, binary.BigEndian.Uint32(m.buf[at:])+uint32(m.rng.IntN(33))-16)
		}
	},
	func(m *mutator) { m.put(m.length(), uint32(len(m.buf)-m.rng.IntN(len(m.buf)))) },
	func(m *mutator) { // the end of another message
		other := m.pick()
		m.buf = append(m.buf[:m.rng.IntN(len(m.buf))], other[m.rng.IntN(len(other)):]...)
	},
	func(m *mutator) { // a piece of another message
		other := m.pick()
		from := m.rng.IntN(len(other))
		piece := other[from : from+m.rng.IntN(len(other)-from)]
		copy(m.insert(m.rng.IntN(len(m.buf)), len(piece)), piece)
	},
	func(m *mutator) { m.buf = m.buf[:m.rng.IntN(len(m.buf))] },
	func(m *mutator) { // without a piece
		at := m.rng.IntN(len(m.buf))
		m.buf = append(m.buf[:at], m.buf[at+m.rng.IntN(len(m.buf)-at):]...)
	},
	func(m *mutator) { // a piece twice and more
		from := m.rng.IntN(len(m.buf))
		piece := append([]byte(nil), m.buf[from:from+m.rng.IntN(min(256, len(m.buf)-from))]...)
		for range 1 + m.rng.IntN(8) {
			copy(m.insert(from, len(piece)), piece)
		}
	},
	func(m *mutator) { // the type of another record, and so another layout
		if other := m.pick(); len(m.buf) >= 12 {
			copy(m.buf[8:12], other[8:12])
		}
	},
	func(m *mutator) { // the block of another record
		if other := m.pick(); len(m.buf) >= 28 && len(other) >= 28 {
			copy(m.buf[24:28], other[24:28])
		}
	},
	func(m *mutator) { // blocks in blocks in blocks
		m.nest()
	},
	func(m *mutator) { // has_ipv6 of the discovery header, and its neighbours
		if len(m.buf) > 40 {
			m.buf[24+13+m.rng.IntN(4)] = byte(m.rng.IntN(3))
		}
	},
}

// nest inserts block headers, each block around the next, where a list may be.
func (m *mutator) nest() {
	at, depth := m.rng.IntN(len(m.buf)), 1+m.rng.IntN(40)
	room := m.insert(at, 8*depth)
	types := []uint32{11, 31, 2, 3, 0, 10, 1, uint32(m.rng.IntN(180))}
	for i := range depth {
		binary.BigEndian.PutUint32(room[8*i:], types[m.rng.IntN(len(types))])
		binary.BigEndian.PutUint32(room[8*i+4:], uint32(8*(depth-i)))
	}
}
