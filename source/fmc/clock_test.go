package fmc

import (
	"testing"
	"time"

	"estream/internal/recordtest"
	"estream/layouts"
	"estream/source"
	"estream/wire"
)

// TestClockSetBack: events go on moving the position when our clock is set back by
// days during a session. Otherwise the next session would ask for them again, and
// not find them among what the journal holds from there on.
func TestClockSetBack(t *testing.T) {
	j := openJournal(t, t.TempDir())
	s := &Source{Number: 1, Journal: j}
	ahead := uint32(time.Now().Add(5 * 24 * time.Hour).Unix()) // of the clock as it is now
	event := func(second uint32) []byte {
		h := wire.RecordHeader{Extended: true, ArchiveTimestamp: second}
		return recordtest.MessageAs(t, layouts.Default(), h, 71, 174, nil)
	}
	if _, highest, late := archiveRange(event(ahead), s.believable()); highest != 0 || !late {
		t.Errorf("an event of five days ahead moved the position of an empty journal to %d", highest)
	}
	err := j.AppendFrom(t.Context(), 1, source.Batch{Data: event(ahead), Count: 1, MinArchive: ahead, MaxArchive: ahead})
	if err != nil {
		t.Fatal(err)
	}
	if _, highest, late := archiveRange(event(ahead+1), s.believable()); highest != ahead+1 || late {
		t.Errorf("the position is %d, expected %d: the journal holds events of that time", highest, ahead+1)
	}
	day := uint32(future / time.Second)
	if _, highest, late := archiveRange(event(ahead+day+60), s.believable()); highest != 0 || !late {
		t.Errorf("an event of a day after all others moved the position to %d", highest)
	}
}
