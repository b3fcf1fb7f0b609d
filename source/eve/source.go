package eve

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"estream/internal/durable"
	"estream/source"
	"estream/source/follow"
	"estream/source/sensor"
	"estream/wire"
)

// Defaults of a Source.
const (
	DefaultHold     = time.Hour
	DefaultMaxFlows = 65_536
	DefaultMaxBytes = 64 << 20
)

// A Source turns Suricata's EVE lines into batches of eStreamer messages. The
// fields must not be changed while Run is running, of which there may be one.
type Source struct {
	// Where lines come from, one of the two: Path is a file that is followed; Listen
	// is a socket, "unix:PATH" (Suricata's unix_stream), "unixgram:PATH"
	// (unix_dgram) or "tcp:HOST:PORT".
	Path      string
	Listen    string
	Listening func(net.Addr) // optional: called with the address when the socket is open

	Mark    []byte                // optional: resume behind this mark
	State   string                // path to which ".flows.0" and ".flows.1" are added: open flows, kept over restarts; "" forgets them
	FS      durable.FS            // file system of State; nil means durable.OS
	Layouts *wire.Layouts         // required
	Maps    *sensor.Maps          // optional: names of rules and classifications
	Sensor  sensor.Device         // how the sensor appears in the records
	Known   func(msg []byte) bool // optional: whether an equal metadata record, archive time aside, was handed on by an earlier run; must not keep msg

	Hosts  Discoverer // optional: the network map, which makes discovery events
	Number uint32     // number of the source in the journal, for the network map

	Omit     []string      // event types to leave out, such as "anomaly"
	Hold     time.Duration // how long a flow is waited for without a line of it; 0 means DefaultHold
	MaxFlows int           // flows waited for at a time; 0 means DefaultMaxFlows
	MaxBytes int           // memory of these, estimated; 0 means DefaultMaxBytes

	MaxLine int              // longest line in bytes, see package follow; 0 means its default
	Poll    time.Duration    // how often to look for more; 0 means 200 ms
	Once    bool             // return when the file has been read, with all flows ended
	Log     *slog.Logger     // required
	Now     func() time.Time // optional: the clock for archive times and for flows that never end; nil means time.Now

	mu    sync.Mutex
	stats Stats
}

// String names the source in logs.
func (s *Source) String() string { return "eve " + cmp.Or(s.Path, s.Listen) }

// Stats returns what has been done so far, of the present or last run. It is safe
// for concurrent use.
func (s *Source) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stats
}

// Run reads, converts and hands on batches until ctx ends; that is no error. take
// blocks while there is no room, must store the batch and its mark together, and
// must not keep the batch's memory. Run returns its error; a Source that resumes
// from the last stored mark then hands on the same events again.
//
// Run also returns an error if a mark is damaged, a layout is missing, or the
// socket cannot be opened, and with Once if the file cannot be read. Faults of
// lines and files are logged and counted instead.
func (s *Source) Run(ctx context.Context, take func(context.Context, source.Batch) error) error {
	if (s.Path == "") == (s.Listen == "") {
		return fmt.Errorf("eve: path is %q and listen is %q: one of them expected", s.Path, s.Listen)
	}
	mark, err := decodeMark(s.Mark)
	if err != nil {
		return fmt.Errorf("%v: %w", s, err)
	}
	stats := newCounts(s.Log)
	var old savedState
	if mark == nil {
		mark = new(position)
	} else {
		old = s.loadState(mark)
	}
	r, err := s.start(stats, mark, old, take)
	if err == nil {
		err = r.run(ctx)
	}
	if errors.Is(err, errMissed) {
		// The older lines are gone, or are others: go on at the mark, without what was
		// open then.
		s.Log.Warn("eve: open flows could not be restored: the lines since they were saved are gone", "source", s.String())
		if r, err = s.start(stats, mark, savedState{slot: old.slot}, take); err == nil {
			err = r.run(ctx)
		}
	}
	if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		return nil
	}
	return err
}

func (s *Source) fs() durable.FS {
	if s.FS != nil {
		return s.FS
	}
	return durable.OS{}
}

// publish makes the counters of a run visible.
func (s *Source) publish(r *run) {
	n := r.stats.snapshot()
	n.OpenFlows, n.Messages, n.Input = r.conv.table.open.n, r.conv.enc.Counts(), r.input.Stats()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stats = n
}

// open returns the input, to be read behind a mark of its own.
func (s *Source) open(mark []byte, idle func(context.Context) error) (input, error) {
	if s.Path != "" {
		return &follow.Follower{Path: s.Path, Mark: mark, MaxLine: s.MaxLine, Poll: s.Poll, Once: s.Once, Idle: idle, Log: s.Log}, nil
	}
	network, address, ok := strings.Cut(s.Listen, ":")
	if !ok || network != "unix" && network != "unixgram" && network != "tcp" {
		return nil, fmt.Errorf(`eve: listen is %q; expected "unix:PATH", "unixgram:PATH" or "tcp:HOST:PORT"`, s.Listen)
	}
	return &follow.Stream{Network: network, Address: address, MaxLine: s.MaxLine, Poll: s.Poll, Listening: s.Listening, Idle: idle, Log: s.Log}, nil
}

type input interface {
	follow.Input
	Stats() follow.Stats
}

// start prepares a run from a mark and, if there is one, an older state of the
// open flows.
func (s *Source) start(stats *counts, mark *position, old savedState, take func(context.Context, source.Batch) error) (*run, error) {
	enc, err := sensor.NewEncoder(sensor.Options{Layouts: s.Layouts, Device: s.Sensor, Maps: s.Maps, Known: s.Known, Now: s.Now})
	if err != nil {
		return nil, fmt.Errorf("%v: %w", s, err)
	}
	c := &converter{enc: enc, maps: s.Maps, known: s.Known, hosts: s.Hosts, omit: map[string]bool{}, stats: stats,
		ifaces: map[string][16]byte{}, said: map[saidKey]struct{}{}, eventID: mark.event}
	if err := c.forms.init(s.Layouts, &s.Sensor); err != nil {
		return nil, fmt.Errorf("%v: %w", s, err)
	}
	for _, name := range s.Omit {
		c.omit[name] = true
	}
	c.discover(s)
	c.table = newTable(cmp.Or(s.Hold, DefaultHold), cmp.Or(s.MaxFlows, DefaultMaxFlows), cmp.Or(s.MaxBytes, DefaultMaxBytes))
	c.table.clock = mark.clock
	r := &run{src: s, conv: c, stats: stats, take: take, now: s.Now, goal: *mark, at: *mark, slot: 1 - old.slot}
	if r.now == nil {
		r.now = time.Now
	}
	if err := r.restore(&old); err != nil {
		s.Log.Warn("eve: file of open flows not used", "source", s.String(), "error", err)
		return s.start(stats, mark, savedState{slot: old.slot}, take)
	}
	if r.input, err = s.open(r.at.file, r.idle); err != nil {
		return nil, err
	}
	// The buffer changes, the mark of the input and the goal must not.
	r.at.file = slices.Clone(r.at.file)
	c.where = r.input.Where
	r.heard, r.let = r.now(), r.now()
	return r, nil
}

// RemoveState removes the files of open flows, for a source that is given up.
func (s *Source) RemoveState() error {
	var errs []error
	for _, name := range s.stateNames() {
		if err := s.fs().Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
