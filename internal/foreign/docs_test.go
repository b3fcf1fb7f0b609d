package foreign

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"estream/transcript"
)

// TestDocumentedReader runs the program of docs/recorded-sessions.md over the
// example sessions, and compares what it prints with what our reader reads.
func TestDocumentedReader(t *testing.T) {
	page, err := os.ReadFile("../../docs/recorded-sessions.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(page), "```python\n")
	program, _, closed := strings.Cut(rest, "```\n")
	if !ok || !closed {
		t.Fatal("the page has no program in Python")
	}
	examples, err := filepath.Glob("../../transcript/testdata/*.jsonl")
	if err != nil || len(examples) < 3 {
		t.Fatalf("%d example sessions, %v", len(examples), err)
	}
	for _, name := range examples {
		if !strings.Contains(string(page), "(../transcript/testdata/"+filepath.Base(name)+")") {
			t.Errorf("the page does not name %s", name)
		}
		out, err := exec.CommandContext(t.Context(), "python3", "-c", program, name).CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v\n%s", name, err, out)
		}
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		r, err := transcript.NewReader(f)
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(strings.TrimSpace(string(out)), "\n")
		for {
			e, err := r.Next()
			if err != nil {
				break
			}
			if e.From != transcript.Server {
				continue
			}
			want := e.Name
			if !e.Whole {
				want = "no message"
			}
			if len(lines) == 0 || !strings.HasSuffix(lines[0], " "+want) {
				t.Fatalf("%s: entry %d is %q, printed %q", name, e.N, want, lines)
			}
			lines = lines[1:]
		}
		if len(lines) > 0 || r.End == "" {
			t.Errorf("%s: end %q, %d lines too many", name, r.End, len(lines))
		}
	}
}
