package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sort"
	"sync"
	"time"

	"estream/collect"
	"estream/wire"
)

// runBytes is how many bytes of events a messageInput hands on at a time, unless a
// single bundle has more.
const runBytes = 128 << 10

// A location says where in the input a message of a session stands.
type location struct {
	line    int // of a recording
	session int // of a capture
	time    time.Time
}

func (p location) String() string {
	if p.line > 0 {
		return fmt.Sprintf("line %d", p.line)
	}
	return fmt.Sprintf("%s: session %d", p.moment(), p.session)
}

// moment is the time as Wireshark can show it.
func (p location) moment() string { return p.time.UTC().Format("2006-01-02T15:04:05.000000Z") }

// A messageInput is an input that is handed the messages of servers one by one, as
// they went over connections, and unpacks bundles. It remembers where the events came
// from until they are written, for reports. One goroutine calls take.
type messageInput struct {
	ctx     context.Context
	put     chan *eventRun
	run     *eventRun // being filled
	events  uint64
	bytes   int64
	skipped map[wire.MessageType]int
	report  func(format string, args ...any)

	mu    sync.Mutex
	under []*eventRun // handed out and not written yet
	spare []*eventRun
}

// An eventRun is a run of events of one session.
type eventRun struct {
	source uint32
	first  uint64 // number of its first event
	count  uint64
	base   int64
	data   []byte
	from   []origin
}

// An origin is where events stand, from that number on.
type origin struct {
	first uint64
	at    location
}

// messages decodes what produce takes in.
func (d *decodeRun) messages(ctx context.Context, produce func(*messageInput) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	in := &messageInput{ctx: ctx, put: make(chan *eventRun), skipped: map[wire.MessageType]int{}, report: d.report}
	d.pipeline.Input, d.where = in, in.where
	failed := make(chan error, 1)
	go func() {
		defer close(in.put)
		err := produce(in)
		failed <- errors.Join(err, in.flush()) // what is good goes first, also before an error
	}()
	err := d.pipeline.Run(ctx)
	cancel()
	produced := <-failed
	d.leftOut(in.skipped)
	if err != nil {
		return err // the end of its reader is no news then
	}
	return produced
}

// take hands on the events in a message of the server. Names are those of source.
func (in *messageInput) take(at location, source uint32, message []byte) error {
	h, ok := wire.ParseHeader(message)
	switch {
	case ok && h.Type == wire.TypeEventData:
		return in.add(at, source, h, message)
	case ok && h.Type == wire.TypeMessageBundle:
		return in.unbundle(at, source, message, true)
	}
	in.skipped[h.Type]++
	return nil
}

// cut hands on the whole events of a bundle whose end is missing, as a client would.
// Other bytes it leaves alone.
func (in *messageInput) cut(at location, source uint32, data []byte) error {
	h, ok := wire.ParseHeader(data)
	if !ok || h.Version != wire.HeaderVersion || h.Type != wire.TypeMessageBundle || len(data) < wire.HeaderSize+wire.BundleHeaderSize {
		return nil
	}
	return in.unbundle(at, source, data, false)
}

// unbundle hands on the events of a bundle, which is whole or not.
func (in *messageInput) unbundle(at location, source uint32, message []byte, whole bool) error {
	b, err := wire.ParseBundle(message[wire.HeaderSize:])
	if err != nil {
		in.report("%v: %v", at, err)
		return nil
	}
	for rest := b.Messages; len(rest) > 0; {
		h, m, next, err := wire.NextBundled(rest)
		if err != nil {
			if whole {
				in.report("%v: offset %d of the message: %v; %d bytes skipped", at, len(message)-len(rest), err, len(rest))
			}
			return nil
		}
		rest = next
		if h.Type != wire.TypeEventData {
			in.skipped[h.Type]++
			continue
		}
		if err := in.add(at, source, h, m); err != nil {
			return err
		}
	}
	return nil
}

// add appends an event with a header of version 1, whatever stood there.
func (in *messageInput) add(at location, source uint32, h wire.Header, message []byte) error {
	if in.run != nil && (in.run.source != source || len(in.run.data) >= runBytes) {
		if err := in.flush(); err != nil {
			return err
		}
	}
	if in.run == nil {
		in.run = in.fresh()
		in.run.source, in.run.first, in.run.base = source, in.events, in.bytes
	}
	r := in.run
	if n := len(r.from); n == 0 || r.from[n-1].at != at {
		r.from = append(r.from, origin{in.events, at})
	}
	r.data = wire.AppendHeader(r.data, h.Type, h.Length)
	r.data = append(r.data, message[wire.HeaderSize:]...)
	r.count++
	in.events++
	in.bytes += int64(len(message))
	return nil
}

// flush hands the run to the pipeline.
func (in *messageInput) flush() error {
	if in.run == nil {
		return nil
	}
	select {
	case in.put <- in.run:
		in.run = nil
		return nil
	case <-in.ctx.Done():
		return in.ctx.Err()
	}
}

func (in *messageInput) fresh() *eventRun {
	in.mu.Lock()
	defer in.mu.Unlock()
	if n := len(in.spare); n > 0 {
		r := in.spare[n-1]
		in.spare = in.spare[:n-1]
		*r = eventRun{data: r.data[:0], from: r.from[:0]}
		return r
	}
	return &eventRun{}
}

// Next implements collect.Input. The memory of a run is lent.
func (in *messageInput) Next(ctx context.Context, _ []byte) (collect.Chunk, error) {
	select {
	case r, ok := <-in.put:
		if !ok {
			return collect.Chunk{}, io.EOF
		}
		in.mu.Lock()
		in.under = append(in.under, r)
		in.mu.Unlock()
		return collect.Chunk{
			Source: r.source, Data: r.data, Base: r.base, First: r.first, Cursor: r.first + r.count,
			Release: func() { in.release(r) },
		}, nil
	case <-ctx.Done():
		return collect.Chunk{}, ctx.Err()
	}
}

func (in *messageInput) release(r *eventRun) {
	in.mu.Lock()
	defer in.mu.Unlock()
	if i := slices.Index(in.under, r); i >= 0 {
		in.under = slices.Delete(in.under, i, i+1)
	}
	const usual = 4 * runBytes
	if len(r.data) <= usual { // one giant bundle need not be paid for ever after
		in.spare = append(in.spare, r)
	}
}

// where says where an event that has not been written yet comes from.
func (in *messageInput) where(p *collect.Problem) string {
	in.mu.Lock()
	defer in.mu.Unlock()
	for _, r := range in.under {
		if p.Message < r.first || p.Message-r.first >= r.count {
			continue
		}
		i := sort.Search(len(r.from), func(i int) bool { return r.from[i].first > p.Message }) - 1
		end := r.first + r.count
		if i+1 < len(r.from) {
			end = r.from[i+1].first
		}
		if end-r.from[i].first == 1 {
			return r.from[i].at.String()
		}
		return fmt.Sprintf("%v, event %d of %d", r.from[i].at, p.Message-r.from[i].first+1, end-r.from[i].first)
	}
	return fmt.Sprintf("event %d", p.Message) // not reached: problems are told before a run is released
}
