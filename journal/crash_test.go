package journal

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"estream/internal/durable/faultfs"
)

// The workload is what the matrix below breaks at every operation: it opens a
// journal, appends through several segments, saves a cursor, retains, closes,
// and opens once more. It records what was promised.
type promise struct {
	durable  uint64 // everything below was reported durable
	appended uint64
	cursor   uint64 // position that a Save reported stored
	mark     string // of the batch behind which durable lies
}

const matrixPadding = 400

func matrixOptions(fsys *faultfs.FS) Options {
	opt := testOptions(fsys)
	opt.SegmentBytes = 2048
	return opt
}

func workload(t *testing.T, fsys *faultfs.FS, p *promise) error {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute) // of the bubble's time
	defer cancel()
	for range 2 {
		j, err := Open(testDir, matrixOptions(fsys))
		if err != nil {
			return err
		}
		err = func() error {
			if j.End().Seq < p.durable {
				t.Fatalf("journal ends at %v, %d were durable", j.End(), p.durable)
			}
			p.appended = j.End().Seq
			c, err := j.OpenCursor("out", false)
			if err != nil {
				return err
			}
			for n := range 9 {
				pos, err := j.Append(ctx, testBatch(j.End().Seq, 2, matrixPadding))
				if err != nil {
					return err
				}
				p.appended = pos.Seq
				if n%2 == 1 { // two batches to a commit
					if err := j.Sync(ctx); err != nil {
						return err
					}
					p.durable, p.mark = pos.Seq, fmt.Sprintf("mark %d", pos.Seq)
				}
				if n%4 == 3 {
					if err := c.Save(ctx, pos, []byte("state")); err != nil {
						return err
					}
					p.cursor = pos.Seq
				}
			}
			return nil
		}()
		if cerr := j.Close(ctx); cerr != nil {
			return errors.Join(err, cerr)
		}
		if err != nil {
			return err
		}
		p.durable, p.mark = p.appended, fmt.Sprintf("mark %d", p.appended)
	}
	return nil
}

// checkPromise opens what is left and compares it with what was promised.
func checkPromise(t *testing.T, fsys *faultfs.FS, p promise) {
	t.Helper()
	fsys.SetHook(nil)
	j := mustOpen(t, testDir, matrixOptions(fsys))
	end := j.End().Seq
	if end < p.durable || end > p.appended {
		t.Fatalf("journal ends at %d; durable were %d, appended %d", end, p.durable, p.appended)
	}
	seqs, losses := readAll(t, j, Position{}, matrixPadding)
	if losses != nil {
		t.Fatalf("losses: %v", losses)
	}
	wantSeqs(t, seqs, 0, end)
	if s := j.Stats(); s.Damaged != 0 {
		t.Fatalf("%d damaged regions after a crash", s.Damaged)
	}
	if want := fmt.Sprintf("mark %d", end); end > 0 && string(j.LastMark(1)) != want {
		t.Fatalf("LastMark is %q, want %q", j.LastMark(1), want)
	}
	c, err := j.OpenCursor("out", false)
	if err != nil {
		t.Fatal(err)
	}
	if pos, state, ok := c.Load(); pos.Seq < p.cursor || ok && string(state) != "state" || !ok && p.cursor > 0 {
		t.Fatalf("cursor at %v with state %q, saved were %d", pos, state, p.cursor)
	}
	// What Open reported is durable: it survives a crash that nothing was written after.
	mustAppend(t, j, 3, matrixPadding)
	if _, err := j.Append(t.Context(), testBatch(end+6, 2, matrixPadding)); err != nil {
		t.Fatal(err)
	}
	after := fsys.Crash(faultfs.Lose, nil)
	if err := j.Close(canceled); err == nil {
		t.Fatal("Close on a crashed file system succeeded")
	}
	j = mustOpen(t, testDir, matrixOptions(after))
	seqs, losses = readAll(t, j, Position{}, matrixPadding)
	if losses != nil {
		t.Fatalf("losses after the second crash: %v", losses)
	}
	wantSeqs(t, seqs, 0, end+6)
	mustClose(t, j)
}

func countOps(t *testing.T) int {
	fsys := faultfs.New()
	var p promise
	synctest.Test(t, func(t *testing.T) {
		if err := workload(t, fsys, &p); err != nil {
			t.Fatal(err)
		}
	})
	if p.durable != 36 {
		t.Fatalf("workload promised %d messages, want 36", p.durable)
	}
	return fsys.Ops()
}

// Every operation fails once, in each way. The journal goes on by itself, or
// Open fails and another Open goes on; then the machine crashes, or not.
func TestFailureMatrix(t *testing.T) {
	ops := countOps(t)
	for k := 1; k <= ops; k++ {
		for effect, name := range map[faultfs.Effect]string{faultfs.None: "none", faultfs.Half: "half", faultfs.Full: "full"} {
			for _, err := range []error{syscall.EIO, syscall.ENOSPC} {
				for mode, how := range map[faultfs.Mode]string{faultfs.Lose: "crash", faultfs.Keep: "kill"} {
					t.Run(fmt.Sprintf("%d/%s/%v/%s", k, name, err, how), func(t *testing.T) {
						synctest.Test(t, func(t *testing.T) {
							fsys := faultfs.New()
							fsys.FailNth(k, faultfs.Fault{Err: err, Effect: effect})
							var p promise
							if e := workload(t, fsys, &p); e != nil && !errors.Is(e, err) {
								t.Fatalf("workload: %v, want nothing but the fault", e)
							}
							checkPromise(t, fsys.Crash(mode, nil), p)
						})
					})
				}
			}
		}
	}
}

// The machine crashes before each operation.
func TestCrashAtEveryOperation(t *testing.T) {
	ops := countOps(t)
	for k := 1; k <= ops; k++ {
		for mode, how := range map[faultfs.Mode]string{faultfs.Lose: "lose", faultfs.Torn: "torn", faultfs.Keep: "kill"} {
			for seed := range uint64(4) {
				if mode != faultfs.Torn && seed > 0 {
					break
				}
				t.Run(fmt.Sprintf("%d/%s/%d", k, how, seed), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						fsys := faultfs.New()
						target := fsys.Ops() + k
						fsys.SetHook(func(op faultfs.Op) faultfs.Fault {
							if op.N >= target {
								return faultfs.Fault{Err: faultfs.ErrCrashed}
							}
							return faultfs.Fault{}
						})
						var p promise
						if err := workload(t, fsys, &p); err == nil {
							t.Fatal("the workload did not notice the crash")
						}
						checkPromise(t, fsys.Crash(mode, rand.New(rand.NewPCG(seed, uint64(k)))), p)
					})
				})
			}
		}
	}
}
