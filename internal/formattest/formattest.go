// Package formattest runs streams of records through formats, with the metadata
// that belongs to each record. It is what the tests of the formats share.
package formattest

import (
	"strings"
	"testing"

	"estream/format"
	"estream/internal/recordtest"
	"estream/meta"
	"estream/wire"
)

// Scan calls visit with each message of a stream and the names as they are at it.
// The test ends at what is no message.
func Scan(t testing.TB, set *wire.Layouts, stream []byte, visit func(message []byte, s *meta.Snapshot)) {
	t.Helper()
	scan(t, set, [][]byte{stream}, func(part []byte, s *meta.Snapshot) {
		for message := range recordtest.Split(t, part) {
			visit(message, s)
		}
	})
}

// scan calls visit with the parts of the batches of a stream, one set of tables
// learning from all of them.
func scan(t testing.TB, set *wire.Layouts, batches [][]byte, visit func(part []byte, s *meta.Snapshot)) {
	t.Helper()
	tables, scanner := meta.NewTables(), wire.NewDecoder(set, meta.Wanted)
	for _, batch := range batches {
		err := tables.Scan(batch, scanner, func(part []byte, s *meta.Snapshot) error {
			visit(part, s)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// Each formats a stream and calls visit with the number of each message, counted
// from 0, and its line without LF, "" if it has none. Metadata is learned from
// batches of at least so many bytes. A message that cannot be decoded fails the test.
func Each(t testing.TB, set *wire.Layouts, f format.Format, stream []byte, batch int, visit func(i int, message []byte, line string)) {
	t.Helper()
	worker := format.NewWorker(set, f)
	worker.Report = func(_, _ int, r *wire.Record, err error) { t.Errorf("record %d: %v", r.Type, err) }
	i := 0
	scan(t, set, recordtest.Batches(t, stream, batch), func(part []byte, s *meta.Snapshot) {
		for message := range recordtest.Split(t, part) {
			line, _ := worker.Append(nil, message, s)
			visit(i, message, strings.TrimSuffix(string(line), "\n"))
			i++
		}
	})
}

// Lines formats a stream, damaged or not, and calls visit with each message and its
// line, LF included. Every message must have exactly one, and so must what stands at
// the end and is no message.
func Lines(t testing.TB, set *wire.Layouts, f format.Format, stream []byte, visit func(message []byte, line string)) {
	t.Helper()
	w := format.NewWorker(set, f)
	scan(t, set, [][]byte{stream}, func(part []byte, s *meta.Snapshot) {
		for len(part) > 0 {
			message, rest, err := wire.NextMessage(part)
			if err != nil {
				message, rest = part, nil
			}
			part = rest
			line, counts := w.Append(nil, message, s)
			if counts.Lines+counts.RawLines != 1 {
				t.Errorf("%+v, want one line, for % x", counts, message[:min(len(message), 64)])
			}
			visit(message, string(line))
		}
	})
}

// Output formats messages one after another and returns all that is written.
func Output(t testing.TB, set *wire.Layouts, f format.Format, messages ...[]byte) string {
	t.Helper()
	var stream, out []byte
	for _, m := range messages {
		stream = append(stream, m...)
	}
	w := format.NewWorker(set, f)
	scan(t, set, [][]byte{stream}, func(part []byte, s *meta.Snapshot) { out, _ = w.Append(out, part, s) })
	return string(out)
}

// Record formats one record, which no metadata precedes.
func Record(t testing.TB, set *wire.Layouts, f format.Format, record uint16, block uint32, values recordtest.Fields) string {
	t.Helper()
	out, _ := format.NewWorker(set, f).Append(nil, recordtest.Message(t, set, record, block, values), meta.Initial())
	return string(out)
}
