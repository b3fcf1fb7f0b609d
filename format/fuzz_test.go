package format_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"slices"
	"testing"

	"estream/format"
	"estream/internal/corpus"
	"estream/meta"
	"estream/wire"
)

// FuzzFormat formats arbitrary bytes as a stream: nothing may panic, every JSON
// line must be JSON, and a CEF line must be one line.
func FuzzFormat(f *testing.F) {
	set := loadLayouts(f)
	seen := map[[2]uint32]bool{}
	for rest := corpus.Read(f, corpus.Messages); len(rest) > 0; {
		message, next, err := wire.NextMessage(rest)
		if err != nil {
			f.Fatal(err)
		}
		rest = next
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
		message := binary.BigEndian.AppendUint64(nil, 1<<48|4<<32|uint64(uint32(len(data))))
		message = append(message, data...)
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
