package replay

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"estream/internal/recordtest"
	"estream/layouts"
	"estream/synth"
	"estream/wire"
)

// times calls f for every time in a record, nested blocks included, and counts
// them; other numbers and all bytes go to rest.
func times(t *testing.T, d *wire.Decoder, v *wire.View, f func(name string, value uint32), rest *bytes.Buffer) {
	t.Helper()
	for i := range v.Layout.Fields {
		field := &v.Layout.Fields[i]
		switch {
		case isTime(field):
			f(field.Name, uint32(v.Uint(i)))
		case field.Kind == wire.KindList || field.Kind == wire.KindBlock:
			if err := d.Elements(v, i, func(e *wire.View) error {
				if e.Layout == nil {
					rest.Write(e.Raw())
					return nil
				}
				times(t, d, e, f, rest)
				return nil
			}); err != nil {
				t.Fatal(err)
			}
		case field.Kind.Integer():
			rest.Write([]byte(field.Name))
			rest.Write([]byte{byte(v.Uint(i)), byte(v.Uint(i) >> 8), byte(v.Uint(i) >> 16), byte(v.Uint(i) >> 24), byte(v.Uint(i) >> 32)})
		default:
			rest.Write([]byte(field.Name))
			rest.Write(v.Bytes(i))
		}
	}
}

// TestShiftEveryLayout moves the times of random records of every layout: each
// time, at any depth, has moved, and nothing else has changed.
func TestShiftEveryLayout(t *testing.T) {
	const by = 86_461
	set := layouts.Default()
	s, d := newShifter(set), wire.NewDecoder(set, nil)
	rng := rand.New(rand.NewPCG(7, 8))
	moved, nested := map[string]bool{}, 0
	for l, err := range layouts.All(set) {
		if err != nil {
			t.Fatal(err)
		}
		b := l.NewBuilder()
		for range 10 {
			synth.Fill(set, b, rng)
			h := wire.RecordHeader{Extended: rng.IntN(4) > 0}
			if h.Extended {
				h.ArchiveTimestamp = uint32(rng.IntN(3)) * 800_000_000
			}
			before := b.AppendMessage(nil, h)
			after := bytes.Clone(before)
			if err := s.message(after, by); err != nil {
				t.Fatalf("%v: %v", l, err)
			}
			read := func(m []byte) (values []uint32, names []string, archive uint32, rest string) {
				r, err := d.Decode(m)
				if err != nil {
					t.Fatalf("%v: %v", l, err)
				}
				var buf bytes.Buffer
				times(t, d, &r.View, func(name string, v uint32) {
					values, names = append(values, v), append(names, name)
				}, &buf)
				top := 0
				for i := range r.Layout.Fields {
					if isTime(&r.Layout.Fields[i]) {
						top++
					}
				}
				nested += len(values) - top
				return values, names, r.ArchiveTimestamp, buf.String()
			}
			want, names, archive, wantRest := read(before)
			got, _, gotArchive, gotRest := read(after)
			if gotRest != wantRest || len(got) != len(want) {
				t.Fatalf("%v: something besides times has changed", l)
			}
			if want := expect(archive, by); gotArchive != want {
				t.Errorf("%v: archive time %d became %d, want %d", l, archive, gotArchive, want)
			}
			for i := range want {
				if got[i] != expect(want[i], by) {
					t.Errorf("%v: %s %d became %d, want %d", l, names[i], want[i], got[i], expect(want[i], by))
				}
				moved[names[i]] = true
			}
		}
	}
	if nested < 100 {
		t.Errorf("only %d times in nested blocks were seen", nested)
	}
	for name := range timeFields {
		// Known in layouts that only lists of host data messages use.
		if !moved[name] && !onlyInBlocks(set, name) {
			t.Errorf("no record with %s was seen", name)
		}
	}
}

func expect(v, by uint32) uint32 {
	if v == 0 {
		return 0
	}
	return uint32(min(uint64(v)+uint64(by), math.MaxUint32))
}

// onlyInBlocks reports whether no record carries the field directly.
func onlyInBlocks(set *wire.Layouts, name string) bool {
	for l, err := range layouts.All(set) {
		if err == nil && l.Slot(name) >= 0 {
			return false
		}
	}
	return true
}

