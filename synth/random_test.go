package synth

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"estream/layouts"
	"estream/wire"
)

// TestFillRoundTrip: for random values x of every layout decode(encode(x)) is x,
// and encoding what was decoded gives the same bytes.
func TestFillRoundTrip(t *testing.T) {
	rounds := max(10, 60/slowdown)
	if testing.Short() {
		rounds = 5
	}
	set := layouts.Default()
	d := wire.NewDecoder(set, nil)
	rng := rand.New(rand.NewPCG(1, 2))
	var msg, again []byte
	largest := 0
	n := 0
	for l, err := range layouts.All(set) {
		if err != nil {
			t.Fatal(err)
		}
		n++
		b := l.NewBuilder()
		for range rounds {
			Fill(set, b, rng)
			h := wire.RecordHeader{NetmapID: uint16(rng.IntN(1 << 15)), Flagged: rng.IntN(2) == 0, Extended: rng.IntN(4) > 0}
			if h.Extended {
				h.ArchiveTimestamp, h.Reserved = rng.Uint32(), rng.Uint32()
			}
			msg = b.AppendMessage(msg[:0], h)
			largest = max(largest, len(msg))
			r, err := d.Decode(msg)
			if err != nil {
				t.Fatalf("%v: %v\n%x", b.Layout(), err, msg)
			}
			got := r.RecordHeader
			got.Type, got.Length, got.Size = 0, 0, 0
			if got != h || r.Layout != b.Layout() || r.Trailing != 0 {
				t.Fatalf("%v: got header %+v, want %+v; layout %v, %d trailing bytes", b.Layout(), got, h, r.Layout, r.Trailing)
			}
			compare(t, &r.View, &b.Record().View)
			if again = wire.AppendRecord(again[:0], r); !bytes.Equal(again, msg) {
				t.Fatalf("%v: encoded again\n got %x\nwant %x", b.Layout(), again, msg)
			}
		}
	}
	if n < 200 {
		t.Errorf("only %d layouts", n)
	}
	t.Logf("largest message %d bytes", largest)
	if largest > 64<<10 {
		t.Errorf("a message of %d bytes, the documentation promises some tens of KiB at most", largest)
	}
}

func compare(t *testing.T, got, want *wire.View) {
	t.Helper()
	l := want.Layout
	counted := map[string]int{}
	for i := range l.Fields {
		if l.Fields[i].Kind == wire.KindText {
			counted[l.Fields[i].LengthOf] = len(want.Bytes(i))
		}
	}
	for i := range l.Fields {
		f := &l.Fields[i]
		if n, ok := counted[f.Name]; ok && f.Kind.Integer() {
			if got.Uint(i) != uint64(n) {
				t.Fatalf("%v: %s is %d, the text has %d bytes", l, f.Name, got.Uint(i), n)
			}
			continue
		}
		if f.Kind.Integer() {
			if got.Uint(i) != want.Uint(i) {
				t.Fatalf("%v: %s is %d, want %d", l, f.Name, got.Uint(i), want.Uint(i))
			}
			continue
		}
		if f.When != "" && got.Has(i) != (want.Uint(l.Slot(f.When)) == 1) {
			t.Fatalf("%v: %s is there: %v", l, f.Name, got.Has(i))
		}
		if !bytes.Equal(got.Bytes(i), want.Bytes(i)) {
			t.Fatalf("%v: %s\n got %x\nwant %x", l, f.Name, got.Bytes(i), want.Bytes(i))
		}
	}
}

// TestFillNested puts every data block of series 1 into a list that takes any
// block, and finds it again with all its fields.
func TestFillNested(t *testing.T) {
	set := layouts.Default()
	d := wire.NewDecoder(set, nil)
	b, err := set.NewBuilder(39, 25)
	if err != nil {
		t.Fatal(err)
	}
	slot := b.Layout().Slot("ip_list")
	rng := rand.New(rand.NewPCG(3, 4))
	for _, block := range set.Source().Blocks(1) {
		for range 20 {
			src := &fixedElement{randomSource{rng: rng, set: set, series: 1}, block}
			b.Reset()
			b.SetBytes(slot, appendNested(nil, set, 1, src, &b.Layout().Fields[slot], 1))
			r, err := d.Decode(b.AppendMessage(nil, wire.RecordHeader{}))
			if err != nil {
				t.Fatalf("block %d: %v", block, err)
			}
			n := 0
			if err := d.Elements(&r.View, slot, func(v *wire.View) error {
				n++
				if v.Layout == nil || v.Block != block {
					t.Fatalf("block %d: found block %d, layout %v", block, v.Block, v.Layout)
				}
				// All bytes belong to fields: walking them ends where the block does.
				raw, end := v.Raw(), 8
				for i := range v.Layout.Fields {
					end += extent(raw[end:], raw[8:], v.Layout, i)
				}
				if end != len(raw) {
					t.Fatalf("%v: the fields end at %d of %d bytes", v.Layout, end, len(raw))
				}
				return nil
			}); err != nil || n != 2 {
				t.Fatalf("block %d: %d elements, %v", block, n, err)
			}
		}
	}
}

// fixedElement makes two elements of one type.
type fixedElement struct {
	randomSource
	block uint32
}

func (s *fixedElement) element(f *wire.Field) uint32 {
	if f.Name == "ip_list" {
		return s.block
	}
	return s.randomSource.element(f)
}

func (s *fixedElement) count(f *wire.Field, depth int) int {
	if depth == 1 {
		return 2
	}
	return s.randomSource.count(f, depth)
}
