package encore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"estream/encore/conf"
	"estream/internal/durable"
	"estream/internal/mute"
	"estream/journal"
	"estream/service"
	"estream/source/fmc"
	"estream/wire"
)

// A Client is eNcore's service in one working directory. Run is called once.
type Client struct {
	Dir          string // working directory, absolute
	Conf         string // name of the configuration in it; ConfName by default
	Layouts      *wire.Layouts
	Destinations Destinations
	Terminal     *Terminal // for the password; logs go to its Out and Err if the configuration says so
	Version      string
	Reprocess    bool            // split the PKCS#12 file anew
	Show         <-chan struct{} // each receive writes the status to Terminal.Out; may be nil
	Enter        bool            // a line on Terminal.In ends the client, as eNcore does on Windows
	FS           durable.FS      // nil: the machine's
}

// run is one run of a Client.
type run struct {
	*Client
	fsys    durable.FS
	conf    *conf.Conf
	files   Files
	log     *slog.Logger
	mark    *bookmark
	stages  []stage
	outputs []*service.Output
	source  *fmc.Source
	monitor monitor
	began   time.Time
	phase   atomic.Int32 // State; StateRunning stands for whatever the connection does
	first   sync.Once    // the first tick
	stop    context.CancelCauseFunc
	opened  chan *journal.Journal // the collector's, each time it starts
}

const (
	// retainBytes is how much of the journal stays after it was written.
	retainBytes = 256 << 20
	retryFirst  = 500 * time.Millisecond // eNcore's pause before it starts again
	retryMost   = 30 * time.Second
)

// load reads the configuration as it is now.
func (c *Client) load() (*conf.Conf, error) {
	settings, _, _, err := loadConf(c.Dir, c.confName())
	return settings, err
}

func (c *Client) confName() string {
	if c.Conf == "" {
		return ConfName
	}
	return c.Conf
}

// loadConf reads a configuration of a working directory.
func loadConf(dir, name string) (*conf.Conf, []conf.Warning, *conf.Document, error) {
	f, err := os.Open(In(dir, name))
	if err != nil {
		return nil, nil, nil, fmt.Errorf("settings: %w", err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, conf.MaxBytes+1))
	if err != nil {
		return nil, nil, nil, fmt.Errorf("settings: %w", err)
	}
	d, err := conf.ParseDocument(data)
	if err != nil {
		return nil, nil, nil, fmt.Errorf("settings: %s: %w", name, err)
	}
	settings, warnings := d.Conf()
	return settings, warnings, d, nil
}

// Run works until ctx ends, the configuration says stop, or, unless
// alwaysAttemptToContinue is set, the connection ends. None of these is an error:
// eNcore's service ends with status 0 then, and the log says why. An error is a
// start that nothing but a change of the configuration can mend. In any case
// everything received is durable, and the bookmark is behind what was written.
func (c *Client) Run(ctx context.Context) (err error) {
	r := &run{Client: c, fsys: c.FS, opened: make(chan *journal.Journal, 1)}
	if r.fsys == nil {
		r.fsys = durable.OS{}
	}
	r.monitor.r = r
	var warnings []conf.Warning
	var doc *conf.Document
	if r.conf, warnings, doc, err = loadConf(c.Dir, c.confName()); err != nil {
		return err
	}
	sink, more, err := openLog(r.conf, c.Dir, c.Terminal.Out, c.Terminal.Err)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, sink.Close()) }()
	r.log, r.files, r.began = sink.logger(), FilesFor(c.Dir, r.conf), time.Now()
	if !r.conf.Enabled {
		r.log.Info("settings.enabled == False. Stopping")
		return nil
	}
	release, err := claim(r.fsys, &r.files)
	if errors.Is(err, ErrRunning) {
		r.log.Error("EncoreException: " + err.Error())
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, release()) }()
	r.hello(doc, warnings, more)
	if err := r.build(); err != nil {
		r.log.Error(err.Error())
		return err
	}
	return r.work(ctx)
}

