package follow

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// FuzzLines follows a file of any content, resuming behind the line with the number
// stop: the lines are those between the line ends, without what is empty, too long
// or a hole, each once.
func FuzzLines(f *testing.F) {
	f.Add([]byte("one\ntwo\r\n\n\x00\x00three\nfour"), 1)
	f.Add(bytes.Repeat([]byte("x"), 100), 0)
	f.Add([]byte("\x00\x00\x00"), 0)
	path := filepath.Join(f.TempDir(), "eve.json")
	const longest = 40
	f.Fuzz(func(t *testing.T, content []byte, stop int) {
		var want []string
		for _, l := range bytes.Split(content, []byte{'\n'}) {
			l = bytes.TrimSuffix(bytes.TrimLeft(l, "\x00"), []byte{'\r'})
			if len(l) > 0 && len(l) <= longest {
				want = append(want, string(l))
			}
		}
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		var got []string
		var mark []byte
		for range 2 {
			fw := &Follower{Path: path, Mark: mark, MaxLine: longest, Once: true, Log: quiet()}
			err := fw.Run(t.Context(), func(_ context.Context, lines [][]byte, m []byte) error {
				for i, l := range lines {
					got = append(got, string(l))
					if mark == nil && len(got) == stop {
						mark = fw.MarkAt(nil, i)
						return errKilled
					}
				}
				return nil
			})
			if err == nil {
				break
			}
			if !errors.Is(err, errKilled) {
				t.Fatal(err)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}
