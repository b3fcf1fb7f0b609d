// Package cli is the command line of estream, one file per subcommand. Data goes
// to standard output, everything else to standard error.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"

	"estream/layouts"
	"estream/wire"

	"github.com/spf13/cobra"
)

// Exit statuses.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2
	exitConfig = 78
)

// Version is the version of the program; the build sets it.
var Version = ""

// version falls back to what the Go tool recorded.
func version() string {
	if Version != "" {
		return Version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	return "development build"
}

// An env is what a command works with besides its flags.
type env struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	layoutsDir     string
	verbose        bool
	quiet          bool
	logFormat      string

	// demoFault, in tests, is handed to the demonstration.
	demoFault func(batch []byte, count int) ([]byte, int)
}

// A hintError is an error whose cure is known.
type hintError struct {
	error
	hint string
}

func (e *hintError) Unwrap() error { return e.error }

func hint(err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	return &hintError{err, fmt.Sprintf(format, args...)}
}

// usageError marks mistakes in the command line.
type usageError struct{ error }

func (e *usageError) Unwrap() error { return e.error }

func usagef(format string, args ...any) error { return &usageError{fmt.Errorf(format, args...)} }

// configError marks mistakes in files that configure a command.
type configError struct{ error }

func (e *configError) Unwrap() error { return e.error }

// A silentError ends the command with its status; what there is to say was said.
type silentError struct{ status int }

func (e *silentError) Error() string { return fmt.Sprintf("exit status %d", e.status) }

// Process runs the command that the process was started for and returns its exit
// status. The first SIGINT or SIGTERM ends it in an orderly way.
func Process() int {
	// With its usual effect this signal kills the process in the middle of a write
	// as soon as the reader of a pipe, "head" for example, has gone. Ignored, the
	// write returns an error: positions are saved and temporary files removed.
	signal.Ignore(syscall.SIGPIPE)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// After the first signal the second one has its usual effect: it ends the
	// process at once, for operators who do not want to wait for an orderly end.
	context.AfterFunc(ctx, stop)
	return Main(ctx, calledAs(os.Args[0], os.Args[1:]), os.Stdin, os.Stdout, os.Stderr)
}

// Main runs one command and returns its exit status: 0 fine, 1 failed, 2 wrong
// usage, 78 a mistake in a configuration file. It returns soon after ctx ends.
func Main(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	return (&env{stdin: stdin, stdout: stdout, stderr: stderr}).run(ctx, args)
}

func (e *env) run(ctx context.Context, args []string) int {
	stderr := e.stderr
	root := e.root()
	root.SetArgs(args)
	root.SetIn(e.stdin)
	root.SetOut(e.stdout)
	root.SetErr(e.stderr)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitOK
	}
	var silent *silentError
	if errors.As(err, &silent) {
		return silent.status
	}
	fmt.Fprintf(stderr, "estream: %v\n", err)
	var h *hintError
	if errors.As(err, &h) {
		fmt.Fprintf(stderr, "estream: hint: %s\n", h.hint)
	}
	var usage *usageError
	if errors.As(err, &usage) {
		return exitUsage
	}
	var config *configError
	if errors.As(err, &config) {
		return exitConfig
	}
	return exitFailed
}

func (e *env) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "estream",
		Short: "stream, collect and decode eStreamer security events",
		Long: `estream is the eStreamer system in one program: a server that streams security
events from sensors, a collector that brings them from a Management Center (or
from that server) to a SIEM, and the tools around both.

Start here:
  estream demo                a complete system with real sample data`,
		Version:       version(),
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          noSuchCommand,
		RunE:          func(cmd *cobra.Command, args []string) error { return cmd.Help() },
	}
	root.SetVersionTemplate("estream {{.Version}}\n")
	root.CompletionOptions.HiddenDefaultCmd = true
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return hint(&usageError{plainNumber(err)}, "%s --help shows the flags and an example", cmd.CommandPath())
	})
	f := root.PersistentFlags()
	f.StringVar(&e.layoutsDir, "layouts", "", "`DIR` with layout files (*.yaml) that add to or replace the built-in ones")
	f.BoolVarP(&e.verbose, "verbose", "v", false, "log details")
	f.BoolVarP(&e.quiet, "quiet", "q", false, "log warnings and errors only")
	f.StringVar(&e.logFormat, "log-format", "text", "`FORM` of log lines on standard error: text or json; a server has compat, too")
	root.AddCommand(e.demo(), e.service(), e.reload(), e.status(), e.top(), e.tap(), e.resend(), e.deadletter(), e.config(), e.doctor(), e.test(), e.request(), e.encore(), e.links(), e.serve(), e.client(), e.events(), e.domain(), e.admin(), e.authority(), e.manage(), e.sfestreamer(), e.backup(), e.restore(), e.collect(), e.decode(), e.synth())
	return root
}

// logger returns the logger that the flags ask for.
func (e *env) logger() (*slog.Logger, error) {
	opt := &slog.HandlerOptions{Level: slog.LevelInfo}
	switch {
	case e.verbose && e.quiet:
		return nil, usagef("--verbose and --quiet contradict each other")
	case e.verbose:
		opt.Level = slog.LevelDebug
	case e.quiet:
		opt.Level = slog.LevelWarn
	}
	switch e.logFormat {
	case "text":
		return slog.New(slog.NewTextHandler(e.stderr, opt)), nil
	case "json":
		return slog.New(slog.NewJSONHandler(e.stderr, opt)), nil
	}
	return nil, usagef("--log-format is %q; expected text or json", e.logFormat)
}

// layouts returns the layouts that the flags ask for.
func (e *env) layouts() (*wire.Layouts, error) {
	if e.layoutsDir == "" {
		return layouts.Default(), nil
	}
	set, err := layouts.Load(e.layoutsDir)
	if err != nil {
		err = &configError{fmt.Errorf("--layouts: %w", err)}
		if errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		return nil, hint(err, "correct the lines named above; layouts/doc.go in the source describes the form of layout files")
	}
	return set, nil
}

// exactArgs is cobra.ExactArgs with messages that name what is missing.
func exactArgs(names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) < len(names):
			return hint(usagef("%s is missing", strings.Join(names[len(args):], " and ")), "%s --help shows an example", cmd.CommandPath())
		case len(args) > len(names):
			return usagef("unexpected argument %q", args[len(names)])
		}
		return nil
	}
}

// noSuchCommand is the check of the arguments of a command that has subcommands:
// cobra brings here only what names none of them.
func noSuchCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	cmd.SuggestionsMinimumDistance = 2 // letters; what cobra takes for its own messages
	err := usagef("unknown command %q; %s --help lists the commands", args[0], cmd.CommandPath())
	if like := cmd.SuggestionsFor(args[0]); len(like) > 0 {
		return hint(err, "did you mean %s %s?", cmd.CommandPath(), strings.Join(like, " or "))
	}
	return err
}

// plainNumber puts the error for a flag value that is no number into plain words.
func plainNumber(err error) error {
	var num *strconv.NumError
	if !errors.As(err, &num) {
		return err
	}
	reason := "a number is expected"
	if errors.Is(num, strconv.ErrRange) {
		reason = "the number is too large"
	}
	return errors.New(strings.Replace(err.Error(), num.Error(), reason, 1))
}

// isTerminal reports whether w is a terminal, for progress and colour.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0 && info.Mode()&os.ModeDevice != 0 && os.Getenv("TERM") != "dumb"
}

// readerGone reports whether a write failed because nobody reads the pipe any more.
func readerGone(err error) bool {
	return errors.Is(err, syscall.EPIPE) || errors.Is(err, io.ErrClosedPipe)
}
