//go:build !race

package follow

import (
	"context"
	"strings"
	"testing"
)

// TestAllocs: following a file allocates nothing per line.
func TestAllocs(t *testing.T) {
	path := put(t, tempPath(t), strings.Repeat(strings.Repeat("x", 500)+"\n", 40_000))
	x := newReader(t, path, nil)
	lines := 0
	x.r.take = func(_ context.Context, l [][]byte, _ []byte) error { lines += len(l); return nil }
	if !x.r.start() {
		t.Fatal(x.r.err)
	}
	step := func() {
		if n, err := x.r.batch(t.Context()); err != nil || n == 0 {
			t.Fatal(n, err)
		}
	}
	for range 5 {
		step()
	}
	if n := testing.AllocsPerRun(50, step); n > 1 {
		t.Errorf("%v allocations per batch of 500 lines, want at most one", n)
	}
	if lines < 20_000 {
		t.Errorf("%d lines were read", lines)
	}
}

func BenchmarkFollower(b *testing.B) {
	path := put(b, b.TempDir()+"/eve.json", strings.Repeat(strings.Repeat("x", 500)+"\n", 40_000))
	b.SetBytes(40_000 * 501)
	for b.Loop() {
		f := &Follower{Path: path, Log: quiet(), Once: true}
		if err := f.Run(b.Context(), func(context.Context, [][]byte, []byte) error { return nil }); err != nil {
			b.Fatal(err)
		}
	}
}
