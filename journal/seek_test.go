package journal

import (
	"errors"
	"estream/internal/durable/faultfs"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
)

func TestSeekArchive(t *testing.T) {
	fsys := faultfs.New()
	opt := testOptions(fsys)
	opt.SegmentBytes, opt.PendingBytes, opt.CommitBytes = 1<<20, 1<<30, 1<<30
	j := mustOpen(t, testDir, opt)
	// Not monotonic, and some without archive time; big enough for several index entries.
	times := []uint32{100, 90, 0, 110, 105, 50, 200, 150, 0, 210, 210, 300, 120, 400}
	sync := func(n int) bool { return n < 10 }
	for i, sec := range times {
		b := Batch{Count: 1, MinArchive: sec, MaxArchive: sec, Payload: [][]byte{make([]byte, 200<<10)}}
		if _, err := j.Append(t.Context(), b); err != nil {
			t.Fatal(err)
		}
		if sync(i) {
			if err := j.Sync(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
	check := func() {
		t.Helper()
		for sec := uint32(0); sec < 410; sec += 5 {
			want := uint64(len(times))
			for i, s := range times {
				if s >= sec {
					want = uint64(i)
					break
				}
			}
			if got := j.SeekArchive(sec).Seq; got != want {
				t.Errorf("SeekArchive(%d) = %d, want %d", sec, got, want)
			}
		}
	}
	check()
	mustClose(t, j)
	j = mustOpen(t, testDir, opt)
	check()
	mustClose(t, j)
	for _, f := range segmentFiles(t, fsys, testDir) { // without index files
		if err := fsys.Remove(indexPath(f)); err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
	}
	j = mustOpen(t, testDir, opt)
	check()
	mustClose(t, j)
}

func TestSegmentStart(t *testing.T) {
	fsys := faultfs.New()
	opt := testOptions(fsys)
	taken := 0
	opt.Snapshot = func(dst []byte) []byte { taken++; return fmt.Appendf(dst, "snapshot %d", taken) }
	j := mustOpen(t, testDir, opt)
	if start, snapshot, err := j.SegmentStart(Position{7}); start.Seq != 0 || snapshot != nil || err != nil {
		t.Errorf("SegmentStart in an empty journal: %v, %q, %v", start, snapshot, err)
	}
	mustAppend(t, j, 40, 300)
	for range 20 { // not durable
		if _, err := j.Append(t.Context(), testBatch(j.End().Seq, 2, 300)); err != nil {
			t.Fatal(err)
		}
	}
	check := func() {
		t.Helper()
		for i, seg := range j.segs {
			for _, pos := range []uint64{seg.first, seg.first + 1} {
				start, snapshot, err := j.SegmentStart(Position{pos})
				if want := fmt.Sprintf("snapshot %d", i+1); start.Seq != seg.first || string(snapshot) != want || err != nil {
					t.Errorf("SegmentStart(%d): %v, %q, %v; want %d, %q", pos, start, snapshot, err, seg.first, want)
				}
			}
		}
	}
	check()
	if err := j.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	check()
	segments := len(j.segs)
	mustClose(t, j)
	// A damaged snapshot is replaced by the one before it.
	file := segmentFiles(t, fsys, testDir)[2]
	content := slurp(t, fsys, file)
	content[strings.Index(string(content), "snapshot")]++
	plant(t, fsys, file, content)
	j = mustOpen(t, testDir, opt)
	defer mustClose(t, j)
	if len(j.segs) != segments {
		t.Fatalf("%d segments after reopening, want %d", len(j.segs), segments)
	}
	start, snapshot, err := j.SegmentStart(Position{j.segs[2].first + 3})
	if start.Seq != j.segs[1].first || string(snapshot) != "snapshot 2" || err != nil {
		t.Errorf("SegmentStart with a damaged snapshot: %v, %q, %v; want %d, %q", start, snapshot, err, j.segs[1].first, "snapshot 2")
	}
	r := j.NewReader(j.First(), ReaderOptions{NoWait: true, Snapshots: true})
	defer r.Close()
	n := 0
	for {
		v, err := r.Next(t.Context())
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err) // no message is lost with a snapshot
		}
		if v.Snapshot {
			n++
		}
	}
	if n != segments-1 {
		t.Errorf("%d snapshots read, want %d", n, segments-1)
	}
}

// Sources that are quiet for long keep their marks while segments come and go.
func TestMarksOutliveSegments(t *testing.T) {
	fsys := faultfs.New()
	opt := testOptions(fsys)
	opt.RetainBytes = 8 << 10
	j := mustOpen(t, testDir, opt)
	if _, err := j.Append(t.Context(), Batch{Source: 9, Count: 1, Payload: [][]byte{{1}}, MinArchive: 5, MaxArchive: 77, Mark: []byte("nine")}); err != nil {
		t.Fatal(err)
	}
	if j.DurableMark(9) != nil || string(j.LastMark(9)) != "nine" {
		t.Errorf("before the commit: durable mark %q, last mark %q", j.DurableMark(9), j.LastMark(9))
	}
	mustAppend(t, j, 100, 300)
	mustClose(t, j)
	for range 3 {
		fsys = fsys.Crash(faultfs.Lose, nil)
		opt.FS = fsys
		j = mustOpen(t, testDir, opt)
		if j.First().Seq == 0 {
			t.Error("nothing was deleted")
		}
		if got := string(j.LastMark(9)); got != "nine" || string(j.DurableMark(9)) != got || j.MaxArchive(9) != 77 {
			t.Errorf("source 9: mark %q, durable %q, archive %d; want nine, nine, 77", got, j.DurableMark(9), j.MaxArchive(9))
		}
		if j.LastMark(3) != nil || j.MaxArchive(3) != 0 {
			t.Errorf("unknown source: %q, %d", j.LastMark(3), j.MaxArchive(3))
		}
		mustAppend(t, j, 10, 300)
		mustClose(t, j)
	}
}
