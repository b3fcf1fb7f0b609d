package collect

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"estream/internal/recordtest"
	"estream/output"
)

// A lender hands out chunks of its own memory and spoils each as soon as it is
// given back.
type lender struct {
	t        *testing.T
	chunks   [][]byte
	next     int
	released []int // by chunk
}

func newLender(t *testing.T, data []byte, size int) *lender {
	l := &lender{t: t}
	for _, batch := range recordtest.Batches(t, data, size) {
		l.chunks = append(l.chunks, bytes.Clone(batch))
	}
	l.released = make([]int, len(l.chunks))
	return l
}

func (l *lender) Next(context.Context, []byte) (Chunk, error) {
	if l.next == len(l.chunks) {
		return Chunk{}, io.EOF
	}
	i := l.next
	l.next++
	data := l.chunks[i]
	return Chunk{Data: data, Cursor: uint64(l.next), Release: func() {
		l.released[i]++
		for k := range data {
			data[k] = byte(rand.Uint32())
		}
	}}, nil
}

// check wants each chunk that was handed out to have been given back once.
func (l *lender) check() {
	l.t.Helper()
	for i, n := range l.released[:l.next] {
		if n != 1 {
			l.t.Errorf("chunk %d of %d was given back %d times", i, l.next, n)
		}
	}
}

// TestPipelineLent: memory that an input lends is not used after it was given
// back, and all of it is given back.
func TestPipelineLent(t *testing.T) {
	data := stream(t, 6000)
	want := reference(t, data)
	in, out := newLender(t, data, 20<<10), &sink{}
	p := pipeline(in, out)
	p.Workers = 3
	if err := p.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(out.lines.Bytes(), want) {
		t.Error("the lines differ from those of one message after the other")
	}
	in.check()
}

// TestPipelineLentGone: also when the output is gone for good.
func TestPipelineLentGone(t *testing.T) {
	in := newLender(t, stream(t, 3000), 20<<10)
	if err := pipeline(in, &sink{gone: true}).Run(context.Background()); !errors.Is(err, output.ErrGone) {
		t.Fatalf("Run: %v", err)
	}
	in.check()
}

// TestPipelineBurst: a burst is committed soon after its end, a few lines only
// when their time has come.
func TestPipelineBurst(t *testing.T) {
	for _, c := range []struct {
		messages int
		want     time.Duration
	}{{5000, burstPause}, {10, time.Hour}} {
		t.Run(fmt.Sprint(c.messages), func(t *testing.T) {
			data := stream(t, c.messages)
			synctest.Test(t, func(t *testing.T) {
				pipe, out := NewPipe(), &sink{}
				p := pipeline(pipe, out)
				p.Commit = time.Hour
				ended := make(chan error, 1)
				go func() { ended <- p.Run(t.Context()) }()
				if err := pipe.Put(t.Context(), data, c.messages); err != nil {
					t.Fatal(err)
				}
				began := time.Now()
				time.Sleep(c.want - time.Millisecond)
				synctest.Wait()
				if n := p.Stats.Committed.Load(); n != 0 {
					t.Errorf("%d messages committed %v after they came", n, time.Since(began))
				}
				time.Sleep(time.Millisecond)
				synctest.Wait()
				if n := p.Stats.Committed.Load(); n != uint64(c.messages) {
					t.Errorf("%d of %d messages committed after %v", n, c.messages, time.Since(began))
				}
				pipe.Close()
				if err := <-ended; err != nil {
					t.Error(err)
				}
			})
		})
	}
}
