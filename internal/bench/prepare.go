package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"estream/journal"
	"estream/layouts"
	"estream/pki"
	"estream/source"
	"estream/source/replay"
	"estream/synth"
)

const (
	journalDir  = "journal"      // of the server
	partDir     = "journal-part" // one with a shorter stream
	pkiDir      = "pki"
	clientFile  = "client.pkcs12"
	closingTime = 30 * time.Second
)

// prepare makes what all rounds use: the stream, the server's journals with the
// stream in them, and a registered client.
func (b *bench) prepare(ctx context.Context) (err error) {
	if b.stream, b.size, err = synthesize(b.count); err != nil {
		return err
	}
	part, _, err := synthesize(b.count / jsonPart)
	if err != nil {
		return err
	}
	err = errors.Join(
		fill(ctx, b.path(journalDir), b.stream, b.count),
		fill(ctx, b.path(partDir), part, b.count/jsonPart),
	)
	if err != nil {
		return err
	}
	a, err := pki.Open(b.path(pkiDir), pki.Options{})
	if err != nil {
		return err
	}
	client, err := a.Register(ctx, "127.0.0.1", pki.RegisterOptions{})
	if err != nil {
		return err
	}
	return os.WriteFile(b.path(clientFile), client.PKCS12, 0o600)
}

// synthesize writes a stream of messages, unless an earlier run has left it.
func synthesize(count uint64) (path string, size int64, err error) {
	path = filepath.Join(os.TempDir(), fmt.Sprintf("estream-bench-stream-%d.bin", count))
	if info, err := os.Stat(path); err == nil {
		return path, info.Size(), nil
	}
	g, err := synth.New(layouts.Default(), synth.Options{Seed: 1})
	if err != nil {
		return "", 0, err
	}
	f, err := os.CreateTemp(filepath.Dir(path), "estream-bench-stream-*.tmp")
	if err != nil {
		return "", 0, err
	}
	defer os.Remove(f.Name())
	defer f.Close()
	w := bufio.NewWriterSize(f, 1<<20)
	var message []byte
	for range count {
		message = g.Append(message[:0])
		size += int64(len(message))
		if _, err := w.Write(message); err != nil {
			return "", 0, err
		}
	}
	if err := errors.Join(w.Flush(), f.Close()); err != nil {
		return "", 0, err
	}
	return path, size, os.Rename(f.Name(), path)
}

// fill makes a journal of a stream.
func fill(ctx context.Context, dir, stream string, count uint64) (err error) {
	set := layouts.Default()
	j, err := source.OpenJournal(ctx, dir, set, journal.Options{})
	if err != nil {
		return err
	}
	defer func() {
		stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), closingTime)
		defer cancel()
		err = errors.Join(err, j.Close(stop))
	}()
	src := &replay.Source{Path: stream, Layouts: set}
	err = src.Run(ctx, func(ctx context.Context, batch replay.Batch) error {
		return j.AppendFrom(ctx, 1, source.Batch(batch))
	})
	if err != nil {
		return err
	}
	if n := j.End().Seq; n != count {
		return fmt.Errorf("journal holds %d messages, expected the %d of %s: remove that file", n, count, stream)
	}
	return nil
}
