package formattest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"estream/format"
	"estream/internal/corpus"
	"estream/layouts"
	"estream/wire"
)

// A tally counts what became of messages of the corpus.
type tally struct{ equal, silent, different, noReference int }

func (n *tally) add(o tally) {
	n.equal += o.equal
	n.silent += o.silent
	n.different += o.different
	n.noReference += o.noReference
}

func (n *tally) String() string {
	return fmt.Sprintf("%4d equal, %3d without line, %d different, %d without reference", n.equal, n.silent, n.different, n.noReference)
}

// Compare holds every line for the corpus to eNcore's of an adapter, for two batch
// sizes: where a batch ends must not show. Where eNcore failed, a line must begin
// with what failed returns for the record's header.
func Compare(t *testing.T, f format.Format, adapter string, failed func(wire.RecordHeader) string) {
	stream, refs := Corpus(t), corpus.References(t, adapter)
	for _, batch := range []int{1, batchBytes} {
		t.Run(fmt.Sprint(batch), func(t *testing.T) {
			counts := map[uint16]*tally{}
			messages, shown := 0, 0
			Each(t, layouts.Default(), f, stream, batch, func(i int, message []byte, line string) {
				messages++
				h, _ := wire.PeekRecord(message)
				n := counts[h.Type]
				if n == nil {
					n = new(tally)
					counts[h.Type] = n
				}
				want, ok := refs[i].Compat()
				switch {
				case !ok:
					n.noReference++
					if begin := failed(h); !strings.HasPrefix(line, begin) {
						t.Errorf("message %d, without reference: want %q at the start of %s", i, begin, line)
					}
				case line != want:
					n.different++
					if shown++; shown <= 10 {
						t.Errorf("message %d, record %d:\n got %s\nwant %s", i, h.Type, line, want)
					}
				case line == "":
					n.silent++
				default:
					n.equal++
				}
			})
			var total tally
			for _, typ := range slices.Sorted(maps.Keys(counts)) {
				t.Logf("record %4d: %v", typ, counts[typ])
				total.add(*counts[typ])
			}
			t.Logf("total: %v", &total)
			if messages != len(refs) || total.different > 0 || total.equal == 0 {
				t.Errorf("%d messages, %v; want %d messages, some equal and none different", messages, &total, len(refs))
			}
		})
	}
}
