package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"estream/encore"
	"estream/encore/compare"

	"github.com/spf13/cobra"
)

// encoreReady makes an eNcore directory in the examples: a client's file, and
// answers to the questions of the first run.
const encoreReady = `  estream client add 127.0.0.1 --data data -o client.pkcs12
  printf '3\n127.0.0.1\n' | estream encore stop
`

// An encoreEnv is what the verbs of eNcore work with.
type encoreEnv struct {
	*env
	dir     string
	noStdin bool
	again   bool
	term    *encore.Terminal
}

func (e *env) encore() *cobra.Command {
	v := &encoreEnv{env: e}
	cmd := &cobra.Command{
		Use:   "encore VERB",
		Short: "take the place of the eNcore client in its own directory",
		Long: `encore has the verbs of eNcore's encore.sh. Run it in a directory that eNcore used:
it reads estreamer.conf as it is, goes on at eNcore's bookmark, uses its key and
certificate, writes the same lines to the same files, and logs in the same form.
Stop eNcore first.

Without estreamer.conf it is the first run: a configuration is made and the output
asked for. What estream remembers is in the directory HOST-PORT_estream beside
eNcore's files.`,
		Example: encoreReady + `  estream encore start
  estream encore stop`,
		Args:          cobra.ArbitraryArgs,
		SilenceErrors: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			l, err := v.launcher()
			if err == nil {
				err = l.Init()
			}
			if err == nil {
				err = l.Usage(strings.Join(args, " "))
			}
			return told(err)
		},
	}
	f := cmd.PersistentFlags()
	f.StringVar(&v.dir, "dir", ".", "work in `DIR` instead of the current directory")
	f.BoolVar(&v.noStdin, "nostdin", false, "ask nothing; fail where an answer would be needed")
	cmd.AddCommand(
		v.verb("start", "run the client in the background", `start runs the client in the background, detached from the terminal. What it does
is in the log, estreamer.log by default. If it runs already, that is said.`, (*encore.Launcher).Start),
		v.verb("stop", "stop the client and wait until it has ended", `stop interrupts the client, which writes what it has received, and waits until its
process is gone.`, (*encore.Launcher).Stop),
		v.verb("restart", "stop the client and start it again", `restart is stop and start.`, (*encore.Launcher).Restart),
		v.verb("archive", "pack the log and begin a new one", `archive stops the client, packs the log into encore-log-TIME.tar.gz, removes it and
starts the client.`, (*encore.Launcher).Archive),
		v.setup(), v.test(), v.foreground(), v.service(), v.diagnostics(), v.configure(), v.compare(),
	)
	return cmd
}

// told turns the error of a verb that has said everything into a bare status.
func told(err error) error {
	if errors.Is(err, encore.ErrTold) {
		return &silentError{exitFailed}
	}
	return err
}

func (v *encoreEnv) terminal() *encore.Terminal {
	if v.term == nil {
		v.term = &encore.Terminal{In: v.stdin, Out: v.stdout, Err: v.stderr}
	}
	return v.term
}

func (v *encoreEnv) launcher() (*encore.Launcher, error) {
	dir, err := v.workDir()
	if err != nil {
		return nil, err
	}
	exe, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find this program, to run it in the background: %w", err)
	}
	command := []string{exe}
	if v.layoutsDir != "" {
		layouts, err := filepath.Abs(v.layoutsDir)
		if err != nil {
			return nil, err
		}
		command = append(command, "--layouts", layouts)
	}
	return &encore.Launcher{
		Dir: dir, Terminal: v.terminal(), NoStdin: v.noStdin,
		Command: append(command, "encore", "service"), Title: "estream encore service " + encore.ConfName,
	}, nil
}

