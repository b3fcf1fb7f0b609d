package journal

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"estream/internal/durable"
)

const testDir = "/var/journal"

// testBatch makes a batch of source 1 whose content tells the messages it
// holds: count times 8 bytes of sequence number, then padding.
func testBatch(seq uint64, count uint32, padding int) Batch {
	p := make([]byte, 0, int(count)*8+padding)
	for i := range uint64(count) {
		p = binary.BigEndian.AppendUint64(p, seq+i)
	}
	p = append(p, bytes.Repeat([]byte{byte(seq)}, padding)...)
	return Batch{
		Source: 1, Payload: [][]byte{p}, Count: count,
		MinArchive: uint32(1000 + seq), MaxArchive: uint32(1000 + seq + uint64(count) - 1), Mark: fmt.Appendf(nil, "mark %d", seq+uint64(count)),
	}
}

// checkView reports what is wrong with a view of a testBatch.
func checkView(v *View, padding int) error {
	want := testBatch(v.Seq, v.Count, padding)
	switch {
	case v.Source != want.Source || v.MinArchive != want.MinArchive || v.MaxArchive != want.MaxArchive:
		return fmt.Errorf("batch at %d: source %d, archive %d to %d; want %d, %d to %d", v.Seq, v.Source, v.MinArchive, v.MaxArchive, want.Source, want.MinArchive, want.MaxArchive)
	case !bytes.Equal(v.Payload, want.Payload[0]):
		return fmt.Errorf("batch at %d: payload of %d bytes %.40x, want %d bytes %.40x", v.Seq, len(v.Payload), v.Payload, len(want.Payload[0]), want.Payload[0])
	case !bytes.Equal(v.Mark, want.Mark):
		return fmt.Errorf("batch at %d: mark %q, want %q", v.Seq, v.Mark, want.Mark)
	}
	return nil
}

// testOptions commit only when told to, so that operations come in a fixed order.
func testOptions(fsys durable.FS) Options {
	return Options{
		FS: fsys, SegmentBytes: 4096, CommitInterval: time.Hour,
		Snapshot: func(dst []byte) []byte { return append(dst, "snapshot"...) },
	}
}

func mustOpen(t testing.TB, dir string, opt Options) *Journal {
	t.Helper()
	j, err := Open(dir, opt)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	t.Cleanup(func() {
		if err := j.Close(canceled); err != nil && !errors.Is(err, ErrClosed) && !t.Failed() {
			t.Logf("journal left open: %v", err)
		}
	})
	return j
}

func mustClose(t testing.TB, j *Journal) {
	t.Helper()
	if err := j.Close(t.Context()); err != nil {
		t.Fatalf("Close: %v", err)
	}
}

// mustAppend appends n batches of 2 messages and syncs them.
func mustAppend(t testing.TB, j *Journal, n, padding int) {
	t.Helper()
	for range n {
		if _, err := j.Append(t.Context(), testBatch(j.End().Seq, 2, padding)); err != nil {
			t.Fatalf("Append: %v", err)
		}
	}
	if err := j.Sync(t.Context()); err != nil {
		t.Fatalf("Sync: %v", err)
	}
}

// readAll reads testBatches from pos to the end, and returns the sequence
// numbers delivered and the errors that reported a loss.
func readAll(t testing.TB, j *Journal, pos Position, padding int) (seqs []uint64, losses []error) {
	t.Helper()
	r := j.NewReader(pos, ReaderOptions{NoWait: true})
	defer r.Close()
	for {
		v, err := r.Next(t.Context())
		var gone *GoneError
		var damage *DamageError
		switch {
		case err == io.EOF:
			return seqs, losses
		case errors.As(err, &gone), errors.As(err, &damage):
			losses = append(losses, err)
			continue
		case err != nil:
			t.Fatalf("Next at %v: %v", r.Position(), err)
		}
		if err := checkView(&v, padding); err != nil {
			t.Fatal(err)
		}
		for i := uint64(v.Skip); i < uint64(v.Count); i++ {
			seqs = append(seqs, v.Seq+i)
		}
	}
}

// wantSeqs checks that seqs are from to to-1 without exception.
func wantSeqs(t testing.TB, seqs []uint64, from, to uint64) {
	t.Helper()
	for i, s := range seqs {
		if s != from+uint64(i) {
			t.Fatalf("message %d has sequence number %d, want %d", i, s, from+uint64(i))
		}
	}
	if uint64(len(seqs)) != to-from {
		t.Fatalf("%d messages from %d on, want %d", len(seqs), from, to-from)
	}
}

func segmentFiles(t testing.TB, fsys durable.FS, dir string) (paths []string) {
	t.Helper()
	entries, err := fsys.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), segmentSuffix) {
			paths = append(paths, filepath.Join(dir, e.Name()))
		}
	}
	return paths
}

// filled leaves a closed journal of 40 batches, padded by 300 bytes, and returns its
// segments.
func filled(t testing.TB, fsys durable.FS) []string {
	t.Helper()
	j := mustOpen(t, testDir, testOptions(fsys))
	mustAppend(t, j, 40, 300)
	mustClose(t, j)
	return segmentFiles(t, fsys, testDir)
}

func slurp(t testing.TB, fsys durable.FS, path string) []byte {
	t.Helper()
	b, err := readFile(fsys, path, 1<<30)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// plant puts a durable file into a faultfs.
func plant(t testing.TB, fsys durable.FS, path string, content []byte) {
	t.Helper()
	if err := durable.MkdirAll(fsys, filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	f, err := fsys.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.Write(content)
	if err := errors.Join(err, f.Sync(), f.Close(), fsys.SyncDir(filepath.Dir(path))); err != nil {
		t.Fatal(err)
	}
}

var canceled = func() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}()
