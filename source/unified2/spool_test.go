package unified2

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"estream/internal/syncbuf"
)

func open(t *testing.T, dir, prefix string, mark []byte, log *slog.Logger) *Spool {
	t.Helper()
	s, err := OpenSpool(dir, prefix, mark, log)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// drain reads all there is and returns the event numbers.
func drain(t *testing.T, s *Spool) (ids []uint32) {
	t.Helper()
	for {
		rec, err := s.Next()
		if err == io.EOF {
			return ids
		}
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, binary.BigEndian.Uint32(rec.Data()[4:]))
	}
}

func pollDrain(t *testing.T, s *Spool) []uint32 {
	t.Helper()
	s.Poll()
	return drain(t, s)
}

func events(ids ...uint32) (b []byte) {
	for _, id := range ids {
		b = appendEvent(b, id)
	}
	return b
}

func check(t *testing.T, what string, got []uint32, want ...uint32) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: got events %v, want %v", what, got, want)
	}
}

func skipped(t *testing.T, s *Spool, why Reason, want uint64) {
	t.Helper()
	if got := s.stats.Skipped[why]; got != want {
		t.Errorf("%s: counted %d times, want %d (all: %v)", why, got, want, s.stats.Skipped)
	}
}

func TestGrowAndRotate(t *testing.T) {
	dir := t.TempDir()
	first := writeFile(t, dir, "snort.u2.1700000000", events(1, 2))
	s := open(t, dir, "", nil, quiet())
	check(t, "start", drain(t, s), 1, 2)
	appendFile(t, first, events(3))
	check(t, "grown", pollDrain(t, s), 3)
	// The last record of the old file and the new files appear between two polls.
	appendFile(t, first, events(4))
	writeFile(t, dir, "snort.u2.1700000001", events(5))
	writeFile(t, dir, "snort.u2.1700000001.2", events(7))
	writeFile(t, dir, "snort.u2.1700000001.1", events(6))
	writeFile(t, dir, "snort.u2.1700000001.10", events(8))
	check(t, "rotated", pollDrain(t, s), 4, 5, 6, 7, 8)
	appendFile(t, filepath.Join(dir, "snort.u2.1700000001.10"), events(9))
	check(t, "newest grown", pollDrain(t, s), 9)
	if s.stats.Files != 4 || len(s.stats.Skipped) != 0 {
		t.Errorf("files left: %d, incidents: %v; want 4 and none", s.stats.Files, s.stats.Skipped)
	}
}

// TestResumeAnywhere takes a mark behind every record and continues from it.
func TestResumeAnywhere(t *testing.T) {
	dir := t.TempDir()
	var want []uint32
	for f := range uint32(4) {
		var b []byte
		for i := range uint32(5) {
			b = appendEvent(b, f*5+i)
			want = append(want, f*5+i)
		}
		writeFile(t, dir, fmt.Sprintf("merged.log.%d", 1700000000+f), b)
	}
	for n := range len(want) + 1 {
		s := open(t, dir, "", nil, quiet())
		for range n {
			if _, err := s.Next(); err != nil {
				t.Fatal(err)
			}
		}
		mark := s.Mark(nil)
		s.Close()
		if after := s.Mark(nil); !slices.Equal(mark, after) {
			t.Errorf("closing changed the mark from %x to %x", mark, after)
		}
		again := open(t, dir, "", mark, quiet())
		check(t, fmt.Sprintf("resumed behind %d", n), drain(t, again), want[n:]...)
		if len(again.stats.Skipped) != 0 {
			t.Errorf("incidents: %v", again.stats.Skipped)
		}
	}
}

// TestTornTail: an incomplete record waits while its file is the newest, and is
// reported once when the writer has gone on.
func TestTornTail(t *testing.T) {
	whole := appendPacket(events(1), TypePacket, 1, []byte("payload"))
	for cut := range len(whole) {
		dir := t.TempDir()
		var out syncbuf.Buffer
		path := writeFile(t, dir, "snort.u2.1700000000", whole[:cut])
		s := open(t, dir, "", nil, out.Logger())
		got := len(drain(t, s)) + len(pollDrain(t, s))
		if out.String() != "" {
			t.Fatalf("cut at %d: the newest file was complained about: %s", cut, out.String())
		}
		writeFile(t, dir, "snort.u2.1700000001", events(2))
		check(t, fmt.Sprintf("cut at %d, next file", cut), pollDrain(t, s), 2)
		s.Poll()
		drain(t, s)
		torn := cut != 0 && cut != 68
		if want := map[bool]int{true: 1}[cut >= 68]; got != want {
			t.Errorf("cut at %d: %d records, want %d", cut, got, want)
		}
		if n := strings.Count(out.String(), "torn tail"); n != map[bool]int{true: 1}[torn] {
			t.Errorf("cut at %d: reported %d times: %s", cut, n, out.String())
		}
		if torn && !strings.Contains(out.String(), path) {
			t.Errorf("cut at %d: the report does not name %s: %s", cut, path, out.String())
		}
		s.Close()
	}
}

