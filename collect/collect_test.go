package collect

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"estream/format"
	"estream/format/jsonl"
	"estream/internal/recordtest"
	"estream/layouts"
	"estream/meta"
	"estream/output"
	"estream/synth"
	"estream/wire"
)

// sink is an output in memory that can fail.
type sink struct {
	mu    sync.Mutex
	lines bytes.Buffer
	fails int // so many writes fail before one succeeds
	gone  bool
	saved int // committed length
}

func (s *sink) Write(_ context.Context, p []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.gone {
		return fmt.Errorf("pipe: %w", output.ErrGone)
	}
	if s.fails > 0 {
		s.fails--
		return errors.New("no space left on device")
	}
	s.lines.Write(p)
	return nil
}

func (s *sink) Commit(context.Context) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.saved = s.lines.Len()
	return fmt.Append(nil, s.saved), nil
}
func (s *sink) Empty() bool    { return false }
func (s *sink) Close() error   { return nil }
func (s *sink) String() string { return "sink" }

// cursor remembers the last save.
type cursor struct {
	position uint64
	state    string
}

func (c *cursor) Save(_ context.Context, position uint64, state []byte) error {
	c.position, c.state = position, string(state)
	return nil
}

func stream(t testing.TB, n int) []byte {
	t.Helper()
	g, err := synth.New(layouts.Default(), synth.Options{Metadata: 0.05})
	if err != nil {
		t.Fatal(err)
	}
	var all []byte
	for range n {
		all = g.Append(all)
	}
	return all
}

func pipeline(in Input, out output.Output) *Pipeline {
	return &Pipeline{
		Input: in, Layouts: layouts.Default(), Format: jsonl.New(jsonl.Options{}), Output: out,
		Log: slog.New(slog.DiscardHandler), Stats: new(Stats),
	}
}

// reference formats a stream message by message.
func reference(t testing.TB, data []byte) []byte {
	t.Helper()
	tables, dec := meta.NewTables(), wire.NewDecoder(layouts.Default(), nil)
	f := jsonl.New(jsonl.Options{}).NewFormatter()
	var out []byte
	for m := range recordtest.Split(t, data) {
		r, err := dec.Decode(m)
		if err != nil {
			t.Fatal(err)
		}
		tables.Apply(r)
		out, _ = f.Append(out, dec, r, tables.Snapshot())
	}
	return out
}

// TestPipelineOrder: many workers write the same bytes as one message after the
// other, with names as they were at each message.
func TestPipelineOrder(t *testing.T) {
	data := stream(t, 6000)
	want := reference(t, data)
	for _, workers := range []int{1, 2, 7} {
		out, cur := &sink{fails: workers}, &cursor{}
		p := pipeline(NewWireInput(bytes.NewReader(data)), out)
		p.Workers, p.Cursor, p.Commit = workers, cur, time.Millisecond
		if err := p.Run(context.Background()); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(out.lines.Bytes(), want) {
			t.Errorf("%d workers: the lines differ from those of one message after the other", workers)
		}
		if cur.position != uint64(len(data)) || cur.state != fmt.Sprint(len(want)) {
			t.Errorf("%d workers: cursor at %d with %s, want %d with %d", workers, cur.position, cur.state, len(data), len(want))
		}
		if n := p.Stats.Lines.Load(); n != 6000 || p.Stats.Retries.Load() == 0 {
			t.Errorf("%d workers: %d lines, %d retries", workers, n, p.Stats.Retries.Load())
		}
	}
}

// TestPipelineProblems: malformed records come in order, with the right place,
// and are counted; the rest is written.
func TestPipelineProblems(t *testing.T) {
	var data []byte
	var wantAt []int64
	n := 0
	for m := range recordtest.Split(t, stream(t, 1500)) {
		if n%100 == 50 {
			// A device's name whose length runs past the record.
			wantAt = append(wantAt, int64(len(data)))
			data = append(data, 0, 1, 0, 4, 0, 0, 0, 16, 0, 0, 0, 123, 0, 0, 0, 8, 0, 0, 0, 1, 0, 0, 0, 99)
		}
		if n == 777 {
			data = append(data, event(1)...)
		}
		data = append(data, m...)
		n++
	}
	out := &sink{}
	p := pipeline(NewWireInput(bytes.NewReader(data)), out)
	var at []int64
	unknown := 0
	p.Problem = func(p Problem) {
		if p.Unknown() {
			unknown++
			return
		}
		at = append(at, p.Offset)
		if p.Record != 123 || !strings.Contains(p.Error(), "99 bytes needed") {
			t.Errorf("problem %+v: %v", p, p.Error())
		}
	}
	if err := p.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(at) != fmt.Sprint(wantAt) || unknown != 1 {
		t.Errorf("problems at %v, want %v; %d unknown, want 1", at, wantAt, unknown)
	}
	if p.Stats.Problems()[ProblemKey{Record: 123, Reason: "truncated"}] != uint64(len(wantAt)) || p.Stats.Raw.Load() != uint64(len(wantAt))+1 {
		t.Errorf("counted %v, %d in raw form", p.Stats.Problems(), p.Stats.Raw.Load())
	}
}

// TestPipelineGone: an output that is gone ends the pipeline, whatever the input does.
func TestPipelineGone(t *testing.T) {
	pipe := NewPipe()
	p := pipeline(pipe, &sink{gone: true})
	ended := make(chan error, 1)
	go func() { ended <- p.Run(context.Background()) }()
	if err := pipe.Put(context.Background(), stream(t, 10), 10); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; !errors.Is(err, output.ErrGone) {
		t.Errorf("Run: %v", err)
	}
}

// TestPipelineStops: after the context ends, what was handed over is written and
// committed, and Run returns.
func TestPipelineStops(t *testing.T) {
	data := stream(t, 2000)
	pipe, out, cur := NewPipe(), &sink{}, &cursor{}
	p := pipeline(pipe, out)
	p.Cursor = cur
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- p.Run(ctx) }()
	if err := pipe.Put(ctx, data, 2000); err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("Run: %v", err)
	}
	want := reference(t, data)
	if !bytes.Equal(out.lines.Bytes(), want) || out.saved != len(want) || cur.position != 2000 {
		t.Errorf("%d of %d bytes written, %d committed, cursor at %d", out.lines.Len(), len(want), out.saved, cur.position)
	}
}

func BenchmarkPipeline(b *testing.B) {
	data := stream(b, 50000)
	for _, c := range []struct {
		name string
		f    format.Format
	}{{"json", jsonl.New(jsonl.Options{})}} {
		b.Run(c.name, func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			for range b.N {
				p := pipeline(NewWireInput(bytes.NewReader(data)), discard{})
				p.Format = c.f
				if err := p.Run(context.Background()); err != nil && !errors.Is(err, io.EOF) {
					b.Fatal(err)
				}
			}
		})
	}
}

type discard struct{}

func (discard) Write(context.Context, []byte) error    { return nil }
func (discard) Commit(context.Context) ([]byte, error) { return nil, nil }
func (discard) Empty() bool                            { return true }
func (discard) Close() error                           { return nil }
func (discard) String() string                         { return "discard" }
