package service

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"estream/hosts"
	"estream/source"
	"estream/source/eve"
	"estream/source/replay"
	"estream/source/sensor"
	"estream/source/snort3"
	"estream/source/unified2"
	"estream/synth"
	"estream/wire"
)

// A Feed is a source that is no server: files of a sensor, a recorded stream.
type Feed struct {
	// Name says in the log and the status what is read.
	Name string
	// Number is what the source had in journals that knew no names; 0: it had none.
	Number uint32
	// Run appends batches until ctx ends or there is no more, both without error.
	Run func(ctx context.Context, from Resume, take Take) error
	// Device is the managed device that the feed is of; nil: of several, or unknown.
	Device *sensor.Device
	// Detail, if not nil, returns what else there is to count, for the status.
	Detail func() any

	stats feedStats
}

// Take appends a batch to the journal. It waits while there is no room.
type Take func(context.Context, source.Batch) error

// Resume is what the journal knows of a feed when it starts.
type Resume struct {
	Mark   []byte                    // of its last batch in the journal, nil at first
	Known  func(message []byte) bool // whether an equal metadata record is there already
	Hosts  *hosts.Map
	Source uint32 // the feed's number
}

// feedStats may be read at any time.
type feedStats struct {
	journaled atomic.Uint64 // messages
	unchecked atomic.Uint64 // not captured: their event type is switched off
	last      atomic.Int64  // when the last came, Unix nanoseconds
	works     atomic.Bool   // it reads, or has read everything
	ended     atomic.Bool
	err       atomic.Pointer[string]
}

// Numbers of the sources in the journals of servers before sources had names.
const (
	Unified2Number = 1
	ReplayNumber   = 2
)

// Unified2Feed makes a source of a spool. What depends on the journal (Mark and
// Known) is set when it runs.
func Unified2Feed(src *unified2.Source) *Feed {
	return &Feed{Name: src.String(), Detail: func() any { return src.Stats() }, Run: func(ctx context.Context, from Resume, take Take) error {
		src.Mark, src.Known = from.Mark, from.Known
		return src.Run(ctx, func(ctx context.Context, b unified2.Batch) error { return take(ctx, source.Batch(b)) })
	}}
}

// EVEFeed makes a source of Suricata's EVE JSON. What depends on the journal is set
// when it runs.
func EVEFeed(src *eve.Source) *Feed {
	return &Feed{Name: src.String(), Detail: func() any { return src.Stats() }, Run: func(ctx context.Context, from Resume, take Take) error {
		src.Mark, src.Known, src.Hosts, src.Number = from.Mark, from.Known, from.Hosts, from.Source
		return src.Run(ctx, take)
	}}
}

// Snort3Feed makes a source of Snort 3's alert_json.
func Snort3Feed(src *snort3.Source) *Feed {
	return &Feed{Name: src.String(), Detail: func() any { return src.Stats() }, Run: func(ctx context.Context, from Resume, take Take) error {
		src.Mark, src.Known = from.Mark, from.Known
		return src.Run(ctx, take)
	}}
}

// SynthFeed invents events, so many per second, with archive times of now. Each start
// makes other ones.
func SynthFeed(perSecond int, set *wire.Layouts) *Feed {
	return &Feed{Name: fmt.Sprintf("synth %d/s", perSecond), Run: func(ctx context.Context, _ Resume, take Take) error {
		now := time.Now()
		g, err := synth.New(set, synth.Options{Seed: uint64(now.UnixNano()), Start: uint32(now.Unix()), EventsPerSecond: perSecond})
		if err != nil {
			return err
		}
		// The generator's clock passes with the events, the metadata at its head included.
		tick := time.NewTicker(synthTick)
		defer tick.Stop()
		var buf []byte
		for sent := 0; ; {
			due := int(time.Since(now).Seconds()*float64(perSecond)) + g.Metadata()
			for sent < due {
				buf = buf[:0]
				b := source.Batch{}
				for ; sent < due && len(buf) < 256<<10; sent++ {
					at := len(buf)
					buf = g.Append(buf)
					if h, ok := wire.PeekRecord(buf[at:]); ok && h.ArchiveTimestamp != 0 {
						if b.MinArchive == 0 || h.ArchiveTimestamp < b.MinArchive {
							b.MinArchive = h.ArchiveTimestamp
						}
						b.MaxArchive = max(b.MaxArchive, h.ArchiveTimestamp)
					}
					b.Count++
				}
				b.Data = buf
				if err := take(ctx, b); err != nil {
					return err
				}
			}
			select {
			case <-tick.C:
			case <-ctx.Done():
				return nil
			}
		}
	}}
}

// synthTick is how often events are invented.
const synthTick = 20 * time.Millisecond

// ReplayFeed makes a source of a file of wire messages. Loop, rate and speed are as for
// [replay.Source].
func ReplayFeed(path string, loop bool, rate, speed float64, set *wire.Layouts, log *slog.Logger) *Feed {
	return &Feed{Name: "replay " + path, Run: func(ctx context.Context, from Resume, take Take) error {
		src := &replay.Source{Path: path, Loop: loop, Rate: rate, Speed: speed, Layouts: set, Log: log}
		if err := src.Resume(from.Mark); err != nil {
			return err
		}
		err := src.Run(ctx, func(ctx context.Context, b replay.Batch) error { return take(ctx, source.Batch(b)) })
		if errors.Is(err, replay.ErrReplayed) || ctx.Err() != nil {
			return nil // clients still get it from the journal
		}
		return err
	}}
}

// Pauses before a feed that failed is tried again.
const (
	feedPause    = time.Second
	feedMaxPause = time.Minute
)

// runFeed keeps a feed at work until ctx ends or it has been read to its end.
func (r *collection) runFeed(ctx context.Context, s *Source) {
	f := s.Feed
	pause := feedPause
	for {
		before := f.stats.journaled.Load()
		f.stats.works.Store(true)
		err := f.Run(ctx, Resume{r.journal.LastMark(s.number), r.journal.Names.Of(s.number).Has, r.hosts.Map, s.number}, func(ctx context.Context, b source.Batch) error {
			return r.take(ctx, s, b)
		})
		switch {
		case ctx.Err() != nil:
			return
		case err == nil:
			f.stats.ended.Store(true)
			s.log.Info("source has been read to its end", "what", f.Name)
			return
		case !r.Persist:
			r.fail(err)
			return
		}
		text := err.Error()
		f.stats.err.Store(&text)
		f.stats.works.Store(false)
		if f.stats.journaled.Load() != before {
			pause = feedPause
		}
		wait := pause/2 + rand.N(pause)
		s.log.Error("source failed and will be tried again", "what", f.Name, "error", err, "retry", wait.Round(time.Millisecond))
		pause = min(2*pause, feedMaxPause)
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return
		}
	}
}

// take appends what a feed has read, as far as it is to be captured.
func (r *collection) take(ctx context.Context, s *Source, b source.Batch) error {
	if b.Data, b.Count = r.capture(s, b.Data, b.Count); b.Count == 0 {
		return nil // the mark moves with the next batch that holds something
	}
	if err := r.journal.AppendFrom(ctx, s.number, b); err != nil {
		return err
	}
	st := &s.Feed.stats
	st.journaled.Add(uint64(b.Count))
	st.last.Store(time.Now().UnixNano())
	return nil
}
