package raw_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"estream/format/raw"
	"estream/internal/formattest"
	"estream/internal/recordtest"
	"estream/layouts"
	"estream/wire"
)

type line struct {
	RecordType, BlockType, ArchiveTimestamp, NetmapID *uint32
	Reason                                            string
	Message                                           []byte
}

// TestStream: the messages of all lines are the stream again, decodable or not.
func TestStream(t *testing.T) {
	set := layouts.Default()
	random := formattest.Random(t, set, 2)
	for name, c := range map[string]struct {
		stream []byte
		good   bool
	}{"random": {random, true}, "corpus": {formattest.Corpus(t), true}, "damaged": {formattest.Damaged(random), false}} {
		t.Run(name, func(t *testing.T) {
			var all []byte
			reasons, lines := 0, 0
			formattest.Lines(t, set, raw.New(), c.stream, func(message []byte, text string) {
				l := parse(t, text)
				all = append(all, l.Message...)
				lines++
				if l.Reason != "" {
					reasons++
				}
				h, ok := wire.PeekRecord(message)
				if ok != (l.RecordType != nil) {
					t.Fatalf("record header readable: %v, line %s", ok, text)
				}
				if ok && (*l.RecordType != uint32(h.Type) || *l.ArchiveTimestamp != h.ArchiveTimestamp || *l.NetmapID != uint32(h.NetmapID)) {
					t.Errorf("%+v has line %s", h, text)
				}
			})
			if !bytes.Equal(all, c.stream) {
				t.Errorf("%d bytes came back, want the %d of the stream", len(all), len(c.stream))
			}
			if c.good && reasons > 0 || !c.good && reasons < lines/2 {
				t.Errorf("%d of %d lines have a reason", reasons, lines)
			}
		})
	}
}

func parse(t *testing.T, text string) (l line) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader([]byte(text)))
	d.DisallowUnknownFields()
	if err := d.Decode(&l); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	if i := bytes.IndexAny([]byte(text), "\r\n"); i != len(text)-1 {
		t.Fatalf("not one line: %q", text)
	}
	return l
}

func TestBlockType(t *testing.T) {
	set := layouts.Default()
	for _, c := range []struct {
		record uint16
		block  uint32
	}{{400, 85}, {71, 174}, {123, 0}} {
		l := parse(t, formattest.Record(t, set, raw.New(), c.record, c.block, nil))
		if *l.BlockType != c.block || *l.ArchiveTimestamp != 1700000000 {
			t.Errorf("record %d: block %d at %d, want %d", c.record, *l.BlockType, *l.ArchiveTimestamp, c.block)
		}
	}
}

func FuzzRaw(f *testing.F) {
	set := layouts.Default()
	f.Add([]byte{0, 0, 1, 144, 0, 0, 0, 1, 7})
	f.Add(recordtest.Message(f, set, 123, 0, map[string]any{"name": "x"})[8:])
	f.Fuzz(func(t *testing.T, data []byte) {
		formattest.Lines(t, set, raw.New(), recordtest.Frame(data), func(m []byte, text string) {
			if l := parse(t, text); !bytes.Equal(l.Message, m) {
				t.Errorf("% x came back as % x", m, l.Message)
			}
		})
	})
}
