package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"

	"estream/collect"
	"estream/format"
	"estream/output"
	"estream/output/stream"
	"estream/wire"

	"github.com/spf13/cobra"
)

func (e *env) decode() *cobra.Command {
	var (
		formats = formatFlags{people: true}
		from    string
		keys    string
		ports   []int
		workers int
	)
	cmd := &cobra.Command{
		Use:   "decode [FILE|DIR|-]",
		Short: "captured messages, recordings, a journal or unified2 files to any format, offline",
		Long: `decode reads eStreamer messages from a file (or standard input) and writes one
line for each record that the format has a line for. Names are learned from the
metadata on the way. Files compressed with gzip are read as they are.

  --from wire      concatenated messages, as "estream synth" writes them
  --from trace     a recorded session, as "estream serve --record DIR" and
                   "estream request --trace FILE" write it, or several in a row
  --from capture   a network capture, pcap or pcapng; what is encrypted needs the key
                   log of one end, unless the file holds it (--keys FILE)
  --from journal   the journal of "estream collect --state DIR" or "estream serve
                   --data DIR", also while it is in use: give that DIR; or one
                   segment of a journal, 0*.seg, wherever it lies
  --from unified2  a file or directory of Snort's unified2 files

Without --from the input tells by itself. Of recordings and captures the events that
servers sent are decoded, those of each session with its own names. A message that
cannot be decoded is reported on standard error with its place and reason; decoding
goes on with the next one, and the exit status is 1 at the end. Records of a type or
block version without layout are no errors: they are written in raw form (base64, with
the reason) in every format but cef and cef2 outside profile strict.

--types and --where choose records; docs/filters.md has the language of --where on
one page. --profile compat writes what eNcore 5.2.11 writes, byte for byte;
docs/encore-differences.md lists what the other profiles change.`,
		Example: `  estream synth -o events.bin --count 1000
  estream decode events.bin --format cef --prefix ''
  estream decode events.bin --format text --types intrusion,malware
  estream decode events.bin --format splunk --profile fixed --where 'port == 443 and not ip in (10.0.0.0/8)'
  estream client add 127.0.0.1 --data data -o client.pkcs12
  estream serve --data data --listen 127.0.0.1:8302 --replay-as-is events.bin --record sessions &
  until estream test 127.0.0.1:8302 --pkcs12 client.pkcs12 >/dev/null 2>&1; do sleep 0.1; done
  kill $!; wait
  cat sessions/*.jsonl | estream decode --format text
  estream decode data/journal/00000000000000000000-0000.seg --format text`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usagef("unexpected argument %q: decode reads one input", args[1])
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if workers < 0 {
				return usagef("--workers is %d; expected 0 (one per core) or more", workers)
			}
			log, err := e.logger()
			if err != nil {
				return err
			}
			set, err := e.layouts()
			if err != nil {
				return err
			}
			f, err := formats.format(cmd, set)
			if err != nil {
				return err
			}
			where, err := formats.filter(set)
			if err != nil {
				return err
			}
			name := "-"
			if len(args) == 1 {
				name = args[0]
			}
			d := &decodeRun{env: e, log: log, set: set, name: name, from: from, keys: keys, ports: ports}
			out := bufio.NewWriterSize(e.stdout, 1<<20)
			d.pipeline = collect.Pipeline{
				Layouts: set, Names: collect.Names{}, Format: f, Choice: format.Choice{Where: where}, Workers: workers,
				Output: stream.New(out, "standard output"), Log: log, Stats: &d.stats, Problem: d.problem,
			}
			err = d.run(cmd.Context())
			if flushErr := out.Flush(); !errors.Is(err, output.ErrGone) {
				err = errors.Join(err, flushErr)
			}
			return d.end(err)
		},
	}
	formats.register(cmd)
	cmd.Flags().StringVar(&from, "from", "", "`FORM` of the input: "+strings.Join(allForms, ", ")+" (default: what it looks like)")
	cmd.Flags().StringVar(&keys, "keys", "", "`FILE` with the TLS key log of a capture, as SSLKEYLOGFILE makes it")
	cmd.Flags().IntSliceVar(&ports, "port", nil, "port `N` of the server in a capture, may be given several times (default: 8302, and what is eStreamer on others)")
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
	dir      bool   // name is a directory
	keys     string // name of the key log
	ports    []int  // of servers in a capture
	pipeline collect.Pipeline
	where    func(*collect.Problem) string // nil: number and offset
	stats    collect.Stats
	unknown  uint64 // without layout
	skipped  bool   // there were messages, but without events

	mu  sync.Mutex
	bad uint64 // malformed messages and runs of bytes that are none
}

func (d *decodeRun) run(ctx context.Context) error {
	if err := d.choose(); err != nil {
		return err
	}
	return d.read(ctx)
}

// problem reports one record that could not be decoded.
func (d *decodeRun) problem(p collect.Problem) {
	if p.Unknown() {
		d.unknown++
		d.log.Debug("no layout", "message", p.Message, "offset", p.Offset, "record", p.Record, "block", p.Block)
		return
	}
	where := fmt.Sprintf("message %d at offset %d", p.Message, p.Offset)
	if d.where != nil {
		where = d.where(&p)
	}
	d.report("%s: %v", where, p.Error())
}

// report prints one line about something in the input that is bad. The reading
// and the writing end of the pipeline call it.
func (d *decodeRun) report(format string, args ...any) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.bad++
	fmt.Fprintf(d.stderr, "%s: %s\n", d.name, fmt.Sprintf(format, args...))
}

// end says what happened and turns it into an exit status.
func (d *decodeRun) end(err error) error {
	if readerGone(err) {
		return &silentError{exitFailed} // the reader has gone, as "head" does
	}
	if err != nil && !errors.Is(err, context.Canceled) {
		return err
	}
	if d.unknown > 0 {
		d.log.Warn("records without layout were kept in raw form, where the format has one", "records", d.unknown, "hint", "--layouts DIR adds layouts; --verbose names the records")
	}
	if d.bad > 0 {
		d.log.Error("input has messages that cannot be decoded, see above", "bad", d.bad, "decoded", d.stats.Messages.Load())
		return &silentError{exitFailed}
	}
	if err != nil {
		d.log.Warn("interrupted", "decoded", d.stats.Messages.Load())
		return &silentError{exitFailed}
	}
	if d.stats.Messages.Load() == 0 && !d.skipped {
		d.log.Warn("the input holds no messages", "input", d.name)
	}
	return nil
}