func TestCompletedTail(t *testing.T) {
	dir := t.TempDir()
	whole := events(1, 2)
	path := writeFile(t, dir, "snort.u2.1700000000", whole[:100])
	s := open(t, dir, "", nil, quiet())
	check(t, "half", drain(t, s), 1)
	for at := 100; at < len(whole); at++ {
		check(t, "more of it", pollDrain(t, s))
		appendFile(t, path, whole[at:at+1])
	}
	check(t, "complete", pollDrain(t, s), 2)
}

func TestGarbage(t *testing.T) {
	dir := t.TempDir()
	var out syncbuf.Buffer
	bad := append(events(1), "\xff\xff\xff\xff\xff\xff\xff\xff and so on"...)
	path := writeFile(t, dir, "snort.u2.1700000000", bad)
	s := open(t, dir, "", nil, out.Logger())
	check(t, "before the garbage", drain(t, s), 1)
	appendFile(t, path, events(2))
	check(t, "behind it", pollDrain(t, s))
	writeFile(t, dir, "snort.u2.1700000001", events(3))
	check(t, "next file", pollDrain(t, s), 3)
	skipped(t, s, ReasonLength, 1)
	if !strings.Contains(out.String(), "offset 68") || !strings.Contains(out.String(), path) {
		t.Errorf("log names neither file nor offset: %s", out.String())
	}
}

// TestRewritten: Snort 3 opens the same name for writing again when it restarts.
func TestRewritten(t *testing.T) {
	for _, n := range []uint32{1, 3, 9} { // shorter than, as long as, longer than before
		dir := t.TempDir()
		path := writeFile(t, dir, "unified2.log", events(1, 2, 3))
		s := open(t, dir, "", nil, quiet())
		check(t, "old content", drain(t, s), 1, 2, 3)
		var ids []uint32
		for i := range n {
			ids = append(ids, 100+i)
		}
		writeFile(t, dir, "unified2.log", events(ids...))
		check(t, "new content", pollDrain(t, s), ids...)
		skipped(t, s, ReasonRewritten, 1)

		mark := s.Mark(nil)
		s.Close()
		if err := os.Truncate(path, 0); err != nil {
			t.Fatal(err)
		}
		writeFile(t, dir, "unified2.log", events(200, 201))
		s = open(t, dir, "", mark, quiet())
		check(t, "rewritten while nobody read", drain(t, s), 200, 201)
		skipped(t, s, ReasonRewritten, 1)
	}
}

// TestTruncated: the same content made shorter is no new content, neither while
// it is short nor when a copying tool has filled it up again.
func TestTruncated(t *testing.T) {
	dir := t.TempDir()
	path := writeFile(t, dir, "unified2.log", events(1, 2, 3))
	s := open(t, dir, "", nil, quiet())
	check(t, "whole", drain(t, s), 1, 2, 3)
	if err := os.Truncate(path, 100); err != nil {
		t.Fatal(err)
	}
	check(t, "truncated", pollDrain(t, s))
	skipped(t, s, ReasonTruncated, 1)
	writeFile(t, dir, "unified2.log", events(1, 2, 3, 4))
	check(t, "filled up", pollDrain(t, s), 4)
	skipped(t, s, ReasonRewritten, 0)
}

