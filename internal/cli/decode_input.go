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
	"strings"

	"estream/capture"
	"estream/collect"
	"estream/journal"
	"estream/output"
	"estream/source/unified2"
	"estream/transcript"
	"estream/wire"
)

// What --from names.
const (
	fromWire     = "wire"
	fromTrace    = "trace"
	fromCapture  = "capture"
	fromJournal  = "journal"
	fromUnified2 = "unified2"
)

var allForms = []string{fromWire, fromTrace, fromCapture, fromJournal, fromUnified2}

// notStream is the hint for what has to be a file by itself.
const notStream = "write it to a file without compression and give its name"

// choose checks that the input is what --from says, or completes --from as far
// as the kind of the file tells. It completes the name of a journal, too.
func (d *decodeRun) choose() error {
	if d.from != "" && !slices.Contains(allForms, d.from) {
		return usagef("--from is %q; expected %s or %s", d.from, strings.Join(allForms[:len(allForms)-1], ", "), allForms[len(allForms)-1])
	}
	switch d.name {
	case "":
		return hint(usagef("the name of the input is empty"), "- is standard input")
	case "-":
		if d.from == fromUnified2 || d.from == fromJournal {
			return usagef("--from %s is read from a file or directory, not from standard input", d.from)
		}
		return nil
	}
	info, err := os.Stat(d.name)
	switch {
	case err != nil:
		return err
	case !info.IsDir() || d.from == fromUnified2:
		return nil
	case d.from != "" && d.from != fromJournal:
		return usagef("%s is a directory; --from %s reads a file", d.name, d.from)
	}
	d.dir = true
	for _, dir := range []string{d.name, filepath.Join(d.name, "journal")} {
		if cursors, err := os.Stat(filepath.Join(dir, "cursors")); err == nil && cursors.IsDir() {
			d.name, d.from = dir, fromJournal
			return nil
		}
	}
	if d.from == fromJournal {
		return hint(fmt.Errorf("%s holds no journal", d.name), "give the directory that estream collect has as --state, or estream serve as --data")
	}
	d.from = fromUnified2
	return nil
}

// read decodes the input in the form that was chosen.
func (d *decodeRun) read(ctx context.Context) error {
	if d.from != fromCapture && d.from != "" {
		if err := d.keysUnused(); err != nil {
			return err
		}
	}
	switch {
	case d.from == fromUnified2:
		return d.unified2(ctx)
	case d.from == fromJournal && d.dir:
		return d.journal(ctx)
	case d.from == fromJournal:
		return d.segment(ctx)
	}
	return d.stream(ctx)
}

// stream decodes what can be read from beginning to end, compressed or not. Without
// --from its first bytes say what it is.
func (d *decodeRun) stream(ctx context.Context) error {
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
	head, err := r.Peek(64)
	if err != nil && !errors.Is(err, io.EOF) && len(head) == 0 {
		return d.readError(err, packed)
	}
	form := d.from
	if form == "" {
		form = looksLike(head)
	}
	if form != fromCapture {
		if err := d.keysUnused(); err != nil {
			return err
		}
	}
	if form == fromUnified2 || form == fromJournal {
		if d.name == "-" || packed {
			what := map[string]string{fromUnified2: "unified2", fromJournal: "a segment of a journal"}[form]
			return hint(fmt.Errorf("%s: this is %s, which is read from a plain file only", d.name, what), notStream)
		}
		if form == fromJournal {
			return d.segment(ctx)
		}
		return d.unified2(ctx)
	}
	switch form {
	case fromTrace:
		return d.readError(d.trace(ctx, r), packed)
	case fromCapture:
		return d.capture(ctx, r, packed)
	}
	return d.readError(d.wire(ctx, r), packed)
}

// looksLike returns the form of an input that begins with head.
func looksLike(head []byte) string {
	switch {
	case journal.LooksLikeSegment(head):
		return fromJournal
	case capture.Looks(head):
		return fromCapture
	case transcript.Looks(head):
		return fromTrace
	case unified2.Looks(head):
		return fromUnified2
	}
	return fromWire
}

// wire decodes concatenated messages.
func (d *decodeRun) wire(ctx context.Context, r io.Reader) error {
	input := collect.NewWireInput(r)
	input.Bad = func(offset, length int64, err error) {
		d.report("offset %d: %v; %d bytes skipped", offset, err, length)
	}
	d.pipeline.Input = input
	err := d.pipeline.Run(ctx)
	d.leftOut(input.Skipped)
	return err
}

// leftOut says which messages carried no event.
func (d *decodeRun) leftOut(skipped map[wire.MessageType]int) {
	for _, t := range slices.Sorted(maps.Keys(skipped)) {
		d.skipped = true
		d.log.Info("messages without event were left out", "type", t.String(), "messages", skipped[t])
	}
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
