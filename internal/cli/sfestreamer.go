package cli

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"estream/internal/durable"
	"estream/server/compatlog"

	"github.com/spf13/cobra"
)

const (
	// socketName is the control socket in the data directory of a server.
	socketName = "estream.sock"
	// maxSocket is the length that every system allows for the path of a socket.
	maxSocket = 103
	// screenName takes what a server in the background writes before its log is open,
	// and the last words of one that crashes.
	screenName = "stderr.log"
	// logName is the log in the data directory where there is no syslog daemon.
	logName = "sfestreamer.log"
	// startLook is the pause between looks whether a server is ready or gone.
	startLook = 50 * time.Millisecond
)

// sfestreamerFlags are the options of the service program of a Management Center, and
// two of ours.
type sfestreamerFlags struct {
	data, env   string
	noDaemon    bool
	debug       bool
	noHostCheck bool
}

func (e *env) sfestreamer() *cobra.Command {
	var o sfestreamerFlags
	cmd := &cobra.Command{
		Use:   "sfestreamer [--nodaemon] [--debug] [--nohostcheck]",
		Short: "run the server under the name and options of a Management Center's service",
		Long: `sfestreamer is "estream serve" with options from the environment. It returns when
clients can connect, and the server goes on in the background; with --nodaemon it is
the server itself, in the foreground, with messages on the screen, until Ctrl-C.

Messages are in the wording of a Management Center and go to syslog, or, where no
syslog daemon listens, to sfestreamer.log in the data directory. "estream manage"
stops the server and asks how it is.

` + envHelp,
		Example: `  echo 'ESTREAM_LISTEN=127.0.0.1:8302' >server.env
  estream sfestreamer --data data --env server.env
  estream manage stop --data data`,
		Args: exactArgs(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := o.read()
			if err != nil {
				return err
			}
			if err := ownDirectory(s.data); err != nil {
				return err
			}
			if o.noDaemon {
				return e.foreground(cmd.Context(), s)
			}
			return e.startServer(cmd.Context(), s)
		},
	}
	f := cmd.Flags()
	f.BoolVar(&o.noDaemon, "nodaemon", false, "stay in the foreground, with messages on the screen")
	o.register(cmd)
	return cmd
}

// register adds the flags that "manage" has as well.
func (o *sfestreamerFlags) register(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&o.data, "data", "", "data `DIR` of the server")
	f.StringVar(&o.env, "env", "", "environment `FILE`")
	f.BoolVar(&o.debug, "debug", false, "log details, with the place in the source")
	f.BoolVar(&o.noHostCheck, "nohostcheck", false, "admit registered clients from any address; all other checks stay")
}

// read joins flags and environment.
func (o *sfestreamerFlags) read() (*serverEnv, error) {
	s, err := readServerEnv(o.data, o.env, os.LookupEnv)
	if err != nil {
		return nil, err
	}
	s.debug = s.debug || o.debug
	s.noHostCheck = s.noHostCheck || o.noHostCheck
	return s, nil
}

// serveArgs returns the command line of "estream serve" that s means.
func (s *serverEnv) serveArgs(screen bool) []string {
	args := []string{"serve", "--data", s.data, "--log-format", s.logFormat}
	for _, a := range s.listen {
		args = append(args, "--listen", a)
	}
	if s.debug {
		args = append(args, "--verbose")
	}
	if s.noHostCheck {
		args = append(args, "--no-host-check")
	}
	switch path := s.syslogSocket(); {
	case s.logFile != "":
		args = append(args, "--log-file", s.logFile)
	case path != "":
		args = append(args, "--log-syslog="+path)
	default:
		args = append(args, "--log-file", filepath.Join(s.data, logName))
	}
	if screen {
		args = append(args, "--log-screen")
	}
	return append(args, s.options...)
}

// syslogSocket returns where the syslog daemon listens, "" if there is none or none is
// wanted.
func (s *serverEnv) syslogSocket() string {
	if wanted, err := yes(s.syslog); err == nil && !wanted && s.syslog != "" || s.logFormat != compat {
		return ""
	} else if err != nil {
		return s.syslog // a path; whether it works shows when the log is opened
	}
	if info, err := os.Stat(compatlog.DefaultSyslog); err != nil || info.Mode()&os.ModeSocket == 0 {
		return ""
	}
	return compatlog.DefaultSyslog
}

// ownDirectory keeps root from running a server in the directory of another user, who
// could not read the files it leaves there.
func ownDirectory(dir string) error {
	uid, ok := otherOwner(dir)
	if !ok {
		return nil
	}
	return hint(fmt.Errorf("data directory: %s belongs to user %d; a server of root would leave files there that this user cannot read", dir, uid),
		"systemctl start estream-server, or run the command as that user: runuser -u NAME -- estream manage start")
}

// foreground is the server.
func (e *env) foreground(ctx context.Context, s *serverEnv) error {
	if err := durable.MkdirAll(durable.OS{}, s.data, 0o700); err != nil {
		return fmt.Errorf("data directory: %w", err)
	}
	for _, v := range s.environment(os.LookupEnv) {
		name, value, _ := strings.Cut(v, "=")
		if err := os.Setenv(name, value); err != nil {
			return fmt.Errorf("environment: %s: %w", name, err)
		}
	}
	inner := &env{stdin: e.stdin, stdout: e.stdout, stderr: e.stderr}
	if status := inner.run(ctx, s.global(e, s.serveArgs(true))); status != exitOK {
		return &silentError{status}
	}
	return nil
}

// global puts the global flags of this call in front of a command line.
func (s *serverEnv) global(e *env, args []string) []string {
	if e.layoutsDir != "" {
		args = append([]string{"--layouts", e.layoutsDir}, args...)
	}
	return args
}