func (v *encoreEnv) workDir() (string, error) {
	dir, err := filepath.Abs(v.dir)
	if err != nil {
		return "", fmt.Errorf("--dir: %w", err)
	}
	if info, err := os.Stat(dir); err != nil {
		return "", fmt.Errorf("--dir: %w", err)
	} else if !info.IsDir() {
		return "", fmt.Errorf("--dir: %s is no directory", dir)
	}
	return dir, nil
}

// initialized returns a command whose verb runs once there is something to run it on.
func (v *encoreEnv) initialized(verb, short, long string, run func(context.Context, *encore.Launcher) error) *cobra.Command {
	example := encoreReady + "  estream encore " + verb
	switch verb {
	case "start", "restart", "archive": // what is pasted leaves nothing behind
		example += "\n  estream encore stop"
	}
	return &cobra.Command{
		Use: verb, Short: short, Long: long, Args: exactArgs(),
		Example: example,
		RunE: func(cmd *cobra.Command, _ []string) error {
			l, err := v.launcher()
			if err == nil {
				err = l.Init()
			}
			if err == nil {
				err = run(cmd.Context(), l)
			}
			return told(err)
		},
	}
}

func (v *encoreEnv) verb(name, short, long string, run func(*encore.Launcher, context.Context) error) *cobra.Command {
	return v.initialized(name, short, long, func(ctx context.Context, l *encore.Launcher) error { return run(l, ctx) })
}

func (v *encoreEnv) setup() *cobra.Command {
	cmd := v.initialized("setup", "choose Splunk, CEF or JSON as the output", `setup asks for the output and writes it into estreamer.conf, in place of all outputs
that were there. It also switches the client on.`, func(_ context.Context, l *encore.Launcher) error {
		return encore.Setup(l.Dir, encore.ConfName, l.Terminal)
	})
	cmd.Example = encoreReady + "  printf '1\\n' | estream encore setup"
	return cmd
}

func (v *encoreEnv) test() *cobra.Command {
	return v.initialized("test", "test the connection to the server", `test connects, sends a request and waits for the answer, with a line for each step.
As in eNcore the status is 0 also when the test fails: look for "Connection
successful".`, func(ctx context.Context, l *encore.Launcher) error {
		// The failure is in the lines.
		_ = encore.Diagnostics(ctx, l.Dir, encore.ConfName, l.Terminal, false)
		return nil
	})
}

func (v *encoreEnv) foreground() *cobra.Command {
	return v.initialized("foreground", "run the client in this terminal", `foreground runs the client in this terminal until Ctrl-C. It also asks for the
password of the PKCS#12 file, which it needs once.`, func(ctx context.Context, l *encore.Launcher) error {
		return v.run(ctx, l.Dir, encore.ConfName, true)
	})
}

// run runs the client.
func (v *encoreEnv) run(ctx context.Context, dir, name string, foreground bool) error {
	set, err := v.layouts()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	c := &encore.Client{
		Dir: dir, Conf: name, Layouts: set, Destinations: encore.StandardDestinations(v.stdout), Terminal: v.terminal(),
		Version: version(), Reprocess: v.again, Show: encore.ShowSignals(ctx), Enter: foreground && runtime.GOOS == "windows",
	}
	return c.Run(ctx)
}

// direct returns a hidden command that works on a configuration without the checks
// of the verbs: what encore.sh itself calls, and some people's scripts do.
func (v *encoreEnv) direct(verb, short string, run func(ctx context.Context, dir, name string) error) *cobra.Command {
	cmd := &cobra.Command{
		Use: verb + " [CONFIGURATION]", Short: short, Hidden: true, Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			dir, err := v.workDir()
			if err != nil {
				return err
			}
			name := encore.ConfName
			if len(args) == 1 {
				name = args[0]
			}
			return run(cmd.Context(), dir, name)
		},
	}
	cmd.Flags().BoolVar(&v.again, "pkcs12", false, "split the PKCS#12 file anew, asking for its password")
	return cmd
}

func (v *encoreEnv) service() *cobra.Command {
	return v.direct("service", "run the client", func(ctx context.Context, dir, name string) error {
		return v.run(ctx, dir, name, false)
	})
}

