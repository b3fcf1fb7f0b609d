// Package daemon is `estream run`: it reads the configuration, keeps a collector
// as it says, and answers the commands that ask after it.
package daemon

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"estream/config"
	"estream/internal/assemble"
	"estream/internal/control"
	"estream/internal/durable"
	"estream/internal/notify"
	"estream/monitor"
	"estream/pki"
	"estream/server"
	"estream/service"
	"estream/wire"
)

// A Daemon runs the service that a configuration describes.
type Daemon struct {
	File    string // the configuration
	Layouts func(dir string) (*wire.Layouts, error)
	Stdout  assemble.Opener
	Log     *slog.Logger
	Trace   *server.Trace // what is told of a server's sessions; nil: the log says it
	Version string

	// reloading: one at a time.
	reloading    sync.Mutex
	builder      *assemble.Builder
	collector    *service.Service
	monitor      *monitor.Monitor
	watch        *monitor.Watch
	certificates atomic.Pointer[[]monitor.Certificate]
	sources      atomic.Pointer[[]*service.Source]
	authority    atomic.Pointer[pki.Authority] // of the server, if there is one

	mu     sync.Mutex
	config *config.Config
}

// Config returns the configuration that is in force.
func (d *Daemon) Config() *config.Config {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.config
}

// Collector returns the collector, also before it runs.
func (d *Daemon) Collector() *service.Service { return d.collector }

// Run works until ctx ends, which is no error. hup asks for a reload.
func (d *Daemon) Run(ctx context.Context, c *config.Config, hup <-chan struct{}) (err error) {
	set, err := d.Layouts(c.Layouts)
	if err != nil {
		return err
	}
	if err := durable.MkdirAll(durable.OS{}, c.State, 0o700); err != nil {
		return fmt.Errorf("state: %w", err)
	}
	d.config = c
	d.warn(c)
	d.builder = &assemble.Builder{Layouts: set, Log: d.Log, Stdout: d.Stdout, Trace: d.Trace}
	if err := d.build(c); err != nil {
		return err
	}
	mapOptions, err := assemble.MapOptions(&c.NetworkMap)
	if err != nil {
		return err
	}
	ready := make(chan struct{})
	d.collector = &service.Service{
		State: c.State, FS: durable.OS{}, Layouts: set, Sources: d.builder.Sources, Outputs: d.builder.Outputs, Server: d.builder.Server,
		Journal: assemble.Journal(c), MapOptions: mapOptions, Persist: true, Log: d.Log,
		Ready: func() { close(ready); d.notify(notify.Ready) },
	}
	var wg sync.WaitGroup
	defer wg.Wait()
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	socket, err := control.Listen(ctx, c.Monitoring.Socket)
	if err != nil {
		return err
	}
	d.watch = monitor.NewWatch(set, d.collector.SourceName, d.Log)
	d.collector.Watch = d.watch.Run
	d.monitor = d.newMonitor(c)
	listeners := []net.Listener{socket}
	if c.Monitoring.Listen != "" {
		ln, err := net.Listen("tcp", c.Monitoring.Listen)
		if err != nil {
			return errors.Join(fmt.Errorf("monitoring: %w", err), socket.Close())
		}
		d.Log.Info("monitoring", "listen", ln.Addr().String(), "paths", "/metrics /healthz /readyz")
		listeners = append(listeners, ln)
	}
	for i, ln := range listeners {
		handler := monitor.Handler(monitor.HandlerOptions{Report: d.monitor.Report, Version: d.Version})
		if i == 0 {
			handler = d.control(handler)
		}
		wg.Go(func() {
			if err := monitor.Serve(ctx, ln, handler, d.Log); err != nil {
				d.Log.Error("nobody can ask how the service is", "listener", ln.Addr().String(), "error", err)
			}
		})
	}
	wg.Go(func() { d.watchdog(ctx) })
	wg.Go(func() {
		select {
		case <-ready: // before that there is nothing to be alarmed about
			d.monitor.Run(ctx)
		case <-ctx.Done():
		}
	})
	wg.Go(func() {
		for {
			select {
			case <-hup:
				if _, err := d.Reload(); err != nil {
					d.Log.Error("reload failed; everything goes on as before", "error", err)
				}
			case <-ctx.Done():
				return
			}
		}
	})
	defer context.AfterFunc(ctx, func() { d.notify(notify.Stopping) })()
	d.Log.Info("estream starts", "version", d.Version, "configuration", c.File(), "state", c.State, "sources", len(c.Sources), "outputs", len(c.Outputs))
	err = d.collector.Run(ctx)
	d.Log.Info("estream ends")
	return err
}

func (d *Daemon) warn(c *config.Config) {
	for _, w := range c.Warnings {
		d.Log.Warn("configuration: " + w.String())
	}
}

func (d *Daemon) notify(state string) {
	if err := notify.Notify(state); err != nil {
		d.Log.Warn("systemd cannot be told of the state", "error", err)
	}
}

