package encoreref

import (
	"encoding/binary"
	"maps"
	"slices"
	"strings"
	"testing"

	"estream/internal/corpus"
)

// adapters are the four outputs with a reference. A line of "" means that there is
// none for the record type.
var adapters = []struct {
	name string
	line func(*Record) (string, error)
}{
	{"json", (*Record).JSON},
	{"splunk", (*Record).Splunk},
	{"cef", func(r *Record) (string, error) { return r.CEF("cef", corpus.Prefix) }},
	{"cef2", func(r *Record) (string, error) { return r.CEF("cef2", corpus.Prefix) }},
}

// reference returns a line as the corpus has it.
func reference(line string, err error) corpus.Reference {
	switch {
	case err != nil:
		return corpus.Reference{Mark: corpus.Failed}
	case line == "":
		return corpus.Reference{Mark: corpus.Silent}
	case strings.ContainsAny(line, "\r\n"):
		return corpus.Reference{Mark: corpus.Broken, Line: line}
	}
	return corpus.Reference{Mark: corpus.Written, Line: line}
}

// TestCorpus holds this package to eNcore: every line of every adapter is equal to
// the recorded one, CR and LF included, and where eNcore failed so do we.
func TestCorpus(t *testing.T) {
	left := corpus.Read(t, corpus.Messages)
	client := NewClient(Settings{IncludeOriginalPacket: true, PacketEncoding: "hex"})
	refs := make([][]corpus.Reference, len(adapters))
	counts := make([]map[corpus.Mark]int, len(adapters))
	for i, a := range adapters {
		refs[i] = corpus.References(t, a.name)
		counts[i] = map[corpus.Mark]int{}
	}
	number, different := 0, 0
	for ; len(left) >= 8; number++ {
		size := 8 + int(binary.BigEndian.Uint32(left[4:]))
		r, err := client.Read(left[:size])
		left = left[size:]
		for i, a := range adapters {
			if number >= len(refs[i]) {
				t.Fatalf("%s has %d lines, the stream more messages", a.name, len(refs[i]))
			}
			line, lineErr := "", err
			if err == nil {
				line, lineErr = a.line(r)
			}
			got, want := reference(line, lineErr), refs[i][number]
			counts[i][want.Mark]++
			if got != want {
				if different++; different <= 10 {
					t.Errorf("%s, message %d:\n got %c%s %v\nwant %c%s", a.name, number, got.Mark, got.Line, lineErr, want.Mark, want.Line)
				}
			}
		}
	}
	for i, a := range adapters {
		if number != len(refs[i]) || len(left) > 0 {
			t.Errorf("%d messages and %d bytes more, %d lines of %s", number, len(left), len(refs[i]), a.name)
		}
		for _, mark := range slices.Sorted(maps.Keys(counts[i])) {
			t.Logf("%-6s %c %5d lines", a.name, mark, counts[i][mark])
		}
	}
	if different > 0 {
		t.Errorf("%d lines differ", different)
	}
}
