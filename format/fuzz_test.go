package format_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"slices"
	"testing"

	"estream/format"
	"estream/internal/corpus"
	"estream/internal/recordtest"
	"estream/layouts"
	"estream/meta"
	"estream/wire"
)

// FuzzFormat formats arbitrary bytes as a stream: nothing may panic, every JSON
// line must be JSON, and a CEF line must be one line.
func FuzzFormat(f *testing.F) {
	set := layouts.Default()
	seen := map[[2]uint32]bool{}
	for message := range recordtest.Split(f, corpus.Read(f, corpus.Messages)) {
		h, _ := wire.PeekRecord(message)
		key := [2]uint32{uint32(h.Type)}
		if len(message) >= 84 && h.Type == 71 {
			key[1] = binary.BigEndian.Uint32(message[80:])
		}
		if !seen[key] {
			seen[key] = true
			f.Add(slices.Clone(message[8:]))
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		message := recordtest.Frame(data)
		for _, c := range []struct {
			format format.Format
			json   bool
		}{{jsonUTC(), true}, {cefFixed(), false}} {
			w := format.NewWorker(set, c.format)
			dec := wire.NewDecoder(set, meta.Wanted)
			err := meta.NewTables().Scan(message, dec, func(part []byte, s *meta.Snapshot) error {
				out, counts := w.Append(nil, part, s)
				if n := bytes.Count(out, []byte{'\n'}); n != counts.Lines+counts.RawLines {
					t.Errorf("%d line breaks for %+v in %q", n, counts, out)
				}
				if c.json && !json.Valid(out) {
					t.Errorf("not JSON: %q", out)
				}
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		}
	})
}
