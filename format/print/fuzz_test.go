package print_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"estream/format/flat/flattest"
	"estream/format/print"
	"estream/internal/recordtest"
)

// FuzzRecord: whatever arrives is shown as lines that print, and not as more than
// its size allows.
func FuzzRecord(f *testing.F) {
	set := flattest.Layouts(f)
	for message := range recordtest.Split(f, flattest.Random(f, set, 1)) {
		f.Add(bytes.Clone(message[8:]), false)
	}
	f.Add([]byte{0, 0, 1, 144, 0, 0, 0, 1, 7}, true)
	f.Fuzz(func(t *testing.T, data []byte, hex bool) {
		flattest.Lines(t, set, print.New(print.Options{Hex: hex, Layouts: set}), recordtest.Frame(data), func(_ []byte, text string) {
			check(t, text)
			if len(text) > bound(len(data)) {
				t.Errorf("%d bytes of text for %d", len(text), len(data))
			}
		})
	})
}

// bound is what a message of n bytes may grow to: every byte a field, with its name
// and the name of its value, behind what every record and all its lists have.
func bound(n int) int { return 20000 + 120*n }

// FuzzBlock: a lone block is shown as lines that print and as valid JSON, or as the
// same reason in both.
func FuzzBlock(f *testing.F) {
	set := flattest.Layouts(f)
	for _, profile := range profiles(f) {
		f.Add(profile)
	}
	f.Add(fullProfile())
	f.Add([]byte{0, 0, 0, 149, 0, 0, 0, 9, 1})
	f.Fuzz(func(t *testing.T, block []byte) {
		text := string(print.AppendBlock(nil, set, block, print.Options{}))
		_, body := check(t, text)
		j, err := print.AppendBlockJSON([]byte("x"), set, block, print.Options{})
		if err != nil {
			if string(j) != "x" || !bytes.HasPrefix([]byte(body), []byte("undecoded: block ")) {
				t.Errorf("%v: %s and\n%s", err, j, text)
			}
			return
		}
		if !json.Valid(j[1:]) || bytes.ContainsAny(j, "\r\n") || bytes.HasPrefix([]byte(body), []byte("undecoded: ")) {
			t.Errorf("%s and\n%s", j, text)
		}
		if len(text) > bound(len(block)) || len(j) > bound(len(block)) {
			t.Errorf("%d bytes of text and %d of JSON for %d", len(text), len(j), len(block))
		}
	})
}
