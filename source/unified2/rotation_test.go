package unified2

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"estream/internal/recordtest"
	"estream/layouts"
	"estream/source/sensor"
	"estream/wire"
)

func rename(t *testing.T, dir, from, to string) {
	t.Helper()
	if err := os.Rename(filepath.Join(dir, from), filepath.Join(dir, to)); err != nil {
		t.Fatal(err)
	}
}

// TestRenamedToStamp: a file without stamp is renamed to one with, which is a name
// under which files are read, too: at any moment, and while nobody reads.
func TestRenamedToStamp(t *testing.T) {
	dir := t.TempDir()
	log := writeFile(t, dir, "unified2.log", events(1, 2, 3))
	s := open(t, dir, "", nil, quiet())
	for range 2 {
		if _, err := s.Next(); err != nil {
			t.Fatal(err)
		}
	}
	rename(t, dir, "unified2.log", "unified2.log.1700000001")
	check(t, "renamed in the middle", pollDrain(t, s), 3)
	appendFile(t, log+".1700000001", events(4)) // the sensor has it open still
	writeFile(t, dir, "unified2.log", events(6))
	appendFile(t, log+".1700000001", events(5))
	check(t, "both grow", pollDrain(t, s), 4, 5, 6)

	rename(t, dir, "unified2.log", "unified2.log.1700000002")
	writeFile(t, dir, "unified2.log", events(7))
	rename(t, dir, "unified2.log", "unified2.log.1700000003")
	writeFile(t, dir, "unified2.log", events(8))
	check(t, "twice between two looks", append(pollDrain(t, s), pollDrain(t, s)...), 7, 8)

	appendFile(t, log, events(9))
	mark := s.Mark(nil)
	s.Close()
	rename(t, dir, "unified2.log", "unified2.log.1700000004")
	writeFile(t, dir, "unified2.log", events(10))
	rename(t, dir, "unified2.log", "unified2.log.1700000005")
	writeFile(t, dir, "unified2.log", events(11))
	s = open(t, dir, "", mark, quiet())
	check(t, "while nobody read", append(drain(t, s), pollDrain(t, s)...), 9, 10, 11)
	if len(s.stats.Skipped) != 0 {
		t.Errorf("incidents: %v", s.stats.Skipped)
	}
	if n := len(drain(t, open(t, dir, "", nil, quiet()))); n == 0 {
		t.Error("a new reader finds nothing in the stamped files")
	}
}

// TestRenamedTwice: while the stamped lane is behind, it takes over the position
// of the renamed file only when its turn has come, also over a restart.
func TestRenamedTwice(t *testing.T) {
	for _, restart := range []bool{false, true} {
		dir := t.TempDir()
		writeFile(t, dir, "unified2.log", events(10, 11, 12))
		s := open(t, dir, "", nil, quiet())
		for range 2 {
			if _, err := s.Next(); err != nil {
				t.Fatal(err)
			}
		}
		// An older file appears together with the renamed one.
		writeFile(t, dir, "unified2.log.1600000000", events(1, 2))
		rename(t, dir, "unified2.log", "unified2.log.1700000000")
		writeFile(t, dir, "unified2.log", events(13))
		s.Poll()
		if restart {
			mark := s.Mark(nil)
			s.Close()
			s = open(t, dir, "", mark, quiet())
		}
		check(t, fmt.Sprintf("restart %v", restart), append(drain(t, s), pollDrain(t, s)...), 1, 2, 12, 13)
		if len(s.stats.Skipped) != 0 {
			t.Errorf("incidents: %v", s.stats.Skipped)
		}
	}
}

// TestRenamedAndArchived: an archiver takes the renamed file away before its new
// name was ever looked at.
func TestRenamedAndArchived(t *testing.T) {
	dir := t.TempDir()
	writeFile(t, dir, "unified2.log.1600000000", events(1))
	writeFile(t, dir, "unified2.log", events(2, 3))
	s := open(t, dir, "", nil, quiet())
	check(t, "start", append(drain(t, s), pollDrain(t, s)...), 1, 2, 3)
	appendFile(t, filepath.Join(dir, "unified2.log"), events(4))
	rename(t, dir, "unified2.log", "unified2.log.1700000000")
	if err := os.Remove(filepath.Join(dir, "unified2.log.1700000000")); err != nil {
		t.Fatal(err)
	}
	writeFile(t, dir, "unified2.log", events(5))
	check(t, "the open file and the new one", pollDrain(t, s), 4, 5)
	if len(s.stats.Skipped) != 0 {
		t.Errorf("incidents: %v", s.stats.Skipped)
	}
}

// A storm writes a spool in which everything happens at once: a file without stamp
// grows, is renamed to a stamped name at arbitrary moments while the sensor may go
// on writing into it, and an archiver takes away what was read.
type storm struct {
	dir   string
	total uint32

	mu   sync.Mutex
	last map[string]uint32 // the last event in each renamed file
	read uint32            // events that the reader has stored
}

