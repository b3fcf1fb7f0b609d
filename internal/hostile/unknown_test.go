package hostile

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"estream/collect"
	"estream/estreamtest"
	"estream/format"
	"estream/wire"
)

// futureBlock is a block type that no product version has.
const futureBlock = 34567

// TestUnknown sends what a later product version may: in every format that has a
// raw form the line shows record, block, reason, what the discovery header says,
// and the whole body; everywhere it is counted.
func TestUnknown(t *testing.T) {
	header := map[string]any{"event_type": uint64(918273), "event_second": uint64(1700000007), "has_ipv6": uint64(1), "ipv6_address": v4(172, 29, 87, 61)}
	future := func(typ uint16, blockType uint32, fields map[string]any, at int) []byte {
		m := record(t, typ, blockType, 1700000001, fields)
		copy(m[at:], block(futureBlock)[:4])
		return m
	}
	malformed := record(t, 71, 174, 1700000001, header)
	malformed = malformed[:300]
	frame(malformed, true)
	for _, r := range []struct {
		name    string
		message []byte
		problem collect.ProblemKey
		reason  string
		numbers []string // of record and block
		outer   []string // what the discovery header says
	}{
		{
			"record", estreamtest.Event(9999, 1700000001, []byte("body")),
			collect.ProblemKey{Record: 9999, Reason: "unknown record type"}, wire.ErrUnknownRecord.Error(), []string{"9999"}, nil,
		}, {
			"block in record 400", future(400, 85, map[string]any{"event_id": uint64(firstEvent)}, 24),
			collect.ProblemKey{Record: 400, Block: futureBlock, Reason: "unknown block type"}, wire.ErrUnknownBlock.Error(), []string{"400", "34567"}, nil,
		}, {
			"block in record 71", future(71, 174, header, 24+56),
			collect.ProblemKey{Record: 71, Block: futureBlock, Reason: "unknown block type"}, wire.ErrUnknownBlock.Error(), []string{"71", "34567"}, []string{"918273", "172.29.87.61"},
		}, {
			"malformed record 71", malformed,
			collect.ProblemKey{Record: 71, Block: 174, Reason: "block is longer than what holds it"}, "block is longer than what holds it", []string{"71", "174"}, []string{"918273", "172.29.87.61"},
		},
	} {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			center := estreamtest.Start(t, script(3, estreamtest.Send(event(t, 0)), estreamtest.Send(r.message), estreamtest.Send(event(t, 1)))...)
			c := startCollector(t, center)
			c.wait(3)
			c.problems(map[collect.ProblemKey]uint64{r.problem: 1})
			c.logged(r.reason)
			body := base64.StdEncoding.EncodeToString(r.message[24:])
			for _, o := range c.outputs {
				if n := o.Stats.Raw.Load() + o.Stats.Unwritten.Load(); n != 1 {
					t.Errorf("%s: %d undecoded, want 1", o.name, n)
				}
				if !o.raw {
					continue
				}
				lines := strings.Split(o.lines.String(), "\n")
				line := lines[1]
				show := append([]string{r.reason}, r.numbers...)
				// Formats escape what base64 pads with in ways of their own.
				plain := strings.NewReplacer(`\=`, "=", "%3D", "=").Replace(line)
				switch {
				case strings.HasPrefix(o.name, "text "): // a summary for people, who find the bytes elsewhere
				case strings.Contains(plain, base64.StdEncoding.EncodeToString(r.message)): // and so the header, too
				case strings.Contains(plain, body):
					show = append(show, r.outer...)
				default:
					t.Errorf("%s: the body is not in %s", o.name, line)
				}
				for _, s := range show {
					if !strings.Contains(line, s) {
						t.Errorf("%s: %s is not in %s", o.name, s, line)
					}
				}
			}
		})
	}
}

// TestUnknownNested puts a block of a later version into a list: the record is
// decoded all the same, and JSON shows the number of the block and its bytes.
func TestUnknownNested(t *testing.T) {
	c := newChecker(variants(t))
	m := record(t, 39, 25, 1700000001, map[string]any{"ip_list": block(11, block(futureBlock, []byte("\x00\x01secret?")), block(futureBlock+1))})
	if err := c.check(m); err != nil {
		t.Fatal(err)
	}
	if _, err := c.full.Decode(m); err != nil {
		t.Fatal(err)
	}
	for i := range c.formats {
		w := &c.formats[i]
		out, n := w.worker.Append(nil, m, c.tables.Snapshot())
		if n.Undecoded != 0 {
			t.Errorf("%s: %+v", w.name, n)
		}
		for _, s := range []string{"34567", "34568", hex.EncodeToString([]byte("\x00\x01secret?"))} {
			if w.json && !strings.Contains(string(out), s) {
				t.Errorf("%s: %s is not in %s", w.name, s, out)
			}
		}
	}
}

// TestUnknownIsCounted: a worker counts each message once, whatever it is.
func TestUnknownIsCounted(t *testing.T) {
	good, unknown, tail := event(t, 0), estreamtest.Event(9999, 1, nil), []byte{0, 1, 0, 4, 0, 0, 1}
	stream := append(append(append([]byte(nil), good...), unknown...), good...)
	stream = append(append(stream, wire.AppendNull(nil)...), tail...)
	for _, v := range variants(t) {
		w := format.NewWorker(newChecker(nil).set(), v.format)
		var reasons []error
		w.Report = func(_, _ int, _ *wire.Record, err error) { reasons = append(reasons, err) }
		_, n := w.Append(nil, stream, newChecker(nil).tables.Snapshot())
		want := format.Counts{Lines: 2, Undecoded: 3}
		if v.raw {
			want.RawLines = 3
		}
		if n != want {
			t.Errorf("%s: %+v, want %+v", v.name, n, want)
		}
		if len(reasons) != 3 || !errors.Is(reasons[0], wire.ErrUnknownRecord) || !errors.As(reasons[1], new(*wire.DecodeError)) || !errors.As(reasons[2], new(*wire.FrameError)) {
			t.Errorf("%s: reported %v", v.name, reasons)
		}
	}
}
