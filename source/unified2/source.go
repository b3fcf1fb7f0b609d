package unified2

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"estream/source"
	"estream/source/sensor"
	"estream/wire"
)

const (
	// defaultPoll is how often files are looked at: short against the seconds
	// that SIEMs take, long enough to cost nothing.
	defaultPoll = 200 * time.Millisecond
	// pollEvery is after how many records of a busy spool the clock is read.
	pollEvery = 1024
)

// Names of what is shared by all sensors' sources.
type (
	Batch = source.Batch
	Maps  = sensor.Maps
)

// LoadConfig is [sensor.LoadMaps].
func LoadConfig(dir string, log *slog.Logger) (*Maps, error) { return sensor.LoadMaps(dir, log) }

// A Source converts the files of a spool into batches of eStreamer messages.
// The fields must not be changed while Run is running.
type Source struct {
	Dir        string                // directory of the spool, or a single file
	Prefix     string                // optional: read only PREFIX and PREFIX.STAMP; see OpenSpool
	Mark       []byte                // optional: resume behind this mark
	Layouts    *wire.Layouts         // required
	Maps       *Maps                 // optional: names of rules and classifications
	Sensor     sensor.Device         // the managed device in the records
	Device     uint32                // for Sensor.ID if that is 0; 0 means 1 for a Sensor without name
	DeviceName string                // for Sensor.Name if that is empty; "" means "unified2"
	Known      func(msg []byte) bool // optional: whether an equal metadata record, archive timestamp aside, was handed on by an earlier run; must not keep msg
	Poll       time.Duration         // how often to look for new data; 0 means 200 ms
	Once       bool                  // return when all there is has been read, instead of waiting for more
	Log        *slog.Logger          // required
	Now        func() time.Time      // optional: the clock for archive timestamps; nil means time.Now

	mu    sync.Mutex
	stats Stats // of finished runs and, up to the last batch or poll, the present one
	base  Stats // of finished runs
}

// device returns who the records come from. A single sensor without any settings
// is number 1; one with a name gets a number of its own.
func (s *Source) device() sensor.Device {
	d := s.Sensor
	d.ID = cmp.Or(d.ID, s.Device)
	if d.ID == 0 && d.Name == "" {
		d.ID = 1
	}
	d.Name = cmp.Or(d.Name, s.DeviceName, "unified2")
	return d
}

// String names the source in logs.
func (s *Source) String() string { return "unified2 " + s.Dir }

// Stats returns what has been done so far. It is safe for concurrent use.
func (s *Source) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stats.Records == nil {
		return newStats()
	}
	return s.stats.clone()
}

// Run reads, converts and hands on batches until ctx ends; that is no error.
// take blocks while there is no room, must store the batch and its mark
// together, and must not keep the batch's memory. Run returns its error, with
// the batch not counted as taken: a Source that resumes from the last stored
// mark reads it again.
//
// Run also returns an error if the spool or its mark cannot be opened, or a
// layout is missing, and with Once if a file cannot be read. Faults inside files
// are logged and counted instead.
func (s *Source) Run(ctx context.Context, take func(context.Context, Batch) error) error {
	spool, err := OpenSpool(s.Dir, s.Prefix, s.Mark, s.Log)
	if err != nil {
		return err
	}
	defer spool.Close()
	conv, err := newConverter(s, &spool.stats)
	if err != nil {
		return err
	}
	r := run{src: s, spool: spool, conv: conv, take: take}
	defer r.publish(true)
	err = r.loop(ctx)
	if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		return nil
	}
	return err
}

// A run is the state of one call of Run.
type run struct {
	src   *Source
	spool *Spool
	conv  *converter
	take  func(context.Context, Batch) error
	mark  []byte // position behind the last record in the batch
}

// publish makes the counters of the run visible.
func (r *run) publish(finished bool) {
	s := r.src
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.base.Records == nil {
		s.base = newStats()
	}
	s.stats = s.base.clone()
	now := r.spool.stats
	now.count(r.conv.Counts())
	s.stats.add(&now)
	if finished {
		s.base = s.stats.clone()
	}
}

func (r *run) loop(ctx context.Context) error {
	interval := cmp.Or(r.src.Poll, defaultPoll)
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for n := 0; ; n++ {
		if n%pollEvery == pollEvery-1 {
			select {
			case <-ctx.Done():
				return nil // what was not handed on is read again by the next run
			case <-ticker.C:
				r.spool.Poll()
			default:
			}
		}
		rec, err := r.spool.Next()
		if err == nil {
			if err := r.add(ctx, &rec); err != nil {
				return err
			}
			continue
		}
		if err := r.flush(ctx); err != nil {
			return err
		}
		if r.src.Once {
			if r.spool.final {
				return r.spool.Finish()
			}
			r.spool.Final()
			continue
		}
		r.publish(false)
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
			r.spool.Poll()
		}
	}
}

// add converts a record into the batch and hands the batch on when it is full.
func (r *run) add(ctx context.Context, rec *Record) error {
	if why, err := r.conv.convert(rec, r.spool.File()); err != nil {
		r.spool.Skip(why, err)
		return nil
	}
	if r.conv.Full() {
		return r.flush(ctx)
	}
	return nil
}

// flush hands on the batch, if there is one.
func (r *run) flush(ctx context.Context) error {
	if r.conv.Len() == 0 {
		return nil
	}
	r.mark = r.spool.Mark(r.mark[:0])
	if err := r.conv.Flush(ctx, r.take, r.mark); err != nil {
		return fmt.Errorf("%v: %w", r.src, err)
	}
	r.publish(false)
	return nil
}
