package journal

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"testing"
)

const benchBatch = 256 << 10

func benchJournal(b *testing.B, opt Options) *Journal {
	b.Helper()
	opt.RetainBytes = 1 << 30
	return mustOpen(b, filepath.Join(b.TempDir(), "journal"), opt)
}

// BenchmarkAppend appends batches of 256 KiB; the time includes making them durable.
func BenchmarkAppend(b *testing.B) {
	j := benchJournal(b, Options{})
	batch := Batch{Source: 1, Count: 300, Payload: [][]byte{make([]byte, benchBatch)}, Mark: make([]byte, 16)}
	b.SetBytes(benchBatch)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := j.Append(b.Context(), batch); err != nil {
			b.Fatal(err)
		}
	}
	if err := j.Sync(b.Context()); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(j.Stats().Syncs)/float64(b.N), "syncs/op")
}

// BenchmarkRawWrite is what BenchmarkAppend competes with: the same bytes
// written to files of the same size, with a sync after every 8 MiB.
func BenchmarkRawWrite(b *testing.B) {
	dir, batch := b.TempDir(), make([]byte, benchBatch)
	const perFile, perSync = 64 << 20 / benchBatch, 8 << 20 / benchBatch
	var f *os.File
	b.SetBytes(benchBatch)
	n := 0
	for ; b.Loop(); n++ {
		var err error
		switch {
		case n%perFile == 0:
			if old := f; old != nil {
				err = old.Close()
			}
			if n/perFile >= 16 { // as much as the journal retains
				err = errors.Join(err, os.Remove(filepath.Join(dir, strconv.Itoa(n/perFile-16))))
			}
			if err == nil {
				f, err = os.Create(filepath.Join(dir, strconv.Itoa(n/perFile)))
			}
		case n%perSync == 0:
			err = f.Sync()
		}
		if err == nil {
			_, err = f.Write(batch)
		}
		if err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkAppendFollow has a consumer follow in memory.
func BenchmarkAppendFollow(b *testing.B) {
	j := benchJournal(b, Options{})
	batch := Batch{Source: 1, Count: 300, Payload: [][]byte{make([]byte, benchBatch)}, Mark: make([]byte, 16)}
	r := j.NewReader(Position{}, ReaderOptions{})
	defer r.Close()
	b.SetBytes(benchBatch)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := j.Append(b.Context(), batch); err != nil {
			b.Fatal(err)
		}
		if _, err := r.Next(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkAppendSmall appends batches of a single message, the worst case for the cost per batch.
func BenchmarkAppendSmall(b *testing.B) {
	j := benchJournal(b, Options{})
	batch := Batch{Source: 1, Count: 1, Payload: [][]byte{make([]byte, 800)}, Mark: make([]byte, 16)}
	b.SetBytes(800)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := j.Append(b.Context(), batch); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkRead reads batches of 256 KiB from memory and from the file system's cache.
func BenchmarkRead(b *testing.B) {
	for name, recent := range map[string]int64{"memory": 64 << 20, "disk": 1 << 20} {
		b.Run(name, func(b *testing.B) {
			j := benchJournal(b, Options{RecentBytes: recent})
			batch := Batch{Source: 1, Count: 300, Payload: [][]byte{make([]byte, benchBatch)}}
			const batches = 128
			for range batches {
				if _, err := j.Append(b.Context(), batch); err != nil {
					b.Fatal(err)
				}
			}
			if err := j.Sync(b.Context()); err != nil {
				b.Fatal(err)
			}
			from := j.First()
			b.SetBytes(benchBatch)
			b.ReportAllocs()
			r := j.NewReader(from, ReaderOptions{NoWait: true})
			defer func() { r.Close() }()
			for b.Loop() {
				_, err := r.Next(b.Context())
				if err == io.EOF {
					r.Close()
					r = j.NewReader(from, ReaderOptions{NoWait: true})
					_, err = r.Next(b.Context())
				}
				if err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkOpen opens a journal of 16 closed segments of 64 MiB by their index files.
func BenchmarkOpen(b *testing.B) {
	dir := filepath.Join(b.TempDir(), "journal")
	j := mustOpen(b, dir, Options{})
	batch := Batch{Source: 1, Count: 300, Payload: [][]byte{make([]byte, benchBatch)}}
	for range 16*256 + 1 {
		if _, err := j.Append(b.Context(), batch); err != nil {
			b.Fatal(err)
		}
	}
	mustClose(b, j)
	for b.Loop() {
		mustClose(b, mustOpen(b, dir, Options{}))
	}
}
