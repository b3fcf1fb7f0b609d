package format_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"estream/format"
	"estream/format/cef"
	"estream/format/jsonl"
	"estream/internal/corpus"
	"estream/layouts"
	"estream/meta"
	"estream/wire"
)

const corpusPrefix = "<13>Jan 02 03:04:05 encore "

func loadLayouts(t testing.TB) *wire.Layouts {
	t.Helper()
	set, err := layouts.Load("")
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func jsonUTC() format.Format { return jsonl.New(jsonl.Options{Location: time.UTC}) }

func cefFixed() format.Format { return newCEF(cef.Options{Prefix: []byte(corpusPrefix)}) }

// newCEF is for options that New has no complaint about.
func newCEF(o cef.Options) format.Format {
	f, err := cef.New(o)
	if err != nil {
		panic(err)
	}
	return f
}

// wantLine turns a line of a reference file into the line that compat writes;
// ok is false where there is no reference, line is "" where nothing is written.
func wantLine(t *testing.T, ref string) (line string, ok bool) {
	t.Helper()
	switch ref[0] {
	case '=':
		return ref[1:], true
	case '-':
		return "", true
	case '!':
		return "", false
	case '~': // a JSON string; its CR and LF are written as two characters each
		var s string
		if err := json.Unmarshal([]byte(ref[1:]), &s); err != nil {
			t.Fatal(err)
		}
		return strings.NewReplacer("\r", `\r`, "\n", `\n`).Replace(s), true
	}
	t.Fatalf("reference line starts with %q", ref[0])
	return "", false
}

// each runs the stream in batches through Scan and a worker per batch, message by
// message, and calls f with the line of each.
func each(t *testing.T, set *wire.Layouts, f format.Format, stream []byte, batch int, visit func(i int, h wire.RecordHeader, line string)) {
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
			h, _ := wire.PeekRecord(message)
			line, _ := worker.Append(nil, message, s)
			visit(i, h, strings.TrimSuffix(string(line), "\n"))
			i++
		}
		return nil
	}
	for _, part := range batches(t, stream, batch) {
		if err := tables.Scan(part, scanner, emit); err != nil {
			t.Fatal(err)
		}
	}
}

// TestCorpus compares every line with the reference client's, for two batch
// sizes: where a batch ends must not show.
func TestCorpus(t *testing.T) {
	set := loadLayouts(t)
	stream := corpus.Read(t, corpus.Messages)
	for _, c := range []struct {
		name, file string
		format     format.Format
	}{
		{"json", "dev.json.txt.gz", jsonUTC()},
		{"cef", "dev.cef.txt.gz", cefFixed()},
	} {
		refs := strings.Split(strings.TrimSuffix(string(corpus.Read(t, c.file)), "\n"), "\n")
		for _, batch := range []int{1, 256 << 10} {
			t.Run(fmt.Sprintf("%s/%d", c.name, batch), func(t *testing.T) {
				type count struct{ equal, none, different, noReference int }
				counts := map[uint16]*count{}
				shown := 0
				each(t, set, c.format, stream, batch, func(i int, h wire.RecordHeader, line string) {
					n := counts[h.Type]
					if n == nil {
						n = new(count)
						counts[h.Type] = n
					}
					want, ok := wantLine(t, refs[i])
					switch {
					case !ok:
						n.noReference++
					case line != want:
						n.different++
						if shown++; shown <= 10 {
							t.Errorf("message %d, record %d:\n got %s\nwant %s", i, h.Type, line, want)
						}
					case line == "":
						n.none++
					default:
						n.equal++
					}
				})
				var total count
				for _, typ := range slices.Sorted(maps.Keys(counts)) {
					n := counts[typ]
					t.Logf("record %4d: %4d equal, %3d without line, %d different, %d without reference", typ, n.equal, n.none, n.different, n.noReference)
					total.equal += n.equal
					total.none += n.none
					total.different += n.different
					total.noReference += n.noReference
				}
				t.Logf("total: %d equal, %d without line, %d different, %d without reference", total.equal, total.none, total.different, total.noReference)
				if total.equal+total.none+total.different+total.noReference != len(refs) {
					t.Errorf("%d messages counted, %d in the reference", total.equal+total.none+total.different+total.noReference, len(refs))
				}
				if total.different > 0 {
					t.Errorf("%d lines differ", total.different)
				}
			})
		}
	}
}

// TestCorpusIsValid reads every JSON line back, those without reference included,
// and checks that no line of any format holds a line break.
func TestCorpusIsValid(t *testing.T) {
	set := loadLayouts(t)
	stream := corpus.Read(t, corpus.Messages)
	each(t, set, jsonUTC(), stream, 1<<16, func(i int, h wire.RecordHeader, line string) {
		var v map[string]any
		if err := json.Unmarshal([]byte(line), &v); err != nil {
			t.Fatalf("message %d, record %d: %v in %s", i, h.Type, err, line)
		}
		if v["recordType"] != float64(h.Type) || v["@computed"] == nil {
			t.Errorf("message %d: %s", i, line)
		}
	})
	each(t, set, cefFixed(), stream, 1<<16, func(i int, h wire.RecordHeader, line string) {
		if strings.ContainsAny(line, "\r\n") {
			t.Errorf("message %d, record %d: line break in %q", i, h.Type, line)
		}
	})
}

// corpusRun splits the messages to keep into batches of the usual size, each with
// the snapshots for its parts, to format them again and again.
func corpusRun(b testing.TB, set *wire.Layouts, keep func(message []byte) bool) (parts [][]byte, snaps []*meta.Snapshot, messages, size int) {
	b.Helper()
	tables, scanner := meta.NewTables(), wire.NewDecoder(set, meta.Wanted)
	emit := func(part []byte, s *meta.Snapshot) error {
		var kept []byte
		for len(part) > 0 {
			message, rest, err := wire.NextMessage(part)
			if err != nil {
				return err
			}
			if keep(message) {
				kept = append(kept, message...)
				messages++
			}
			part = rest
		}
		if len(kept) > 0 {
			parts, snaps, size = append(parts, kept), append(snaps, s), size+len(kept)
		}
		return nil
	}
	for _, batch := range batches(b, corpus.Read(b, corpus.Messages), 256<<10) {
		if err := tables.Scan(batch, scanner, emit); err != nil {
			b.Fatal(err)
		}
	}
	return parts, snaps, messages, size
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