// watchdog tells systemd that we live, as often as it asks for. The collector's lock
// is taken each time: a collector that hangs does not live.
func (d *Daemon) watchdog(ctx context.Context) {
	interval := notify.WatchdogInterval()
	if interval <= 0 {
		return
	}
	tick := time.NewTicker(interval / 2)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			d.collector.Status()
			d.notify(notify.Watchdog)
		case <-ctx.Done():
			return
		}
	}
}

func (d *Daemon) newMonitor(c *config.Config) *monitor.Monitor {
	return monitor.New(monitor.Options{
		Status: d.collector.Status, Watch: d.watch, Config: watched(c), State: c.State, Summary: summaryEvery, Log: d.Log,
		Certificates: d.allCertificates,
		ReceiveQueue: d.receiveQueue,
	})
}

// clientsAhead is how long before their end the certificates of a server's clients are
// told of: there may be hundreds.
const clientsAhead = 90 * 24 * time.Hour

// allCertificates returns those of the configuration, and those of the server as they
// are now: they are renewed while it runs.
func (d *Daemon) allCertificates() []monitor.Certificate {
	list := *d.certificates.Load()
	authority := d.authority.Load()
	if authority == nil {
		return list
	}
	expiring, err := authority.Expiring(math.MaxInt64)
	if err != nil {
		d.Log.Error("the server's certificates cannot be looked at", "error", err)
	}
	list = slices.Clone(list)
	for _, e := range expiring {
		if e.Kind == pki.ExpiryClient && time.Until(e.NotAfter) > clientsAhead {
			continue
		}
		list = append(list, monitor.Certificate{Name: "server: " + e.Kind + " " + e.Name, NotAfter: e.NotAfter})
	}
	return list
}

// build makes sources and outputs, and notes their certificates.
func (d *Daemon) build(c *config.Config) error {
	if err := d.builder.Build(c); err != nil {
		return err
	}
	var list []monitor.Certificate
	for _, name := range slices.Sorted(maps.Keys(d.builder.Certificates)) {
		cert := d.builder.Certificates[name]
		list = append(list, monitor.Certificate{Name: name, NotBefore: cert.NotBefore, NotAfter: cert.NotAfter})
	}
	d.certificates.Store(&list)
	var authority *pki.Authority
	if d.builder.Server != nil {
		authority = d.builder.Server.Authority
	}
	d.authority.Store(authority)
	sources := d.builder.Sources
	d.sources.Store(&sources)
	return nil
}

// summaryEvery is how often a line in the log says how it goes.
const summaryEvery = 10 * time.Minute

// watched returns what of a configuration says when silence is an alarm.
func watched(c *config.Config) monitor.Config {
	m := monitor.Config{Alarms: c.Alarms, QuietAfter: map[string]time.Duration{}}
	for _, s := range c.Sources {
		if s.QuietAfter > 0 {
			m.QuietAfter[s.Name] = s.QuietAfter
		}
	}
	for _, s := range c.Sensors {
		if s.QuietAfter > 0 {
			m.QuietAfter[s.Name] = s.QuietAfter
		}
	}
	return m
}

// fixed are the sections that a running service cannot change.
var fixed = []string{"state", "journal", "layouts", "monitoring", "log", "network_map"}

// A Reloaded says what a reload did.
type Reloaded struct {
	Changed []string `json:"changed"`           // keys with another value
	Restart []string `json:"restart,omitempty"` // those that take effect at the next start
}

func (r *Reloaded) String() string {
	if len(r.Changed) == 0 {
		return "nothing has changed"
	}
	text := "changed: " + strings.Join(r.Changed, ", ")
	if len(r.Restart) > 0 {
		text += "; at the next start: " + strings.Join(r.Restart, ", ")
	}
	return text
}

// Reload reads the configuration again and changes what is different; the rest
// goes on undisturbed. After an error nothing has changed.
func (d *Daemon) Reload() (*Reloaded, error) {
	d.reloading.Lock()
	defer d.reloading.Unlock()
	d.notify(notify.Reloading())
	defer d.notify(notify.Ready)
	old := d.Config()
	c, err := config.Load(d.File)
	if err != nil {
		return nil, err
	}
	changes := config.Diff(old, c)
	r := &Reloaded{Changed: changes.Keys}
	for _, s := range fixed {
		if slices.Contains(changes.Sections, s) {
			r.Restart = append(r.Restart, s)
		}
	}
	c.State, c.Layouts = old.State, old.Layouts // the rest of the state is where it was
	if err := d.build(c); err != nil {
		return nil, err
	}
	if err := d.collector.Change(d.builder.Sources, d.builder.Outputs, d.builder.Server); err != nil {
		d.Log.Error("reload: a part could not be started; it is tried again", "error", err)
	}
	d.mu.Lock()
	d.config = c
	d.mu.Unlock()
	d.monitor.Configure(watched(c))
	d.warn(c)
	d.Log.Info("configuration was read again", "changed", strings.Join(r.Changed, ", "), "at_next_start", strings.Join(r.Restart, ", "))
	return r, nil
}
