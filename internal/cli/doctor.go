package cli

import (
	"context"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"time"

	"estream/config"
	"estream/doctor"
	"estream/internal/assemble"
	"estream/pki"
	"estream/session"

	"github.com/spf13/cobra"
)

// doctorFlags are the flags of "estream doctor".
type doctorFlags struct {
	remote
	pkcs12, passwordFile string
	bundle               string
	json                 bool
	wait                 time.Duration
}

func (e *env) doctor() *cobra.Command {
	var o doctorFlags
	cmd := &cobra.Command{
		Use:   "doctor [HOST[:PORT] --pkcs12 FILE] [-c FILE]",
		Short: "find out why events do not come, and how to cure it",
		Long: `doctor goes the way of an event, from the Management Center to the outputs, and says
at each step what was found; when something is wrong, its cause, the cure, and the
command that shows the same by hand. docs/troubleshooting.md explains every cause.

With a configuration it examines each Management Center as "estream run" would
connect to it, then this machine: state directory, outputs, and what waits in the
running service. With HOST and --pkcs12 it examines that server and needs no
configuration. It changes nothing and keeps no event, but is one more client of the
server while it runs.

--bundle FILE also writes a support bundle (tar.gz, mode 0600; - for standard
output): versions, configuration, end of the log, status, metrics, certificates,
sockets and the diagnosis, without passwords, tokens and keys.

The status is 0 when no step failed, 1 when one did, and 78 when the configuration
has mistakes. Warnings alone do not count.`,
		Example: doctorReady + `  estream doctor 127.0.0.1:8302 --pkcs12 client.pkcs12 --wait 1s
  estream doctor -c estream.yaml --wait 1s --bundle support.tar.gz` + doctorDone,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.check(cmd, args, isTerminal(e.stdout)); err != nil {
				return err
			}
			x := &checkup{env: e, flags: &o, people: e.stdout}
			if o.bundle == "-" || o.json {
				x.people = e.stderr
			}
			x.colour = doctor.UseColour(x.people)
			ctx := cmd.Context()
			var err error
			if len(args) == 1 {
				err = x.server(ctx, args[0])
			} else {
				err = x.configured(ctx)
			}
			if err == nil {
				err = x.finish()
			}
			switch {
			case err != nil:
				return err
			case ctx.Err() != nil:
				return fmt.Errorf("stopped before the end: %w", context.Cause(ctx))
			case doctor.ExitStatus(x.reports...) != doctor.ExitOK:
				return &silentError{doctor.ExitStatus(x.reports...)}
			case x.mistaken:
				return &silentError{exitConfig}
			}
			return nil
		},
	}
	o.register(cmd)
	f := cmd.Flags()
	f.StringVar(&o.pkcs12, "pkcs12", "", "with HOST, the PKCS#12 `FILE` of this client")
	f.StringVar(&o.passwordFile, "password-file", "", "with HOST, `FILE` whose first line is the password of the PKCS#12 file")
	f.BoolVar(&o.json, "json", false, "print JSON")
	f.StringVar(&o.bundle, "bundle", "", "write a support bundle to `FILE`, or - for standard output")
	f.DurationVar(&o.wait, "wait", doctor.DefaultEventWait, "wait this `DURATION` for an event of each server, at most twice")
	return cmd
}

// Beginning and end of examples with a server to connect to.
const (
	doctorReady = `  estream synth -o events.bin --count 10000
` + configReady + `
  estream serve --data data --listen 127.0.0.1:8302 --replay-as-is events.bin & server=$!
  until estream test -c estream.yaml; do sleep 1; done
`
	doctorDone = `
  kill $server`
)

