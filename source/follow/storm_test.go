package follow

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"estream/internal/syncbuf"
)

// A storm writes numbered lines to a file that is rotated in every way that
// rotating tools know, at arbitrary moments.
type storm struct {
	path  string
	total int
	rnd   *rand.Rand
	kinds int // of rotations: 1 renames only, 2 compression as well, 3 copies as well

	f   *os.File
	buf []byte

	mu     sync.Mutex
	moved  *sync.Cond
	stored int   // lines that the reader has stored
	began  []int // the first line of each file
}

// wait lets the writer be four files ahead: what a tool deletes is gone.
func (s *storm) wait(id int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.began = append(s.began, id)
	for n := len(s.began) - 4; n >= 0 && s.stored < s.began[n]; {
		s.moved.Wait()
	}
}

func (s *storm) read(next int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stored = next
	s.moved.Signal()
}

func (s *storm) write() (err error) {
	if s.f, err = s.create(); err != nil {
		return err
	}
	for id := range s.total {
		s.buf = fmt.Appendf(s.buf, "line %d %s\n", id, strings.Repeat("x", s.rnd.IntN(300)))
		// Writes end at arbitrary bytes.
		if n := len(s.buf) - s.rnd.IntN(100); s.rnd.IntN(4) == 0 && n > 0 {
			if err := s.flush(n); err != nil {
				return err
			}
		}
		if id == 20 {
			// A follower without a mark begins with the file that it finds.
			if err := s.flush(len(s.buf)); err != nil {
				return err
			}
			s.wait(1)
			s.wait(1)
			s.wait(1)
			s.wait(1)
		}
		if id > 20 && s.rnd.IntN(300) == 0 {
			if err := s.rotate(); err != nil {
				return err
			}
			s.wait(id + 1)
		}
	}
	return errors.Join(s.flush(len(s.buf)), s.f.Close())
}

func (s *storm) create() (*os.File, error) {
	return os.OpenFile(s.path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
}

func (s *storm) flush(n int) error {
	_, err := s.f.Write(s.buf[:n])
	s.buf = append(s.buf[:0], s.buf[n:]...)
	return err
}

func (s *storm) numbered(n int) string { return fmt.Sprintf("%s.%d", s.path, n) }

// rotate renames or copies; files of the last rotations stay, some are compressed.
func (s *storm) rotate() error {
	const keep = 6
	copying := s.kinds > 2 && s.rnd.IntN(3) == 0
	if copying {
		// The writer stops: lines between copy and truncation would be the tool's loss.
		if err := s.flush(len(s.buf)); err != nil {
			return err
		}
	}
	for n := keep; n > 0; n-- {
		for _, ext := range []string{"", ".gz"} {
			if err := os.Rename(s.numbered(n)+ext, s.numbered(n+1)+ext); err != nil && !errors.Is(err, os.ErrNotExist) {
				return err
			}
		}
	}
	if s.kinds > 1 && s.rnd.IntN(2) == 0 {
		if err := pack(s.numbered(2 + s.rnd.IntN(3))); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	if copying {
		if err := s.copy(s.numbered(1)); err != nil {
			return err
		}
		return s.f.Truncate(0)
	}
	if err := os.Rename(s.path, s.numbered(1)); err != nil {
		return err
	}
	// The writer goes on in the renamed file for a while, and the new one may be
	// there before.
	next, err := (*os.File)(nil), error(nil)
	early := s.rnd.IntN(2) == 0
	if early {
		if next, err = s.create(); err != nil {
			return err
		}
	}
	if err := errors.Join(s.flush(len(s.buf)), s.f.Close()); err != nil {
		return err
	}
	if !early {
		if next, err = s.create(); err != nil {
			return err
		}
	}
	s.f = next
	return nil
}

func (s *storm) copy(to string) error {
	from, err := os.Open(s.path)
	if err != nil {
		return err
	}
	f, err := os.Create(to)
	if err != nil {
		return errors.Join(err, from.Close())
	}
	_, err = io.Copy(f, from)
	return errors.Join(err, from.Close(), f.Close())
}

var errKilled = errors.New("killed")

// TestStorm follows storms and is killed at arbitrary moments: every line comes
// exactly once and in order.
func TestStorm(t *testing.T) {
	total := 12_000
	if testing.Short() {
		total = 4_000
	}
	for kinds := 1; kinds <= 3; kinds++ {
		seed := uint64(time.Now().UnixNano())
		t.Run(fmt.Sprintf("kinds %d", kinds), func(t *testing.T) {
			t.Logf("seed %d", seed)
			follow(t, &storm{path: filepath.Join(t.TempDir(), "eve.json"), total: total, rnd: rand.New(rand.NewPCG(seed, 1)), kinds: kinds})
		})
	}
}

func follow(t *testing.T, s *storm) {
	var log syncbuf.Buffer
	rnd := rand.New(rand.NewPCG(s.rnd.Uint64(), 2))
	s.moved = sync.NewCond(&s.mu)
	written := make(chan error, 1)
	go func() { written <- s.write() }()
	next := 0
	var mark []byte
	for run := 0; next < s.total; run++ {
		ctx, cancel := context.WithCancel(t.Context())
		f := &Follower{Path: s.path, Mark: mark, Poll: time.Millisecond, Log: slog.New(slog.NewTextHandler(&log, nil))}
		batches := rnd.IntN(20)
		err := f.Run(ctx, func(_ context.Context, lines [][]byte, m []byte) error {
			if batches--; batches < 0 && run < 200 {
				return errKilled // these lines and their mark are not stored
			}
			for i, l := range lines {
				var id int
				if _, err := fmt.Sscanf(string(l), "line %d", &id); err != nil || id != next {
					t.Fatalf("run %d, %v: line %q, want number %d; log:\n%s", run, f.Where(i), l[:min(20, len(l))], next, tail(&log))
				}
				next++
			}
			mark = append(mark[:0], m...)
			s.read(next)
			if next == s.total {
				cancel()
			}
			return nil
		})
		cancel()
		if err != nil && !errors.Is(err, errKilled) {
			t.Fatal(err)
		}
		for why, n := range f.Stats().Skipped {
			t.Errorf("run %d: %s: %d; log:\n%s", run, why, n, tail(&log))
		}
	}
	if err := <-written; err != nil {
		t.Fatal(err)
	}
}

// tail returns the end of a log.
func tail(log *syncbuf.Buffer) string {
	s := log.String()
	return s[max(0, len(s)-2000):]
}
