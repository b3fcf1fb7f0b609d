package fire

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// A tally notes which numbers were seen. It is safe for concurrent use.
type tally struct {
	key []byte // what stands before the number of an event in a line

	mu       sync.Mutex
	bits     []uint64
	distinct uint64
	repeated uint64
	highest  uint64
	example  string // the first line that came again
	other    map[string]int
}

func newTally(key string) *tally { return &tally{key: []byte(key), other: map[string]int{}} }

// mostOther is how many different lines of metadata there may be.
const mostOther = 100_000

// most is the greatest number that is believed: 2^32 events are 500 hours of a run.
const most = 1 << 32

// line notes a line. One without a number is metadata.
func (y *tally) line(line []byte) error {
	y.mu.Lock()
	defer y.mu.Unlock()
	_, rest, ok := bytes.Cut(line, y.key)
	if !ok {
		if y.other[string(line)]++; len(y.other) > mostOther {
			return fmt.Errorf("more than %d lines hold no %q, such as %.300q", mostOther, y.key, line)
		}
		return nil
	}
	digits := 0
	for digits < len(rest) && '0' <= rest[digits] && rest[digits] <= '9' {
		digits++
	}
	n, err := strconv.ParseUint(string(rest[:digits]), 10, 64)
	if err != nil || n == 0 || n > most {
		return fmt.Errorf("%q holds no number of an event behind %q", line, y.key)
	}
	y.see(n, line)
	return nil
}

func (y *tally) see(n uint64, line []byte) {
	word, bit := int(n/64), uint64(1)<<(n%64)
	if word >= len(y.bits) {
		y.bits = append(y.bits, make([]uint64, word+1-len(y.bits)+len(y.bits)/4)...)
	}
	y.highest = max(y.highest, n)
	if y.bits[word]&bit != 0 {
		if y.repeated++; y.example == "" {
			y.example = string(line)
		}
		return
	}
	y.bits[word] |= bit
	y.distinct++
}

// count returns how many of the numbers 1 to last are missing, the first of them,
// and how many lines repeated one.
func (y *tally) count(last uint64) (lost uint64, missing []string, repeated uint64) {
	y.mu.Lock()
	defer y.mu.Unlock()
	from := uint64(0)
	for n := uint64(1); n <= last+1; n++ {
		gone := n <= last && (int(n/64) >= len(y.bits) || y.bits[n/64]&(1<<(n%64)) == 0)
		switch {
		case gone:
			lost++
			if from == 0 {
				from = n
			}
		case from != 0:
			if len(missing) < 20 {
				missing = append(missing, fmt.Sprintf("%d-%d", from, n-1))
			}
			from = 0
		}
	}
	return lost, missing, y.repeated
}

func (y *tally) seen() uint64 {
	y.mu.Lock()
	defer y.mu.Unlock()
	return y.distinct
}

// rest counts the lines without a number, and those among them that came again.
func (y *tally) rest() (lines, repeated int, example string) {
	y.mu.Lock()
	defer y.mu.Unlock()
	for line, n := range y.other {
		lines += n
		if n > 1 {
			repeated += n - 1
			example = line
		}
	}
	return lines, repeated, example
}

// lines notes the whole lines in data and returns what is left behind the last.
func (y *tally) lines(data []byte) (rest []byte, err error) {
	for {
		line, more, ok := bytes.Cut(data, []byte("\n"))
		if !ok {
			return data, nil
		}
		if err := y.line(line); err != nil {
			return nil, err
		}
		data = more
	}
}

// file notes all lines of a file, whose last line has to be whole.
func (y *tally) file(name string) error {
	data, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	rest, err := y.lines(data)
	if err == nil && len(rest) > 0 {
		err = fmt.Errorf("the last line has no end: %.200q", rest)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// TestTally shows that what the fault run counts would be noticed.
func TestTally(t *testing.T) {
	y := newTally(`"n": `)
	rest, err := y.lines([]byte("{\"n\": 1}\n{\"n\": 2}\nname\n{\"n\": 5}\n{\"n\": 2}\nname\n{\"n\": 70"))
	if err != nil || string(rest) != `{"n": 70` {
		t.Fatalf("rest %q, error %v", rest, err)
	}
	lost, missing, repeated := y.count(130)
	if lost != 127 || strings.Join(missing, " ") != "3-4 6-130" || repeated != 1 || y.seen() != 3 {
		t.Errorf("lost %d (%v), repeated %d, seen %d", lost, missing, repeated, y.seen())
	}
	if lines, again, example := y.rest(); lines != 2 || again != 1 || example != "name" {
		t.Errorf("other lines %d, repeated %d, %q", lines, again, example)
	}
	for _, bad := range []string{`{"n": 0}`, `{"n": x}`, `{"n": 99999999999999}`} {
		if err := y.line([]byte(bad)); err == nil {
			t.Errorf("%s was taken", bad)
		}
	}
}