// TestDeleted: what was opened is read to its end, the next files are open before
// their turn, and what vanished unread is counted.
func TestDeleted(t *testing.T) {
	dir := t.TempDir()
	path := writeFile(t, dir, "snort.u2.1700000000", events(1, 2))
	s := open(t, dir, "", nil, quiet())
	if _, err := s.Next(); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal("open files cannot be deleted here:", err)
	}
	want := []uint32{2}
	var names []string
	for i := range uint32(maxHeld + 2) {
		names = append(names, writeFile(t, dir, fmt.Sprintf("snort.u2.%d", 1700000001+i), events(3+i)))
		if i < maxHeld {
			want = append(want, 3+i)
		}
	}
	s.Poll()
	for _, name := range names {
		if err := os.Remove(name); err != nil {
			t.Fatal(err)
		}
	}
	last := writeFile(t, dir, "snort.u2.1700000100", events(1000))
	check(t, "what was open", drain(t, s), want...)
	// The last of the deleted files is given up when a newer one is known.
	check(t, "what is there", pollDrain(t, s), 1000)
	skipped(t, s, ReasonGone, 2)

	mark := s.Mark(nil)
	if err := os.Remove(last); err != nil {
		t.Fatal(err)
	}
	writeFile(t, dir, "snort.u2.1700000104", events(6))
	s = open(t, dir, "", mark, quiet())
	check(t, "resumed without the file of the mark", drain(t, s), 6)
	skipped(t, s, ReasonGone, 1)
}

// TestRenamed: log rotation by renaming, while reading and while stopped.
func TestRenamed(t *testing.T) {
	dir := t.TempDir()
	path := writeFile(t, dir, "unified2.log", events(1, 2))
	rotate := func() {
		if err := os.Rename(path, path+".1"); err != nil {
			t.Fatal(err)
		}
	}
	s := open(t, dir, "", nil, quiet())
	check(t, "start", drain(t, s), 1, 2)
	appendFile(t, path, events(3))
	rotate()
	check(t, "renamed, no successor yet", pollDrain(t, s), 3)
	appendFile(t, path+".1", events(4))
	writeFile(t, dir, "unified2.log", events(5, 6))
	check(t, "renamed", pollDrain(t, s), 4, 5, 6)

	mark := s.Mark(nil)
	s.Close()
	appendFile(t, path, events(7))
	rotate()
	writeFile(t, dir, "unified2.log", events(8))
	s = open(t, dir, "", mark, quiet())
	check(t, "renamed while nobody read", drain(t, s), 7, 8)
	if len(s.stats.Skipped) != 0 {
		t.Errorf("incidents: %v", s.stats.Skipped)
	}
}

// TestClockWentBack: a file with an older stamp than the current one is new.
func TestClockWentBack(t *testing.T) {
	dir := t.TempDir()
	writeFile(t, dir, "snort.u2.1700000100", events(1))
	s := open(t, dir, "", nil, quiet())
	check(t, "start", drain(t, s), 1)
	writeFile(t, dir, "snort.u2.1700000050", events(2))
	check(t, "older stamp", pollDrain(t, s), 2)
	skipped(t, s, ReasonLate, 1)
	mark := s.Mark(nil)
	writeFile(t, dir, "snort.u2.1700000101", events(3))
	check(t, "resumed", drain(t, open(t, dir, "", mark, quiet())), 3)
	check(t, "went on", pollDrain(t, s), 3)
}

func TestUnreadable(t *testing.T) {
	dir := t.TempDir()
	link := filepath.Join(dir, "snort.u2.1700000000")
	if err := os.Symlink(dir, link); err != nil { // a directory: cannot be read by anybody
		t.Skip("no symbolic links:", err)
	}
	var out syncbuf.Buffer
	s := open(t, dir, "", nil, out.Logger())
	check(t, "unreadable", append(drain(t, s), pollDrain(t, s)...))
	writeFile(t, dir, "snort.u2.1700000001", events(2))
	check(t, "still waited for", pollDrain(t, s))
	if err := os.Remove(link); err != nil {
		t.Fatal(err)
	}
	writeFile(t, dir, "snort.u2.1700000000", events(1))
	check(t, "readable now", pollDrain(t, s), 1, 2)
	skipped(t, s, ReasonUnreadable, 1)

	writeFile(t, dir, "snort.u2.1700000003", events(3))
	if err := os.Symlink(dir, filepath.Join(dir, "snort.u2.1700000002")); err != nil {
		t.Fatal(err)
	}
	var got []uint32
	for range maxTries + 2 {
		got = append(got, pollDrain(t, s)...)
	}
	check(t, "given up", got, 3)
	skipped(t, s, ReasonSetAside, 1)
	if n := strings.Count(out.String(), "reason=\"unreadable file\""); n != 2 {
		t.Errorf("unreadable files reported %d times, want 2:\n%s", n, out.String())
	}
}

