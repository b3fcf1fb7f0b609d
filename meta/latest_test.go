package meta

import (
	"bytes"
	"testing"

	"estream/layouts"
	"estream/wire"
)

func device(t *testing.T, id uint64, name string, archive uint32) []byte {
	t.Helper()
	b, err := layouts.Default().NewBuilder(123, 0)
	if err != nil {
		t.Fatal(err)
	}
	b.SetUint(b.Layout().Slot("id"), id)
	b.SetString(b.Layout().Slot("name"), name)
	return b.AppendMessage(nil, wire.RecordHeader{Extended: true, ArchiveTimestamp: archive})
}

func TestLatest(t *testing.T) {
	l := NewLatest(layouts.Default())
	one, two := device(t, 1, "one", 10), device(t, 2, "two", 11)
	l.ObserveAll(append(bytes.Clone(one), two...))
	if !l.Has(device(t, 1, "one", 99)) {
		t.Error("an equal record with another archive time must count as known")
	}
	if l.Has(device(t, 1, "eins", 10)) || l.Has(device(t, 3, "one", 10)) {
		t.Error("another name or id must not count as known")
	}
	// A change moves the entry to the end, so that a replay ends with its value.
	eins := device(t, 1, "eins", 12)
	l.Observe(eins)
	if got, want := l.Append(nil), append(bytes.Clone(two), eins...); !bytes.Equal(got, want) {
		t.Errorf("got %x\nwant %x", got, want)
	}
	if n, refused := l.Len(); n != 2 || refused != 0 {
		t.Errorf("%d entries, %d refused", n, refused)
	}
	event, err := layouts.Default().NewBuilder(400, 85)
	if err != nil {
		t.Fatal(err)
	}
	if l.Observe(event.AppendMessage(nil, wire.RecordHeader{})) {
		t.Error("an intrusion event is not metadata")
	}
	broken := device(t, 4, "four", 0)
	if !l.Observe(broken[:len(broken)-1]) == false {
		t.Error("a cut message must be ignored")
	}
	known := device(t, 2, "two", 50)
	if n := testing.AllocsPerRun(100, func() { l.Observe(known) }); n != 0 {
		t.Errorf("%v allocations for known metadata, want 0", n)
	}
}
