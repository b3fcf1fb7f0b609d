package compare

// An entry is a line that waits for its twin.
type entry struct {
	hash   [2]uint64
	offset int64
	number int64
	at     int64 // Unix second at which it was read
	file   int32
}

// waiting holds the entries of one side in the order of their files. Equal lines are
// alike, so what counts is how many of them are left.
type waiting struct {
	queue []entry
	head  int
	left  map[[2]uint64]counts
}

type counts struct{ queued, unmatched int32 }

func newWaiting() *waiting { return &waiting{left: map[[2]uint64]counts{}} }

func (w *waiting) len() int { return len(w.queue) - w.head }

// put adds an entry.
func (w *waiting) put(e entry) {
	c := w.left[e.hash]
	w.left[e.hash] = counts{c.queued + 1, c.unmatched + 1}
	if w.head > 1024 && w.head > len(w.queue)/2 { // half of it is past
		w.queue = w.queue[:copy(w.queue, w.queue[w.head:])]
		w.head = 0
	}
	w.queue = append(w.queue, e)
}

// take finds the twin of a line and reports whether there is one.
func (w *waiting) take(hash [2]uint64) bool {
	c, ok := w.left[hash]
	if !ok || c.unmatched == 0 {
		return false
	}
	c.unmatched--
	w.left[hash] = c
	w.skip()
	return true
}

// skip removes entries in front that have found their twin.
func (w *waiting) skip() {
	for w.head < len(w.queue) {
		hash := w.queue[w.head].hash
		c := w.left[hash]
		if c.unmatched == c.queued {
			return
		}
		w.remove(hash, counts{c.queued - 1, c.unmatched})
	}
}

func (w *waiting) remove(hash [2]uint64, c counts) {
	if c.queued == 0 {
		delete(w.left, hash)
	} else {
		w.left[hash] = c
	}
	w.head++
}

// oldest returns the entry in front, which has no twin so far.
func (w *waiting) oldest() (entry, bool) {
	if w.head == len(w.queue) {
		return entry{}, false
	}
	return w.queue[w.head], true
}

// drop removes it.
func (w *waiting) drop() {
	hash := w.queue[w.head].hash
	c := w.left[hash]
	w.remove(hash, counts{c.queued - 1, c.unmatched - 1})
	w.skip()
}
