package cli

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"
	"syscall"

	"estream/collect"
	"estream/journal"
	"estream/meta"
	"estream/output/stream"
	"estream/source/unified2"
	"estream/wire"

	"github.com/spf13/cobra"
)

func (e *env) decode() *cobra.Command {
	var (
		formats formatFlags
		from    string
		workers int
	)
	cmd := &cobra.Command{
		Use:   "decode [FILE|DIR|-]",
		Short: "captured wire messages, a journal or unified2 files to JSON or CEF, offline",
		Long: `decode reads eStreamer messages from a file (or standard input) and writes one
line for each record that the format has a line for. Names are learned from the
metadata on the way. Files compressed with gzip are read as they are.

  --from wire      concatenated messages, as "estream synth" writes them
  --from journal   the journal directory of "estream collect" or "estream serve"
  --from unified2  a file or directory of Snort's unified2 files

Without --from the input tells by itself. A message that cannot be decoded is
reported on standard error with its offset and reason; decoding goes on with the
next one, and the exit status is 1 at the end. Records of a type or block version
without layout are no errors: JSON holds them in raw form.`,
		Example: `  estream synth -o events.bin --count 1000
  estream decode events.bin --format cef --prefix ''`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usagef("unexpected argument %q: decode reads one input", args[1])
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			log, err := e.logger()
			if err != nil {
				return err
			}
			set, err := e.layouts()
			if err != nil {
				return err
			}
			f, err := formats.format(cmd)
			if err != nil {
				return err
			}
			name := "-"
			if len(args) == 1 {
				name = args[0]
			}
			d := &decodeRun{env: e, log: log, set: set, name: name, from: from}
			out := bufio.NewWriterSize(e.stdout, 1<<20)
			d.pipeline = collect.Pipeline{
				Layouts: set, Tables: meta.NewTables(), Format: f, Workers: workers,
				Output: stream.New(out, "standard output"), Log: log, Stats: &d.stats, Problem: d.problem,
			}
			err = d.run(cmd.Context())
			return d.end(errors.Join(err, out.Flush()))
		},
	}
	formats.register(cmd)
	cmd.Flags().StringVar(&from, "from", "", "`FORM` of the input: wire, journal or unified2 (default: what it looks like)")
	cmd.Flags().IntVar(&workers, "workers", 0, "`N` goroutines that decode and format (default: one per core)")
	return cmd
}

// A decodeRun is one run of the command.
type decodeRun struct {
	*env
	log      *slog.Logger
	set      *wire.Layouts
	name     string
	from     string
	pipeline collect.Pipeline
	stats    collect.Stats
	bad      uint64 // malformed messages and runs of bytes that are none
	unknown  uint64 // without layout
}

func (d *decodeRun) run(ctx context.Context) error {
	if d.name != "-" {
		info, err := os.Stat(d.name)
		if err != nil {
			return err
		}
		if info.IsDir() && d.from == "" {
			d.from = "unified2"
			if segments, _ := os.ReadDir(d.name); slices.ContainsFunc(segments, func(e os.DirEntry) bool { return e.Name() == "cursors" }) {
				d.from = "journal"
			}
		}
		switch {
		case d.from == "journal" && !info.IsDir():
			return hint(usagef("%s is a file; a journal is a directory", d.name), "give the directory that holds the .seg files")
		case d.from == "wire" && info.IsDir():
			return usagef("%s is a directory; --from wire reads a file", d.name)
		}
	}
	switch d.from {
	case "":
		return d.wire(ctx, true)
	case "wire":
		return d.wire(ctx, false)
	case "unified2":
		if d.name == "-" {
			return usagef("unified2 is read from a file or directory, not from standard input")
		}
		return d.unified2(ctx)
	case "journal":
		if d.name == "-" {
			return usagef("a journal is read from its directory, not from standard input")
		}
		return d.journal(ctx)
	}
	return usagef("--from is %q; expected wire, journal or unified2", d.from)
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
	r := bufio.NewReaderSize(in, 64<<10)
	if head, _ := r.Peek(2); bytes.Equal(head, []byte{0x1f, 0x8b}) {
		z, err := gzip.NewReader(r)
		if err != nil {
			return fmt.Errorf("%s: %w", d.name, err)
		}
		r = bufio.NewReaderSize(z, 64<<10)
	}
	head, err := r.Peek(8)
	if err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("%s: %w", d.name, err)
	}
	if guess && d.name != "-" && unified2.Looks(head) {
		return d.unified2(ctx)
	}
	input := collect.NewWireInput(r)
	input.Bad = func(offset, length int64, err error) {
		d.bad++
		fmt.Fprintf(d.stderr, "%s: offset %d: %v; %d bytes skipped\n", d.name, offset, err, length)
	}
	d.pipeline.Input = input
	err = d.pipeline.Run(ctx)
	for t, n := range input.Skipped {
		d.log.Info("messages without event were left out", "type", t.String(), "messages", n)
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
	return err
}

func (d *decodeRun) journal(ctx context.Context) error {
	j, err := journal.OpenReadOnly(d.name, journal.Options{Log: d.log})
	if err != nil {
		return err
	}
	defer j.Close(ctx)
	in, err := collect.OpenJournal(ctx, j, d.set, d.pipeline.Tables, j.First())
	if err != nil {
		return err
	}
	defer in.Close()
	in.Lost = func(n uint64, err error) {
		d.bad++
		fmt.Fprintf(d.stderr, "%s: %d messages lost: %v\n", d.name, n, err)
	}
	d.pipeline.Input = in
	return d.pipeline.Run(ctx)
}

// problem reports one record that could not be decoded.
func (d *decodeRun) problem(p collect.Problem) {
	if p.Unknown() {
		d.unknown++
		d.log.Debug("no layout", "message", p.Message, "offset", p.Offset, "record", p.Record, "block", p.Block)
		return
	}
	d.bad++
	fmt.Fprintf(d.stderr, "%s: message %d at offset %d: %v\n", d.name, p.Message, p.Offset, p.Error())
}

// end says what happened and turns it into an exit status.
func (d *decodeRun) end(err error) error {
	if errors.Is(err, syscall.EPIPE) || errors.Is(err, io.ErrClosedPipe) {
		return &silentError{exitFailed} // the reader has gone, as "head" does
	}
	if err != nil && !errors.Is(err, context.Canceled) {
		return err
	}
	if d.unknown > 0 {
		d.log.Warn("records without layout were kept in raw form (json) or left out (cef)", "records", d.unknown, "hint", "--layouts DIR adds layouts; --verbose names the records")
	}
	if d.bad > 0 {
		d.log.Error("input has messages that cannot be decoded, see above", "bad", d.bad, "decoded", d.stats.Messages.Load())
		return &silentError{exitFailed}
	}
	if err != nil {
		return &silentError{exitFailed}
	}
	return nil
}
