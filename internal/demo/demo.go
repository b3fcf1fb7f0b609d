// Package demo runs the whole system in one process on real sample data: a
// server that reads a sensor's files, a registered client, and a collector that
// writes what it receives as JSON and CEF. At the end it counts in five places
// and compares, so that a lost record cannot go unnoticed.
package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"time"

	"estream/format/cef"
	"estream/format/jsonl"
	"estream/internal/durable"
	"estream/output"
	"estream/output/file"
	"estream/pki"
	"estream/server"
	"estream/service"
	"estream/source"
	"estream/source/fmc"
	"estream/source/replay"
	"estream/source/unified2"
	"estream/wire"
)

const (
	// replayRate is how many messages per second the synthetic stream sends after
	// its first round: the demonstration may run for hours on a small disk.
	replayRate = 50
	// sensorRecords is the number of records in the sensor's file: a burst whose
	// duration is measured.
	sensorRecords = 13368
	// settleTime is how long the end may take until all that was sent is written.
	settleTime = 30 * time.Second
	// sensorDevice is the id of the Snort sensor among the devices of the
	// synthetic stream, which have small numbers.
	sensorDevice = 1001
)

// Options of a demonstration.
type Options struct {
	Dir     string        // working directory; must exist and be empty
	For     time.Duration // how long to stream after the sensor's file has arrived; 0: until ctx ends
	Out     io.Writer     // what a person reads
	Live    bool          // Out is a terminal: show a status line
	Layouts *wire.Layouts
	Log     *slog.Logger

	// Fault, in tests, sees what the collector is about to journal and may alter it.
	Fault func(batch []byte, count int) ([]byte, int)
}

// Run runs the demonstration. It returns the counts also when they do not add
// up; an error means that it could not be carried out.
func Run(ctx context.Context, o Options) (*Counts, error) {
	d := &demo{Options: o, serving: make(chan struct{})}
	if err := d.prepare(ctx); err != nil {
		return nil, fmt.Errorf("prepare: %w", err)
	}
	return d.run(ctx)
}

type demo struct {
	Options
	server    *service.Service
	serving   chan struct{} // closed once clients can connect
	collector *service.Service
	source    *fmc.Source
	outputs   [2]*service.Output
	samples   *samples
	burst     time.Duration // from the first connection until the sensor's file was written in both formats

	// sources ends before the server does, so that all they read can be sent.
	sources     context.Context
	stopSources context.CancelFunc
}

func (d *demo) path(name string) string { return filepath.Join(d.Dir, name) }

// prepare makes what an administrator would: the sensor's files, the server
// with its certificates, a registered client, the collector's configuration.
func (d *demo) prepare(ctx context.Context) error {
	if err := unpack(d.Dir); err != nil {
		return err
	}
	authority, err := pki.Open(d.path("server/pki"), pki.Options{Logger: d.Log})
	if err != nil {
		return err
	}
	reg, err := authority.Register(ctx, "127.0.0.1", pki.RegisterOptions{})
	if err != nil {
		return err
	}
	if err := os.WriteFile(d.path("client.pkcs12"), reg.PKCS12, 0o600); err != nil {
		return err
	}
	ln, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	maps, err := unified2.LoadConfig(d.path("snort/etc"), d.Log)
	if err != nil {
		return errors.Join(err, ln.Close())
	}
	d.sources, d.stopSources = context.WithCancel(context.WithoutCancel(ctx))
	d.server = &service.Service{
		State: d.path("server"), FS: durable.OS{}, Layouts: d.Layouts, Log: d.Log,
		Server: &service.Server{Listeners: []net.Listener{ln}, Server: &server.Server{Authority: authority, Log: d.Log}},
		Ready:  func() { close(d.serving) },
		Sources: []*service.Source{
			{Name: "sensor", Feed: d.until(service.Unified2Feed(&unified2.Source{
				Dir: d.path("snort/spool"), Layouts: d.Layouts, Maps: maps, Device: sensorDevice, DeviceName: "snort-sensor", Log: d.Log,
			}))},
			{Name: "replay", Feed: d.until(d.replayFeed())},
		},
	}
	cred, err := pki.LoadPKCS12(reg.PKCS12, "")
	if err != nil {
		return errors.Join(err, ln.Close())
	}
	tlsConfig, err := pki.ClientTLSConfig(cred, pki.ClientOptions{})
	if err != nil {
		return errors.Join(err, ln.Close())
	}
	d.samples = newSamples()
	d.outputs[0] = &service.Output{Name: "json", Format: jsonl.New(jsonl.Options{}), Open: d.open("events.json", d.samples.json)}
	lines, err := cef.New(cef.Options{})
	if err != nil {
		return errors.Join(err, ln.Close())
	}
	d.outputs[1] = &service.Output{Name: "cef", Format: lines, Open: d.open("events.cef", d.samples.cef)}
	d.source = &fmc.Source{Addr: ln.Addr().String(), TLS: tlsConfig, Start: wire.StartOldest, Fault: d.Fault}
	d.collector = &service.Service{
		State: d.path("collector"), FS: durable.OS{}, Layouts: d.Layouts, Log: d.Log, Outputs: d.outputs[:],
		Sources: []*service.Source{{Source: d.source}},
	}
	return nil
}

