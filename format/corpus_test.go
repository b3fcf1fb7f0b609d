package format_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"estream/format"
	"estream/format/cef"
	"estream/format/jsonl"
	"estream/internal/corpus"
	"estream/internal/formattest"
	"estream/layouts"
	"estream/wire"
)

func jsonUTC() format.Format { return jsonl.New(jsonl.Options{Location: time.UTC}) }

func cefFixed() format.Format { return newCEF(cef.Options{Prefix: []byte(corpus.Prefix)}) }

// newCEF is for options that New has no complaint about.
func newCEF(o cef.Options) format.Format {
	f, err := cef.New(o)
	if err != nil {
		panic(err)
	}
	return f
}

// TestCorpus compares every line with the reference client's.
func TestCorpus(t *testing.T) {
	for name, f := range map[string]format.Format{"json": jsonUTC(), "cef": cefFixed()} {
		t.Run(name, func(t *testing.T) {
			formattest.Compare(t, f, name, func(wire.RecordHeader) string { return "" })
		})
	}
}

// TestCorpusIsValid reads every JSON line back, those without reference included,
// and checks that no line of any format holds a line break.
func TestCorpusIsValid(t *testing.T) {
	set, stream := layouts.Default(), corpus.Read(t, corpus.Messages)
	formattest.Each(t, set, jsonUTC(), stream, 1<<16, func(i int, message []byte, line string) {
		h, _ := wire.PeekRecord(message)
		var v map[string]any
		if err := json.Unmarshal([]byte(line), &v); err != nil {
			t.Fatalf("message %d, record %d: %v in %s", i, h.Type, err, line)
		}
		if v["recordType"] != float64(h.Type) || v["@computed"] == nil {
			t.Errorf("message %d: %s", i, line)
		}
	})
	formattest.Each(t, set, cefFixed(), stream, 1<<16, func(i int, message []byte, line string) {
		h, _ := wire.PeekRecord(message)
		if strings.ContainsAny(line, "\r\n") {
			t.Errorf("message %d, record %d: line break in %q", i, h.Type, line)
		}
	})
}
