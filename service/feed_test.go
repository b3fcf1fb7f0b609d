package service_test

import (
	"context"
	"errors"
	"testing"

	"estream/internal/durable/faultfs"
	"estream/internal/recordtest"
	"estream/service"
	"estream/source"
)

// numbered makes events 1, 2, ... up to last, one per batch, with their number as mark.
// It fails once behind each number in failures.
func numbered(t *testing.T, last int, failures ...int) *service.Feed {
	failed := map[int]bool{}
	return &service.Feed{Name: "numbers", Run: func(ctx context.Context, from service.Resume, take service.Take) error {
		n := 0
		if len(from.Mark) == 1 {
			n = int(from.Mark[0])
		}
		for n < last {
			for _, f := range failures {
				if f == n && !failed[f] {
					failed[f] = true
					return errors.New("the sensor's disk is gone")
				}
			}
			n++
			at := recordtest.Header.ArchiveTimestamp + uint32(n)
			b := source.Batch{Data: event(t, 7, n), Count: 1, MinArchive: at, MaxArchive: at, Mark: []byte{byte(n)}}
			if err := take(ctx, b); err != nil {
				return err
			}
		}
		return nil
	}}
}

// TestFeed: a feed that fails is tried again behind what it has delivered, and
// goes on there after a restart.
func TestFeed(t *testing.T) {
	disk := faultfs.New()
	lines := newSink()
	feed := &service.Source{Name: "sensor", Feed: numbered(t, 3, 2)}
	s := &service.Service{FS: disk, Sources: []*service.Source{feed}, Outputs: []*service.Output{lines.output("all")}}
	stop := run(t, s)
	has(t, lines.take(t, 3), `"connectionCounter": 1,`, `"connectionCounter": 2,`, `"connectionCounter": 3,`)
	for {
		st, ok := s.Status()
		if ok && st.Sources[0].Ended {
			if got := st.Sources[0]; got.Name != "sensor" || got.Journaled != 3 || got.LastError != "the sensor's disk is gone" {
				t.Errorf("%+v", got)
			}
			break
		}
	}
	stop()
	feed = &service.Source{Name: "sensor", Feed: numbered(t, 5)}
	run(t, &service.Service{FS: disk, Sources: []*service.Source{feed}, Outputs: []*service.Output{lines.output("all")}})
	has(t, lines.take(t, 5)[3:], `"connectionCounter": 4,`, `"connectionCounter": 5,`)
}

// TestFeedNumber: the journals of servers knew their sources by fixed numbers.
func TestFeedNumber(t *testing.T) {
	disk := faultfs.New()
	replayed, spool := numbered(t, 1), numbered(t, 2)
	replayed.Number, spool.Number = service.ReplayNumber, service.Unified2Number
	lines := newSink()
	run(t, &service.Service{
		FS: disk, Sources: []*service.Source{{Name: "replay", Feed: replayed}, {Name: "unified2", Feed: spool}, {Name: "another", Feed: numbered(t, 1)}},
		Outputs: []*service.Output{lines.output("all")},
	})
	lines.take(t, 4)
	numbers, err := service.SourceNumbers(disk, "/state")
	if err != nil || numbers["replay"] != 2 || numbers["unified2"] != 1 || numbers["another"] != 3 {
		t.Errorf("%v, %v", numbers, err)
	}
}
