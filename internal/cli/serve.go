package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"estream/internal/durable"
	"estream/journal"
	"estream/pki"
	"estream/server"
	"estream/service"
	"estream/session"
	"estream/source/unified2"
	"estream/wire"

	"github.com/spf13/cobra"
)

func (e *env) serve() *cobra.Command {
	var (
		data        string
		listen      []string
		spool       string
		snortConfig string
		device      string
		replayFile  string
		loop        bool
		rate        float64
		noHostCheck bool
		bundle      int
		retain      = byteSize(8 << 30)
	)
	cmd := &cobra.Command{
		Use:   "serve --data DIR",
		Short: "an eStreamer server for sensors' files or a recorded stream",
		Long: `serve is an eStreamer server: registered clients connect with TLS and mutual
certificates, ask for events and get them, from any point in time that the journal
in DIR still holds. The first start creates an internal certificate authority
there; register clients with "estream client add".

Sources:
  --unified2 DIR        Snort's unified2 files, complete, growing or rotating; rule
                        names come from the maps in --snort-config DIR
  --replay-as-is FILE   a file of wire messages, sent as it is and in its order,
                        whatever a client's request asks for

What was read is in the journal; a restart goes on behind it.`,
		Example: `  estream synth -o events.bin --count 100000
  estream client add 127.0.0.1 --data data -o client.pkcs12
  estream serve --data data --listen 127.0.0.1:8302 --replay-as-is events.bin`,
		Args: exactArgs(),
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case data == "":
				return usagef("--data DIR is missing: where to keep certificates, registrations and the journal")
			case rate < 0:
				return usagef("--rate is %v; expected 0 (no limit) or more messages per second", rate)
			case bundle < 0:
				return usagef("--bundle is %d; expected 0 (single messages) or more messages per bundle", bundle)
			case replayFile == "" && (loop || rate != 0):
				return usagef("--loop and --rate belong to --replay-as-is FILE")
			case spool == "" && snortConfig != "":
				return usagef("--snort-config belongs to --unified2 DIR")
			case spool != "" && replayFile != "":
				return usagef("--unified2 and --replay-as-is cannot be combined: a replay goes out whatever a request asks for")
			}
			log, err := e.logger()
			if err != nil {
				return err
			}
			set, err := e.layouts()
			if err != nil {
				return err
			}
			srv := &service.Server{Server: &server.Server{
				NoHost: noHostCheck, AsIs: replayFile != "", Session: session.ServerConfig{BundleMessages: bundle}, Log: log,
			}}
			s := &service.Service{
				State: data, FS: durable.OS{}, Layouts: set, Server: srv, Journal: journal.Options{RetainBytes: int64(retain)}, Log: log,
			}
			if spool != "" {
				f, err := unified2Feed(spool, snortConfig, device, set, log)
				if err != nil {
					return err
				}
				f.Number = service.Unified2Number
				s.Sources = append(s.Sources, &service.Source{Name: "unified2", Feed: f})
			}
			if replayFile != "" {
				if err := readableFile(replayFile); err != nil {
					return fmt.Errorf("--replay-as-is: %w", err)
				}
				f := service.ReplayFeed(replayFile, loop, rate, set, log)
				f.Number = service.ReplayNumber
				s.Sources = append(s.Sources, &service.Source{Name: "replay", Feed: f})
			}
			// Before anything is created in DIR.
			for _, addr := range listen {
				ln, err := listenOn(cmd.Context(), addr)
				if err != nil {
					return errors.Join(err, closeAll(srv.Listeners))
				}
				srv.Listeners = append(srv.Listeners, ln)
			}
			if srv.Authority, err = e.openAuthority(data, true); err != nil {
				return errors.Join(err, closeAll(srv.Listeners))
			}
			if len(s.Sources) == 0 {
				log.Info("no source is given: clients get what the journal holds", "hint", "--unified2 or --replay-as-is adds events")
			}
			e.hintClients(srv.Authority, data, log)
			return s.Run(cmd.Context())
		},
	}
	f := cmd.Flags()
	f.StringVar(&data, "data", "", "`DIR` for certificates, registrations and the journal; created if missing")
	f.StringArrayVar(&listen, "listen", []string{":" + session.DefaultPort}, "`ADDR` to listen on, HOST:PORT; may be given several times")
	f.StringVar(&spool, "unified2", "", "`DIR` (or one file) with unified2 files to read and follow")
	f.StringVar(&snortConfig, "snort-config", "", "`DIR` with sid-msg.map, gen-msg.map, classification.config, reference.config")
	f.StringVar(&device, "device-name", "snort", "`NAME` of the sensor in its events")
	f.StringVar(&replayFile, "replay-as-is", "", "`FILE` of wire messages (also .gz) to send as it is")
	f.BoolVar(&loop, "loop", false, "replay again and again, with all times shifted each round")
	f.Float64Var(&rate, "rate", 0, "replay at most `N` messages per second (default: no limit)")
	f.BoolVar(&noHostCheck, "no-host-check", false, "admit registered clients from any address")
	f.IntVar(&bundle, "bundle", 0, "pack `N` messages into a bundle for clients that negotiate (default: single messages)")
	f.Var(&retain, "retain", "`SIZE` of the journal above which the oldest events are deleted")
	return cmd
}