// hello writes the lines of the start.
func (r *run) hello(doc *conf.Document, warnings ...[]conf.Warning) {
	r.log.Info("eNcore version: estream " + r.Version)
	r.log.Info("Python version: none, " + goVersion())
	r.log.Info("Platform version: " + platform())
	r.log.Info(fmt.Sprintf("Starting client (pid=%d).", os.Getpid()))
	r.log.Info("Sha256: " + executableSum())
	if r.conf.WorkersGiven > conf.MaxWorkers {
		r.log.Warn(fmt.Sprintf("Limiting worker processes to %d", conf.MaxWorkers))
	}
	r.stages = stages(r.conf.Workers)
	r.log.Info(fmt.Sprintf("Processes: %d", len(r.stages)))
	r.log.Info("Settings: " + showSettings(doc, r.conf))
	for _, list := range warnings {
		for _, w := range list {
			named(r.log, "Settings").Warn(w.String())
		}
	}
}

// work does what is between the start and the end of a run that has a valid
// configuration.
func (r *run) work(parent context.Context) (err error) {
	ctx, stop := context.WithCancelCause(parent)
	defer stop(nil)
	r.stop = stop
	r.phase.Store(int32(StateStarting))
	defer func() {
		r.phase.Store(int32(StateStopped))
		err = errors.Join(err, writeStatus(r.fsys, r.files.Status, StateStopped))
		r.log.Info("Goodbye")
	}()
	tlsConfig, err := prepareKeys(ctx, &keys{r.fsys, &r.files}, r.conf, r.Terminal, r.Reprocess, r.log)
	if err != nil {
		r.log.Error(err.Error())
		return err
	}
	if err := newProbe(r.conf, tlsConfig, r.log).Run(ctx); err != nil {
		r.log.Error(Describe(err, &r.files))
		if !r.conf.Continue || ctx.Err() != nil {
			r.log.Info("Stopping...")
			return nil
		}
	}
	r.source.TLS = tlsConfig
	names := make([]string, len(r.outputs))
	for i, o := range r.outputs {
		names[i] = o.Name
	}
	if r.source.Start, err = begin(ctx, r.fsys, &r.files, r.conf.Start, r.mark, names, r.log); err != nil {
		r.log.Error(err.Error())
		return err
	}
	r.phase.Store(int32(StateRunning))
	r.collect(ctx)
	return nil
}

// collect runs the collector with all that stands around it, and takes it down.
func (r *run) collect(ctx context.Context) {
	var wg sync.WaitGroup
	around, cancel := context.WithCancel(ctx)
	follow := &follower{mark: r.mark, committed: r.committed, log: r.log, problems: mute.New(time.Minute)}
	monitorLog := named(r.log, "Monitor")
	monitorLog.Info("Starting Monitor.")
	logStart(r.log, r.stages)
	wg.Go(func() { r.watch(around) })
	wg.Go(func() { r.ticks(around) })
	wg.Go(func() {
		for {
			select {
			case j := <-r.opened:
				follow.run(around, j)
			case <-around.Done():
				return
			}
		}
	})
	stopping := context.AfterFunc(ctx, func() { r.stopping(context.Cause(ctx)) })
	r.runCollector(ctx)
	if stopping() { // the collector ended by itself
		r.stopping(nil)
	}
	cancel()
	wg.Wait()
	follow.finish(r.fsys, r.files.journal())
	logStop(r.log, r.stages)
	monitorLog.Info("Stopping Monitor.")
}

// stopping writes the lines with which a stop begins.
func (r *run) stopping(cause error) {
	r.phase.Store(int32(StateStopping))
	if c := (*stopCause)(nil); errors.As(cause, &c) {
		for _, line := range c.lines {
			r.log.Info(line)
		}
	}
	r.log.Info("Stopping...")
}

// runCollector runs the collector until ctx ends. With alwaysAttemptToContinue a
// failure is tried again.
func (r *run) runCollector(ctx context.Context) {
	log := slog.New(&observer{Handler: named(r.log, "Collector").Handler(), writer: r.stages[len(r.stages)-1].logger, session: r.session, ended: r.ended})
	for wait := retryFirst; ; wait = min(2*wait, retryMost) {
		c := &service.Service{
			State: r.files.State, FS: r.fsys, Layouts: r.Layouts, Sources: []*service.Source{{Source: r.source}}, Outputs: r.outputs,
			Journal: journal.Options{RetainBytes: retainBytes}, Log: log,
			Ready: func() {
				select { // the newest counts
				case <-r.opened:
				default:
				}
				r.opened <- r.source.Journal.Journal
			},
		}
		err := c.Run(ctx)
		if err != nil {
			r.log.Error("EncoreException: " + err.Error())
		}
		if ctx.Err() != nil || !r.conf.Continue || !pause(ctx, wait) {
			return
		}
	}
}
