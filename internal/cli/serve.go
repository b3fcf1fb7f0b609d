package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"

	"estream/admin"
	"estream/hosts"
	"estream/internal/assemble"
	"estream/internal/durable"
	"estream/internal/serverstatus"
	"estream/internal/testservice"
	"estream/journal"
	"estream/pki"
	"estream/server"
	"estream/server/fault"
	"estream/service"
	"estream/session"
	"estream/source"

	"github.com/spf13/cobra"
)

// serveFlags are the flags of "estream serve".
type serveFlags struct {
	data        string
	listen      []string
	adminListen string
	noHostCheck bool
	legacyTLS   bool
	compete     bool
	bundle      int
	keepAlive   time.Duration
	maxSessions int
	retain      byteSize
	retainAge   time.Duration
	discover    []string
	feeds       feedFlags
	test        testservice.Options
	log         serverLog
}

func (e *env) serve() *cobra.Command {
	o := &serveFlags{retain: 8 << 30}
	cmd := &cobra.Command{
		Use:   "serve --data DIR",
		Short: "an eStreamer server for sensors' files or a recorded stream",
		Long: `serve is an eStreamer server: registered clients connect with TLS and mutual
certificates, ask for events and get them, from any point in time that the journal
in DIR still holds. The first start creates an internal certificate authority
there; register clients with "estream client add".

Sources, each of which may be given several times, as FILE or NAME=FILE with the
name of the managed device in the events:
  --eve FILE            Suricata's EVE JSON, growing and rotating; or where Suricata
                        connects to: unix:PATH, unixgram:PATH, tcp:ADDRESS:PORT
  --snort3 FILE         Snort 3's alert_json
  --unified2 DIR        Snort's unified2 files, complete, growing or rotating
  --replay FILE         recorded wire messages; clients get what they ask for
  --replay-as-is FILE   the same, sent as it is and in its order, whatever a
                        client's request asks for
  --synth N             N invented events per second

Rule names come from the maps in --rules DIR. Interfaces, zones, domains and UUIDs of
devices, and relaying from other servers, are for "estream run". What was read is in
the journal; a restart goes on behind it.

--fault, --impersonate and --record are for developers of clients: see
"estream serve --fault help".`,
		Example: `  estream synth -o events.bin --count 100000
  estream client add 127.0.0.1 --data data -o client.pkcs12
  estream serve --data data --listen 127.0.0.1:8302 --replay-as-is events.bin`,
		Args: exactArgs(),
		RunE: func(cmd *cobra.Command, args []string) error { return e.runServer(cmd.Context(), o) },
	}
	f := cmd.Flags()
	f.StringVar(&o.data, "data", "", "`DIR` for certificates, registrations and the journal; created if missing")
	f.StringArrayVar(&o.listen, "listen", []string{":" + session.DefaultPort}, "`ADDR` to listen on, HOST:PORT; may be given several times")
	f.StringVar(&o.adminListen, "admin-listen", "", "`ADDR` for the administration API by HTTPS")
	o.feeds.register(f)
	f.BoolVar(&o.noHostCheck, "no-host-check", false, "admit registered clients from any address")
	f.BoolVar(&o.legacyTLS, "legacy-tls", false, "admit TLS 1.0 and 1.1, for clients that know nothing better")
	f.BoolVar(&o.compete, "flags-compete", false, "a request flag wins over a lower extended version; without it extended versions decide")
	f.IntVar(&o.bundle, "bundle", 0, "pack `N` messages into a bundle for clients that negotiate (default: single messages)")
	f.DurationVar(&o.keepAlive, "keep-alive", session.DefaultKeepAlive, "say something at least so often, a `TIME` such as 30s")
	f.IntVar(&o.maxSessions, "max-sessions", server.DefaultSessions, "serve at most `N` clients at a time")
	f.Var(&o.retain, "retain", "`SIZE` of the journal above which the oldest events are deleted")
	f.DurationVar(&o.retainAge, "retain-age", 0, "delete events that came longer ago than `TIME`, such as 720h (default: never)")
	f.StringArrayVar(&o.discover, "discover", nil, "`NETWORK` in which sensors discover hosts (default: private addresses)")
	f.StringArrayVar(&o.test.Faults, "fault", nil, "test service: misbehave as `SPEC` says")
	f.StringVar(&o.test.Release, "impersonate", "", "test service: serve as Management Center `RELEASE` did, such as 5.4")
	f.StringVar(&o.test.Record, "record", "", "test service: record sessions in files in `DIR`, in clear text")
	o.log.register(f)
	return cmd
}

