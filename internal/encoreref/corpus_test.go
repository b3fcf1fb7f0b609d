package encoreref

import (
	"compress/gzip"
	"encoding/binary"
	"encoding/json"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"estream/internal/corpus"
)

const (
	corpusPrefix = "<13>Jan 02 03:04:05 encore "
	corpusDir    = "internal/testdata/corpus/"
)

// adapters are the four outputs with a reference. A line of "" means that there is
// none for the record type.
var adapters = []struct {
	name  string
	lines string // the reference file, from the root of the module
	line  func(*Record) (string, error)
}{
	{"json", corpusDir + "dev.json.txt.gz", (*Record).JSON},
	{"splunk", corpusDir + "dev.splunk.txt.gz", (*Record).Splunk},
	{"cef", corpusDir + "dev.cef.txt.gz", func(r *Record) (string, error) { return r.CEF("cef", corpusPrefix) }},
	{"cef2", corpusDir + "dev.cef2.txt.gz", func(r *Record) (string, error) { return r.CEF("cef2", corpusPrefix) }},
}

// reference turns a line as it should be in a reference file: see the README of
// the corpus.
func reference(line string, err error) string {
	switch {
	case err != nil:
		return "!"
	case line == "":
		return "-"
	case strings.ContainsAny(line, "\r\n"):
		return "~" + line
	}
	return "=" + line
}

func unpack(t *testing.T, name string) string {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	data, err := io.ReadAll(z)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return string(data)
}

// TestCorpus holds this package to eNcore: every line of every adapter is equal to
// the recorded one, CR and LF included, and where eNcore failed so do we.
func TestCorpus(t *testing.T) {
	left := corpus.Read(t, corpus.Messages)
	client := NewClient(Settings{IncludeOriginalPacket: true, PacketEncoding: "hex"})
	refs := make([][]string, len(adapters))
	counts := make([]map[string]int, len(adapters))
	for i, a := range adapters {
		refs[i] = strings.Split(strings.TrimSuffix(unpack(t, "../../"+a.lines), "\n"), "\n")
		counts[i] = map[string]int{}
	}
	number, different := 0, 0
	for ; len(left) >= 8; number++ {
		size := 8 + int(binary.BigEndian.Uint32(left[4:]))
		r, err := client.Read(left[:size])
		left = left[size:]
		for i, a := range adapters {
			if number >= len(refs[i]) {
				t.Fatalf("%s has %d lines, the stream more messages", a.lines, len(refs[i]))
			}
			line, lineErr := "", err
			if err == nil {
				line, lineErr = a.line(r)
			}
			got, want := reference(line, lineErr), expected(t, refs[i][number])
			counts[i][want[:1]]++
			if got != want {
				if different++; different <= 10 {
					t.Errorf("%s, message %d:\n got %s %v\nwant %s", a.name, number, got, lineErr, want)
				}
			}
		}
	}
	for i, a := range adapters {
		if number != len(refs[i]) || len(left) > 0 {
			t.Errorf("%d messages and %d bytes more, %d lines in %s", number, len(left), len(refs[i]), a.lines)
		}
		for _, mark := range slices.Sorted(maps.Keys(counts[i])) {
			t.Logf("%-6s %s %5d lines", a.name, mark, counts[i][mark])
		}
	}
	if different > 0 {
		t.Errorf("%d lines differ", different)
	}
}

// expected reads a line of a reference file.
func expected(t *testing.T, line string) string {
	t.Helper()
	switch line[0] {
	case '!': // what follows is eNcore's error, which is not ours
		return "!"
	case '~':
		var text string
		if err := json.Unmarshal([]byte(line[1:]), &text); err != nil {
			t.Fatal(err)
		}
		return "~" + text
	}
	return line
}
