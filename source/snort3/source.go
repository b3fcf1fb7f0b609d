package snort3

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"estream/internal/mute"
	"estream/source"
	"estream/source/follow"
	"estream/source/sensor"
	"estream/wire"
)

// A Source converts the lines of one alert_json file into batches of eStreamer
// messages. The fields must not be changed while Run is running.
type Source struct {
	Path     string         // the file: alert_json.txt in Snort's log directory; it need not exist yet
	Mark     []byte         // optional: resume behind this mark
	Layouts  *wire.Layouts  // required
	Maps     *sensor.Maps   // optional: names of rules and classifications
	Sensor   sensor.Device  // the managed device in the records
	TimeZone *time.Location // zone of timestamps without "seconds"; nil means the local one
	// Known reports whether an equal metadata record, archive time aside, was handed
	// on by an earlier run. Optional; it must not keep the message.
	Known func(message []byte) bool
	Poll  time.Duration    // how often to look for new data; 0 means 200 ms
	Once  bool             // return when all there is has been read, instead of waiting for more
	Log   *slog.Logger     // required
	Now   func() time.Time // optional: the clock for archive times; nil means time.Now

	mu    sync.Mutex
	stats Stats
}

// String names the source in logs.
func (s *Source) String() string { return "snort3 " + s.Path }

// Stats returns what has been done since the Source was made. It is safe for
// concurrent use.
func (s *Source) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stats.clone()
}

// Run reads, converts and hands on batches until ctx ends; that is no error. take
// blocks while there is no room, must store the batch and its mark together, and
// must not keep the batch's memory. Run returns its error, with the batch not
// counted as taken: a Source that resumes from the last stored mark reads it again.
//
// Run also returns an error if the mark is damaged or a layout is missing, and
// with Once if the file cannot be read. Faults in lines are logged and counted.
func (s *Source) Run(ctx context.Context, take func(context.Context, source.Batch) error) error {
	events, mark, err := decodeMark(s.Mark)
	if err != nil {
		return fmt.Errorf("resume %v: %w", s, err)
	}
	enc, err := sensor.NewEncoder(sensor.Options{Layouts: s.Layouts, Device: s.Sensor, Maps: s.Maps, Known: s.Known, Now: s.Now})
	if err != nil {
		return fmt.Errorf("%v: %w", s, err)
	}
	r := &run{src: s, take: take, loud: mute.New(10 * time.Second), base: s.Stats()}
	r.conv = &converter{Encoder: enc, src: s, maps: s.Maps, clock: clock{zone: s.TimeZone}, events: events}
	if s.TimeZone == nil {
		r.conv.clock.zone = time.Local
	}
	r.input = &follow.Follower{Path: s.Path, Mark: mark, Poll: s.Poll, Once: s.Once, Log: s.Log}
	defer r.publish()
	err = r.input.Run(ctx, r.lines)
	if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("%v: %w", s, err)
	}
	return nil
}

// A run is the state of one call of Run.
type run struct {
	src   *Source
	input *follow.Follower
	conv  *converter
	take  func(context.Context, source.Batch) error
	loud  *mute.Mute
	base  Stats // of earlier runs
	own   Stats // of this one, but for what encoder and follower count
	mark  []byte
}

// lines converts a batch of lines and hands the records on.
func (r *run) lines(ctx context.Context, lines [][]byte, _ []byte) error {
	for i, line := range lines {
		why, bad, err := r.conv.convert(line)
		if err != nil {
			r.report(i, why, err)
		}
		if bad != nil {
			r.report(i, ReasonField, bad)
		}
		r.own.Lines++
		if r.conv.Full() || i == len(lines)-1 {
			if err := r.flush(ctx, i); err != nil {
				return err
			}
		}
	}
	return nil
}

// flush hands on the batch with the position behind line i.
func (r *run) flush(ctx context.Context, i int) error {
	r.mark = appendMark(r.mark[:0], r.conv.events)
	r.mark = r.input.MarkAt(r.mark, i)
	err := r.conv.Flush(ctx, r.take, r.mark)
	r.publish()
	return err
}

// report counts a line, or field of one, that cannot be used. A sensor cannot make
// it log without end.
func (r *run) report(i int, why Reason, err error) {
	r.own.skip(why, 1)
	if held, ok := r.loud.Held(); ok {
		r.src.Log.Warn("snort3: line with trouble", "at", r.input.Where(i).String(), "reason", string(why), "error", err, "not_logged", held)
	}
}

// publish makes the counters of the run visible.
func (r *run) publish() {
	now := r.base.clone()
	now.add(&r.own)
	c := r.conv.Counts()
	now.Counts.Add(&c)
	f := r.input.Stats()
	now.Files += f.Files
	now.Bytes += f.Bytes
	for why, n := range f.Skipped {
		now.skip(Reason(why), n)
	}
	r.src.mu.Lock()
	defer r.src.mu.Unlock()
	r.src.stats = now
}

// markVersion is the first byte of a mark; the number of the last event (uvarint)
// and the mark of the followed file come next.
const markVersion = 1

func appendMark(dst []byte, events uint32) []byte {
	return binary.AppendUvarint(append(dst, markVersion), uint64(events))
}

func decodeMark(mark []byte) (events uint32, rest []byte, err error) {
	if len(mark) == 0 {
		return 0, nil, nil
	}
	if mark[0] != markVersion {
		return 0, nil, fmt.Errorf("mark has version %d, this program knows %d: written by a newer release?", mark[0], markVersion)
	}
	n, k := binary.Uvarint(mark[1:])
	if k <= 0 || n > 1<<32-1 {
		return 0, nil, errors.New("mark is damaged: the number of the last event is cut short or too large")
	}
	return uint32(n), mark[1+k:], nil
}