func (v *encoreEnv) diagnostics() *cobra.Command {
	return v.direct("diagnostics", "test the connection", func(ctx context.Context, dir, name string) error {
		// The failure is in the lines.
		_ = encore.Diagnostics(ctx, dir, name, v.terminal(), v.again)
		return nil
	})
}

func (v *encoreEnv) configure() *cobra.Command {
	return &cobra.Command{
		Use:   "configure CONFIGURATION [OPTION VALUE]...",
		Short: "change and show settings",
		Long: `configure changes single settings in estreamer.conf and shows values that scripts
need. Options may be abbreviated as long as they are unique.

  --enabled, --logstdout, --logstderr    true or false
  --connections, --packets, --metadata   what is written: true or false
  --host NAME, --port N                  the Management Center
  --output NAME                          splunk, cef, cef2 or json; the only one then
  --stream0 URI                          where the first output writes to
  --conditions NAME                      splunk: run only while Splunk does
  --bookmark now                         go on with events from now on
  --print NAME                           host, port, stream0, enabled, pkcs12, stem,
                                         pid, privateKey, publicKey, statusFile,
                                         pidFile, splunkstatus or metadata`,
		Example: encoreReady + `  estream encore configure estreamer.conf --output splunk
  estream encore configure estreamer.conf --print splunkstatus`,
		DisableFlagParsing: true, // eNcore's rules for abbreviations are not ours
		RunE: func(cmd *cobra.Command, args []string) error {
			for len(args) > 0 {
				word, value, inline := strings.Cut(args[0], "=")
				switch {
				case word == "--help" || word == "-h":
					return cmd.Help()
				case word == "--dir" && inline:
					v.dir, args = value, args[1:]
					continue
				case word == "--dir" && len(args) > 1:
					v.dir, args = args[1], args[2:]
					continue
				}
				break
			}
			dir, err := v.workDir()
			if err != nil {
				return err
			}
			set, err := v.layouts()
			if err != nil {
				return err
			}
			return encore.Configure(cmd.Context(), dir, args, set, v.stdout)
		},
	}
}

func (v *encoreEnv) compare() *cobra.Command {
	var o compare.Options
	cmd := &cobra.Command{
		Use:   "compare OURS THEIRS",
		Short: "show the lines that only estream or only eNcore has written",
		Long: `compare reads what estream wrote (OURS) and what eNcore wrote (THEIRS), each a file,
a directory or a pattern in quotes, and shows the lines that only one of them has.
The order of lines does not matter; of CEF lines only what follows the syslog header
is compared. The status is 0 if there are none, else 1. To run both beside each
other give each a directory of its own.`,
		Example: `  printf 'a\nb\n' > ours.json
  printf 'b\na\n' > theirs.json
  estream encore compare ours.json theirs.json`,
		Args: exactArgs("OURS", "THEIRS"),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Only = func(l compare.Line) error {
				side := "-"
				if l.Ours {
					side = "+"
				}
				_, err := fmt.Fprintf(v.stdout, "%s %s:%d: %s\n", side, l.File, l.Number, l.Text)
				return err
			}
			r, err := compare.Compare(cmd.Context(), args[:1], args[1:], o)
			if err != nil {
				return err
			}
			fmt.Fprintf(v.stderr, "%v (+ ours, - theirs)\n", r)
			if !r.Same() {
				return &silentError{exitFailed}
			}
			return nil
		},
	}
	fl := cmd.Flags()
	fl.IntVar(&o.Window, "window", compare.DefaultWindow, "`N` lines that may wait for their twin on each side")
	fl.BoolVar(&o.Follow, "follow", false, "go on with lines and files that come later, until Ctrl-C")
	fl.DurationVar(&o.Grace, "grace", time.Minute, "with --follow, how long a line waits for its twin: a `DURATION`")
	return cmd
}
