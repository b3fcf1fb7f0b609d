package unified2

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"estream/wire"
)

const (
	// fullBatch is the size in bytes at which a batch is handed on. With the
	// largest record that sensors write it stays below 256 KiB.
	fullBatch = 188 << 10
	// defaultPoll is how often files are looked at: short against the seconds
	// that SIEMs take, long enough to cost nothing.
	defaultPoll = 200 * time.Millisecond
	// pollEvery is after how many records of a busy spool the clock is read.
	pollEvery = 1024
)

// A Batch is a piece of the stream: whole event data messages, one after the
// other, metadata before what refers to it.
type Batch struct {
	Data       []byte // messages with their 8-byte headers; about 256 KiB at most
	Count      int    // messages in Data
	MinArchive uint32 // smallest and largest archive timestamp in Data, Unix seconds
	MaxArchive uint32
	Mark       []byte // position behind the last record in Data: the Mark of a Source that resumes there; at most 512 bytes
}

// A Source converts the files of a spool into batches of eStreamer messages.
// The fields must not be changed while Run is running.
type Source struct {
	Dir        string                // directory of the spool, or a single file
	Prefix     string                // optional: read only PREFIX and PREFIX.STAMP; see OpenSpool
	Mark       []byte                // optional: resume behind this mark
	Layouts    *wire.Layouts         // required
	Maps       *Maps                 // optional: names of rules and classifications
	Device     uint32                // id of the managed device in the records; 0 means 1
	DeviceName string                // its name; "" means "unified2"
	Known      func(msg []byte) bool // optional: whether an equal metadata record, archive timestamp aside, was handed on by an earlier run; must not keep msg
	Poll       time.Duration         // how often to look for new data; 0 means 200 ms
	Once       bool                  // return when all there is has been read, instead of waiting for more
	Log        *slog.Logger          // required
	Now        func() time.Time      // optional: the clock for archive timestamps; nil means time.Now

	mu    sync.Mutex
	stats Stats // of finished runs and, up to the last batch or poll, the present one
	base  Stats // of finished runs
}

func (s *Source) device() uint32     { return cmp.Or(s.Device, 1) }
func (s *Source) deviceName() string { return cmp.Or(s.DeviceName, "unified2") }

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
	r := run{src: s, spool: spool, conv: conv, take: take, now: s.Now, buf: make([]byte, 0, 256<<10)}
	if r.now == nil {
		r.now = time.Now
	}
	defer s.publish(&spool.stats, true)
	err = r.loop(ctx)
	if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		return nil
	}
	return err
}

// publish makes the counters of the present run visible.
func (s *Source) publish(st *Stats, finished bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.base.Records == nil {
		s.base = newStats()
	}
	s.stats = s.base.clone()
	s.stats.add(st)
	if finished {
		s.base = s.stats.clone()
	}
}

// A run is the state of one call of Run.
type run struct {
	src   *Source
	spool *Spool
	conv  *converter
	take  func(context.Context, Batch) error
	now   func() time.Time

	buf        []byte // the batch being filled
	count      int
	minA, maxA uint32
	latest     uint32 // archive time of the last record
	mark       []byte // position behind the last record in buf
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
		r.src.publish(&r.spool.stats, false)
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
	// Archive time never goes back, whatever the clock does: clients ask for what
	// was archived since a second, and must not miss what came after.
	now := max(r.latest, uint32(max(0, r.now().Unix())))
	r.latest = now
	r.conv.now, r.conv.n = now, 0
	buf, why, err := r.conv.convert(r.buf, rec, r.spool.File())
	if err != nil {
		r.spool.Skip(why, err)
		return nil
	}
	if len(r.buf) == 0 {
		r.minA, r.maxA = now, now
	}
	r.minA, r.maxA = min(r.minA, now), max(r.maxA, now)
	r.buf = buf
	r.count += r.conv.n
	if len(r.buf) >= fullBatch {
		return r.flush(ctx)
	}
	return nil
}

// flush hands on the batch, if there is one.
func (r *run) flush(ctx context.Context) error {
	if len(r.buf) == 0 {
		return nil
	}
	r.mark = r.spool.Mark(r.mark[:0])
	b := Batch{Data: r.buf, Count: r.count, MinArchive: r.minA, MaxArchive: r.maxA, Mark: r.mark}
	if err := r.take(ctx, b); err != nil {
		return fmt.Errorf("hand on %d unified2 messages: %w", b.Count, err)
	}
	r.spool.stats.Batches++
	r.buf, r.count = r.buf[:0], 0
	r.src.publish(&r.spool.stats, false)
	return nil
}
