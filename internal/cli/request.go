package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"slices"
	"time"

	"estream/request"
	"estream/source/fmc"
	"estream/wire"

	"github.com/spf13/cobra"
)

// A requestRun is one call of the reference client.
type requestRun struct {
	*env
	port         string
	pkcs12       string
	password     string
	passwordFile string
	start        string
	ipv6         bool
	output       string
	file         string
	host         string
	domain       string

	flags    string
	pairs    string
	hostType uint32
	count    uint64
	duration time.Duration
	where    string
	hex      bool
	csvComma bool
	json     bool
	trace    string
	keylog   string
	split    bool
	keep     bool
	insecure bool
	snmp     snmpFlags
	syslog   syslogFlags
	help     bool

	log     *slog.Logger
	set     *wire.Layouts
	plugin  request.Plugin
	talked  bool // there is a session
	cleanup []func() error
}

func (e *env) request() *cobra.Command {
	r := &requestRun{env: e}
	cmd := &cobra.Command{
		Use:   "request [options] SERVER",
		Short: "the reference client: one session, in the way of the SDK's ssl_test.pl",
		Long: `request connects once, asks for events or host profiles, and writes what comes: for
looking, for testing a server, for a support ticket. It answers to the name ssl_test.pl
as well ("estream links DIR"), takes its options in either spelling (-o or --output),
shortened as far as they stay clear, before or after SERVER, and asks for what it asks:

  -o print    0x01F00004  intrusion, correlation, discovery, user events; readable
  -o csv      0x00800004  intrusion events, columns separated by | (--csv-comma: by ,)
  -o pcap     0x00800001  packets, to the file of -f; pcapng adds event and rule
  -o syslog   0x00900004  intrusion events to this host, or to -f [tcp://]HOST
  -o snmp     0x00900004  intrusion events as traps to the server of -f
  -h HOSTS    0x00100000  host profiles: an address, a network (10.0.0.0/8), a range
                          (10.0.0.1,10.0.0.99), or several of these in quotes

Every format of "estream decode" is an output, too (json, splunk, cef, text ...), with
what eNcore asks for; csv is the one above, and format:csv that of decode. --flags and
--pairs ask for anything else.

Without -pkcs12 the first *.pkcs12 file of the current directory is used. The server is
verified against the authority in it. estreamer.bmark in the current directory holds
the archive time of the last record, and the next call goes on there (-start).

The layout of a domain request is not known, so -domain sends none: it leaves out what
comes from other domains here, by netmap id or by name.`,
		Example: `  estream synth -o events.bin --count 1000
  estream client add 127.0.0.1 --data data -o client.pkcs12
  estream serve --data data --listen 127.0.0.1:8302 --replay events.bin &
  until estream test 127.0.0.1:8302 --pkcs12 client.pkcs12 >/dev/null 2>&1; do sleep 0.1; done
  estream request 127.0.0.1:8302 -pkcs12 client.pkcs12 -start all --count 3
  estream request 127.0.0.1:8302 -pk client.pkcs12 -s all -o pcapng -f packets.pcapng --for 1s
  estream request 127.0.0.1:8302 -pk client.pkcs12 -s all --json --trace trace.jsonl --count 10
  kill $!`,
		DisableFlagParsing:    true,
		DisableFlagsInUseLine: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			cmd.InheritedFlags() // the flags of every command are ours, too
			rest, err := parseScriptArgs(cmd.Flags(), args)
			if err != nil {
				return oneLine(err)
			}
			if r.help {
				return cmd.Help()
			}
			if len(rest) == 0 {
				fmt.Fprintf(e.stderr, "%s\nOutput plugins:\n", cmd.UsageString())
				for _, p := range request.Plugins() {
					fmt.Fprintf(e.stderr, "  %-8s %s\n", p.Name, p.Summary)
				}
				return &silentError{exitFailed} // as ssl_test.pl
			}
			if len(rest) > 1 {
				return usagef("unexpected argument %q: one server is asked", rest[1])
			}
			return oneLine(r.run(cmd.Context(), rest[0], cmd.Flags().Changed("start")))
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVar(&r.port, "port", "", "`PORT` of the server (default: 8302)")
	f.StringVar(&r.pkcs12, "pkcs12", "", "the PKCS#12 `FILE` of this client (default: the first *.pkcs12 here)")
	f.StringVar(&r.password, "password", "", "`PASSWORD` of that file; others can see it: better use --password-file")
	f.StringVar(&r.start, "start", "bookmark", "`WHERE` to begin: all, now, bookmark, a time (RFC 3339) or Unix seconds")
	f.BoolVar(&r.ipv6, "ipv6", false, "connect over IPv6 only")
	f.StringVar(&r.output, "output", "print", "the `PLUGIN`: print, csv, pcap, pcapng, snmp, syslog, json, or a format of decode")
	f.StringVar(&r.file, "file", "", "`FILE` to write, the trap server of snmp, the syslog server of syslog (default: standard output, this host)")
	f.StringVar(&r.host, "host", "", "ask for the profiles of `HOSTS`")
	f.StringVar(&r.domain, "domain", "", "only what belongs to this `DOMAIN`, a netmap id or name")
	f.StringVar(&r.passwordFile, "password-file", "", "`FILE` whose first line is the password of the PKCS#12 file")
	f.StringVar(&r.flags, "flags", "", "request `FLAGS`: a number, or names joined by + and -; +NAME and -NAME change those of the output")
	f.StringVar(&r.pairs, "pairs", "", "an extended request for event types and versions, such as 71=17,intrusion=11, or default: a `LIST`")
	f.Uint32Var(&r.hostType, "host-type", request.DefaultHostType, "the `NUMBER` of the answer to -host: 0 (3.5), 2 (4.7), 4 (4.9) or 6 (5.0 and later)")
	f.Uint64Var(&r.count, "count", 0, "end after `N` records")
	f.DurationVar(&r.duration, "for", 0, "end after this `DURATION`, such as 30s")
	f.StringVar(&r.where, "where", "", "only records for which this `EXPRESSION` is true (docs/filters.md)")
	f.BoolVar(&r.hex, "hex", false, "print: show the bytes of each message, too")
	f.BoolVar(&r.json, "json", false, "the same as -output json")
	f.BoolVar(&r.csvComma, "csv-comma", false, "csv: separate columns by commas")
	f.StringVar(&r.trace, "trace", "", "write every message in both directions to `FILE`, with time, bytes and meaning (docs/recorded-sessions.md)")
	f.StringVar(&r.keylog, "keylog", "", "write the secrets of TLS to `FILE`, for Wireshark and estream decode (default: $SSLKEYLOGFILE)")
	f.BoolVar(&r.split, "split", false, "write the parts of the PKCS#12 file to server.crt and server.key here, and remove them at the end")
	f.BoolVar(&r.keep, "keep", false, "with --split: do not remove them")
	f.BoolVar(&r.insecure, "insecure", false, "do not verify the server's certificate")
	r.snmp.register(f)
	r.syslog.register(f)
	f.BoolVar(&r.help, "help", false, "show this help")
	return cmd
}

// oneLine joins an error and its cure, as who called a script expects one line.
func oneLine(err error) error {
	var h *hintError
	if !errors.As(err, &h) {
		return err
	}
	joined := fmt.Errorf("%w (%s)", withoutHint{err}, h.hint)
	if errors.As(err, new(*usageError)) {
		return &usageError{joined}
	}
	if errors.As(err, new(*configError)) {
		return &configError{joined}
	}
	return joined
}

// withoutHint keeps the text of an error and nothing of what wraps it.
type withoutHint struct{ error }

// A scriptError is said in the words of ssl_test.pl, which others may look for.
type scriptError string

func (e scriptError) Error() string { return string(e) }

// run checks what was asked for, connects and works.
func (r *requestRun) run(ctx context.Context, server string, started bool) (err error) {
	// Perl's script leaves its loop at this signal, too.
	ctx, stop := signal.NotifyContext(ctx, hangup...)
	defer stop()
	s, err := r.session(ctx, server, started)
	defer func() {
		for _, f := range slices.Backward(r.cleanup) {
			err = errors.Join(err, f())
		}
	}()
	if err != nil {
		return err
	}
	err = s.Run(ctx)
	if ferr := s.Finish(ctx); err == nil {
		err = ferr
	}
	if errors.Is(err, os.ErrClosed) || readerGone(err) {
		return &silentError{exitFailed} // the reader of our output has gone, as "head" does
	}
	if r.talked {
		r.end(s)
	}
	return r.explain(err, s)
}

// end says what came.
func (r *requestRun) end(s *request.Session) {
	n := &s.Stats
	if len(s.Hosts) > 0 {
		r.log.Info("end", "requests", len(s.Hosts), "hosts", n.Hosts)
		return
	}
	counts := []any{"received", n.Received, "written", n.Written}
	if s.Where != nil {
		counts = append(counts, "left_out", n.Filtered)
	}
	if n.Undecoded > 0 {
		counts = append(counts, "not_decoded", n.Undecoded)
	}
	r.log.Info("end", counts...)
}

// explain adds the cure to what a server or the network does.
func (r *requestRun) explain(err error, s *request.Session) error {
	if err == nil || errors.Is(err, request.ErrEnded) {
		return err
	}
	var explained *fmc.Explained
	if s.Stats.Received+s.Stats.Hosts == 0 {
		err = fmc.Explain(err)
	}
	if errors.As(err, &explained) {
		return hint(err, "%s", explained.Hint)
	}
	return err
}
