package monitor

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"estream/journal"
	"estream/source"
	"estream/wire"
)

const (
	// MaxDevices is how many managed devices a Watch tells apart, over all sources.
	// Their numbers come from the servers. Events of others count as those of no device.
	MaxDevices = 10_000
	// retryAfter is the pause after a journal that could not be read.
	retryAfter = time.Second
)

// A Watch counts what comes into the journal, from the moment Run starts. It
// allocates nothing per event. Its methods may be called by several goroutines,
// Run by one.
type Watch struct {
	name  func(source uint32) string
	log   *slog.Logger
	class *classifier

	mu      sync.Mutex
	sources map[uint32]*sourceCount
	devices int // in all sources
	names   int
	skipped uint64
	cut     uint64 // events of devices beyond MaxDevices
}

// A sourceCount is what a Watch knows of one source.
type sourceCount struct {
	events     Count // metadata left out
	categories [maxCategories]Count
	devices    map[uint32]*Count
	names      map[uint32]string // of managed devices, by number
	lag        time.Duration
}

// A Count is how many events there were, and when the last one.
type Count struct {
	Events  uint64
	Arrival int64  // Unix nanoseconds at which the journal got the last one; 0: none came
	Archive uint32 // highest archive time in Unix seconds; 0: none was given
}

func (c *Count) add(arrival int64, archive uint32) {
	c.Events++
	c.Arrival, c.Archive = max(c.Arrival, arrival), max(c.Archive, archive)
}

// NewWatch returns a Watch. name gives the name of a source by its number in the
// journal, the same as service.Status has.
func NewWatch(set *wire.Layouts, name func(source uint32) string, log *slog.Logger) *Watch {
	return &Watch{name: name, log: log, class: newClassifier(set), sources: map[uint32]*sourceCount{}}
}

// Run reads the journal from its end on, until ctx ends or the journal is closed.
// It is what service.Service.Watch takes. It holds nobody back: what retention
// deletes before it was read, and what is damaged, is skipped and counted.
func (w *Watch) Run(ctx context.Context, j *source.Journal) {
	r := j.NewReader(j.End(), journal.ReaderOptions{})
	defer r.Close()
	// After the position is taken: a name that is learned in between comes twice.
	for _, number := range j.Names.Sources() {
		j.Names.Of(number).Each(func(message []byte) { w.learn(number, message) })
	}
	failing := false
	for {
		v, err := r.Next(ctx)
		var (
			gone   *journal.GoneError
			damage *journal.DamageError
		)
		switch {
		case err == nil:
			w.observe(&v)
			failing = false
		case errors.As(err, &gone), errors.As(err, &damage):
			w.mu.Lock()
			w.skipped++
			w.mu.Unlock()
		case errors.Is(err, journal.ErrClosed), ctx.Err() != nil:
			return
		default:
			if !failing {
				w.log.Warn("the journal cannot be read to count events; trying again every second", "error", err)
			}
			failing = true
			select {
			case <-time.After(retryAfter):
			case <-ctx.Done():
				return
			}
		}
	}
}

// learn takes note of the name of a managed device.
func (w *Watch) learn(number uint32, message []byte) {
	h, ok := wire.PeekRecord(message)
	if !ok || h.Type != recordDevice {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.nameDevice(w.source(number), message[wire.HeaderSize+h.Size:])
}

// observe counts the messages of a batch.
func (w *Watch) observe(v *journal.View) {
	w.mu.Lock()
	defer w.mu.Unlock()
	s, arrival := w.source(v.Source), v.Arrival.UnixNano()
	var newest uint32 // archive time of events in this batch
	for rest, n := v.Payload, uint32(0); len(rest) > 0; n++ {
		message, next, err := wire.NextMessage(rest)
		if err != nil {
			return // sources hand on whole messages; what is left is none
		}
		rest = next
		if n < v.Skip {
			continue
		}
		h, ok := wire.PeekRecord(message)
		if !ok {
			s.categories[inUnknown].add(arrival, 0)
			continue
		}
		category, device := w.class.of(message, h)
		s.categories[category].add(arrival, h.ArchiveTimestamp)
		if category == inMetadata {
			if h.Type == recordDevice {
				w.nameDevice(s, message[wire.HeaderSize+h.Size:])
			}
			continue
		}
		s.events.add(arrival, h.ArchiveTimestamp)
		newest = max(newest, h.ArchiveTimestamp)
		if device != 0 {
			w.device(s, device, arrival, h.ArchiveTimestamp)
		}
	}
	if newest != 0 {
		s.lag = v.Arrival.Sub(time.Unix(int64(newest), 0))
	}
}

func (w *Watch) device(s *sourceCount, number uint32, arrival int64, archive uint32) {
	c := s.devices[number]
	if c == nil {
		if w.devices >= MaxDevices {
			w.cut++
			return
		}
		w.devices++
		c = new(Count)
		s.devices[number] = c
	}
	c.add(arrival, archive)
}

// source returns the counts of a source; the caller holds mu.
func (w *Watch) source(number uint32) *sourceCount {
	s := w.sources[number]
	if s == nil {
		s = &sourceCount{devices: map[uint32]*Count{}, names: map[uint32]string{}}
		w.sources[number] = s
	}
	return s
}
