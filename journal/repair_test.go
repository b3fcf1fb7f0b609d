package journal

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"

	"estream/internal/durable/faultfs"
)

// image is a journal of one segment with 5 batches of 2 messages, each
// commit of its own, so that each batch proves that those before it were durable.
func image(t *testing.T) (name string, content []byte, offsets []int) {
	t.Helper()
	fsys := faultfs.New()
	j := mustOpen(t, testDir, testOptions(fsys))
	for range 5 {
		mustAppend(t, j, 1, 100)
	}
	for _, seg := range j.segs {
		name = seg.path
	}
	offsets = append(offsets, int(j.segs[0].headLen)) // the snapshot
	s := &scanner{w: newWindow(bytes.NewReader(slurp(t, fsys, name)), j.segs[0].size, headerBytes), off: j.segs[0].headLen, salt: j.salt, limit: noSeq}
	for it, err := s.next(); err == nil; it, err = s.next() {
		offsets = append(offsets, int(it.off+it.length))
	}
	mustClose(t, j)
	return name, slurp(t, fsys, name), offsets
}

// lastSegmentOf plants content as the only segment and opens the journal.
func openImage(t *testing.T, name string, content []byte) (*Journal, *faultfs.FS) {
	t.Helper()
	fsys := faultfs.New()
	plant(t, fsys, name, content)
	return mustOpen(t, testDir, testOptions(fsys)), fsys
}

// A file that ends at any byte of the last batch, or has zeros from there on,
// loses that batch and nothing else, and the journal goes on behind it.
func TestTornTail(t *testing.T) {
	name, content, offsets := image(t)
	end := offsets[len(offsets)-1]
	last := offsets[len(offsets)-2]
	for cut := last; cut < end; cut++ {
		for _, zeros := range []bool{false, true} {
			torn := bytes.Clone(content[:cut])
			if zeros {
				torn = append(torn, make([]byte, end-cut+1000)...)
			}
			j, fsys := openImage(t, name, torn)
			seqs, losses := readAll(t, j, Position{}, 100)
			if losses != nil {
				t.Fatalf("cut at %d: losses %v", cut, losses)
			}
			wantSeqs(t, seqs, 0, 8)
			if got := string(j.LastMark(1)); got != "mark 8" {
				t.Fatalf("cut at %d: LastMark %q, want %q", cut, got, "mark 8")
			}
			if got := j.Stats().CutBytes; got != uint64(len(torn)-last) {
				t.Fatalf("cut at %d: %d bytes cut, want %d", cut, got, len(torn)-last)
			}
			mustAppend(t, j, 2, 100)
			mustClose(t, j)
			j = mustOpen(t, testDir, testOptions(fsys))
			seqs, losses = readAll(t, j, Position{}, 100)
			if losses != nil {
				t.Fatalf("cut at %d: losses after reopening %v", cut, losses)
			}
			wantSeqs(t, seqs, 0, 12)
			mustClose(t, j)
		}
	}
}

// Any bit may flip anywhere: no message that is delivered is wrong, each one
// that is not is reported, and only those of the batch hit are missing.
func TestBitFlips(t *testing.T) {
	name, content, offsets := image(t)
	for at := range content {
		flipped := bytes.Clone(content)
		flipped[at] ^= 1 << (at % 8)
		j, fsys := openImage(t, name, flipped)
		seqs, losses := readAll(t, j, Position{}, 100)
		batch := -1 // -1: header or snapshot
		for i, off := range offsets[1 : len(offsets)-1] {
			if at >= off {
				batch = i
			}
		}
		var want []uint64
		for s := range uint64(10) {
			if batch < 0 || s/2 != uint64(batch) {
				want = append(want, s)
			}
		}
		if fmt.Sprint(seqs) != fmt.Sprint(want) {
			t.Fatalf("bit flipped at %d: messages %v, want %v (losses %v)", at, seqs, want, losses)
		}
		damaged := j.Stats().Damaged
		inner := batch >= 0 && batch < 4 // the last batch looks like a torn tail
		var d *DamageError
		if inner && (len(losses) != 1 || !errors.As(losses[0], &d) || d.Lost() != 2 || d.From != uint64(batch*2) || d.Offset != int64(offsets[batch+1])) {
			t.Fatalf("bit flipped at %d: losses %v, want one of 2 messages from %d at offset %d", at, losses, batch*2, offsets[batch+1])
		}
		if !inner && losses != nil {
			t.Fatalf("bit flipped at %d: losses %v, want none", at, losses)
		}
		if (batch < 4) != (damaged > 0) {
			t.Fatalf("bit flipped at %d, batch %d: %d damaged regions counted", at, batch, damaged)
		}
		if batch >= 0 {
			aside := fmt.Sprintf("%s.%d%s", name, offsets[batch+1], damagedSuffix)
			if got := slurp(t, fsys, aside); !bytes.Contains(flipped, got) || len(got) < 100 {
				t.Fatalf("bit flipped at %d: %d bytes set aside, want the batch", at, len(got))
			}
		}
		mustAppend(t, j, 1, 100)
		end := j.End().Seq
		mustClose(t, j)
		j = mustOpen(t, testDir, testOptions(fsys))
		if got := j.End().Seq; got != end {
			t.Fatalf("bit flipped at %d: journal ends at %d after reopening, want %d", at, got, end)
		}
		if got, want := string(j.LastMark(1)), fmt.Sprintf("mark %d", end); got != want {
			t.Fatalf("bit flipped at %d: LastMark %q, want %q", at, got, want)
		}
		mustClose(t, j)
	}
}