// check looks for flags that contradict each other. terminal says whether standard
// output is one.
func (o *doctorFlags) check(cmd *cobra.Command, args []string, terminal bool) error {
	host := len(args) == 1
	for _, name := range []string{"config", "socket"} {
		if host && cmd.Flags().Changed(name) {
			return usagef("--%s is for a configuration, and HOST %q needs none; leave out one of them", name, args[0])
		}
	}
	switch {
	case host && o.pkcs12 == "":
		return hint(usagef("--pkcs12 FILE is missing"), "the server serves nobody without the client's file; without HOST the configuration names it")
	case !host && (o.pkcs12 != "" || o.passwordFile != ""):
		return usagef("--pkcs12 and --password-file need HOST; without it the configuration says what to use")
	case o.wait <= 0:
		return usagef("--wait is %v; expected a duration such as 10s", o.wait)
	case o.bundle == "-" && o.json:
		return usagef("--bundle - and --json both want standard output; name a file for the bundle")
	case o.bundle == "-" && terminal:
		return usagef("--bundle - would write a compressed archive to the terminal; name a file, or redirect standard output")
	case o.bundle != "" && o.bundle != "-":
		return parentExists("--bundle", o.bundle)
	}
	return nil
}

// A checkup is one run of the doctor: what it was asked for, and what it has found.
type checkup struct {
	*env
	flags    *doctorFlags
	people   io.Writer // gets what people read
	colour   bool
	mistaken bool // the configuration has mistakes
	reports  []doctor.Report
	failed   error // of writing

	// For the bundle, in addition to the diagnosis.
	parts   []doctor.Part
	certs   []*x509.Certificate
	ports   []uint16
	secrets []string
	unread  []string // names of secrets that could not be read, and so not be looked for
	notes   []string // sentences about what is not in it
}

// server examines one server without a configuration.
func (x *checkup) server(ctx context.Context, addr string) error {
	password, err := x.readPassword("--password-file", x.flags.passwordFile)
	if err != nil {
		return err
	}
	if password != "" {
		x.secrets = append(x.secrets, password)
	}
	t := doctor.Target{Name: addr, Addr: addr, PKCS12: x.flags.pkcs12, Password: password, EventWait: x.flags.wait}
	// The first step names what is wrong with a file that cannot be read here.
	if cred, err := assemble.Credentials(&config.Source{PKCS12: x.flags.pkcs12, Password: config.Secret{File: x.flags.passwordFile}}); err == nil {
		x.certificates(cred)
		// There is no pin file to compare with. That must not hide what comes after.
		t.Lenient = cred.CAs == nil
	}
	if _, port, err := net.SplitHostPort(addr); err == nil {
		x.port(port)
	} else {
		x.port(session.DefaultPort)
	}
	x.diagnose(ctx, t)
	return nil
}

func (x *checkup) certificates(cred *pki.Credentials) {
	x.certs = append(append(x.certs, cred.Leaf), cred.CACertificates...)
}

// diagnose examines t. Each step is shown as soon as it is done: some take long.
func (x *checkup) diagnose(ctx context.Context, t doctor.Target) {
	if !x.flags.json {
		if len(x.reports) > 0 {
			x.printf("\n")
		}
		x.printf("%s\n", t.Name)
		t.OnStep = func(s doctor.Step) { x.write(doctor.WriteStep(x.people, s, x.colour)) }
	}
	x.reports = append(x.reports, doctor.Diagnose(ctx, t))
}

// finish writes what stands at the end: summaries or JSON, and the bundle.
func (x *checkup) finish() error {
	if x.flags.json {
		x.write(doctor.WriteJSON(x.stdout, x.reports...))
	} else {
		x.printf("\n")
		for _, r := range x.reports {
			x.write(doctor.WriteSummary(x.people, r, x.colour))
		}
		if x.mistaken {
			x.printf("%s: it has mistakes, which were named first; \"estream run\" does not start with it\n", x.flags.file)
		}
	}
	if x.flags.bundle != "" && x.failed == nil {
		x.failed = x.writeBundle(x.flags.bundle)
	}
	return x.failed
}

// printf and write keep the first error of writing, for the end.
func (x *checkup) printf(format string, args ...any) {
	_, err := fmt.Fprintf(x.people, format, args...)
	x.write(err)
}

func (x *checkup) write(err error) {
	if x.failed == nil && err != nil {
		x.failed = err
		if readerGone(err) {
			x.failed = &silentError{exitFailed} // nobody is there to tell
		}
	}
}
