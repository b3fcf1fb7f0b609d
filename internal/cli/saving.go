package cli

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"text/tabwriter"
	"time"

	"estream/collect"
	"estream/format"
	"estream/internal/durable"
	"estream/journal"
	"estream/service"

	"github.com/spf13/cobra"
)

func (e *env) configSaving() *cobra.Command {
	var file string
	var last time.Duration
	cmd := &cobra.Command{
		Use:   "saving [-c FILE]",
		Short: "try the filters of all outputs on what the journal holds",
		Long: `saving is a dry run: it formats the last part of what the journal holds with
and without the filter of each output, and says what the filter saves in events and
bytes a day. Nothing is sent, and the service may go on running.`,
		Example: runReady + `  estream config saving -c estream.yaml` + runDone,
		Args:    exactArgs(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			a, err := e.aside(file)
			if err != nil {
				return err
			}
			w := tabwriter.NewWriter(e.stdout, 0, 0, 2, ' ', 0)
			fmt.Fprintln(w, "output\tevents a day\tsaved\tbytes a day\tsaved")
			for _, o := range a.builder.Outputs {
				all, _, err := a.try(cmd.Context(), o, format.Choice{}, nil, last)
				if err != nil {
					return err
				}
				numbers, err := a.numbers(o.Sources)
				if err != nil {
					return err
				}
				chosen, days, err := a.try(cmd.Context(), o, o.Choice, numbers, last)
				if err != nil {
					return err
				}
				fmt.Fprintf(w, "%s\t%.0f\t%s\t%.0f\t%s\n", o.Name, float64(lines(chosen))/days, share(lines(all), lines(chosen)),
					float64(chosen.Bytes.Load())/days, share(all.Bytes.Load(), chosen.Bytes.Load()))
			}
			return w.Flush()
		},
	}
	configFlag(cmd, &file)
	cmd.Flags().DurationVar(&last, "last", 24*time.Hour, "look at the last `DURATION` of archive time")
	return cmd
}

func lines(s *collect.Stats) uint64 { return s.Lines.Load() + s.Raw.Load() }

func share(all, chosen uint64) string {
	if all == 0 {
		return "-"
	}
	return fmt.Sprintf("%.1f %%", 100*(1-float64(chosen)/float64(all)))
}

// numbers returns the numbers of sources in the journal, nil for all of them.
func (a *aside) numbers(names []string) (map[uint32]bool, error) {
	if len(names) == 0 {
		return nil, nil
	}
	known, err := service.SourceNumbers(durable.OS{}, a.config.State)
	if err != nil {
		return nil, err
	}
	numbers := map[uint32]bool{}
	for _, name := range names {
		if n, ok := known[name]; ok {
			numbers[n] = true
		}
	}
	return numbers, nil
}

// try formats the last part of the journal, by archive time, and throws it away. It
// returns the counts and the days in which that arrived.
func (a *aside) try(ctx context.Context, o *service.Output, c format.Choice, sources map[uint32]bool, last time.Duration) (_ *collect.Stats, days float64, err error) {
	j, err := journal.OpenReadOnly(filepath.Join(a.config.State, "journal"), journal.Options{Log: a.log})
	if err != nil {
		return nil, 0, err
	}
	defer func() { err = errors.Join(err, j.Close(ctx)) }()
	known, err := service.SourceNumbers(durable.OS{}, a.config.State)
	if err != nil {
		return nil, 0, err
	}
	var newest uint32
	for _, number := range known {
		newest = max(newest, j.MaxArchive(number))
	}
	from := newest - uint32(min(int64(last/time.Second), int64(newest)))
	names, pos := collect.Names{}, j.SeekArchive(from)
	opened, err := collect.OpenJournal(ctx, j, a.set, names, pos)
	if err != nil {
		return nil, 0, err
	}
	defer func() { err = errors.Join(err, opened.Close()) }()
	in := &timed{JournalInput: opened}
	stats := new(collect.Stats)
	p := &collect.Pipeline{
		Input: in, Layouts: a.set, Names: names, Format: o.Format, Choice: c, Sources: sources, Output: nowhere{}, Workers: o.Workers, Log: a.log, Stats: stats,
	}
	if err := p.Run(ctx); err != nil {
		return nil, 0, err
	}
	return stats, max(in.last.Sub(in.first), time.Minute).Hours() / 24, nil
}

// timed notes when the first and the last chunk arrived at the journal.
type timed struct {
	*collect.JournalInput
	first, last time.Time
}

func (t *timed) Next(ctx context.Context, buf []byte) (collect.Chunk, error) {
	c, err := t.JournalInput.Next(ctx, buf)
	if err == nil {
		if t.first.IsZero() {
			t.first = c.Arrival
		}
		t.last = c.Arrival
	}
	return c, err
}

// nowhere is an output that keeps nothing.
type nowhere struct{}

func (nowhere) Write(context.Context, []byte) error    { return nil }
func (nowhere) Commit(context.Context) ([]byte, error) { return nil, nil }
func (nowhere) Empty() bool                            { return false }
func (nowhere) Close() error                           { return nil }
func (nowhere) String() string                         { return "nowhere" }
