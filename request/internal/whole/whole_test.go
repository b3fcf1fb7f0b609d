package whole_test

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"estream/request/internal/whole"
)

var errFull = errors.New("disk is full")

// narrow takes so many bytes and then none until it is widened.
type narrow struct {
	bytes.Buffer
	room int
	err  error
}

func (n *narrow) Write(p []byte) (int, error) {
	if len(p) <= n.room {
		n.room -= len(p)
		return n.Buffer.Write(p)
	}
	k, _ := n.Buffer.Write(p[:n.room])
	n.room = 0
	return k, n.err
}

// TestGoesOn fills a disk in the middle of a piece and makes room again.
func TestGoesOn(t *testing.T) {
	for _, fault := range []error{errFull, nil} { // nil: a writer that does not say why it stopped
		want := fault
		if want == nil {
			want = io.ErrShortWrite
		}
		w := &narrow{room: 100_000, err: fault}
		b := whole.New(w)
		piece := strings.Repeat("0123456789", 100)
		var written strings.Builder
		failed := 0
		for range 300 {
			p, err := b.Room()
			if err != nil {
				if failed++; !errors.Is(err, want) || p != nil {
					t.Fatalf("room %d bytes, error %v; want none and %v", len(p), err, want)
				}
				continue
			}
			written.WriteString(piece)
			b.Keep(append(p, piece...))
		}
		if failed == 0 {
			t.Fatal("the buffer took 300,000 bytes for a file of 100,000 without an error")
		}
		if held := written.Len() - w.Len(); held > 64<<10+len(piece) {
			t.Errorf("%d bytes are held for a disk that is full", held)
		}
		if err := b.Flush(); !errors.Is(err, want) {
			t.Errorf("flush to a full disk: %v, want %v", err, want)
		}
		w.room = 1 << 30
		if err := b.Flush(); err != nil {
			t.Fatal(err)
		}
		if w.String() != written.String() {
			t.Errorf("%d bytes arrived, not the same as the %d that were taken", w.Len(), written.Len())
		}
		if err := b.Flush(); err != nil || w.Len() != written.Len() {
			t.Errorf("flush of nothing: %v, %d bytes written", err, w.Len()-written.Len())
		}
	}
}
