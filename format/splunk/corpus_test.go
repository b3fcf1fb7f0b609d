package splunk_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"estream/format"
	"estream/format/splunk"
	"estream/internal/corpus"
	"estream/layouts"
	"estream/meta"
	"estream/wire"
)

func loadLayouts(t testing.TB) *wire.Layouts {
	t.Helper()
	set, err := layouts.Load("")
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func newFormat(t testing.TB, o splunk.Options) format.Format {
	t.Helper()
	f, err := splunk.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// references reads what eNcore wrote for each message of the corpus; the first
// character of a line says what follows, see internal/testdata/corpus/README.md.
func references(t *testing.T) []string {
	t.Helper()
	return strings.Split(strings.TrimSuffix(string(corpus.Read(t, "dev.splunk.txt.gz")), "\n"), "\n")
}

// wantLine is what compat writes for a reference; ok is false if eNcore failed.
func wantLine(t *testing.T, ref string) (line string, ok bool) {
	t.Helper()
	switch ref[0] {
	case '=':
		return ref[1:], true
	case '~':
		if err := json.Unmarshal([]byte(ref[1:]), &line); err != nil {
			t.Fatal(err)
		}
		return line, true
	case '!':
		return "", false
	}
	t.Fatalf("reference line starts with %q", ref[0])
	return "", false
}

// batches cuts a stream between messages into pieces of at least size bytes.
func batches(t testing.TB, stream []byte, size int) (list [][]byte) {
	t.Helper()
	for len(stream) > 0 {
		n := 0
		for n < len(stream) && n < size {
			message, _, err := wire.NextMessage(stream[n:])
			if err != nil {
				t.Fatal(err)
			}
			n += len(message)
		}
		list, stream = append(list, stream[:n]), stream[n:]
	}
	return list
}

// each runs the corpus through Scan and a worker, message by message, and calls
// visit with the line of each.
func each(t testing.TB, set *wire.Layouts, f format.Format, batch int, visit func(i int, message []byte, line string)) {
	t.Helper()
	tables, scanner := meta.NewTables(), wire.NewDecoder(set, meta.Wanted)
	worker := format.NewWorker(set, f)
	worker.Report = func(_, _ int, r *wire.Record, err error) { t.Errorf("record %d: %v", r.Type, err) }
	i := 0
	emit := func(part []byte, s *meta.Snapshot) error {
		for len(part) > 0 {
			message, rest, err := wire.NextMessage(part)
			if err != nil {
				return err
			}
			part = rest
			line, _ := worker.Append(nil, message, s)
			visit(i, message, strings.TrimSuffix(string(line), "\n"))
			i++
		}
		return nil
	}
	for _, part := range batches(t, corpus.Read(t, corpus.Messages), batch) {
		if err := tables.Scan(part, scanner, emit); err != nil {
			t.Fatal(err)
		}
	}
}

// TestCorpus compares every line with eNcore's, for two batch sizes: where a batch
// ends must not show.
func TestCorpus(t *testing.T) {
	set, refs := loadLayouts(t), references(t)
	for _, batch := range []int{1, 256 << 10} {
		t.Run(fmt.Sprint(batch), func(t *testing.T) {
			equal, different, noReference := 0, 0, 0
			each(t, set, newFormat(t, splunk.Options{}), batch, func(i int, message []byte, line string) {
				h, _ := wire.PeekRecord(message)
				want, ok := wantLine(t, refs[i])
				switch {
				case !ok:
					noReference++
					if !strings.HasPrefix(line, fmt.Sprintf("rec_type=%d event_sec=", h.Type)) {
						t.Errorf("message %d: %s", i, line)
					}
				case line == want:
					equal++
				default:
					if different++; different <= 10 {
						t.Errorf("message %d, record %d:\n got %s\nwant %s", i, h.Type, line, want)
					}
				}
			})
			t.Logf("%d equal, %d different, %d without reference", equal, different, noReference)
			if equal+noReference != len(refs) || equal == 0 {
				t.Errorf("%d lines equal, %d without reference; expected %d together", equal, noReference, len(refs))
			}
		})
	}
}
