package eve

import "time"

// A table holds the flows that are open. Its state is a function of the lines it
// was shown, of what Idle let go, and of nothing else: no clock but that of the
// lines decides, so that reading the same lines again leads to the same state.
type table struct {
	conns map[uint64]*conn
	free  []*conn
	open  lru // flows whose end was not reported yet, the one touched longest ago first
	soon  lru // ended flows, and those of which netflow has said one half
	bytes int // estimated memory of all conns

	clock       int64 // the latest time in the lines, Unix seconds
	lastFlow    int64 // clock when the end of a flow was reported last, 0 never
	lastNetflow int64 // likewise, by netflow
	late        int   // lines in a row that are far behind the clock

	hold             int64 // seconds that a flow is kept without a line, see Source.Hold
	maxConns, maxMem int
}

const (
	// holdWithout is how many seconds a flow is kept where the ends of flows are not
	// reported at all: long enough to gather what belongs together, short enough for
	// an event to be news.
	holdWithout = 60
	// flowsGone is after how many seconds without the end of any flow the sensor is
	// taken not to report them.
	flowsGone = 900
	// holdSoon is how many seconds an ended flow is remembered.
	holdSoon = 20
	// maxEnded bounds the flows remembered after their end.
	maxEnded = 8192
	// farBehind lines in a row, each more than an hour behind the clock, mean that
	// the clock was wrong.
	farBehind = 10_000
)

func newTable(hold time.Duration, maxConns, maxMem int) *table {
	return &table{conns: make(map[uint64]*conn), hold: int64(hold / time.Second), maxConns: maxConns, maxMem: maxMem}
}

// advance moves the clock to the time of a line.
func (t *table) advance(now int64) {
	switch {
	case now >= t.clock:
		t.clock, t.late = now, 0
	case now < t.clock-3600:
		if t.late++; t.late >= farBehind {
			// One line from the future must not stop time for good.
			t.clock, t.late = now, 0
			for c := t.open.first; c != nil; c = c.next {
				c.touched = min(c.touched, now)
			}
			for c := t.soon.first; c != nil; c = c.next {
				c.touched = min(c.touched, now)
			}
		}
	default:
		t.late = 0
	}
}

// patience returns how many seconds a flow is kept without a line at a time.
func (t *table) patience(now int64) int64 {
	if t.lastFlow != 0 && now-t.lastFlow < flowsGone {
		return t.hold
	}
	return min(holdWithout, t.hold)
}

// expired returns the next flow that has to go at a time, nil if there is none.
// ended tells which list it is from.
func (t *table) expired(now int64) (c *conn, ended bool) {
	full := len(t.conns) > t.maxConns || t.bytes > t.maxMem
	// Where there is no room, ended flows have no right to more than a quarter.
	if c = t.soon.first; c != nil && (now-c.touched >= holdSoon || t.soon.n > maxEnded || full && 4*t.soon.n >= len(t.conns)) {
		return c, true
	}
	if c = t.open.first; c != nil && (now-c.touched >= t.patience(now) || full) {
		return c, false
	}
	return nil, false
}

// oldest returns the next flow where all have to go.
func (t *table) oldest() (c *conn, ended bool) {
	if c = t.soon.first; c != nil {
		return c, true
	}
	return t.open.first, false
}

// get returns the conn of a flow, a new one if it is not known, and counts the
// touch. It stays in the table until remove.
func (t *table) get(id uint64) *conn {
	c := t.conns[id]
	if c == nil {
		if n := len(t.free); n > 0 {
			c, t.free = t.free[n-1], t.free[:n-1]
		} else {
			c = new(conn)
		}
		c.reset(id)
		t.conns[id] = c
		t.open.push(c)
	}
	c.touched = t.clock
	c.in.push(c)
	return c
}

// weigh counts the memory of a conn again after it was changed.
func (t *table) weigh(c *conn) {
	cost := connCost + cap(c.buf)
	t.bytes += cost - c.cost
	c.cost = cost
}

// connCost is about what a conn takes beside its texts: itself, its share of the
// map, and the allocator's rounding.
const connCost = 900

// remove takes a conn out of the table.
func (t *table) remove(c *conn) {
	delete(t.conns, c.id)
	c.in.unlink(c)
	t.bytes -= c.cost
	c.reset(0)
	if len(t.free) < maxFree {
		t.free = append(t.free, c)
	}
}

// maxFree bounds the conns kept for later use.
const maxFree = 4096

// An lru is a list of conns in the order of their last lines.
type lru struct {
	first, last *conn
	n           int
}

// push makes c the newest of the list.
func (l *lru) push(c *conn) {
	if l.last == c {
		return
	}
	if c.in != nil {
		c.in.unlink(c)
	}
	c.in, c.prev, c.next = l, l.last, nil
	if l.last != nil {
		l.last.next = c
	} else {
		l.first = c
	}
	l.last = c
	l.n++
}

func (l *lru) unlink(c *conn) {
	if c.prev != nil {
		c.prev.next = c.next
	} else {
		l.first = c.next
	}
	if c.next != nil {
		c.next.prev = c.prev
	} else {
		l.last = c.prev
	}
	c.in, c.prev, c.next = nil, nil, nil
	l.n--
}
