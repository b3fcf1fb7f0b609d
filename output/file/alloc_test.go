//go:build !race

package file

import (
	"log/slog"
	"path/filepath"
	"testing"
)

// TestAllocs: a write that begins no file allocates nothing.
func TestAllocs(t *testing.T) {
	opt := Options{Path: filepath.Join(t.TempDir(), "e-%Y.log"), Naming: Stamped, MaxBytes: 1 << 30, MaxLines: 1 << 30, Log: slog.New(slog.DiscardHandler)}
	o, err := OpenWith(opt, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer o.Close()
	lines := []byte("one\ntwo\nthree\n")
	write(t, o, string(lines))
	allocs := testing.AllocsPerRun(1000, func() {
		if err := o.Write(t.Context(), lines); err != nil {
			t.Fatal(err)
		}
	})
	if allocs > 0 {
		t.Errorf("%.2f allocations", allocs)
	}
}