// check finds what can never be right.
func (o *serveFlags) check() error {
	switch {
	case o.data == "":
		return usagef("--data DIR is missing: where to keep certificates, registrations and the journal")
	case o.bundle < 0:
		return usagef("--bundle is %d; expected 0 (single messages) or more messages per bundle", o.bundle)
	case o.keepAlive < time.Second:
		return usagef("--keep-alive is %v; expected a second or more", o.keepAlive)
	case o.maxSessions < 1:
		return usagef("--max-sessions is %d; expected 1 or more", o.maxSessions)
	case o.retainAge < 0:
		return usagef("--retain-age is %v; expected a time such as 720h", o.retainAge)
	}
	return o.feeds.check()
}

// runServer is the server.
func (e *env) runServer(ctx context.Context, o *serveFlags) (err error) {
	if err := o.check(); err != nil {
		return err
	}
	log, trace, closeLog, err := o.log.open(e)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeLog()) }()
	set, err := e.layouts()
	if err != nil {
		return err
	}
	o.test.Layouts, o.test.Log = set, log
	test, err := testservice.New(o.test)
	if errors.Is(err, fault.ErrHelp) {
		_, err = io.WriteString(e.stdout, fault.Help())
		return err
	}
	if err != nil {
		return &usageError{err}
	}
	mapOptions, err := o.mapOptions()
	if err != nil {
		return err
	}
	srv := &service.Server{AdminAddress: o.adminListen, Server: &server.Server{
		NoHost: o.noHostCheck, AsIs: o.feeds.asIs != "", FlagsCompete: o.compete, Log: log, Trace: trace, Limits: server.Limits{Sessions: o.maxSessions},
		Session: session.ServerConfig{BundleMessages: o.bundle, KeepAlive: o.keepAlive},
	}}
	ready := make(chan struct{})
	s := &service.Service{
		State: o.data, FS: durable.OS{}, Layouts: set, Server: srv, Persist: true, MapOptions: mapOptions, Log: log,
		Journal: journal.Options{RetainBytes: int64(o.retain), RetainAge: o.retainAge},
		Ready:   func() { close(ready) },
	}
	if s.Sources, err = o.feeds.sources(o.data, set, log); err != nil {
		return err
	}
	// Before anything is created in DIR.
	for _, addr := range o.listen {
		ln, err := listenOn(ctx, addr)
		if err != nil {
			return errors.Join(err, closeAll(srv.Listeners))
		}
		srv.Listeners = append(srv.Listeners, ln)
	}
	if err := e.prepareServer(ctx, o, srv, test, log); err != nil {
		return errors.Join(err, closeAll(srv.Listeners))
	}
	if len(s.Sources) == 0 {
		log.Info("no source is given: clients get what the journal holds", "hint", "--eve, --snort3, --unified2 or --replay adds events")
	}
	e.hintClients(srv.Authority, o.data, log)
	return serveControlled(ctx, s, o, ready, log)
}

// prepareServer opens, or makes, what lies in the data directory.
func (e *env) prepareServer(ctx context.Context, o *serveFlags, srv *service.Server, test *testservice.Service, log *slog.Logger) error {
	var err error
	opt := pki.Options{Logger: log, Password: caPassword, LegacyTLS: o.legacyTLS}
	if srv.Authority, err = pki.Open(pkiDir(o.data), opt); err != nil {
		return keyPasswordHint(fmt.Errorf("--data %s: %w", o.data, err))
	}
	store, err := admin.Open(o.data, admin.Options{Log: log})
	if err != nil {
		return fmt.Errorf("--data %s: %w", o.data, err)
	}
	srv.Admin = &admin.Service{Store: store, Authority: srv.Authority, Log: log}
	return test.Apply(srv.Server, srv.Authority)
}

// mapOptions says where sensors discover hosts.
func (o *serveFlags) mapOptions() (opt hosts.Options, err error) {
	for _, text := range o.discover {
		p, err := netip.ParsePrefix(text)
		if err != nil {
			return opt, usagef("--discover %s: expected a network such as 10.0.0.0/8 or 2001:db8::/32", text)
		}
		opt.Networks = append(opt.Networks, p.Masked())
	}
	if opt.Networks == nil {
		opt.Networks = assemble.PrivateNetworks()
	}
	return opt, nil
}

// serveControlled runs a service, and answers the commands that ask after it.
func serveControlled(ctx context.Context, s *service.Service, o *serveFlags, ready <-chan struct{}, log *slog.Logger) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	view := &serverView{service: s, flags: o, started: time.Now(), ready: ready, stopping: ctx.Done()}
	c := &serverstatus.Control{
		Status: view.status, Log: log,
		Stop: func() { stop(errors.New("asked to stop")) }, Reload: view.reload,
	}
	s.Watch = func(_ context.Context, j *source.Journal) { view.journal.Store(j) }
	if _, err := view.reload(); err != nil { // what changes from now on is news
		return err
	}
	return (&controlled{service: s, data: o.data, answers: c, ready: ready, log: log}).run(ctx)
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
