package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"estream/collect"
	"estream/config"
	"estream/filter"
	"estream/internal/assemble"
	"estream/internal/durable"
	"estream/journal"
	"estream/output"
	"estream/output/deadletter"
	"estream/output/stream"
	"estream/service"
	"estream/wire"

	"github.com/spf13/cobra"
)

// aside is an output of a configuration, opened beside the running service.
type aside struct {
	config  *config.Config
	set     *wire.Layouts
	log     *slog.Logger
	builder *assemble.Builder
	dead    *deadletter.File
}

func (e *env) aside(file string) (*aside, error) {
	c, err := load(file)
	if err != nil {
		return nil, err
	}
	a := &aside{config: c}
	if a.log, err = e.logger(); err != nil {
		return nil, err
	}
	if a.set, err = e.layoutsOf(c); err != nil {
		return nil, err
	}
	a.builder = &assemble.Builder{
		Layouts: a.set, Log: a.log, Check: true,
		Stdout: func([]byte) (output.Output, error) { return stream.New(e.stdout, "standard output"), nil },
	}
	if err := a.builder.Build(c); err != nil {
		return nil, mistakes(err)
	}
	if err := durable.MkdirAll(durable.OS{}, c.State, 0o700); err != nil {
		return nil, fmt.Errorf("state: %w", err)
	}
	a.dead, err = deadletter.Open(deadletter.Options{Path: filepath.Join(c.State, assemble.DeadLetters)})
	return a, err
}

// output returns an output by name, and how to open it beside the service. A file
// that the service writes is not touched: a new one is made beside it.
func (a *aside) output(name string) (*service.Output, assemble.Opener, error) {
	i := slices.IndexFunc(a.config.Outputs, func(o config.Output) bool { return o.Name == name })
	if i < 0 {
		var names []string
		for _, o := range a.config.Outputs {
			names = append(names, o.Name)
		}
		return nil, nil, usagef("there is no output %q in %s; expected one of %q", name, a.config.File(), names)
	}
	o, made := a.config.Outputs[i], a.builder.Outputs[i]
	if o.To.Kind == config.ToFile || o.To.Kind == config.ToRelFile {
		o.To.Path += ".resend-" + time.Now().UTC().Format("20060102T150405Z")
		rotation := *o.File
		rotation.Naming, rotation.NewAtStart, rotation.RotateAge, rotation.RotateLines, rotation.RotateSize = "renamed", false, 0, 0, 0
		o.File = &rotation
	}
	reject := (&deadletter.Output{File: a.dead, Name: o.Name, Format: string(o.Format)}).Reject
	open, err := a.builder.Destination(&o, made.Format, reject)
	return made, open, err
}

func (e *env) resend() *cobra.Command {
	var file, from, to, where string
	cmd := &cobra.Command{
		Use:   "resend OUTPUT --from TIME --to TIME [-c FILE]",
		Short: "send what the journal holds to one output again",
		Long: `resend reads the journal of "estream run", which may go on running, and sends the
records with an archive time from --from up to, but not including, --to to an
output again: in its format, through its filter. An output that is a file gets a
new one beside it, named .resend-TIME, so that its own stays as it is.

Times are RFC 3339, or Unix seconds.`,
		Example: runReady + `  estream resend json --from 2023-11-14T22:00:00Z --to 2023-11-14T22:13:25Z -c estream.yaml
  estream resend json --from 1699999200 --to 1700000000 --where 'record == 400' -c estream.yaml` + runDone,
		Args: exactArgs("OUTPUT"),
		RunE: func(cmd *cobra.Command, args []string) error {
			first, err := parseTime("--from", from)
			if err != nil {
				return err
			}
			last, err := parseTime("--to", to)
			if err != nil {
				return err
			}
			if last <= first {
				return usagef("--to %s is not after --from %s", to, from)
			}
			a, err := e.aside(file)
			if err != nil {
				return err
			}
			o, open, err := a.output(args[0])
			if err != nil {
				return err
			}
			if o.Choice.Where, err = between(a.set, o.Choice.Where, first, last, where); err != nil {
				return err
			}
			return e.sendAgain(cmd.Context(), a, o, open, first)
		},
	}
	configFlag(cmd, &file)
	f := cmd.Flags()
	f.StringVar(&from, "from", "", "first archive `TIME`")
	f.StringVar(&to, "to", "", "archive `TIME` behind the last one")
	f.StringVar(&where, "where", "", "only records for which this `EXPRESSION` is true")
	return cmd
}