// TestLanes: several writers share a directory, each with files of its own.
func TestLanes(t *testing.T) {
	dir := t.TempDir()
	a := writeFile(t, dir, "a.u2", events(1))
	writeFile(t, dir, "snort.u2.1700000000", events(11))
	writeFile(t, dir, "README.txt", []byte("not a spool file"))
	s := open(t, dir, "", nil, quiet())
	check(t, "start", drain(t, s), 1, 11)
	appendFile(t, a, events(2))
	writeFile(t, dir, "snort.u2.1700000001", events(12))
	writeFile(t, dir, "unified2.alert.1700000000", events(21))
	got := pollDrain(t, s)
	slices.Sort(got)
	check(t, "all lanes", got, 2, 12, 21)
	mark := s.Mark(nil)
	appendFile(t, a, events(3))
	check(t, "resumed", drain(t, open(t, dir, "", mark, quiet())), 3)
	check(t, "resumed with one prefix", drain(t, open(t, dir, "snort.u2", mark, quiet())))
	check(t, "one prefix", drain(t, open(t, dir, "snort.u2", nil, quiet())), 11, 12)
	check(t, "one file", drain(t, open(t, a, "", nil, quiet())), 1, 2, 3)
}

func TestFairness(t *testing.T) {
	dir := t.TempDir()
	var many []byte
	for i := range uint32(3 * fairShare) {
		many = appendEvent(many, i)
	}
	writeFile(t, dir, "a.u2", many)
	writeFile(t, dir, "b.u2", events(99999))
	if i := slices.Index(drain(t, open(t, dir, "", nil, quiet())), 99999); i > fairShare {
		t.Errorf("the other file's turn came after %d records, want at most %d", i, fairShare)
	}
}

func TestTooManyPrefixes(t *testing.T) {
	dir := t.TempDir()
	for i := range 5 {
		writeFile(t, dir, fmt.Sprintf("sensor%d.u2", i), events(uint32(i)))
	}
	s := open(t, dir, "", nil, quiet())
	for i := 5; i < 40; i++ {
		writeFile(t, dir, fmt.Sprintf("sensor%d.u2", i), events(uint32(i)))
	}
	s.Poll()
	n := len(s.lanes)
	skipped(t, s, ReasonNoRoom, uint64(40-n))
	if mark := s.Mark(nil); len(mark) > maxMark || n < 8 {
		t.Errorf("%d lanes, mark of %d bytes; want at least 8 and at most %d", n, len(mark), maxMark)
	}
	if _, err := OpenSpool(dir, "", nil, quiet()); err == nil || !strings.Contains(err.Error(), "prefix") {
		t.Errorf("got %v, want an error that tells to choose a prefix", err)
	}
	// Files that are gone make room for others.
	drain(t, s)
	for i := range 39 {
		if err := os.Remove(filepath.Join(dir, fmt.Sprintf("sensor%d.u2", i))); err != nil {
			t.Fatal(err)
		}
	}
	check(t, "room again", pollDrain(t, s), 39)
}

func TestOpenSpoolErrors(t *testing.T) {
	if _, err := OpenSpool(filepath.Join(t.TempDir(), "none"), "", nil, quiet()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("missing directory: got %v", err)
	}
	if _, err := OpenSpool(t.TempDir(), "", []byte{1, 200}, quiet()); !errors.Is(err, errMark) {
		t.Errorf("damaged mark: got %v", err)
	}
}

func TestDirectoryVanishes(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "spool")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	var out syncbuf.Buffer
	s := open(t, dir, "", nil, out.Logger())
	if err := os.Remove(dir); err != nil {
		t.Fatal(err)
	}
	s.Poll()
	s.Poll()
	if n := strings.Count(out.String(), "list spool"); n != 1 {
		t.Errorf("reported %d times, want once: %s", n, out.String())
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	writeFile(t, dir, "a.u2", events(1))
	check(t, "back again", pollDrain(t, s), 1)
}

func TestSpoolAllocs(t *testing.T) {
	dir := t.TempDir()
	writeFile(t, dir, "a.u2", testFile(t, "snort29-vlan-extradata.u2.gz"))
	s := open(t, dir, "", nil, quiet())
	if n := testing.AllocsPerRun(10000, func() {
		if _, err := s.Next(); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations per record, want 0", n)
	}
}