// until makes a source end when the sources are to stop, before the server does.
func (d *demo) until(f *service.Feed) *service.Feed {
	run := f.Run
	f.Run = func(ctx context.Context, from service.Resume, take service.Take) error {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		defer context.AfterFunc(d.sources, cancel)()
		if err := run(ctx, from, take); ctx.Err() == nil {
			return err
		}
		return nil
	}
	return f
}

// replayFeed replays the synthetic stream once as fast as it goes, then again
// and again at a pace.
func (d *demo) replayFeed() *service.Feed {
	return &service.Feed{
		Name: "replay",
		Run: func(ctx context.Context, _ service.Resume, take service.Take) error {
			src := &replay.Source{Path: d.path("synth.bin"), Layouts: d.Layouts, Log: d.Log}
			put := func(ctx context.Context, b replay.Batch) error { return take(ctx, source.Batch(b)) }
			if err := src.Run(ctx, put); err != nil {
				return err
			}
			src.Loop, src.Rate = true, replayRate
			return src.Run(ctx, put)
		},
	}
}

// open returns the opener of a file output that lets samples see the lines.
func (d *demo) open(name string, see func([]byte)) func([]byte) (output.Output, error) {
	return func(saved []byte) (output.Output, error) {
		f, err := file.Open(durable.OS{}, d.path(name), saved, d.Log)
		if err != nil {
			return nil, err
		}
		return &watched{f, see}, nil
	}
}

// watched is an output whose lines somebody looks at.
type watched struct {
	output.Output
	see func(lines []byte)
}

func (w *watched) Write(ctx context.Context, lines []byte) error {
	w.see(lines)
	return w.Output.Write(ctx, lines)
}

// run streams, waits until everything that was sent is written, and counts.
func (d *demo) run(ctx context.Context) (*Counts, error) {
	// Server and collector outlive ctx: after Ctrl-C they finish what they began.
	serverCtx, stopServer := context.WithCancel(context.WithoutCancel(ctx))
	collectorCtx, stopCollector := context.WithCancel(context.WithoutCancel(ctx))
	defer stopServer()
	defer stopCollector()
	failed := make(chan error, 2)
	served, collected := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(served)
		if err := d.server.Run(serverCtx); err != nil {
			failed <- fmt.Errorf("server: %w", err)
		}
	}()
	select {
	case <-d.serving:
	case err := <-failed:
		return nil, err
	}
	d.explain()
	began := time.Now()
	go func() {
		defer close(collected)
		if err := d.collector.Run(collectorCtx); err != nil {
			failed <- fmt.Errorf("collector: %w", err)
		}
	}()
	err := d.watch(ctx, began, failed)
	streamed := time.Since(began)
	d.stopSources()
	if err == nil {
		err = d.settle(failed)
	}
	stopCollector()
	<-collected
	stopServer()
	<-served
	select {
	case err2 := <-failed:
		err = errors.Join(err, err2)
	default:
	}
	if err != nil {
		return nil, err
	}
	c, err := d.count()
	if err != nil {
		return nil, fmt.Errorf("count: %w", err)
	}
	d.report(c, streamed)
	return c, nil
}

// settle waits until everything the server has read is sent, received and written.
func (d *demo) settle(failed <-chan error) error {
	deadline := time.After(settleTime)
	// The sources have been told to stop; what they still hand on ends quickly.
	quiet, last, lastSent := 0, uint64(0), uint64(0)
	for quiet < 20 {
		select {
		case <-time.After(10 * time.Millisecond):
		case err := <-failed:
			return err
		case <-deadline:
			return nil // the counts will show what is missing
		}
		sent, received := d.server.Server.Stats().Sent.Load(), d.source.Stats().Received.Load()
		end := d.server.Server.Journal.End().Seq
		journaled := d.source.Stats().Journaled.Load()
		written := min(d.outputs[0].Stats.Committed.Load(), d.outputs[1].Stats.Committed.Load())
		// Not all of the journal is sent: metadata only when an event refers to it.
		if end == last && sent == lastSent && sent > 0 && received >= sent && written >= journaled {
			quiet++
		} else {
			quiet = 0
		}
		last, lastSent = end, sent
	}
	return nil
}
