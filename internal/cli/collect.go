package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"estream/format"
	"estream/internal/durable"
	"estream/journal"
	"estream/output"
	"estream/output/file"
	"estream/output/stream"
	"estream/pki"
	"estream/service"
	"estream/session"
	"estream/source/fmc"
	"estream/wire"

	"github.com/spf13/cobra"
)

func (e *env) collect() *cobra.Command {
	var (
		formats      formatFlags
		pkcs12       string
		passwordFile string
		state        string
		start        string
		out          string
		idle         time.Duration
		workers      int
		retain       = byteSize(1 << 30)
	)
	cmd := &cobra.Command{
		Use:   "collect HOST[:PORT] --pkcs12 FILE",
		Short: "receive events from a Management Center and write them in any format",
		Long: `collect connects to an eStreamer server (a Management Center, or "estream serve"),
keeps what it receives in a journal and writes it to one output. It connects again
whenever the session ends, and never gives up once it was let in.

With --state DIR everything is remembered: after a crash or restart collect asks
the server for what is missing, and a file output holds each event exactly once.
Without it nothing outlives the process.

--start says where to begin when DIR holds no position yet:
  all              the oldest event the server still has
  now              new events only
  bookmark         go on from the position in --state DIR, else like now (default)
  RFC 3339, unix   from that time on`,
		Example: `  estream synth -o events.bin --count 10000
  estream client add 127.0.0.1 --data data -o client.pkcs12
  estream serve --data data --listen 127.0.0.1:8302 --replay-as-is events.bin &
  estream collect 127.0.0.1 --pkcs12 client.pkcs12 --start all --format cef --output file:events.cef --state state --exit-when-idle 3s
  kill $!`,
		Args: exactArgs("HOST"),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			switch {
			case idle < 0:
				return usagef("--exit-when-idle is %v; expected a duration such as 3s, or 0 for never", idle)
			case workers < 0:
				return usagef("--workers is %d; expected 0 (one per core) or more", workers)
			}
			log, err := e.logger()
			if err != nil {
				return err
			}
			set, err := e.layouts()
			if err != nil {
				return err
			}
			f, err := formats.format(cmd, set)
			if err != nil {
				return err
			}
			where, err := formats.filter(set)
			if err != nil {
				return err
			}
			if state == "" && !cmd.Flags().Changed("start") {
				start = "now"
			}
			from, err := parseStart(start, state)
			if err != nil {
				return err
			}
			addr, err := serverAddress(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			open, err := e.openOutput(out)
			if err != nil {
				return err
			}
			cred, err := e.credentials(pkcs12, passwordFile)
			if err != nil {
				return err
			}
			dir := state
			if dir == "" {
				if dir, err = os.MkdirTemp("", "estream-collect-"); err != nil {
					return err
				}
				defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
			}
			if err := durable.MkdirAll(durable.OS{}, dir, 0o700); err != nil {
				return fmt.Errorf("--state: %w", err)
			}
			tlsConfig, err := pki.ClientTLSConfig(cred, pki.ClientOptions{Pin: &pki.Pin{File: filepath.Join(dir, "server.pin")}})
			if err != nil {
				return err
			}
			dest := &service.Output{
				Name: "output", Format: f, Choice: format.Choice{Where: where}, Workers: workers,
				Open: func(saved []byte) (output.Output, error) { return open(saved, log) },
			}
			src := &fmc.Source{Addr: addr, TLS: tlsConfig, Start: from}
			c := &service.Service{
				State: dir, FS: durable.OS{}, Layouts: set, Idle: idle, Log: log, Outputs: []*service.Output{dest},
				Journal: journal.Options{RetainBytes: int64(retain)},
				Sources: []*service.Source{{Source: src}},
			}
			err = c.Run(cmd.Context())
			in, written := src.Stats(), &dest.Stats
			if in.Received.Load() > 0 || written.Messages.Load() > 0 {
				counts := []any{"received", in.Received.Load(), "repeated", in.Repeated.Load(),
					"written", written.Lines.Load() + written.Raw.Load(), "without_line", written.Silent.Load(), "undecodable", written.Raw.Load() + written.Unwritten.Load()}
				if where != nil {
					counts = append(counts, "filtered", written.Filtered.Load())
				}
				log.Info("end", counts...)
			}
			for k, n := range written.Problems() {
				log.Warn("records that could not be decoded; the journal keeps them raw", "record", k.Record, "block", k.Block, "reason", k.Reason, "records", n)
			}
			var explained *fmc.Explained
			if errors.As(err, &explained) {
				return hint(err, "%s", explained.Hint)
			}
			if errors.Is(err, output.ErrGone) && readerGone(err) {
				return &silentError{exitFailed} // the reader of our output has gone; nobody is there to tell
			}
			return err
		},
	}
	formats.register(cmd)
	fl := cmd.Flags()
	fl.StringVar(&pkcs12, "pkcs12", "", "the PKCS#12 `FILE` of this client, from the server")
	fl.StringVar(&passwordFile, "password-file", "", "`FILE` whose first line is the password of the PKCS#12 file")
	fl.StringVar(&state, "state", "", "`DIR` that remembers the position and holds the journal")
	fl.StringVar(&start, "start", "bookmark", "where to begin without a position: all, now, bookmark, a `TIME` (RFC 3339) or Unix seconds")
	fl.StringVarP(&out, "output", "o", "stdout", "`OUTPUT`: stdout or file:PATH")
	fl.DurationVar(&idle, "exit-when-idle", 0, "end when nothing new came for this `DURATION`, such as 3s (default: never)")
	fl.IntVar(&workers, "workers", 0, "`N` goroutines that decode and format (default: one per core)")
	fl.Var(&retain, "retain", "`SIZE` of the journal above which events already written are deleted")
	return cmd
}