// unified2Feed makes a source of a spool directory.
func unified2Feed(dir, config, device string, set *wire.Layouts, log *slog.Logger) (*service.Feed, error) {
	if _, err := os.Stat(dir); err != nil {
		return nil, fmt.Errorf("--unified2: %w", err)
	}
	var maps *unified2.Maps
	if config != "" {
		var err error
		if maps, err = unified2.LoadConfig(config, log); err != nil {
			return nil, &configError{fmt.Errorf("--snort-config: %w", err)}
		}
		if len(maps.Files) == 0 {
			return nil, hint(fmt.Errorf("--snort-config %s: no map found", config), "expected sid-msg.map, gen-msg.map, classification.config or reference.config there or in its etc directory")
		}
	}
	return service.Unified2Feed(&unified2.Source{Dir: dir, Layouts: set, Maps: maps, DeviceName: device, Log: log}), nil
}

func listenOn(ctx context.Context, addr string) (net.Listener, error) {
	if !strings.Contains(addr, ":") {
		addr = net.JoinHostPort(addr, session.DefaultPort)
	}
	ln, err := new(net.ListenConfig).Listen(ctx, "tcp", addr)
	if err != nil {
		err = fmt.Errorf("--listen %s: %w", addr, err)
	}
	var (
		form *net.AddrError
		dns  *net.DNSError
	)
	switch {
	case errors.As(err, &form), errors.As(err, &dns):
		return nil, hint(&usageError{err}, "give PORT alone as :8302, or an address of this host as 192.0.2.1:8302 or [2001:db8::1]:8302")
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return nil, hint(err, "that is no address of this host; --listen :8302 listens on all of them")
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, hint(err, "another server is running there; choose another port with --listen ADDR:PORT")
	case errors.Is(err, fs.ErrPermission):
		return nil, hint(err, "ports below 1024 need privileges; the port of eStreamer is 8302")
	}
	return ln, err
}

func closeAll(list []net.Listener) error {
	var errs []error
	for _, ln := range list {
		errs = append(errs, ln.Close())
	}
	return errors.Join(errs...)
}

// hintClients tells a new user why nobody can connect yet. Registrations that
// cannot be read are reported with the first connection.
func (e *env) hintClients(a *pki.Authority, data string, log *slog.Logger) {
	list, err := a.List()
	if err == nil && !slices.ContainsFunc(list, func(c pki.Client) bool { return c.Revoked.IsZero() }) {
		log.Info("no client is registered: every connection will be refused", "hint", "estream client add HOST --data "+data+" -o client.pkcs12")
	}
}

// readableFile returns an error unless path is a file that can be read: what
// cannot should stop the command before it serves anybody.
func readableFile(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err == nil && info.IsDir() {
		err = fmt.Errorf("%s is a directory; expected a file of wire messages", path)
	}
	return err
}

// A byteSize is a flag value like 512M or 8G.
type byteSize int64

var byteUnits = []struct {
	suffix string
	shift  uint
}{{"T", 40}, {"G", 30}, {"M", 20}, {"K", 10}}

func (b *byteSize) String() string {
	for _, u := range byteUnits {
		if *b != 0 && *b%(1<<u.shift) == 0 {
			return strconv.FormatInt(int64(*b)>>u.shift, 10) + u.suffix
		}
	}
	return strconv.FormatInt(int64(*b), 10)
}

func (b *byteSize) Set(s string) error {
	digits, shift := strings.TrimSuffix(strings.ToUpper(strings.TrimSpace(s)), "B"), uint(0)
	for _, u := range byteUnits {
		if rest, ok := strings.CutSuffix(digits, u.suffix); ok {
			digits, shift = rest, u.shift
			break
		}
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || n <= 0 || n > 1<<62>>shift {
		return fmt.Errorf("%q is no size; expected bytes, or a number with K, M, G or T such as 512M", s)
	}
	*b = byteSize(n << shift)
	return nil
}

func (b *byteSize) Type() string { return "size" }