// Damage in a closed segment is met by the reader; the index hides it from Open.
func TestDamageInClosedSegment(t *testing.T) {
	fsys := faultfs.New()
	file := filled(t, fsys)[1]
	content := slurp(t, fsys, file)
	content[len(content)/2] ^= 1
	for _, withIndex := range []bool{true, false} {
		plant(t, fsys, file, content)
		if !withIndex {
			if err := fsys.Remove(indexPath(file)); err != nil {
				t.Fatal(err)
			}
		}
		j := mustOpen(t, testDir, testOptions(fsys))
		seqs, losses := readAll(t, j, Position{}, 300)
		var d *DamageError
		if len(losses) != 1 || !errors.As(losses[0], &d) || d.File != file || d.Lost() != 2 || len(seqs) != 78 {
			t.Fatalf("with index %v: %d messages and losses %v, want 78 and one of 2 in %s", withIndex, len(seqs), losses, file)
		}
		// A reader that starts behind the damage has nothing to complain about.
		seqs, losses = readAll(t, j, Position{d.To + 1}, 300)
		if losses != nil {
			t.Fatalf("losses behind the damage: %v", losses)
		}
		wantSeqs(t, seqs, d.To+1, 80)
		// Nor is one that starts inside of it told of more than it missed.
		_, losses = readAll(t, j, Position{d.From + 1}, 300)
		if len(losses) != 1 || !errors.As(losses[0], &d) || d.Lost() != 1 {
			t.Fatalf("losses from inside the damage: %v, want 1 message", losses)
		}
		mustClose(t, j)
	}
}

