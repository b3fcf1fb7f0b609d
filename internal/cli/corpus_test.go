package cli

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"estream/internal/corpus"
)

// TestDecodeCorpus runs the command over the corpus and compares its lines with
// the reference client's, counted by record type: all of them have to be equal
// where there is a reference, and where there is none (the reference client fails
// on seven messages) a line still has to come if the format has one for the type.
func TestDecodeCorpus(t *testing.T) {
	var index struct {
		Messages [][]any // offset, length, record type, block type, tag
	}
	if err := json.Unmarshal(corpus.Read(t, "dev.bin.index.json.gz"), &index); err != nil {
		t.Fatal(err)
	}
	// CEF lines are written for these record types only.
	cefTypes := []int{2, 71, 112, 125, 170, 171, 400, 500, 502}
	for _, test := range []struct {
		name string
		args []string
		has  func(record int) bool
	}{
		{"json", nil, func(int) bool { return true }},
		{"cef", []string{"--prefix", corpus.Prefix}, func(record int) bool { return slices.Contains(cefTypes, record) }},
	} {
		t.Run(test.name, func(t *testing.T) {
			cmd := exec.Command("estream", append([]string{"decode", filepath.Join("..", "testdata", "corpus", "dev.bin.gz"), "--format", test.name}, test.args...)...)
			cmd.Env = append(os.Environ(), "TZ=UTC")
			var stderr bytes.Buffer
			cmd.Stderr = &stderr
			out, err := cmd.Output()
			if err != nil || stderr.Len() > 0 {
				t.Fatalf("%v: %s", err, stderr.Bytes())
			}
			lines := strings.SplitAfter(string(out), "\n")
			refs := corpus.References(t, test.name)
			if len(refs) != len(index.Messages) {
				t.Fatalf("%d messages in the index, %d in the reference", len(index.Messages), len(refs))
			}
			type count struct{ messages, equal, none, noReference int }
			counts := map[int]*count{}
			for i, ref := range refs {
				record := int(index.Messages[i][2].(float64))
				n := counts[record]
				if n == nil {
					n = new(count)
					counts[record] = n
				}
				n.messages++
				switch ref.Mark {
				case corpus.Silent:
					n.none++
					continue
				case corpus.Failed:
					n.noReference++
					if test.has(record) {
						lines = lines[1:]
					}
					continue
				}
				want, _ := ref.Compat()
				if lines[0] != want+"\n" {
					t.Fatalf("message %d, record %d:\n got %s\nwant %s", i, record, lines[0], want)
				}
				n.equal, lines = n.equal+1, lines[1:]
			}
			if len(lines) != 1 || lines[0] != "" {
				t.Errorf("%d lines too many, the first is %q", len(lines)-1, lines[0])
			}
			for _, record := range slices.Sorted(maps.Keys(counts)) {
				n := counts[record]
				t.Logf("record %4d: %4d messages: %4d lines equal, %3d without line, %d without reference", record, n.messages, n.equal, n.none, n.noReference)
				if !test.has(record) && n.equal > 0 {
					t.Errorf("record %d has lines", record)
				}
			}
		})
	}
}