func (s *storm) write() error {
	name := filepath.Join(s.dir, "unified2.log")
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	var buf []byte
	for id := range s.total {
		buf = appendPacket(appendEvent(buf, id), TypePacket, id, make([]byte, id%300))
		if n := len(buf) - int(id%61); id%3 == 0 && n > 0 {
			if _, err := f.Write(buf[:n]); err != nil {
				return err
			}
			buf = append(buf[:0], buf[n:]...)
		}
		switch {
		case id == s.total-1:
			return closeWith(f, buf)
		case id%211 == 210:
			// Three names a second, as after a second the number begins anew.
			to := fmt.Sprintf("%s.%d", name, 1700000000+id/633)
			if k := id / 211 % 3; k > 0 {
				to += fmt.Sprintf(".%d", k)
			}
			if err := os.Rename(name, to); err != nil {
				return err
			}
			// What is left goes into the renamed file, after its new name was seen.
			if err := closeWith(f, buf); err != nil {
				return err
			}
			buf = buf[:0]
			s.mu.Lock()
			s.last[to] = id
			s.mu.Unlock()
			if f, err = os.Create(name); err != nil {
				return err
			}
		}
	}
	return nil
}

// archive removes what the reader has stored, but for the files that its position
// may be in: whether they were read to their end could not be told after a restart.
func (s *storm) archive() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for name, last := range s.last {
		if last+3*211 < s.read {
			delete(s.last, name)
			if err := os.Remove(name); err != nil {
				return err
			}
		}
	}
	return nil
}

// TestStorm reads a storm with kills and resumes from the last stored mark: every
// event and packet comes exactly once and in order.
func TestStorm(t *testing.T) {
	s := &storm{dir: t.TempDir(), total: 20_000, last: make(map[string]uint32)}
	if testing.Short() {
		s.total = 5_000
	}
	written := make(chan error, 1)
	go func() { written <- s.write() }()
	set := layouts.Default()
	dec := wire.NewDecoder(set, nil)
	var mark []byte
	next, packets := uint32(0), uint32(0)
	for run := 0; packets < s.total; run++ {
		ctx, cancel := context.WithCancel(t.Context())
		src := &Source{Dir: s.dir, Prefix: "unified2.log", Mark: mark, Layouts: set, Log: quiet(), Poll: time.Millisecond}
		kill := uint32(run+1) * (s.total / 14)
		err := src.Run(ctx, func(_ context.Context, b Batch) error {
			if run < 12 && next > kill {
				return errKilled
			}
			for m := range recordtest.Split(t, b.Data) {
				h, _ := wire.PeekRecord(m)
				if h.Type != 400 && h.Type != 2 {
					continue
				}
				r, err := dec.Decode(m)
				if err != nil {
					t.Fatal(err)
				}
				want := &next
				if r.Type == 2 {
					want = &packets
				}
				if got := field(r, "event_id"); got != *want {
					t.Fatalf("run %d: record %d of event %d, want %d", run, r.Type, got, *want)
				}
				*want++
			}
			mark = append(mark[:0], b.Mark...)
			s.mu.Lock()
			s.read = packets
			s.mu.Unlock()
			if packets == s.total {
				cancel()
			}
			return s.archive()
		})
		cancel()
		if err != nil && !errors.Is(err, errKilled) {
			t.Fatal(err)
		}
		for why, n := range src.Stats().Skipped {
			t.Errorf("run %d: %s: %d", run, why, n)
		}
	}
	if err := <-written; err != nil {
		t.Fatal(err)
	}
}

// TestMarkOfEarlierRelease: a mark as earlier releases stored it, byte for byte,
// is still a position.
func TestMarkOfEarlierRelease(t *testing.T) {
	dir := t.TempDir()
	writeFile(t, dir, "snort.u2.1700000000", events(1, 2, 3))
	writeFile(t, dir, "alerts.u2", events(7, 8))
	mark, err := os.ReadFile("testdata/mark-v1.bin")
	if err != nil {
		t.Fatal(err)
	}
	check(t, "resumed", drain(t, open(t, dir, "", mark, quiet())), 8, 3)
}

// TestTwoSensors: equal event numbers of two sensors mean two events.
func TestTwoSensors(t *testing.T) {
	file := writeFile(t, t.TempDir(), "a.u2", events(1, 2))
	type identity struct{ device, event, second uint32 }
	seen := make(map[identity]string)
	for _, name := range []string{"dmz", "office"} {
		src := &Source{Dir: file, Sensor: sensor.Device{Name: name, IngressInterface: "eth1", IngressZone: "outside"}}
		dec := wire.NewDecoder(layouts.Default(), nil)
		uuids := make(map[string]string)
		for _, m := range collect(t, src) {
			r, err := dec.Decode(m)
			if err != nil {
				t.Fatal(err)
			}
			text := func(field string) string { return string(r.Bytes(r.Layout.Slot(field))) }
			switch r.Type {
			case 115, 116:
				uuids[text("uuid")] = text("name")
			case 123:
				if text("name") != name {
					t.Errorf("device is called %q, want %q", text("name"), name)
				}
			case 400:
				id := identity{field(r, "device_id"), field(r, "event_id"), field(r, "event_second")}
				if other, ok := seen[id]; ok {
					t.Errorf("%+v is an event of %s and of %s", id, other, name)
				}
				seen[id] = name
				if got := uuids[text("interface_ingress_uuid")] + " " + uuids[text("security_zone_ingress_uuid")]; got != "eth1 outside" {
					t.Errorf("interface and zone are %q, want eth1 and outside", got)
				}
			}
		}
	}
	if len(seen) != 4 {
		t.Errorf("%d events of two sensors, want 4", len(seen))
	}
}
