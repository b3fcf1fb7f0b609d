package journal

import (
	"sort"
	"sync"
	"sync/atomic"
)

// A chunk is a piece of memory that holds batches exactly as they are, or
// will be, in a file. The journal's ring shares chunks with the readers; each
// of them holds a reference while it looks at the bytes, and the last one to
// let go returns the memory to the pool.
//
// Bytes below filled never change. The appender alone writes behind it.
type chunk struct {
	buf  []byte
	pool *pool // nil: left to the garbage collector
	refs atomic.Int32

	// Guarded by Journal.mu; of no meaning in a chunk filled from a file.

	seg    *segment
	starts bool   // its first batch is the first of seg
	off    int64  // offset in the segment of buf[0]
	first  uint64 // sequence number of its first batch
	end    uint64 // sequence number behind its last batch
	filled int    // bytes of buf in use
	done   int    // bytes of buf that are durable

	written int // bytes of buf handed to the kernel; only the committer uses it
}

func (c *chunk) retain() { c.refs.Add(1) }

func (c *chunk) release() {
	if c.refs.Add(-1) == 0 && c.pool != nil {
		c.pool.put(c)
	}
}

// A pool keeps a few chunks of one size for reuse, so that a steady stream
// neither allocates nor leaves work for the garbage collector.
type pool struct {
	bytes int // size of a chunk
	keep  int // chunks kept at most

	mu   sync.Mutex
	free []*chunk
}

// get returns a chunk with room for at least need bytes and one reference. A
// chunk larger than the pool's size is not reused.
func (p *pool) get(need int) *chunk {
	var c *chunk
	if need > p.bytes {
		c = &chunk{buf: make([]byte, need)}
	} else {
		p.mu.Lock()
		if n := len(p.free); n > 0 {
			c, p.free = p.free[n-1], p.free[:n-1]
		}
		p.mu.Unlock()
		if c == nil {
			c = &chunk{buf: make([]byte, p.bytes), pool: p}
		}
	}
	c.refs.Store(1)
	return c
}

func (p *pool) put(c *chunk) {
	c.seg, c.starts, c.off, c.first, c.end, c.filled, c.done, c.written = nil, false, 0, 0, 0, 0, 0, 0
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.free) < p.keep {
		p.free = append(p.free, c)
	}
}

// A ring holds the most recent batches, oldest first: all that are not yet
// durable, and as many durable ones as its limit allows. Guarded by Journal.mu.
type ring struct {
	chunks []*chunk
	bytes  int64 // memory of chunks
	limit  int64
}

// last returns the chunk that is being filled; nil when there is none.
func (r *ring) last() *chunk {
	if len(r.chunks) == 0 {
		return nil
	}
	return r.chunks[len(r.chunks)-1]
}

// push takes over the reference to c.
func (r *ring) push(c *chunk) {
	r.chunks = append(r.chunks, c)
	r.bytes += int64(len(c.buf))
}

// find returns the chunk that holds sequence number seq; nil when it is not in memory.
func (r *ring) find(seq uint64) *chunk {
	i := sort.Search(len(r.chunks), func(i int) bool { return r.chunks[i].end > seq })
	if i == len(r.chunks) || r.chunks[i].first > seq {
		return nil
	}
	return r.chunks[i]
}

// after returns the first chunk with batches, if they lie behind seq.
func (r *ring) after(seq uint64) *chunk {
	for _, c := range r.chunks {
		if c.filled > 0 {
			if c.first > seq {
				return c
			}
			break
		}
	}
	return nil
}

// evict lets go of the oldest durable chunks until there is room for more
// bytes. The last chunk stays while it may still be filled.
func (r *ring) evict(more int64) {
	n := 0
	for n < len(r.chunks)-1 && r.bytes+more > r.limit {
		c := r.chunks[n]
		if c.done < c.filled {
			break
		}
		r.bytes -= int64(len(c.buf))
		c.release()
		n++
	}
	if n > 0 {
		rest := copy(r.chunks, r.chunks[n:])
		clear(r.chunks[rest:])
		r.chunks = r.chunks[:rest]
	}
}
