package journal

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"estream/internal/durable/faultfs"
	"estream/internal/syncbuf"
)

// openCopy plants content under a name that says nothing, and opens it.
func openCopy(t *testing.T, content []byte) (*Journal, *DamageError) {
	t.Helper()
	fsys := faultfs.New()
	plant(t, fsys, "/elsewhere/copy of a segment", content)
	j, tail, err := OpenSegment("/elsewhere/copy of a segment", Options{FS: fsys})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { mustClose(t, j) })
	return j, tail
}

// Each segment of a journal can be read alone, where it is and as a copy: the messages
// it holds and its snapshot, and nothing of the others.
func TestOpenSegment(t *testing.T) {
	fsys := faultfs.New()
	paths := filled(t, fsys)
	if len(paths) < 3 {
		t.Fatalf("%d segments", len(paths))
	}
	var from uint64
	for _, path := range paths {
		j, tail, err := OpenSegment(path, Options{FS: fsys})
		if err != nil || tail != nil {
			t.Fatalf("%s: %v, tail %v", path, err, tail)
		}
		same, tail := openCopy(t, slurp(t, fsys, path))
		if tail != nil {
			t.Errorf("%s: a copy has the tail %v", path, tail)
		}
		for _, j := range []*Journal{j, same} {
			if j.First().Seq != from {
				t.Fatalf("%s: begins at %v, want %d", path, j.First(), from)
			}
			seqs, losses := readAll(t, j, j.First(), 300)
			wantSeqs(t, seqs, from, j.End().Seq)
			start, snapshot, err := j.SegmentStart(j.First())
			if len(losses) > 0 || err != nil || start != j.First() || string(snapshot) != "snapshot" {
				t.Errorf("%s: lost %v; start %v, snapshot %q, %v", path, losses, start, snapshot, err)
			}
			if _, err := j.Append(t.Context(), testBatch(0, 1, 0)); !errors.Is(err, ErrReadOnly) {
				t.Errorf("Append: %v", err)
			}
		}
		from = j.End().Seq
		mustClose(t, j)
	}
	if from != 80 {
		t.Errorf("%d messages in all, want 80", from)
	}
}

// The segment that a journal is writing to can be read meanwhile, and is left alone.
func TestOpenSegmentInUse(t *testing.T) {
	fsys := faultfs.New()
	j := mustOpen(t, testDir, testOptions(fsys))
	mustAppend(t, j, 3, 10)
	path := segmentFiles(t, fsys, testDir)[0]
	one, tail, err := OpenSegment(path, Options{FS: fsys})
	if err != nil || tail != nil {
		t.Fatalf("%v, tail %v", err, tail)
	}
	seqs, _ := readAll(t, one, one.First(), 10)
	wantSeqs(t, seqs, 0, 6)
	mustClose(t, one)
	mustAppend(t, j, 1, 10)
	seqs, _ = readAll(t, j, Position{}, 10)
	wantSeqs(t, seqs, 0, 8)
}

// Wherever a segment is cut, the batches before it are read, and the tail says what
// follows them.
func TestOpenSegmentCut(t *testing.T) {
	fsys := faultfs.New()
	whole := slurp(t, fsys, filled(t, fsys)[1])
	full, _ := openCopy(t, whole)
	first := full.First().Seq
	ends := map[int64]uint64{full.segs[0].headLen: first} // offset behind a batch: its end
	s := &scanner{w: newWindow(bytes.NewReader(whole), int64(len(whole)), windowBytes), off: full.segs[0].headLen, salt: full.salt, expect: first, limit: noSeq}
	for it, err := s.next(); err == nil; it, err = s.next() {
		ends[it.off+it.length] = it.header.end()
	}
	var last int64
	for cut := full.segs[0].headLen; cut <= int64(len(whole)); cut++ {
		if _, ok := ends[cut]; ok {
			last = cut
		}
		if cut%7 != 0 && cut != last && cut != last+1 {
			continue
		}
		j, tail := openCopy(t, whole[:cut])
		seqs, losses := readAll(t, j, j.First(), 300)
		wantSeqs(t, seqs, first, ends[last])
		if len(losses) > 0 || (tail == nil) != (cut == last) {
			t.Fatalf("cut at %d: lost %v, tail %v", cut, losses, tail)
		}
		if tail != nil && (tail.Offset != last || tail.Length != cut-last || tail.From != ends[last] || tail.Lost() != 0 || !errors.Is(tail, errShort)) {
			t.Fatalf("cut at %d: tail %+v, want it at %d", cut, tail, last)
		}
	}
}

