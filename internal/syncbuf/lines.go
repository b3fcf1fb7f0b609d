package syncbuf

import (
	"bytes"
	"slices"
	"strings"
	"sync"
)

// Lines keeps the lines of a log and lets tests wait for one. It may be used by several
// goroutines at once.
type Lines struct {
	mu     sync.Mutex
	cond   *sync.Cond
	lines  []string
	rest   []byte
	closed bool
}

// NewLines returns an empty log.
func NewLines() *Lines {
	l := &Lines{}
	l.cond = sync.NewCond(&l.mu)
	return l
}

// Write appends b; it never fails.
func (l *Lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.rest = append(l.rest, b...)
	for {
		line, rest, ok := bytes.Cut(l.rest, []byte("\n"))
		if !ok {
			break
		}
		l.lines, l.rest = append(l.lines, string(line)), rest
	}
	l.cond.Broadcast()
	return len(b), nil
}

// Close says that nothing more will come.
func (l *Lines) Close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	l.cond.Broadcast()
}

// Await waits for a line that holds text; false if none came until Close.
func (l *Lines) Await(text string) (string, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := 0; ; i++ {
		for i == len(l.lines) && !l.closed {
			l.cond.Wait()
		}
		if i == len(l.lines) {
			return "", false
		}
		if strings.Contains(l.lines[i], text) {
			return l.lines[i], true
		}
	}
}

// Matching returns the lines that hold text.
func (l *Lines) Matching(text string) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var found []string
	for _, line := range l.lines {
		if strings.Contains(line, text) {
			found = append(found, line)
		}
	}
	return found
}

// String returns the last lines.
func (l *Lines) String() string {
	const most = 40
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Join(slices.Concat(l.lines[max(0, len(l.lines)-most):], []string{string(l.rest)}), "\n")
}
