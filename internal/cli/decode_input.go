package cli

import (
	"bufio"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"estream/collect"
	"estream/journal"
	"estream/output"
	"estream/source/unified2"
)

// choose checks that the input is what --from says, or completes --from as far
// as the kind of the file tells. It completes the name of a journal, too.
func (d *decodeRun) choose() error {
	switch d.from {
	case "", "wire", "unified2", "journal":
	default:
		return usagef("--from is %q; expected wire, journal or unified2", d.from)
	}
	switch d.name {
	case "":
		return hint(usagef("the name of the input is empty"), "- is standard input")
	case "-":
		if d.from == "unified2" || d.from == "journal" {
			return usagef("--from %s is read from a file or directory, not from standard input", d.from)
		}
		return nil
	}
	info, err := os.Stat(d.name)
	switch {
	case err != nil:
		return err
	case d.from == "journal" && !info.IsDir():
		return hint(usagef("%s is a file; a journal is a directory", d.name), "give the directory that estream collect has as --state, or estream serve as --data")
	case d.from == "wire" && info.IsDir():
		return usagef("%s is a directory; --from wire reads a file", d.name)
	case !info.IsDir() || d.from == "unified2":
		return nil
	}
	for _, dir := range []string{d.name, filepath.Join(d.name, "journal")} {
		if cursors, err := os.Stat(filepath.Join(dir, "cursors")); err == nil && cursors.IsDir() {
			d.name, d.from = dir, "journal"
			return nil
		}
	}
	if d.from == "journal" {
		return hint(fmt.Errorf("%s holds no journal", d.name), "give the directory that estream collect has as --state, or estream serve as --data")
	}
	d.from = "unified2"
	return nil
}

// wire decodes concatenated messages; guess lets a unified2 file through, too.
func (d *decodeRun) wire(ctx context.Context, guess bool) error {
	var in io.Reader = d.stdin
	if d.name != "-" {
		f, err := os.Open(d.name)
		if err != nil {
			return err
		}
		defer f.Close()
		in = f
	}
	r, packed := bufio.NewReaderSize(in, 64<<10), false
	if head, _ := r.Peek(2); bytes.Equal(head, []byte{0x1f, 0x8b}) {
		packed = true
		z, err := gzip.NewReader(r)
		if err != nil {
			return d.readError(err, packed)
		}
		r = bufio.NewReaderSize(z, 64<<10)
	}
	head, err := r.Peek(8)
	if err != nil && !errors.Is(err, io.EOF) {
		return d.readError(err, packed)
	}
	if guess && unified2.Looks(head) {
		if d.name == "-" || packed {
			return hint(fmt.Errorf("%s: this is unified2, which is read from a plain file only", d.name), "write it to a file without compression and give its name")
		}
		return d.unified2(ctx)
	}
	input := collect.NewWireInput(r)
	input.Bad = func(offset, length int64, err error) {
		d.report("offset %d: %v; %d bytes skipped", offset, err, length)
	}
	d.pipeline.Input = input
	err = d.pipeline.Run(ctx)
	for _, t := range slices.Sorted(maps.Keys(input.Skipped)) {
		d.skipped = true
		d.log.Info("messages without event were left out", "type", t.String(), "messages", input.Skipped[t])
	}
	return d.readError(err, packed)
}

// readError names the input, and says what a gzip file lacks.
func (d *decodeRun) readError(err error, packed bool) error {
	if err == nil || errors.Is(err, output.ErrGone) || errors.Is(err, context.Canceled) {
		return err
	}
	err = fmt.Errorf("%s: %w", d.name, err)
	if packed && (errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, gzip.ErrChecksum) || errors.Is(err, gzip.ErrHeader) || errors.As(err, new(flate.CorruptInputError))) {
		return hint(err, "the compressed file is damaged or cut short; what stands before the damage was decoded")
	}
	return err
}

func (d *decodeRun) unified2(ctx context.Context) error {
	pipe := collect.NewPipe()
	d.pipeline.Input = pipe
	src := &unified2.Source{Dir: d.name, Layouts: d.set, Once: true, Log: d.log}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	failed := make(chan error, 1)
	go func() {
		defer pipe.Close()
		failed <- src.Run(ctx, func(ctx context.Context, b unified2.Batch) error { return pipe.Put(ctx, b.Data, b.Count) })
	}()
	err := d.pipeline.Run(ctx)
	cancel()
	err = errors.Join(err, <-failed)
	stats := src.Stats()
	d.bad += stats.Faults()
	if err == nil && d.bad == 0 && len(stats.Records) == 0 {
		info, statErr := os.Stat(d.name)
		if statErr != nil || info.IsDir() || info.Size() > 0 {
			return hint(fmt.Errorf("%s holds no unified2 record", d.name), "expected a unified2 file, or a directory with files such as snort.u2.1700000000; a journal is read with --from journal")
		}
	}
	return err
}

func (d *decodeRun) journal(ctx context.Context) error {
	j, err := journal.OpenReadOnly(d.name, journal.Options{Log: d.log})
	if err != nil {
		return err
	}
	defer j.Close(ctx)
	in, err := collect.OpenJournal(ctx, j, d.set, d.pipeline.Names, j.First())
	if err != nil {
		return err
	}
	defer in.Close()
	in.Lost = func(n uint64, err error) { d.report("%d messages lost: %v", n, err) }
	d.pipeline.Input = in
	return d.pipeline.Run(ctx)
}