// Damage inside is reported by readers, a damaged header is logged; what is intact is
// read. What holds nothing intact is no segment.
func TestOpenSegmentDamaged(t *testing.T) {
	fsys := faultfs.New()
	path := filled(t, fsys)[1]
	whole := slurp(t, fsys, path)
	full, _ := openCopy(t, whole)
	first, end := full.First().Seq, full.End().Seq

	for at := full.segs[0].headLen; at < int64(len(whole)); at += 61 {
		bad := bytes.Clone(whole)
		bad[at] ^= 0x40
		j, tail := openCopy(t, bad)
		seqs, losses := readAll(t, j, j.First(), 300)
		lost := uint64(0)
		for _, err := range losses {
			var d *DamageError
			if !errors.As(err, &d) || d.Lost() > 2 {
				t.Fatalf("byte %d: %v", at, err)
			}
			lost += d.Lost()
		}
		if tail != nil {
			lost += end - tail.From
		}
		if uint64(len(seqs))+lost != end-first || lost > 2 {
			t.Fatalf("byte %d: %d messages read, %d lost (%v, tail %v), %d there", at, len(seqs), lost, losses, tail, end-first)
		}
	}

	for name, content := range map[string][]byte{
		"header damaged": append(bytes.Repeat([]byte{'x'}, 24), whole[24:]...),
		"header missing": whole[full.segs[0].headLen:],
	} {
		var log syncbuf.Buffer
		plant(t, fsys, "/elsewhere/x", content)
		j, tail, err := OpenSegment("/elsewhere/x", Options{FS: fsys, Log: log.Logger()})
		if err != nil || tail != nil {
			t.Fatalf("%s: %v, tail %v", name, err, tail)
		}
		seqs, losses := readAll(t, j, j.First(), 300)
		wantSeqs(t, seqs, first, end)
		_, snapshot, err := j.SegmentStart(j.First())
		if len(losses) > 0 || err != nil || string(snapshot) != "snapshot" || !strings.Contains(log.String(), "journal segment is damaged, its batches are kept") {
			t.Errorf("%s: lost %v; snapshot %q, %v; log\n%s", name, losses, snapshot, err, log.String())
		}
		mustClose(t, j)
	}

	newer := bytes.Clone(whole)
	be.PutUint32(newer[8:], formatVersion+1)
	be.PutUint32(newer[16:], segmentSum(newer[:full.segs[0].headLen]))
	for name, tt := range map[string]struct {
		content []byte
		want    string
	}{
		"empty":    {nil, "it is no segment, or nothing in it is intact: segment header is damaged: 0 bytes, at least 48 expected"},
		"other":    {[]byte(strings.Repeat("no segment ", 9)), `it starts with "no segme", expected "estrmjnl"`},
		"newer":    {newer, "format version 2"},
		"magic":    {bytes.Repeat(magicBytes, 100), "nothing in it is intact"},
		"headless": {whole[:20], "header of 65 bytes in a file of 20"},
	} {
		plant(t, fsys, "/elsewhere/y", tt.content)
		_, _, err := OpenSegment("/elsewhere/y", Options{FS: fsys})
		if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), filepath.FromSlash("/elsewhere/y")) {
			t.Errorf("%s: got %v, want %s", name, err, tt.want)
		}
	}
	if _, _, err := OpenSegment("/elsewhere/missing", Options{FS: fsys}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
	if _, _, err := OpenSegment(path, Options{FS: fsys, RetainBytes: -1}); err == nil {
		t.Error("impossible options are taken")
	}
}

// A segment that was created and holds no message yet is an empty journal.
func TestOpenSegmentEmpty(t *testing.T) {
	fsys := faultfs.New()
	whole := slurp(t, fsys, filled(t, fsys)[1])
	full, _ := openCopy(t, whole)
	j, tail := openCopy(t, whole[:full.segs[0].index.entries[0].off]) // header and snapshot
	if tail != nil || j.First() != full.First() || j.End() != j.First() {
		t.Errorf("from %v to %v, tail %v; want nothing at %v", j.First(), j.End(), tail, full.First())
	}
	r := j.NewReader(j.First(), ReaderOptions{})
	defer r.Close()
	if _, err := r.Next(t.Context()); err != io.EOF {
		t.Errorf("got %v", err)
	}
	if !LooksLikeSegment(whole[:8]) || LooksLikeSegment(whole[:7]) || LooksLikeSegment(whole[1:]) {
		t.Error("a segment is not told from other files")
	}
}

// FuzzOneSegment takes arbitrary bytes for a segment on its own. It opens or it does
// not; reading it ends.
func FuzzOneSegment(f *testing.F) {
	fsys := faultfs.New()
	j := mustOpen(f, testDir, testOptions(fsys))
	mustAppend(f, j, 2, 0)
	mustClose(f, j)
	whole := slurp(f, fsys, segmentFiles(f, fsys, testDir)[0])
	f.Add(whole, false)
	f.Add(whole[:len(whole)-9], true)
	f.Add(whole[segmentFixed:], true)
	f.Add(append(bytes.Clone(whole[:200]), whole...), false)
	f.Add(bytes.Repeat(magicBytes, 300), true)
	f.Fuzz(func(t *testing.T, content []byte, fix bool) {
		if fix {
			content = bytes.Clone(content)
			fixSums(content, whole[24:32])
		}
		fsys := faultfs.New()
		plant(t, fsys, "/x", content)
		opt := testOptions(fsys)
		opt.CommitInterval = time.Millisecond
		j, tail, err := OpenSegment("/x", opt)
		if err != nil {
			return
		}
		defer j.Close(t.Context())
		if tail != nil && (tail.Offset+tail.Length != int64(len(content)) || tail.Length <= 0) {
			t.Errorf("tail of %d bytes at %d in %d", tail.Length, tail.Offset, len(content))
		}
		readSome(t, j, j.First(), len(content))
		if _, _, err := j.SegmentStart(j.First()); err != nil {
			t.Error(err)
		}
	})
}
