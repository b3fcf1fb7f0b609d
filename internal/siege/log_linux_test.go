package siege

import (
	"bytes"
	"slices"
	"strings"
	"sync"
)

// A lineLog keeps the lines of a log and lets tests wait for one.
type lineLog struct {
	mu     sync.Mutex
	cond   *sync.Cond
	lines  []string
	rest   []byte
	closed bool
}

func newLineLog() *lineLog {
	l := &lineLog{}
	l.cond = sync.NewCond(&l.mu)
	return l
}

// Write implements [io.Writer].
func (l *lineLog) Write(b []byte) (int, error) {
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

func (l *lineLog) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	l.cond.Broadcast()
}

// await waits for a line that holds text; false if none came until the end.
func (l *lineLog) await(text string) (string, bool) {
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

// String returns the last lines.
func (l *lineLog) String() string {
	const most = 40
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Join(slices.Concat(l.lines[max(0, len(l.lines)-most):], []string{string(l.rest)}), "\n")
}
