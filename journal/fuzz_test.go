package journal

import (
	"bytes"
	"errors"
	"estream/internal/durable/faultfs"
	"hash/crc32"
	"path/filepath"
	"testing"
	"time"
)

// fixSums gives everything in b that looks like a segment or batch header the
// checksum that makes it one, so that fuzzing gets behind the checksums.
func fixSums(b []byte, salt []byte) {
	for at := 0; at+batchFixed <= len(b); at++ {
		h := b[at:]
		if !bytes.HasPrefix(h, magicBytes) {
			continue
		}
		copy(h[8:16], salt)
		n := int(be.Uint16(h[4:]))
		if n < batchFixed || n > len(h) {
			continue
		}
		if p := uint64(be.Uint32(h[16:])); p <= uint64(len(h)-n) {
			be.PutUint32(h[20:], crc32.Checksum(h[n:n+int(p)], castagnoli))
		}
		be.PutUint32(h[68:], batchSum(h[:n]))
	}
	if n := len(b); n >= segmentFixed && be.Uint32(b[12:]) >= 20 && be.Uint32(b[12:]) <= uint32(n) {
		be.PutUint32(b[16:], segmentSum(b[:be.Uint32(b[12:])]))
	}
}

// FuzzOpenSegment takes arbitrary bytes for the newest segment, and for a
// closed one, of a journal. Whatever they hold, the journal opens, is read to
// its end in bounded time, takes new batches and gives them back.
func FuzzOpenSegment(f *testing.F) {
	fsys := faultfs.New()
	j := mustOpen(f, testDir, testOptions(fsys))
	mustAppend(f, j, 5, 20)
	mustClose(f, j)
	whole := slurp(f, fsys, segmentFiles(f, fsys, testDir)[0])
	f.Add(whole, false, false)
	f.Add(whole, true, true)
	f.Add(whole[:len(whole)-9], false, false)
	f.Add(whole[segmentFixed:], true, true)
	f.Add(append(bytes.Clone(whole[:200]), whole...), false, true)
	f.Add([]byte{}, false, false)
	f.Add(bytes.Repeat(magicBytes, 300), true, false)
	f.Fuzz(func(t *testing.T, content []byte, closed, fix bool) {
		if fix {
			content = bytes.Clone(content)
			fixSums(content, whole[24:32])
		}
		fsys := faultfs.New()
		plant(t, fsys, filepath.Join(testDir, "00000000000000000000-0000.seg"), content)
		if closed {
			plant(t, fsys, filepath.Join(testDir, "00000000000000000010-0000.seg"), whole)
		}
		opt := testOptions(fsys)
		opt.CommitInterval = time.Millisecond
		j, err := Open(testDir, opt)
		var v *VersionError
		if errors.As(err, &v) {
			return
		}
		if err != nil {
			t.Fatalf("Open: %v", err)
		}
		defer j.Close(t.Context())
		readSome(t, j, Position{}, len(content))
		from := j.End()
		to, err := j.Append(t.Context(), Batch{Count: 1, Payload: [][]byte{[]byte("x")}})
		if err != nil {
			if from.Seq == noSeq {
				return // numbers are used up
			}
			t.Fatalf("Append at %v: %v", from, err)
		}
		if err := j.Sync(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := j.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		j = mustOpen(t, testDir, opt)
		defer j.Close(t.Context())
		if j.End() != to {
			t.Fatalf("journal ends at %v after reopening, want %v", j.End(), to)
		}
		if got := readSome(t, j, from, len(content)); got != "x" {
			t.Fatalf("the batch appended reads as %q", got)
		}
	})
}

// readSome reads to the end and returns the last payload. Each step consumes bytes of a file.
func readSome(t *testing.T, j *Journal, pos Position, size int) (last string) {
	r := j.NewReader(pos, ReaderOptions{NoWait: true, Snapshots: true})
	defer r.Close()
	for range size/batchFixed*2 + 100 {
		v, err := r.Next(t.Context())
		var gone *GoneError
		var damage *DamageError
		switch {
		case err == nil:
			last = string(v.Payload)
		case errors.As(err, &gone), errors.As(err, &damage):
		case err.Error() == "EOF":
			return last
		default:
			t.Fatalf("Next: %v", err)
		}
	}
	t.Fatal("the reader does not come to an end")
	return ""
}
