package cli

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"estream/config"
	"estream/encore"
	"estream/internal/assemble"
	"estream/layouts"
	"estream/output"
	"estream/output/stream"
	"estream/wire"

	"github.com/spf13/cobra"
)

func (e *env) config() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "config new|check|show|reference|saving|estimate|migrate",
		Short: "make, check, show and migrate configurations",
		Long: `config works on the configuration file of "estream run". docs/configuration.md
explains it; "estream config reference" prints a file with every key, commented.`,
		Example: configReady,
		Args:    noSuchCommand,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(e.configNew(), e.configCheck(), e.configShow(), e.configReference(), e.configSaving(), e.configEstimate(), e.configMigrate())
	return cmd
}

func (e *env) configCheck() *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use:   "check [-c FILE]",
		Short: "find all mistakes of a configuration",
		Long: `check reads a configuration as "run" does, and looks at everything it names: files,
certificates, secrets, filters, mapping tables. All mistakes are shown at once. It
connects to nobody; "estream doctor" does.

When all is well it says what will be asked of each Management Center, which is no
more than the filters of the outputs can use, and what each output promises.`,
		Example: configReady,
		Args:    exactArgs(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := load(file)
			if err != nil {
				return err
			}
			found := config.Problems(config.Check(c))
			serious := slices.ContainsFunc(found, func(p config.Problem) bool { return !p.Warning })
			var b *assemble.Builder
			if !serious {
				if b, err = e.tryBuild(c); err != nil {
					var more config.Problems
					if !errors.As(err, &more) {
						return &configError{err}
					}
					found, serious = append(found, more...), true
				}
			}
			for _, p := range slices.Concat(c.Warnings, found) {
				if p.Warning {
					fmt.Fprintln(e.stderr, "warning: "+p.String())
				}
			}
			if serious {
				return mistakes(config.Problems(slices.DeleteFunc(found, func(p config.Problem) bool { return p.Warning })))
			}
			return e.explain(c, b)
		},
	}
	configFlag(cmd, &file)
	return cmd
}

// tryBuild makes everything that a configuration describes, and opens nothing.
func (e *env) tryBuild(c *config.Config) (*assemble.Builder, error) {
	set, err := e.layoutsOf(c)
	if err != nil {
		return nil, err
	}
	b := &assemble.Builder{
		Layouts: set, Log: slog.New(slog.DiscardHandler), Check: true,
		Stdout: func([]byte) (output.Output, error) { return stream.New(io.Discard, "standard output"), nil },
	}
	return b, b.Build(c)
}

func (e *env) layoutsOf(c *config.Config) (*wire.Layouts, error) {
	switch {
	case e.layoutsDir != "" || c.Layouts == "":
		return e.layouts()
	default:
		return layouts.Load(c.Layouts)
	}
}

// explain says what a configuration comes to.
func (e *env) explain(c *config.Config, b *assemble.Builder) error {
	var text strings.Builder
	fmt.Fprintf(&text, "%s is fine.\n", c.File())
	for _, s := range b.Sources {
		if s.Feed != nil {
			fmt.Fprintf(&text, "sensor %s: reads %s as managed device %s\n", s.Name, s.Feed.Name, s.Feed.Device.DeviceName())
			continue
		}
		fmt.Fprintf(&text, "source %s: asks %s for %s", s.Name, s.Addr, s.Session.Flags)
		var pairs []string
		for _, p := range s.Session.Pairs {
			pairs = append(pairs, fmt.Sprintf("%d version %d", p.Code, p.Version))
		}
		if len(pairs) > 0 {
			fmt.Fprintf(&text, "; event types %s", strings.Join(pairs, ", "))
		}
		text.WriteString("\n")
	}
	for i := range c.Outputs {
		o := &c.Outputs[i]
		fmt.Fprintf(&text, "output %s: %s to %s; %s\n", o.Name, o.Format, o.To, assemble.Guarantee(o.To.Kind))
	}
	if c.Server != nil {
		fmt.Fprintf(&text, "server: listens on %s; clients are registered with: estream client add HOST --data %s -o FILE\n", strings.Join(c.Server.Listen, ", "), c.State)
	}
	_, err := io.WriteString(e.stdout, text.String())
	return err
}

