package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"os"
	"os/signal"
	"syscall"

	"estream/config"
	"estream/internal/control"
	"estream/internal/daemon"
	"estream/layouts"
	"estream/output"
	"estream/output/stream"
	"estream/server"
	"estream/wire"

	"github.com/spf13/cobra"
	"gopkg.in/natefinch/lumberjack.v2"
)

// defaultConfig is read where no other file is named.
const defaultConfig = "/etc/estream/estream.yaml"

func configFlag(cmd *cobra.Command, file *string) {
	cmd.Flags().StringVarP(file, "config", "c", defaultConfig, "configuration `FILE`")
}

// load reads a configuration. All mistakes in it are shown at once.
func load(file string) (*config.Config, error) {
	c, err := config.Load(file)
	if err != nil {
		return nil, mistakes(err)
	}
	return c, nil
}

// mistakes makes an error of configuration of what says so.
func mistakes(err error) error {
	var problems config.Problems
	if errors.As(err, &problems) {
		return hint(&configError{err}, "`estream config show` prints what is in force, docs/configuration.md and the commented estream.yaml say what each key takes")
	}
	return &configError{err}
}

func (e *env) service() *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use:   "run [-c FILE]",
		Short: "run the collector that a configuration file describes",
		Long: `run is the service: it receives from every Management Center in the configuration
file, keeps what it receives in a journal and writes it to every output. It never
gives up: what does not work is tried again, and said in the log, in "estream
status" and to the monitoring.

SIGHUP, or "estream reload", reads the file again: only what has changed is
restarted, and a file with mistakes changes nothing. SIGTERM or Ctrl-C ends it in
order, a second one at once.`,
		Example: runReady + "  sleep 2; wc events.json" + runDone,
		Args:    exactArgs(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := load(file)
			if err != nil {
				return err
			}
			level := new(slog.LevelVar)
			log, trace, done, err := e.serviceLog(c, level)
			if err != nil {
				return err
			}
			defer done()
			hup := make(chan os.Signal, 1)
			signal.Notify(hup, syscall.SIGHUP)
			defer signal.Stop(hup)
			reload := make(chan struct{}, 1)
			ctx, stop := context.WithCancel(cmd.Context())
			defer stop()
			go func() {
				for {
					select {
					case <-hup:
						select {
						case reload <- struct{}{}:
						default: // one is due already
						}
					case <-ctx.Done():
						return
					}
				}
			}()
			d := &daemon.Daemon{
				File: file, Log: log, Trace: trace, Version: version(),
				Layouts: func(dir string) (*wire.Layouts, error) {
					if e.layoutsDir != "" {
						dir = e.layoutsDir
					}
					if dir == "" {
						return layouts.Default(), nil
					}
					return layouts.Load(dir)
				},
				Stdout: func([]byte) (output.Output, error) { return stream.New(e.stdout, "standard output"), nil },
			}
			err = d.Run(ctx, c, reload)
			var problems config.Problems
			if errors.As(err, &problems) {
				// Not the file's fault alone: a certificate may lie on a disk that is not
				// mounted yet. A service manager should try again.
				return hint(err, "`estream config check` shows everything that is wrong at once")
			}
			return err
		},
	}
	configFlag(cmd, &file)
	return cmd
}

// serviceLog returns the log that a configuration asks for; flags of the command
// line go before it.
//
// trace is what a server tells of its sessions in the old wording, nil in other forms.
func (e *env) serviceLog(c *config.Config, level *slog.LevelVar) (log *slog.Logger, trace *server.Trace, done func(), err error) {
	if e.verbose || e.quiet || e.logFormat != "text" {
		log, err = e.logger()
		return log, nil, func() {}, err
	}
	if err := level.UnmarshalText([]byte(c.Log.Level)); err != nil {
		return nil, nil, nil, err // the configuration knows the names
	}
	var w io.Writer = e.stderr
	done = func() {}
	if c.Log.File != "" {
		f := &lumberjack.Logger{Filename: c.Log.File, MaxSize: max(1, int(c.Log.RotateSize>>20)), MaxBackups: c.Log.Keep}
		if c.Log.RotateSize == 0 {
			f.MaxSize = 1 << 30 // MiB: never
		}
		w, done = f, func() { _ = f.Close() } // what was logged is written already
	}
	opt := &slog.HandlerOptions{Level: level}
	switch c.Log.Format {
	case "json":
		return slog.New(slog.NewJSONHandler(w, opt)), nil, done, nil
	case compat:
		writers := []io.Writer{w}
		if c.Log.Syslog != "" && c.Log.File == "" {
			writers = nil
		}
		l, err := openCompat(level.Level(), writers, c.Log.Syslog)
		if err != nil {
			return nil, nil, nil, err
		}
		return slog.New(l.Handler()), l.Trace(), func() { _ = l.Close() }, nil
	}
	return slog.New(slog.NewTextHandler(w, opt)), nil, done, nil
}

// remote are the flags of commands that speak to a running service.
type remote struct{ file, socket string }

func (r *remote) register(cmd *cobra.Command) {
	configFlag(cmd, &r.file)
	cmd.Flags().StringVar(&r.socket, "socket", "", "control `SOCKET` of the service (default: that of the configuration)")
}

func (r *remote) dial() (*control.Client, error) {
	if r.socket == "" {
		c, err := load(r.file)
		if err != nil {
			return nil, err
		}
		r.socket = c.Monitoring.Socket
	}
	return control.Dial(r.socket), nil
}

func (e *env) reload() *cobra.Command {
	var r remote
	cmd := &cobra.Command{
		Use:   "reload [-c FILE]",
		Short: "make a running service read its configuration again",
		Long: `reload makes "estream run" read its configuration file again, and says what has
changed. Only what has changed is restarted; a file with mistakes changes nothing.`,
		Example: runReady + "  estream reload -c estream.yaml" + runDone,
		Args:    exactArgs(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := r.dial()
			if err != nil {
				return err
			}
			answer, err := c.Post(cmd.Context(), "/reload")
			if err != nil {
				return err
			}
			var done daemon.Reloaded
			if err := json.Unmarshal(answer, &done); err != nil {
				return fmt.Errorf("the service answered %q: %w", answer, err)
			}
			_, err = fmt.Fprintln(e.stdout, done.String())
			return err
		},
	}
	r.register(cmd)
	return cmd
}

func (e *env) tap() *cobra.Command {
	var r remote
	cmd := &cobra.Command{
		Use:   "tap OUTPUT [-c FILE]",
		Short: "show what an output of a running service sends",
		Long: `tap shows the lines that an output of "estream run" hands to its destination, from
now on until Ctrl-C. It never holds the output back: what comes too fast to be
shown is left out, and a line beginning with # says so.`,
		Example: runReady + "  estream tap json -c estream.yaml & sleep 1" + runDone,
		Args:    exactArgs("OUTPUT"),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := r.dial()
			if err != nil {
				return err
			}
			return c.Stream(cmd.Context(), "/tap?output="+url.QueryEscape(args[0]), e.stdout)
		},
	}
	r.register(cmd)
	return cmd
}
