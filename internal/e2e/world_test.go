package e2e

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"estream/format/jsonl"
	"estream/internal/cli"
	"estream/internal/durable/faultfs"
	"estream/internal/syncbuf"
	"estream/journal"
	"estream/layouts"
	"estream/output"
	"estream/output/file"
	"estream/pki"
	"estream/server"
	"estream/service"
	"estream/session"
	"estream/source"
	"estream/source/fmc"
	"estream/source/replay"
	"estream/synth"
	"estream/wire"
)

// A world is a server and a collector on a machine each. The machines crash: what
// was not synced is gone, and the program on them with it. It lives in a bubble
// of testing/synctest, so that hours of retrying cost nothing.
type world struct {
	*setting
	t   *testing.T
	rng *rand.Rand
	net network
	log *syncbuf.Lines

	server, collector *faultfs.FS // of the machines; replaced when they crash
}

const (
	// shortCount is how many messages a world's stream has, and shortPace how many
	// of them the server replays in a second: what is journaled in one commit, and
	// what the output commits at a time, are small against the stream.
	shortCount = 5000
	shortPace  = 100

	stateDir   = "/state"
	serverDir  = "/data"
	outputFile = "/out/events.json"
)

// A setting is what all worlds share, since it takes a while to make.
type setting struct {
	stream    string // file the server replays
	want      []byte // what decode makes of it
	authority string // directory of the server's certificates
	client    *pki.Credentials
	today     func() time.Time // certificates are of today, whatever a bubble's clock says
}

var newSetting = sync.OnceValues(func() (*setting, error) {
	now := time.Now()
	s := &setting{stream: filepath.Join(scratch, "short.bin"), authority: filepath.Join(scratch, "pki"), today: func() time.Time { return now }}
	// The clock of a bubble starts in the year 2000; events of a later time would not
	// be believed to be of now.
	opt := synth.Options{Seed: 11, Start: 946_000_000, EventsPerSecond: shortPace, Duplicates: 0.05, Metadata: 0.1}
	if err := writeStream(s.stream, shortCount, opt); err != nil {
		return nil, err
	}
	var want, problems bytes.Buffer
	if status := cli.Main(context.Background(), []string{"decode", s.stream, "--format", "json"}, strings.NewReader(""), &want, &problems); status != 0 {
		return nil, fmt.Errorf("decode: status %d\n%s", status, &problems)
	}
	s.want = want.Bytes()
	authority, err := pki.Open(s.authority, pki.Options{Now: s.today})
	if err != nil {
		return nil, err
	}
	reg, err := authority.Register(context.Background(), "127.0.0.1", pki.RegisterOptions{})
	if err != nil {
		return nil, err
	}
	s.client, err = pki.LoadPKCS12(reg.PKCS12, "")
	return s, err
})

// newWorld makes a world for one test.
func newWorld(t *testing.T) *world {
	t.Helper()
	s, err := newSetting()
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, rng: random(t), setting: s, log: syncbuf.NewLines(), server: faultfs.New(), collector: faultfs.New()}
	if err := w.collector.MkdirAll(filepath.Dir(outputFile), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := w.collector.SyncDir("/"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("log:\n%s", w.log)
		}
	})
	return w
}

func (w *world) logger(who string) *slog.Logger {
	return slog.New(slog.NewTextHandler(w.log, nil)).With("who", who)
}

// journalOptions make many small commits and segments.
func journalOptions() journal.Options {
	return journal.Options{SegmentBytes: 256 << 10, CommitBytes: 16 << 10, PendingBytes: 1 << 20, RecentBytes: 256 << 10}
}

// serve runs the server on fsys until ctx ends.
func (w *world) serve(ctx context.Context, fsys *faultfs.FS) error {
	authority, err := pki.Open(w.authority, pki.Options{Now: w.today})
	if err != nil {
		return err
	}
	ln := w.net.listen()
	s := &service.Service{
		State: serverDir, FS: fsys, Layouts: layouts.Default(), Journal: journalOptions(), Log: w.logger("server"),
		Sources: []*service.Source{{Feed: &service.Feed{Name: "replay", Run: w.replay}}},
		Server: &service.Server{Listeners: []net.Listener{ln}, Server: &server.Server{
			Authority: authority, NoHost: true, AsIs: true, Log: w.logger("server"),
		}},
	}
	return errors.Join(s.Run(ctx), ln.Close())
}

func (w *world) replay(ctx context.Context, from service.Resume, take service.Take) error {
	src := &replay.Source{Path: w.stream, Rate: shortPace, BatchBytes: 8 << 10, Layouts: layouts.Default(), Log: w.logger("replay")}
	if err := src.Resume(from.Mark); err != nil {
		return err
	}
	err := src.Run(ctx, func(ctx context.Context, b replay.Batch) error { return take(ctx, source.Batch(b)) })
	if errors.Is(err, replay.ErrReplayed) || ctx.Err() != nil {
		return nil
	}
	return err
}

// idle is how long nothing must have come for the collector to end. Its server
// may be down for most of that.
const idle = 10 * time.Second

// collect runs the collector on fsys until ctx ends or everything was written.
func (w *world) collect(ctx context.Context, fsys *faultfs.FS) error {
	cfg, err := pki.ClientTLSConfig(w.client, pki.ClientOptions{Now: w.today})
	if err != nil {
		return err
	}
	log := w.logger("collector")
	c := &service.Service{
		State: stateDir, FS: fsys, Layouts: layouts.Default(), Idle: idle, Journal: journalOptions(), Log: log,
		Sources: []*service.Source{{Source: &fmc.Source{
			Addr: "127.0.0.1:8302", TLS: cfg, Start: wire.StartOldest, Persist: true,
			Session: session.ClientConfig{BatchBytes: 16 << 10, DialContext: w.net.dial},
		}}},
		Outputs: []*service.Output{{
			Name: "output", Format: jsonl.New(jsonl.Options{}), Workers: 2,
			Open: func(saved []byte) (output.Output, error) { return file.Open(fsys, outputFile, saved, log) },
		}},
	}
	return c.Run(ctx)
}

// check compares what the collector wrote with what decode makes of the stream.
func (w *world) check() {
	w.t.Helper()
	f, err := w.collector.OpenFile(outputFile, os.O_RDONLY, 0)
	if err != nil {
		w.t.Fatal(err)
	}
	defer f.Close()
	lines := compare(w.t, "collected file against decode", f, bytes.NewReader(w.want))
	w.t.Logf("%d lines, equal to decode", lines)
}