// TestTimeNames: every number whose name sounds like a time is either moved or
// known to stay, so that a new layout cannot bring one unnoticed.
func TestTimeNames(t *testing.T) {
	set := layouts.Default()
	seen := map[string]bool{}
	look := func(fields []wire.Field) {
		for i := range fields {
			f := &fields[i]
			if !f.Kind.Integer() || f.Size != 4 {
				continue
			}
			seen[f.Name] = true
			for _, part := range []string{"time", "second", "seen", "date", "_used", "last_"} {
				if strings.Contains(f.Name, part) && !timeFields[f.Name] && !staysPut[f.Name] {
					t.Errorf("%v: %s: is it a time that rounds have to move? Enter it in times.go", f.Pos, f.Name)
					break
				}
			}
		}
	}
	for _, series := range []uint8{1, 2} {
		for _, typ := range set.Source().Blocks(series) {
			b, err := set.Source().Block(series, typ)
			if err != nil {
				t.Fatal(err)
			}
			look(b.Fields)
		}
	}
	for _, typ := range set.Source().Records() {
		r, err := set.Source().Record(typ)
		if err != nil {
			t.Fatal(err)
		}
		look(r.Fields)
	}
	head, err := set.Source().DiscoveryHeader()
	if err != nil {
		t.Fatal(err)
	}
	look(head)
	for _, names := range []map[string]bool{timeFields, staysPut} {
		for name := range names {
			if !seen[name] {
				t.Errorf("times.go lists %s, which no layout has", name)
			}
		}
	}
}

// TestRounds: times move by the span of the file each round; the first round is
// the file itself, and a record without archive time stays without.
func TestRounds(t *testing.T) {
	set := layouts.Default()
	data := stream(t, 600) // 20 of metadata and 5.8 s of events
	b, err := set.NewBuilder(71, 174)
	if err != nil {
		t.Fatal(err)
	}
	b.SetUint(b.Layout().Slot("first_packet_timestamp"), 77)
	data = b.AppendMessage(data, wire.RecordHeader{Extended: true}) // archive time 0
	data = b.AppendMessage(data, wire.RecordHeader{})
	const span = 6
	path := write(t, "a.bin", data)
	s, k := source(path), &sink{t: t}
	s.Loop, s.BatchBytes = true, 64<<10
	k.stop = func(k *sink) error {
		if k.count == 4*602 {
			return io.ErrClosedPipe
		}
		return nil
	}
	if err := s.Run(t.Context(), k.append); !errors.Is(err, io.ErrClosedPipe) {
		t.Fatal(err)
	}
	if !bytes.Equal(k.data[:len(data)], data) {
		t.Fatal("the first round differs from the file")
	}
	if got := s.Stats().Rounds; got != 4 {
		t.Errorf("%d rounds, want 4", got)
	}
	d := wire.NewDecoder(set, nil)
	latest := uint32(0)
	for round := range 4 {
		lowest := uint32(math.MaxUint32)
		plain := slices.Collect(recordtest.Split(t, data))
		moved := slices.Collect(recordtest.Split(t, k.data[round*len(data):(round+1)*len(data)]))
		if len(moved) != len(plain) {
			t.Fatalf("round %d has %d messages, want %d", round, len(moved), len(plain))
		}
		for n, msg := range moved {
			want := bytes.Clone(plain[n])
			if round > 0 {
				if err := newShifter(set).message(want, uint32(round*span)); err != nil {
					t.Fatal(err)
				}
			}
			if !bytes.Equal(msg, want) {
				t.Fatalf("round %d message %d is not moved by %d s", round, n, round*span)
			}
			r, err := d.Decode(msg)
			if err != nil {
				t.Fatal(err)
			}
			if n >= 600 {
				if r.ArchiveTimestamp != 0 || r.Uint(r.Layout.Slot("first_packet_timestamp")) != uint64(77+round*span) {
					t.Errorf("round %d: record without archive time: %d, first packet %d", round, r.ArchiveTimestamp, r.Uint(r.Layout.Slot("first_packet_timestamp")))
				}
				continue
			}
			lowest = min(lowest, r.ArchiveTimestamp)
			if n == 0 && round > 0 && r.ArchiveTimestamp != latest+1 {
				t.Errorf("round %d begins at %d, the one before ended at %d", round, r.ArchiveTimestamp, latest)
			}
			latest = max(latest, r.ArchiveTimestamp)
		}
		if want := uint32(synth.DefaultStart + round*span); lowest != want {
			t.Errorf("round %d: earliest archive second %d, want %d", round, lowest, want)
		}
	}
}

