package collect

import (
	"bytes"
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"estream/filter"
	"estream/layouts"
)

// dead is a destination that takes nothing.
type dead struct {
	sink
	tried atomic.Bool
}

func (d *dead) Write(context.Context, []byte) error {
	d.tried.Store(true)
	return errors.New("connection refused")
}

// TestShedWhileDead: what may be left out when the output is behind does not wait
// for a destination that takes nothing, also when it was read in time.
func TestShedWhileDead(t *testing.T) {
	const count = 3000
	data := stream(t, count)
	nothing, err := filter.NewParser(layouts.Default()).Parse("not (record >= 0)")
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		out, cur := &dead{}, &cursor{}
		p := pipeline(NewWireInput(bytes.NewReader(data)), out)
		p.Cursor, p.Choice.Keep = cur, nothing
		p.Behind = func(*Chunk) bool { return out.tried.Load() }
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		if err := p.Run(ctx); err != nil {
			t.Fatal(err)
		}
		if n := p.Stats.Shed.Load(); n != count || p.Stats.Lines.Load() != 0 || p.Stats.Messages.Load() != count {
			t.Errorf("%d messages: %d shed, %d written; expected all of %d to be shed", p.Stats.Messages.Load(), n, p.Stats.Lines.Load(), count)
		}
		if cur.position != uint64(len(data)) {
			t.Errorf("cursor at %d, want %d: the journal would be kept for nothing", cur.position, len(data))
		}
		if p.Stats.LastError() == nil {
			t.Error("the output works, as it says; but nothing was ever taken")
		}
	})
}

// small is a disk where room comes from what is committed, and then moved away.
type small struct {
	sink
	room, most int
}

func (s *small) Write(ctx context.Context, p []byte) error {
	s.mu.Lock()
	waiting := s.lines.Len() - s.saved + len(p)
	s.mu.Unlock()
	if waiting > s.room {
		return errors.New("no space left on device")
	}
	s.most = max(s.most, waiting)
	return s.sink.Write(ctx, p)
}

// TestCommitMakesRoom: what was written is committed while the next write fails,
// and long before Commit when there is much of it.
func TestCommitMakesRoom(t *testing.T) {
	data := stream(t, 11_000)
	want := reference(t, data)
	for _, room := range []int{8 << 20, 1 << 30} {
		synctest.Test(t, func(t *testing.T) {
			out := &small{room: room}
			p := pipeline(NewWireInput(bytes.NewReader(data)), out)
			p.Commit = 24 * time.Hour
			ctx, cancel := context.WithTimeout(t.Context(), 12*time.Hour)
			defer cancel()
			if err := p.Run(ctx); err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(out.lines.Bytes(), want) {
				t.Error("the lines differ from those of one message after the other")
			}
			if slack := 4 << 20; out.most > commitBytes+slack {
				t.Errorf("%d bytes waited for their commit, want at most %d", out.most, commitBytes+slack)
			}
		})
	}
	if len(want) < commitBytes+8<<20 {
		t.Errorf("%d bytes of lines put nothing to the test", len(want))
	}
}
