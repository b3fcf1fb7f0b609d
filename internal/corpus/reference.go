package corpus

import (
	"encoding/json"
	"strings"
	"testing"
)

// Prefix is what the CEF lines of the references begin with.
const Prefix = "<13>Jan 02 03:04:05 encore "

// A Mark says what became of a message in eNcore.
type Mark byte

// The marks, as they stand in the reference files.
const (
	Written Mark = '=' // a line
	Broken  Mark = '~' // a line with CR or LF inside
	Silent  Mark = '-' // nothing: the format has no line for the record type
	Failed  Mark = '!' // nothing: eNcore failed
)

// A Reference is what eNcore wrote for one message.
type Reference struct {
	Mark Mark
	Line string // without LF at its end, "" if there is none
}

// References returns what eNcore's adapter ("json", "splunk", "cef" or "cef2")
// wrote, message by message. The test ends when the file cannot be read.
func References(t testing.TB, adapter string) []Reference {
	t.Helper()
	name := "dev." + adapter + ".txt.gz"
	lines := strings.Split(strings.TrimSuffix(string(Read(t, name)), "\n"), "\n")
	list := make([]Reference, len(lines))
	for i, line := range lines {
		if line == "" {
			t.Fatalf("%s: line %d is empty", name, i+1)
		}
		r := &list[i]
		r.Mark, r.Line = Mark(line[0]), line[1:]
		switch r.Mark {
		case Written:
		case Broken:
			if err := json.Unmarshal([]byte(line[1:]), &r.Line); err != nil {
				t.Fatalf("%s: line %d: %v", name, i+1, err)
			}
		case Silent, Failed: // what follows is eNcore's error, which is not ours
			r.Line = ""
		default:
			t.Fatalf("%s: line %d starts with %q, which is no mark", name, i+1, line[0])
		}
	}
	return list
}

// Compat returns the line that the profile compat writes: CR and LF inside are two
// characters each. It is "" for Silent; ok is false for Failed.
func (r Reference) Compat() (line string, ok bool) {
	return strings.NewReplacer("\r", `\r`, "\n", `\n`).Replace(r.Line), r.Mark != Failed
}