func parseTime(flag, text string) (uint32, error) {
	if text == "" {
		return 0, usagef("%s is missing; expected a time such as 2026-11-21T10:00:00Z, or Unix seconds", flag)
	}
	if n, err := strconv.ParseUint(text, 10, 32); err == nil {
		return uint32(n), nil
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil || t.Unix() <= 0 || t.Unix() >= int64(wire.StartNow) {
		return 0, usagef("%s is %q; expected a time such as 2026-11-21T10:00:00Z, or Unix seconds", flag, text)
	}
	return uint32(t.Unix()), nil
}

// between adds a range of archive times, and an expression, to a filter.
func between(set *wire.Layouts, f *filter.Filter, first, last uint32, where string) (*filter.Filter, error) {
	p := filter.NewParser(set)
	stamp := func(at uint32) string { return time.Unix(int64(at), 0).UTC().Format(time.RFC3339) }
	within, err := p.Parse(fmt.Sprintf("time >= %q and time < %q", stamp(first), stamp(last)))
	if err != nil {
		return nil, err
	}
	f = filter.And(f, within)
	if where == "" {
		return f, nil
	}
	more, err := p.Parse(where)
	if err != nil {
		return nil, filterError("--where", err)
	}
	return filter.And(f, more), nil
}

func (e *env) sendAgain(ctx context.Context, a *aside, o *service.Output, open assemble.Opener, first uint32) (err error) {
	j, err := journal.OpenReadOnly(filepath.Join(a.config.State, "journal"), journal.Options{Log: a.log})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, j.Close(ctx)) }()
	sources, err := a.numbers(o.Sources)
	if err != nil {
		return err
	}
	names, pos := collect.Names{}, j.SeekArchive(first)
	in, err := collect.OpenJournal(ctx, j, a.set, names, pos)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	in.Lost = func(n uint64, err error) {
		a.log.Error("events could not be read from the journal", "events", n, "error", err)
	}
	out, err := open(nil)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	stats := new(collect.Stats)
	p := &collect.Pipeline{
		Input: in, Layouts: a.set, Names: names, Format: o.Format, Choice: o.Choice, Sources: sources, Output: out,
		Workers: o.Workers, Start: pos.Seq, Log: a.log, Stats: stats,
	}
	err = p.Run(ctx)
	fmt.Fprintf(e.stderr, "%d lines to %s, %d records were not chosen\n", stats.Lines.Load()+stats.Raw.Load(), out, stats.Filtered.Load()+stats.Silent.Load())
	return err
}

func (e *env) deadletter() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "deadletter list|replay|remove",
		Short: "look at lines that a destination refused, send or remove them",
		Long: `A line that a destination refuses for good (RELP, HTTP) is kept in the state
directory with the reason, and the output goes on. These commands work beside the
running service.`,
		Example: configReady + "\n  estream deadletter list -c estream.yaml",
		Args:    noSuchCommand,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(e.deadletterList(), e.deadletterReplay(), e.deadletterRemove())
	return cmd
}

func (e *env) deadletterList() *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use:     "list [-c FILE]",
		Short:   "show the lines that were refused, with the reason",
		Example: configReady + "\n  estream deadletter list -c estream.yaml",
		Args:    exactArgs(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			a, err := e.aside(file)
			if err != nil {
				return err
			}
			return a.dead.List(func(d deadletter.Entry, damage error) error {
				if damage != nil {
					fmt.Fprintf(e.stderr, "warning: %v\n", damage)
					return nil
				}
				_, err := fmt.Fprintf(e.stdout, "%s %s %s: %s\n    %s\n", d.ID, d.Time.Format(time.RFC3339), d.Output, d.Cause, d.Line)
				return err
			})
		},
	}
	configFlag(cmd, &file)
	return cmd
}

// chosen returns which dead letters the arguments mean: those of an output, or
// with these ids.
func chosen(name string, ids []string) func(deadletter.Entry) bool {
	return func(d deadletter.Entry) bool {
		return d.Output == name && (len(ids) == 0 || slices.Contains(ids, d.ID))
	}
}

func (e *env) deadletterReplay() *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use:   "replay OUTPUT [ID ...] [-c FILE]",
		Short: "send refused lines to their output again",
		Long: `replay sends the lines that an output's destination has refused to it again, all of
them or those with the given ids, and takes them out of the file when it has taken
them. What is refused again comes back as a new entry.`,
		Example: configReady + "\n  estream deadletter replay json -c estream.yaml",
		Args:    atLeastOne("OUTPUT"),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			a, err := e.aside(file)
			if err != nil {
				return err
			}
			_, open, err := a.output(args[0])
			if err != nil {
				return err
			}
			out, err := open(nil)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, out.Close()) }()
			n, err := a.dead.Replay(cmd.Context(), out, chosen(args[0], args[1:]))
			if err == nil {
				fmt.Fprintf(e.stderr, "%d lines to %s\n", n, out)
			}
			return err
		},
	}
	configFlag(cmd, &file)
	return cmd
}

func (e *env) deadletterRemove() *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use:     "remove OUTPUT [ID ...] [-c FILE]",
		Short:   "forget refused lines",
		Example: configReady + "\n  estream deadletter remove json 0123456789abcdef -c estream.yaml",
		Args:    atLeastOne("OUTPUT"),
		RunE: func(cmd *cobra.Command, args []string) error {
			a, err := e.aside(file)
			if err != nil {
				return err
			}
			n, err := a.dead.Remove(chosen(args[0], args[1:]))
			if err == nil {
				fmt.Fprintf(e.stderr, "%d lines removed\n", n)
			}
			return err
		},
	}
	configFlag(cmd, &file)
	return cmd
}

func atLeastOne(name string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return exactArgs(name)(cmd, args)
		}
		return nil
	}
}
