package output

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// TestTruncate cuts lines of all lengths around a limit, between characters.
func TestTruncate(t *testing.T) {
	const limit = 64
	for n := range 3 * limit {
		line := strings.Repeat("é", n)
		got, cut := Truncate([]byte("kept "), []byte(line), limit)
		text, ok := strings.CutPrefix(string(got), "kept ")
		if !ok || len(text) > limit || !utf8.ValidString(text) || cut != (len(line) > limit) {
			t.Fatalf("%d bytes: %q, cut %v", len(line), got, cut)
		}
		if !cut && text != line || cut && !strings.HasSuffix(text, " bytes]") {
			t.Fatalf("%d bytes: %q", len(line), got)
		}
	}
	if got, _ := Truncate(nil, []byte(strings.Repeat("a", 1000)), 50); string(got) != strings.Repeat("a", 25)+"...[truncated 975 bytes]" {
		t.Errorf("%q", got)
	}
}
