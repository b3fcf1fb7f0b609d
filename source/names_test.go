package source

import (
	"bytes"
	"testing"

	"estream/internal/recordtest"
	"estream/layouts"
)

func named(t *testing.T, id int, name string) []byte {
	return recordtest.Message(t, layouts.Default(), 123, 0, recordtest.Fields{"id": id, "name": name})
}

// TestSnapshot: what Append writes is read back source by source.
func TestSnapshot(t *testing.T) {
	n := NewNames(layouts.Default())
	n.Of(4).Observe(named(t, 1, "four"))
	n.Of(2).Observe(named(t, 1, "two"))
	n.Of(3) // knows nothing
	got := map[uint32][]byte{}
	eachSource(n.Append(nil), func(source uint32, messages []byte) { got[source] = bytes.Clone(messages) })
	if len(got) != 2 || !bytes.Equal(got[2], named(t, 1, "two")) || !bytes.Equal(got[4], named(t, 1, "four")) {
		t.Errorf("read back %d sources: %v", len(got), got)
	}
}

// TestSnapshotOfOneSource: journals written before there were several sources have
// snapshots without numbers.
func TestSnapshotOfOneSource(t *testing.T) {
	old := append(named(t, 1, "a"), named(t, 2, "b")...)
	calls := 0
	eachSource(old, func(source uint32, messages []byte) {
		calls++
		if source != 1 || !bytes.Equal(messages, old) {
			t.Errorf("source %d, messages %q", source, messages)
		}
	})
	if calls != 1 {
		t.Errorf("%d calls, want 1", calls)
	}
}

// FuzzSnapshot: whatever stands in a snapshot, its bytes are handed on once.
func FuzzSnapshot(f *testing.F) {
	f.Add([]byte("\x00\x01\xfe\x53\x00\x00\x00\x04\x00\x00\x00\x02\x00\x01\x00\x04\x00\x00\x00\x00"))
	f.Add([]byte("\x00\x01\xfe\x53\x00\x00\x00\x04\x00\x00\x00\x02\x00\x01\xfe\x53\x00\x00\x00\x04\x00\x00\x00\x01\x00\x01"))
	f.Fuzz(func(t *testing.T, b []byte) {
		n := 0
		eachSource(b, func(_ uint32, messages []byte) {
			if len(messages) == 0 {
				t.Error("handed on nothing")
			}
			n += len(messages)
		})
		if n > len(b) {
			t.Errorf("%d bytes of %d", n, len(b))
		}
	})
}