// A payload may contain anything, also bytes of a journal. They are not taken
// for batches when something before them is damaged.
func TestForgedBatchInPayload(t *testing.T) {
	_, foreign, offsets := image(t)
	fsys := faultfs.New()
	j := mustOpen(t, testDir, testOptions(fsys))
	forged := Batch{Count: 1, Payload: [][]byte{foreign[offsets[4]:]}}
	for _, b := range []Batch{testBatch(0, 8, 0), forged, testBatch(9, 1, 0), testBatch(10, 1, 0)} {
		if _, err := j.Append(t.Context(), b); err != nil {
			t.Fatal(err)
		}
		if err := j.Sync(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	mustClose(t, j)
	file := segmentFiles(t, fsys, testDir)[0]
	content := slurp(t, fsys, file)
	at := bytes.Index(content, foreign[offsets[4]:offsets[4]+batchFixed])
	content[at-batchFixed+30] ^= 1 // in the header of the batch with the forged payload
	j, _ = openImage(t, file, content)
	seqs, losses := readAll(t, j, Position{}, 0)
	var d *DamageError
	if fmt.Sprint(seqs) != "[0 1 2 3 4 5 6 7 9 10]" || len(losses) != 1 || !errors.As(losses[0], &d) || d.From != 8 || d.To != 9 {
		t.Errorf("messages %v, losses %v; want 0 to 7, 9 and 10, and one loss of message 8", seqs, losses)
	}
	mustClose(t, j)
}

func TestMissingSegment(t *testing.T) {
	fsys := faultfs.New()
	files := filled(t, fsys)
	if err := fsys.Remove(files[1]); err != nil {
		t.Fatal(err)
	}
	from, _, _ := parseSegmentName(filepath.Base(files[1]))
	to, _, _ := parseSegmentName(filepath.Base(files[2]))
	j := mustOpen(t, testDir, testOptions(fsys))
	seqs, losses := readAll(t, j, Position{}, 300)
	var d *DamageError
	if len(losses) != 1 || !errors.As(losses[0], &d) || d.From != from || d.To != to || uint64(len(seqs)) != 80-(to-from) {
		t.Errorf("%d messages, losses %v; want one of %d to %d", len(seqs), losses, from, to)
	}
	mustClose(t, j)
}

// The tail was lost although it had been durable, and a consumer has taken it:
// its cursor must not make it skip what comes next.
func TestCursorBehindEnd(t *testing.T) {
	fsys := faultfs.New()
	j := mustOpen(t, testDir, testOptions(fsys))
	mustAppend(t, j, 3, 0)
	c, err := j.OpenCursor("out", true)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Save(t.Context(), Position{6}, nil); err != nil {
		t.Fatal(err)
	}
	mustClose(t, j)
	file := segmentFiles(t, fsys, testDir)[0]
	content := slurp(t, fsys, file)
	plant(t, fsys, file, content[:len(content)-1])
	j = mustOpen(t, testDir, testOptions(fsys))
	if got := j.End().Seq; got != 6 {
		t.Fatalf("journal goes on at %d, want 6", got)
	}
	if got := string(j.LastMark(1)); got != "mark 4" {
		t.Errorf("LastMark %q, want that of the last message there is, %q", got, "mark 4")
	}
	r := j.NewReader(Position{4}, ReaderOptions{NoWait: true})
	defer r.Close()
	if _, err := r.Next(t.Context()); err == nil || err.Error() != "EOF" {
		t.Errorf("Next before anything was appended: %v, want EOF", err)
	}
	for range 2 { // from memory, and after reopening
		mustAppend(t, j, 1, 0)
		seqs, losses := readAll(t, j, Position{0}, 0)
		var d *DamageError
		if len(losses) != 1 || !errors.As(losses[0], &d) || d.From != 4 || d.To != 6 {
			t.Errorf("messages %v, losses %v; want one of messages 4 to 6", seqs, losses)
		}
		seqs, losses = readAll(t, j, Position{6}, 0)
		if losses != nil {
			t.Errorf("losses from the cursor on: %v", losses)
		}
		wantSeqs(t, seqs, 6, j.End().Seq)
		mustClose(t, j)
		j = mustOpen(t, testDir, testOptions(fsys))
	}
	mustClose(t, j)
}

func TestNewerVersion(t *testing.T) {
	name, content, _ := image(t)
	be.PutUint32(content[8:], 7)
	be.PutUint32(content[16:], segmentSum(content[:be.Uint32(content[12:])]))
	fsys := faultfs.New()
	plant(t, fsys, name, content)
	for _, open := range []func(string, Options) (*Journal, error){Open, OpenReadOnly} {
		_, err := open(testDir, testOptions(fsys))
		var v *VersionError
		if !errors.As(err, &v) || v.Version != 7 || v.Supported != formatVersion || !strings.Contains(err.Error(), name) {
			t.Errorf("journal of version 7: %v, want a VersionError that names the file", err)
		}
	}
	if got := slurp(t, fsys, name); !bytes.Equal(got, content) {
		t.Error("the segment of a newer version was changed")
	}
}

// A file in the directory that is not ours is none of our business.
func TestForeignFiles(t *testing.T) {
	fsys := faultfs.New()
	kept := []string{"README", "1.seg", "00000000000000000001-x.seg", "note.damaged"}
	for _, name := range kept {
		plant(t, fsys, filepath.Join(testDir, name), []byte("hello"))
	}
	gone := []string{"00000000000000000009-0000.idx", "00000000000000000000-0000.idx.tmp-00"}
	for _, name := range gone {
		plant(t, fsys, filepath.Join(testDir, name), []byte("hello"))
	}
	j := mustOpen(t, testDir, testOptions(fsys))
	mustAppend(t, j, 1, 0)
	mustClose(t, j)
	for _, name := range kept {
		if got := slurp(t, fsys, filepath.Join(testDir, name)); string(got) != "hello" {
			t.Errorf("%s holds %q", name, got)
		}
	}
	for _, name := range gone {
		if _, err := fsys.Stat(filepath.Join(testDir, name)); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("leftover %s: %v, want that it is removed", name, err)
		}
	}
}