func (e *env) configShow() *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use:   "show [-c FILE]",
		Short: "print the configuration with all defaults filled in",
		Long: `show prints the configuration that is in force: with all defaults, without secrets.
What it prints is itself a configuration, with the same meaning.`,
		Example: configReady + "\n  estream config show -c estream.yaml",
		Args:    exactArgs(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := load(file)
			if err != nil {
				return err
			}
			return c.Show(e.stdout)
		},
	}
	configFlag(cmd, &file)
	return cmd
}

func (e *env) configReference() *cobra.Command {
	return &cobra.Command{
		Use:     "reference",
		Short:   "print a configuration file with every key, commented",
		Example: `  estream config reference > estream.yaml`,
		Args:    exactArgs(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := e.stdout.Write(config.Reference)
			return err
		},
	}
}

func (e *env) configEstimate() *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use:   "estimate EVENTS-PER-DAY [CATEGORY=N ...]",
		Short: "estimate disk, CPU and memory from events per day",
		Long: `estimate says what a configuration is likely to cost: journal and output bytes a
day, CPU and memory. A number is events a day of all sources in the usual mix;
CATEGORY=N says how many there are of one category.`,
		Example: configReady + `
  estream config estimate 50000000 -c estream.yaml
  estream config estimate connection=40000000 intrusion=200000 -c estream.yaml`,
		RunE: func(cmd *cobra.Command, args []string) error {
			events, err := parseEvents(args)
			if err != nil {
				return err
			}
			c, err := load(file)
			if err != nil {
				return err
			}
			estimate := c.Estimate(events)
			return estimate.Write(e.stdout)
		},
	}
	configFlag(cmd, &file)
	return cmd
}

func parseEvents(args []string) (config.Events, error) {
	var events config.Events
	if len(args) == 0 {
		return events, usagef("EVENTS-PER-DAY is missing; expected a number such as 50000000, or CATEGORY=N")
	}
	for _, a := range args {
		name, text, named := strings.Cut(a, "=")
		if !named {
			text = a
		}
		n, err := strconv.ParseFloat(text, 64)
		if err != nil || n < 0 || n > 1e15 {
			return events, usagef("%q is no number of events a day; expected one such as 50000000", a)
		}
		switch {
		case !named && len(args) > 1:
			return events, usagef("%q: expected one number, or CATEGORY=N for each category", a)
		case !named:
			events.Total = n
		case !slices.Contains(config.Categories(), config.Category(name)):
			return events, usagef("%q is no category; expected one of %q", name, config.Categories())
		default:
			if events.Categories == nil {
				events.Categories = map[config.Category]float64{}
			}
			events.Categories[config.Category(name)] = n
		}
	}
	return events, nil
}

func (e *env) configMigrate() *cobra.Command {
	return &cobra.Command{
		Use:   "migrate DIR",
		Short: "make a configuration from an eNcore directory",
		Long: `migrate reads the estreamer.conf, bookmark, key and certificate of an eNcore
directory and prints an estream.yaml that goes on where eNcore stopped. Nothing in
the directory is changed. What a person has to look at is said on standard error.`,
		Example: encoreReady + `  estream config migrate . > estream.yaml`,
		Args:    exactArgs("DIR"),
		RunE: func(cmd *cobra.Command, args []string) error {
			dir, err := filepath.Abs(args[0])
			if err != nil {
				return err
			}
			text, notes, err := encore.Migrate(dir)
			if err != nil {
				return err
			}
			for _, n := range notes {
				fmt.Fprintln(e.stderr, "note: "+n)
			}
			_, err = e.stdout.Write(text)
			return err
		},
	}
}
