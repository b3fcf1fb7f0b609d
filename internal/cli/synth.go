package cli

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"time"

	"estream/synth"

	"github.com/spf13/cobra"
)

func (e *env) synth() *cobra.Command {
	var (
		out   string
		count uint64
		opt   synth.Options
	)
	cmd := &cobra.Command{
		Use:   "synth -o FILE --count N",
		Short: "write a stream of random valid records to a file",
		Long: `synth writes event data messages as a busy Management Center sends them: metadata
first, then about 85 % connection events, intrusion events with their packets,
file, malware, correlation, discovery, user and VPN events, and metadata now and
then. Records are random, valid and distinct; archive times ascend. The same seed
gives the same bytes everywhere.`,
		Example: `  estream synth -o events.bin --count 100000 --seed 7
  estream decode events.bin --format json | head`,
		Args: exactArgs(),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			switch {
			case out == "":
				return usagef("-o FILE is missing; - is standard output")
			case count == 0:
				return usagef("--count N is missing: how many messages to write")
			}
			if out != "-" {
				if err := parentExists("-o "+out, out); err != nil {
					return err
				}
			}
			set, err := e.layouts()
			if err != nil {
				return err
			}
			g, err := synth.New(set, opt)
			if err != nil {
				return err
			}
			w := bufio.NewWriterSize(e.stdout, 1<<20)
			if out != "-" {
				f, err := os.OpenFile(out, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644)
				if err != nil {
					return fmt.Errorf("-o: %w", err)
				}
				// A file system may keep a failed write to itself until the end.
				defer func() { err = errors.Join(err, f.Close()) }()
				w.Reset(f)
			}
			progress := e.progress("messages", count)
			var buf []byte
			for n := range count {
				if n%4096 == 0 {
					if cmd.Context().Err() != nil {
						return errors.Join(fmt.Errorf("interrupted; -o %s has %d of %d messages", out, n, count), w.Flush())
					}
					progress.at(n)
				}
				buf = g.Append(buf[:0])
				if _, err := w.Write(buf); err != nil {
					return writeError(out, err)
				}
			}
			progress.end()
			return writeError(out, w.Flush())
		},
	}
	f := cmd.Flags()
	f.StringVarP(&out, "output", "o", "", "the `FILE` to write; - for standard output")
	f.Uint64Var(&count, "count", 0, "`N` messages, metadata included")
	f.Uint64Var(&opt.Seed, "seed", 1, "`S` that decides what is written")
	return cmd
}

// writeError names the file that could not be written. A reader that has gone, as
// "head" does, needs no words.
func writeError(name string, err error) error {
	switch {
	case err == nil:
		return nil
	case name == "-" && readerGone(err):
		return &silentError{exitFailed}
	}
	return fmt.Errorf("-o %s: %w", name, err)
}

// A progress line on a terminal, for work of more than two seconds.
type progress struct {
	e     *env
	what  string
	total uint64
	began time.Time
	shown time.Time
	on    bool
}

func (e *env) progress(what string, total uint64) *progress {
	return &progress{e: e, what: what, total: total, began: time.Now(), on: isTerminal(e.stderr) && !e.quiet}
}

func (p *progress) at(n uint64) {
	now := time.Now()
	if !p.on || now.Sub(p.began) < 2*time.Second || now.Sub(p.shown) < 200*time.Millisecond {
		return
	}
	p.shown = now
	fmt.Fprintf(p.e.stderr, "\r%d of %d %s (%d %%)", n, p.total, p.what, n*100/p.total)
}

func (p *progress) end() {
	if !p.shown.IsZero() {
		fmt.Fprintf(p.e.stderr, "\r\x1b[K")
	}
}
