package e2e

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/maphash"
	"io"
	"os"
	"strings"
	"sync"
	"testing"

	"estream/internal/recordtest"
	"estream/layouts"
	"estream/wire"
)

// otherNumber is the number that the second member of a high-availability pair
// gives a device which has number n at the first. 0 is no device for both.
func otherNumber(n uint32) uint32 {
	if n == 0 {
		return 0
	}
	return n ^ 0x40
}

// writeMember writes the stream of the pair's second member: the same events, with
// other numbers for the managed devices.
func writeMember(t *testing.T, path, first string) {
	t.Helper()
	data, err := os.ReadFile(first)
	if err != nil {
		t.Fatal(err)
	}
	type form struct {
		layout *wire.Layout
		header int
	}
	const managedDevice = 123
	var (
		dec     = wire.NewDecoder(layouts.Default(), nil)
		offsets = map[form]int{} // of the device's number in the last such message, 0 where there is none
		changed int
	)
	for m := range recordtest.Split(t, data) {
		h, ok := wire.PeekRecord(m)
		if !ok {
			t.Fatalf("no record: %x", m)
		}
		at := 0
		if h.Type == managedDevice {
			at = wire.HeaderSize + h.Size
		} else {
			r, err := dec.Decode(m)
			if err != nil {
				t.Fatal(err)
			}
			f := form{r.Layout, h.Size}
			offsets[f] = deviceOffset(dec, m, offsets[f])
			at = offsets[f]
		}
		if at > 0 {
			binary.BigEndian.PutUint32(m[at:], otherNumber(binary.BigEndian.Uint32(m[at:])))
			changed++
		}
	}
	if changed == 0 {
		t.Fatal("no number of a device was changed")
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// deviceOffset finds the number of the device in a message: where a changed byte
// changes the field. guess is where it may be; strings before it move it. The
// message stays as it was.
func deviceOffset(dec *wire.Decoder, m []byte, guess int) int {
	read := func() (uint64, bool) {
		r, err := dec.Decode(m)
		if err != nil || r.Layout == nil {
			return 0, false
		}
		slot := r.Layout.Slot("device_id")
		if slot < 0 || !r.Layout.Fields[slot].Kind.Integer() {
			return 0, false
		}
		return r.Uint(slot), true
	}
	was, ok := read()
	if !ok {
		return 0
	}
	const last = 3 // the lowest byte of a uint32
	at := func(i int) bool {
		m[i] ^= 1
		now, there := read()
		m[i] ^= 1
		return there && now == was^1
	}
	if guess+last < len(m) && at(guess+last) {
		return guess
	}
	for i := range m {
		if at(i) {
			return i - last
		}
	}
	return 0
}

// withoutMetadata is what the outputs of the test write: each server has metadata
// of its own.
const withoutMetadata = `category != "metadata"`

// An expectation knows the lines that a format makes of the events, and counts
// those that come. Two events with equal lines are one class with two lines due.
type expectation struct {
	seed    maphash.Seed
	class   map[uint64]int // by hash of a line
	due     []int
	mu      sync.Mutex
	come    []int
	strange int
	example string // the first line that was not expected, or came too often
}

// expect decodes streams. Those in one group hold the same events, line by line.
func expect(t *testing.T, format []string, groups ...[]string) *expectation {
	t.Helper()
	e := &expectation{seed: maphash.MakeSeed(), class: map[uint64]int{}}
	for _, group := range groups {
		var first []int // classes, by line
		for i, path := range group {
			n := 0
			args := append([]string{"decode", path, "--where", withoutMetadata}, format...)
			stdout(t, func(r io.Reader) {
				eachLine(t, r, func(line []byte) {
					if i == 0 {
						first = append(first, e.add(line))
					} else if n < len(first) {
						e.class[e.hash(line)] = first[n]
					}
					n++
				})
			}, args...)
			if n != len(first) {
				t.Fatalf("%s has %d lines of events, expected %d as in %s", path, n, len(first), group[0])
			}
		}
	}
	e.come = make([]int, len(e.due))
	return e
}

func eachLine(t *testing.T, r io.Reader, f func(line []byte)) {
	s := bufio.NewScanner(r)
	s.Buffer(nil, 1<<20)
	for s.Scan() {
		f(s.Bytes())
	}
	if err := s.Err(); err != nil {
		t.Error(err)
	}
}

// trim cuts what a transport has put in front of a CEF line.
func trim(line []byte) []byte {
	if i := bytes.Index(line, []byte("CEF:0|")); i > 0 && i < 200 {
		return line[i:]
	}
	return line
}

func (e *expectation) hash(line []byte) uint64 { return maphash.Bytes(e.seed, trim(line)) }

func (e *expectation) add(line []byte) int {
	h := e.hash(line)
	c, ok := e.class[h]
	if !ok {
		c = len(e.due)
		e.class[h] = c
		e.due = append(e.due, 0)
	}
	e.due[c]++
	return c
}

// line counts a line that has come.
func (e *expectation) line(line []byte) {
	e.mu.Lock()
	defer e.mu.Unlock()
	c, ok := e.class[e.hash(line)]
	if !ok {
		if e.strange++; e.example == "" {
			e.example = string(line)
		}
		return
	}
	if e.come[c]++; e.come[c] > e.due[c] && e.example == "" {
		e.example = string(line)
	}
}

// A reckoning is what came of what was due.
type reckoning struct {
	due, come, lost, again, strange int
}

func (r reckoning) String() string {
	return fmt.Sprintf("%8d %8d %8d %8d %8d", r.due, r.come, r.lost, r.again, r.strange)
}

func (e *expectation) reckon() (r reckoning) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for c, due := range e.due {
		r.due += due
		r.come += e.come[c]
		r.lost += max(0, due-e.come[c])
		r.again += max(0, e.come[c]-due)
	}
	r.strange = e.strange
	return r
}

// sample returns a line that was not expected, or came too often.
func (e *expectation) sample() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return strings.TrimSpace(e.example)
}
