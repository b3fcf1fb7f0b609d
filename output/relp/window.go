package relp

import (
	"fmt"
	"sync"
)

// maxReason is how much of the server's reason for a refusal is kept.
const maxReason = 512

// A window holds what was sent and not confirmed. Frames are numbered from 1
// without end; their transaction numbers go from 1 to maxTxnr and begin again.
//
// The goroutine that writes puts frames in and deals with those that were refused;
// the one that reads settles them, in any order.
type window struct {
	changed chan struct{} // holds a token when something was settled

	mu         sync.Mutex
	slots      []slot // of frame n: slots[n%len(slots)]
	base, next uint64 // the first frame that is not confirmed; the next to be put in
	settled    uint64 // counts answers
	refused    int    // slots in this state
	leaving    bool   // the server has said that it hangs up
}

type slot struct {
	state state
	line  []byte // with line end, for whoever keeps refused lines; its memory is used again
	text  string // why it was refused
}

type state uint8

const (
	confirmed state = iota
	sent
	refused
)

func newWindow(size int) *window {
	return &window{changed: make(chan struct{}, 1), slots: make([]slot, size), base: 1, next: 1}
}

func txnr(n uint64) int { return int((n-1)%maxTxnr) + 1 }

// reset forgets everything: frames are counted from 1 again, as each session
// wants. It reports whether a frame before mark was not confirmed.
func (w *window) reset(mark uint64) (doubt bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	doubt = w.base < mark
	for i := range w.slots {
		w.slots[i].state = confirmed
	}
	w.base, w.next, w.refused, w.leaving = 1, 1, 0, false
	return doubt
}

// put notes a frame that is about to be sent, for which there must be room, and
// returns its transaction number.
func (w *window) put(line []byte) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := &w.slots[w.next%uint64(len(w.slots))]
	s.state = sent
	s.line = append(append(s.line[:0], line...), '\n')
	w.next++
	return txnr(w.next - 1)
}

// settle notes the answer to a transaction.
func (w *window) settle(nr, code int, text []byte) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	ahead := (uint64(nr) + maxTxnr - uint64(txnr(w.base))) % maxTxnr
	if nr == 0 || ahead >= w.next-w.base {
		return fmt.Errorf("answer of the server to transaction %d: expected one of %s", nr, w.open())
	}
	s := &w.slots[(w.base+ahead)%uint64(len(w.slots))]
	switch {
	case s.state != sent:
		return fmt.Errorf("second answer of the server to transaction %d", nr)
	case code == 200:
		s.state = confirmed
		w.advance()
	default:
		s.state, s.text = refused, fmt.Sprintf("%d %s", code, text[:min(len(text), maxReason)])
		w.refused++
	}
	w.settled++
	w.wake()
	return nil
}

func (w *window) open() string {
	if w.base == w.next {
		return "none, all are answered"
	}
	return fmt.Sprintf("%d to %d", txnr(w.base), txnr(w.next-1))
}

// advance moves base behind what is confirmed. It needs the lock.
func (w *window) advance() {
	for w.base < w.next && w.slots[w.base%uint64(len(w.slots))].state == confirmed {
		w.base++
	}
}

func (w *window) wake() {
	select {
	case w.changed <- struct{}{}:
	default: // there is a token already
	}
}

// leave notes that the server is about to hang up.
func (w *window) leave() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.leaving = true
	w.wake()
}

// status returns how many frames wait, how many answers came so far, and whether
// the server is about to hang up.
func (w *window) status() (waiting int, settled uint64, leaving bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return int(w.next - w.base), w.settled, w.leaving
}

// mark returns the number of the next frame.
func (w *window) mark() uint64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.next
}

// takeRefused calls take for each refused line, oldest first; those it takes are
// confirmed. It ends with take's first error.
func (w *window) takeRefused(take func(line []byte, text string) error) error {
	for {
		s := w.firstRefused()
		if s == nil {
			return nil
		}
		// Nobody else touches a refused slot, so take may take its time without the lock.
		if err := take(s.line, s.text); err != nil {
			return err
		}
		w.mu.Lock()
		s.state, s.text = confirmed, ""
		w.refused--
		w.advance()
		w.mu.Unlock()
	}
}

func (w *window) firstRefused() *slot {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.refused == 0 {
		return nil
	}
	for n := w.base; n < w.next; n++ {
		if s := &w.slots[n%uint64(len(w.slots))]; s.state == refused {
			return s
		}
	}
	return nil
}