// TestUnknownRecordsMove: what has no layout, or is malformed, gets its archive
// time moved and is otherwise left alone.
func TestUnknownRecordsMove(t *testing.T) {
	unknown := message(4, 0, 0, 0x27, 0x0f, 0, 0, 0, 2, 0, 0, 1, 0, 0, 0, 0, 0, 9, 9)
	malformed := message(4, 0, 0, 0, 123, 0, 0, 0, 2, 0, 0, 1, 5, 0, 0, 0, 0, 9, 9)
	hopeless := message(4, 0, 0, 0, 123, 0, 0, 0, 9, 1)
	file := append(append(bytes.Clone(unknown), malformed...), hopeless...)
	s, k := source(write(t, "a.bin", file)), &sink{t: t}
	s.Loop = true
	k.stop = func(k *sink) error {
		if k.count == 6 {
			return io.ErrClosedPipe
		}
		return nil
	}
	if err := s.Run(t.Context(), k.append); !errors.Is(err, io.ErrClosedPipe) {
		t.Fatal(err)
	}
	want := bytes.Clone(file)
	want[19] += 6 // from 0x100 to 0x105: a span of 6 s
	want[len(unknown)+19] += 6
	if got := k.data[len(file):]; !bytes.Equal(got, want) {
		t.Errorf("second round\n got %x\nwant %x", got, want)
	}
	// Two malformed in each round; the third round was read before it was refused.
	if got := s.Stats().Malformed; got != 6 {
		t.Errorf("%d malformed, want 6", got)
	}
}

// TestEndOfTime: a loop ends with an error before times wrap.
func TestEndOfTime(t *testing.T) {
	var file []byte
	for _, second := range []uint32{math.MaxUint32 - 25, math.MaxUint32 - 16} { // a span of 10 s
		b, err := layouts.Default().NewBuilder(71, 174)
		if err != nil {
			t.Fatal(err)
		}
		file = b.AppendMessage(file, wire.RecordHeader{Extended: true, ArchiveTimestamp: second})
	}
	s, k := source(write(t, "a.bin", file)), &sink{t: t}
	s.Loop = true
	err := s.Run(t.Context(), k.append)
	if err == nil || !strings.Contains(err.Error(), "round 2 would move archive times beyond 32 bits") || k.count != 4 {
		t.Errorf("%d messages, %v; want two rounds", k.count, err)
	}
	at := s.at
	at.Round = math.MaxUint64 // as a mark may claim
	if err := s.Resume(at.appendMark(nil)); err != nil {
		t.Fatal(err)
	}
	if err := s.Run(t.Context(), k.append); err == nil || !strings.Contains(err.Error(), "beyond 32 bits") {
		t.Errorf("absurd round: %v", err)
	}
}

// FuzzReplayFile replays arbitrary bytes as a file, two rounds of it: whatever
// is in them, what is handed on in the first round is the event data messages in
// front of the first broken frame.
func FuzzReplayFile(f *testing.F) {
	f.Add(stream(f, 30))
	f.Add(message(4, 0, 0, 0, 123, 0, 0, 0, 9, 1))
	f.Add(append(message(0), 0, 1, 0, 4, 0xff, 0, 0, 0))
	f.Add([]byte{0x1f, 0x8b, 8, 0})
	f.Fuzz(func(t *testing.T, file []byte) {
		if len(file) > 1 && file[0] == 0x1f && file[1] == 0x8b {
			return // decompression is not ours
		}
		var want []byte
		for rest := file; len(rest) > 0; {
			msg, next, err := wire.NextMessage(rest)
			if err != nil {
				break
			}
			rest = next
			if msg[3] == 4 && msg[2] == 0 {
				want = append(want, msg...)
			}
		}
		s := source(write(t, "f.bin", file))
		s.Loop = true
		var got []byte
		err := s.Run(t.Context(), func(_ context.Context, b Batch) error {
			if len(got) >= len(want) {
				return io.ErrClosedPipe // second round
			}
			got = append(got, b.Data...)
			return nil
		})
		if err == nil {
			t.Error("a loop ended without error")
		}
		if !bytes.Equal(got, want) {
			t.Errorf("handed on %x, want %x", got, want)
		}
	})
}

func benchmark(b *testing.B, rounds uint64) {
	data := stream(b, 60_000)
	path := write(b, "a.bin", data)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		s := source(path)
		f, err := openFile(path)
		if err != nil {
			b.Fatal(err)
		}
		at := position{File: f.identity, Min: synth.DefaultStart, Max: synth.DefaultStart + 600, Round: rounds}
		f.Close()
		if err := s.Resume(at.appendMark(nil)); err != nil {
			b.Fatal(err)
		}
		if err := s.Run(b.Context(), func(context.Context, Batch) error { return nil }); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(60_000*float64(b.N)/b.Elapsed().Seconds(), "messages/s")
}

func BenchmarkFirstRound(b *testing.B) { benchmark(b, 0) }
func BenchmarkLaterRound(b *testing.B) { benchmark(b, 3) }
