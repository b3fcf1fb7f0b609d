package doctor

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"estream/layouts"
	"estream/session"
	"estream/wire"
)

// A tally counts what one session brought.
type tally struct {
	events, metadata int
	categories       map[string]int // of the events
	newest           uint32         // archive time of the newest event, 0 if none has one
}

func (t *tally) String() string {
	names := make([]string, 0, len(t.categories))
	for name, n := range t.categories {
		names = append(names, fmt.Sprintf("%s %d", name, n))
	}
	slices.Sort(names)
	return fmt.Sprintf("%d events (%s), %d metadata records", t.events, strings.Join(names, ", "), t.metadata)
}

// add counts a batch. Records of unknown type are events: metadata is known.
func (t *tally) add(batch []byte) {
	for len(batch) > 0 {
		m, rest, err := wire.NextMessage(batch)
		if err != nil {
			return // the session only delivers whole messages
		}
		batch = rest
		h, ok := wire.PeekRecord(m)
		if !ok {
			continue
		}
		category := "unknown"
		if def, err := layouts.Default().Source().Record(h.Type); err == nil {
			if def.IsMetadata() {
				t.metadata++
				continue
			}
			category = def.Category
		}
		t.events++
		t.categories[category]++
		t.newest = max(t.newest, h.ArchiveTimestamp)
	}
}

// events waits for a new event, and if there is none, for any that the server still
// has: that tells a quiet network from event types that are not enabled.
func (d *diagnosis) events(ctx context.Context, s *Step) {
	s.Tried = fmt.Sprintf("wait %v for a new event, then as long for one from the server's archive", d.EventWait)
	live := &tally{categories: map[string]int{}}
	if err := d.watch(ctx, d.client, live); err != nil {
		if d.client.Stats().LastReceived.IsZero() && !d.extended() {
			d.notServed(ctx, s, err) // the first words there could be
			return
		}
		d.broken(ctx, s, err)
		return
	}
	if live.events > 0 {
		d.clock.live(live.newest, d.Now())
		s.Found = "new events come: " + live.String()
		return
	}
	_ = d.client.Close(ctx, "") // nothing more is wanted of it
	client, err := d.again(ctx, wire.StartOldest)
	if err != nil {
		d.broken(ctx, s, err)
		return
	}
	d.client = client
	old := &tally{categories: map[string]int{}}
	if err := d.watch(ctx, client, old); err != nil {
		d.broken(ctx, s, err)
		return
	}
	d.clock.archived(old.newest, d.Now())
	if old.events == 0 {
		d.fail(s, Warning, NoEvents, fmt.Sprintf("the server accepted the request and sent no event, neither new ones within %v nor old ones; metadata records: %d", d.EventWait, live.metadata+old.metadata))
		return
	}
	s.Found = fmt.Sprintf("no new event within %v; from the archive: %s", d.EventWait, old)
}

// broken reports a session that ended while it was watched.
func (d *diagnosis) broken(ctx context.Context, s *Step, err error) {
	var server *session.ServerError
	if errors.As(err, &server) || errors.As(err, new(*session.ProtocolError)) || errors.As(err, new(*session.TimeoutError)) {
		d.notServed(ctx, s, err)
		return
	}
	d.fail(s, Failed, Broken, "the server let us in and then ended the session: "+words(err))
}

// watch reads until an event has come or the time is over, which is no error. It
// acknowledges what came, because servers wait for that; nothing is stored.
func (d *diagnosis) watch(ctx context.Context, client *session.Client, t *tally) error {
	limited, cancel := context.WithTimeout(ctx, d.EventWait)
	defer cancel()
	for t.events == 0 {
		b, err := client.ReadBatch(limited)
		if err != nil {
			if limited.Err() != nil {
				return ctx.Err()
			}
			return err
		}
		t.add(b.Data)
		if err := client.Ack(limited, b); err != nil && t.events == 0 {
			if limited.Err() != nil {
				return ctx.Err()
			}
			return err
		}
	}
	return nil
}

// again opens another session like the first one.
func (d *diagnosis) again(ctx context.Context, start uint32) (*session.Client, error) {
	conn, err := d.dial(ctx, d.addrs[0])
	if err != nil {
		return nil, err
	}
	least, most := d.tlsVersions()
	h := d.shake(ctx, conn, least, most, false)
	if h.err != nil {
		_ = conn.Close() // the first error is the one to tell
		return nil, h.err
	}
	// Anybody may answer the second time: it must be who answered the first time.
	if !h.state.PeerCertificates[0].Equal(d.shaken.state.PeerCertificates[0]) {
		_ = conn.Close()
		return nil, errors.New("the second connection shows another server certificate than the first")
	}
	return session.NewClient(ctx, h.conn, d.request(start))
}

// evidence collects what tells the server's time, each as server minus us.
type evidence struct {
	tls     time.Duration // from the ServerHello
	hasTLS  bool
	lag     time.Duration // archive time of a new event when it arrived
	hasLive bool
	ahead   time.Duration // archive time of the newest old event, if it lies in our future
	hasOld  bool
}

func (e *evidence) hello(r *helloReader, now time.Time) {
	if t, ok := r.time(now); ok {
		e.tls, e.hasTLS = t.Sub(now), true
	}
}

func (e *evidence) live(archive uint32, now time.Time) {
	if archive != 0 {
		e.lag, e.hasLive = time.Unix(int64(archive), 0).Sub(now), true
	}
}

func (e *evidence) archived(archive uint32, now time.Time) {
	if archive != 0 {
		e.ahead, e.hasOld = time.Unix(int64(archive), 0).Sub(now), true
	}
}

// clockStep compares the clocks by what the steps before have seen.
func (d *diagnosis) clockStep(_ context.Context, s *Step) {
	s.Tried = "compare this machine's clock, " + stamp(d.Now()) + ", with what came from the server"
	switch e := d.clock; {
	case e.hasTLS && e.tls.Abs() > ClockLimit:
		d.fail(s, Failed, ClockOff, "the server's TLS greeting carries a time "+apart(e.tls))
	case e.hasLive && e.lag > ClockLimit:
		d.fail(s, Failed, ClockOff, "a new event carries an archive time "+apart(e.lag))
	case e.hasOld && e.ahead > ClockLimit:
		d.fail(s, Failed, ClockOff, "an event from the archive carries a time "+apart(e.ahead))
	case e.hasLive && e.lag < -ClockLimit:
		d.fail(s, Warning, ClockOff, "a new event carries an archive time "+apart(e.lag)+", or the server streams late")
	case e.hasTLS:
		s.Found = "the server's TLS greeting carries our time, to " + span(e.tls)
	case e.hasLive:
		s.Found = "a new event carries our time, to " + span(e.lag)
	case e.hasOld:
		s.Found = "no event from the archive lies in our future"
	default:
		s.Verdict, s.Found = Skipped, "nothing came that tells the server's time"
	}
}

func apart(d time.Duration) string {
	if d > 0 {
		return span(d) + " ahead of our clock: ours is slow, or the server's is fast"
	}
	return span(d) + " behind our clock: ours is fast, or the server's is slow"
}
