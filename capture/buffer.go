package capture

// maxHeld is how many bytes are held at a time for all connections: segments that
// came too early, parts of TLS records, parts of messages.
const maxHeld = 256 << 20

// A buffer holds bytes of a direction until they make something whole. What all
// buffers hold together is limited.
type buffer struct {
	r    *reader
	b    []byte
	from int // what is before it has been dropped
}

// bytes returns what is held, valid until the next call of another method.
func (b *buffer) bytes() []byte { return b.b[b.from:] }

func (b *buffer) len() int { return len(b.b) - b.from }

// add appends p, and reports whether there was room for it.
func (b *buffer) add(p []byte) bool {
	if b.r.held+len(p) > maxHeld {
		return false
	}
	b.r.held += len(p)
	// The room in front is used again once it is the greater part, so that a byte is
	// moved once on average.
	if b.from > len(b.b)/2 {
		b.b = b.b[:copy(b.b, b.b[b.from:])]
		b.from = 0
	}
	b.b = append(b.b, p...)
	return true
}

// drop forgets the first n bytes.
func (b *buffer) drop(n int) {
	b.from += n
	b.r.held -= n
	if b.from == len(b.b) {
		b.b, b.from = b.b[:0], 0
		if cap(b.b) > 1<<20 {
			b.b = nil // one great message need not be paid for ever after
		}
	}
}

// free forgets everything, and returns how much that was.
func (b *buffer) free() int {
	n := b.len()
	b.r.held -= n
	b.b, b.from = nil, 0
	return n
}
