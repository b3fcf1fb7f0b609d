package splunk_test

import (
	"fmt"
	"testing"

	"estream/format"
	"estream/format/splunk"
	"estream/internal/corpus"
	"estream/internal/formattest"
	"estream/layouts"
	"estream/wire"
)

func newFormat(t testing.TB, o splunk.Options) format.Format {
	t.Helper()
	f, err := splunk.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// each formats the corpus and calls visit with each message and its line.
func each(t testing.TB, f format.Format, batch int, visit func(i int, message []byte, line string)) {
	t.Helper()
	formattest.Each(t, layouts.Default(), f, corpus.Read(t, corpus.Messages), batch, visit)
}

// TestCorpus compares every line with eNcore's. Where eNcore fails there is a line
// nevertheless.
func TestCorpus(t *testing.T) {
	formattest.Compare(t, newFormat(t, splunk.Options{}), "splunk", func(h wire.RecordHeader) string {
		return fmt.Sprintf("rec_type=%d event_sec=", h.Type)
	})
}