// parseStart turns --start into the timestamp of a request.
func parseStart(s, state string) (uint32, error) {
	switch s {
	case "all":
		return wire.StartOldest, nil
	case "now":
		return wire.StartNow, nil
	case "bookmark":
		if state == "" {
			return 0, hint(usagef("--start bookmark needs --state DIR, where the position is kept"), "say --start all or --start now to go without")
		}
		return wire.StartNow, nil
	}
	if n, err := strconv.ParseUint(s, 10, 32); err == nil {
		return uint32(n), nil
	}
	t, err := time.Parse(time.RFC3339, s)
	if err != nil || t.Unix() <= 0 || t.Unix() >= int64(wire.StartNow) {
		return 0, usagef("--start is %q; expected all, now, bookmark, a time such as 2026-11-21T10:00:00Z, or Unix seconds", s)
	}
	return uint32(t.Unix()), nil
}

// serverAddress completes and checks HOST[:PORT]: a port that does not exist would
// be tried for ever otherwise.
func serverAddress(ctx context.Context, arg string) (string, error) {
	addr, err := session.Address(arg)
	if err != nil {
		return "", hint(&usageError{err}, "give HOST or HOST:PORT, and [ADDRESS]:PORT for IPv6; the port is 8302 by default")
	}
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		return "", &usageError{fmt.Errorf("address %q: %w", arg, err)}
	}
	if n, err := net.DefaultResolver.LookupPort(ctx, "tcp", port); err != nil || n == 0 {
		return "", usagef("address %q: port %q does not exist; expected 1 to 65535", arg, port)
	}
	return addr, nil
}

type opener func(saved []byte, log *slog.Logger) (output.Output, error)

// openOutput understands the URI of an output.
func (e *env) openOutput(uri string) (opener, error) {
	if uri == "stdout" {
		return func([]byte, *slog.Logger) (output.Output, error) {
			return stream.New(e.stdout, "standard output"), nil
		}, nil
	}
	if path, ok := strings.CutPrefix(uri, "file:"); ok && path != "" {
		if rest, ok := strings.CutPrefix(path, "//"); ok {
			path = rest // file:///var/log/x and file:/var/log/x are the same
		}
		return func(saved []byte, log *slog.Logger) (output.Output, error) {
			return file.Open(durable.OS{}, path, saved, log)
		}, nil
	}
	return nil, usagef("--output is %q; expected stdout or file:PATH", uri)
}

// credentials reads the PKCS#12 file of a client.
func (e *env) credentials(path, passwordFile string) (*pki.Credentials, error) {
	if path == "" {
		return nil, hint(usagef("--pkcs12 FILE is missing"), "create the client under System > Integration > eStreamer of the Management Center and download its file, or: estream client add")
	}
	password, err := e.readPassword("--password-file", passwordFile)
	if err != nil {
		return nil, err
	}
	cred, err := openPKCS12(path, password)
	switch {
	case errors.Is(err, pki.ErrPassword) && passwordFile == "":
		return nil, hint(err, "the file is encrypted: give its password with --password-file FILE")
	case errors.Is(err, pki.ErrPassword):
		return nil, hint(err, "the first line of %s must be the password given when the client was created", passwordFile)
	case errors.As(err, new(*fs.PathError)):
		return nil, fmt.Errorf("--pkcs12: %w", err)
	case err != nil:
		return nil, err
	}
	return cred, stillValid(path, cred)
}

// openPKCS12 reads a PKCS#12 file.
func openPKCS12(path, password string) (*pki.Credentials, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := readLimited(bufio.NewReader(f), pki.MaxPKCS12)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	cred, err := pki.LoadPKCS12(data, password)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return cred, nil
}

// stillValid says whether a certificate can be used today.
func stillValid(path string, cred *pki.Credentials) error {
	if now := time.Now(); now.After(cred.Leaf.NotAfter) || now.Before(cred.Leaf.NotBefore) {
		return hint(fmt.Errorf("%s: the certificate is valid from %s to %s, and now is %s", path, cred.Leaf.NotBefore.Format(time.RFC3339), cred.Leaf.NotAfter.Format(time.RFC3339), now.UTC().Format(time.RFC3339)),
			"register the client again on the server, or correct the clock of this host")
	}
	return nil
}

// readLimited reads r to its end, and a byte more than limit at most, which
// is enough for its consumer to see that it is too much.
func readLimited(r io.Reader, limit int) ([]byte, error) {
	return io.ReadAll(io.LimitReader(r, int64(limit)+1))
}
