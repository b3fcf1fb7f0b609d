package siege

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"estream/internal/recordtest"
	"estream/layouts"
	"estream/session"
	"estream/wire"
)

// epoch is the second of alert 0. A number is told by the time of its packet: a
// thousand a second, which are in microseconds.
const epoch = 1_750_000_000

// A sensor writes alerts into a file.
type sensor struct {
	path    string
	rate    int
	written uint64 // valid after done
	done    chan struct{}
}

// run writes until ctx ends.
func (s *sensor) run(ctx context.Context, t *testing.T) {
	defer close(s.done)
	f, err := os.OpenFile(s.path, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		t.Error(err)
		return
	}
	w := bufio.NewWriter(f) // lines are cut anywhere, as those of a real one are
	began := time.Now()
	for err == nil && sleep(ctx, 5*time.Millisecond) == nil {
		for due := uint64(time.Since(began).Seconds() * float64(s.rate)); s.written < due; s.written++ {
			n := s.written
			at := time.Unix(int64(epoch+n/1000), int64(n%1000)*1000).UTC().Format("2006-01-02T15:04:05.000000-0700")
			fmt.Fprintf(w, `{"timestamp":%q,"flow_id":%d,"event_type":"alert","src_ip":"10.1.%d.%d","src_port":%d,"dest_ip":"192.0.2.1","dest_port":443,"proto":"TCP",`+
				`"alert":{"action":"allowed","gid":1,"signature_id":%d,"rev":1,"signature":"Siege rule %d","category":"Misc activity","severity":3}}`+"\n",
				at, 1+n%500, n>>8&255, n&255, 1024+n%50000, 2_000_000+n%40, n%40)
		}
	}
	if err := errors.Join(w.Flush(), f.Close()); err != nil {
		t.Error(err)
	}
}

// A returner is a client that comes back, asks again from the second of the last
// alert that it got, and leaves out what it has.
type returner struct {
	name    string
	request request
	config  session.ClientConfig

	next     atomic.Uint64 // number of the alert that comes next
	err      atomic.Pointer[error]
	known    []uint64 // event id and archive second of each alert, by its number
	second   uint32   // archive time of the last one
	sessions int
	again    int
}

func (c *returner) failed() error {
	if p := c.err.Load(); p != nil {
		return *p
	}
	return nil
}

// run takes alerts until ctx ends or something is wrong.
func (c *returner) run(ctx context.Context, addr string) {
	decoder := wire.NewDecoder(layouts.Default(), func(l *wire.Layout, slot int) bool {
		return l.Fields[slot].Name == "event_id" || l.Fields[slot].Name == "event_second" || l.Fields[slot].Name == "event_microsecond"
	})
	for ctx.Err() == nil {
		cfg := c.config
		cfg.Start = c.second // 0 at first: the oldest
		k, err := session.Dial(ctx, addr, cfg)
		if err != nil {
			_ = sleep(ctx, 10*time.Millisecond) // the server is dead, or not up yet
			continue
		}
		c.sessions++
		err = c.visit(ctx, k, decoder)
		_ = k.Close(context.Background(), "") // most likely its server is dead
		if err != nil {
			c.err.Store(&err)
			return
		}
	}
}

// visit takes alerts until the session ends, for whatever reason. An error is about
// what was received.
func (c *returner) visit(ctx context.Context, k *session.Client, decoder *wire.Decoder) error {
	for {
		b, err := k.ReadBatch(ctx)
		if err != nil {
			return nil
		}
		if err := c.take(decoder, b.Data); err != nil {
			return err
		}
		if k.Ack(ctx, b) != nil {
			return nil
		}
	}
}

// take looks for alerts in what was received.
func (c *returner) take(decoder *wire.Decoder, data []byte) error {
	for len(data) > 0 {
		m, rest, err := wire.NextMessage(data)
		if err != nil {
			return err
		}
		data = rest
		h, ok := wire.PeekRecord(m)
		if !ok {
			return fmt.Errorf("a message that is no record: %x", m)
		}
		if def, err := layouts.Default().Source().Record(h.Type); err != nil || def.Category != "intrusion" {
			continue
		}
		r, err := decoder.Decode(m)
		if err != nil {
			return err
		}
		if err := c.alert(r); err != nil {
			return err
		}
	}
	return nil
}

// alert takes one alert, or finds that it is known.
func (c *returner) alert(r *wire.Record) error {
	field := func(name string) uint64 { return r.Uint(r.Layout.Slot(name)) }
	n := (field("event_second")-epoch)*1000 + field("event_microsecond")
	id := field("event_id")<<32 | uint64(r.ArchiveTimestamp)
	switch next := c.next.Load(); {
	case n > next:
		return fmt.Errorf("alert %d comes after alert %d: %d are missing", n, int64(next)-1, n-next)
	case n < next && c.known[n] != id:
		return fmt.Errorf("alert %d comes a second time as another event: event id and archive second %x, first %x", n, id, c.known[n])
	case n < next:
		c.again++
		return nil
	}
	c.known = append(c.known, id)
	c.second = r.ArchiveTimestamp
	c.next.Store(n + 1)
	return nil
}

// TestReturner puts the judge of TestKill to the test: what is missing, and what comes
// twice, has to be found.
func TestReturner(t *testing.T) {
	alert := func(n, id uint64, archive uint32) []byte {
		return recordtest.MessageAs(t, layouts.Default(), wire.RecordHeader{Extended: true, ArchiveTimestamp: archive}, 400, 85, recordtest.Fields{
			"event_id": id, "event_second": epoch + n/1000, "event_microsecond": n % 1000,
		})
	}
	for _, c := range []struct {
		name   string
		alerts [][]byte
		ok     bool
		again  int
	}{
		{"in order", [][]byte{alert(0, 1, 5), alert(1, 2, 5), alert(2, 3, 6)}, true, 0},
		{"some again", [][]byte{alert(0, 1, 5), alert(1, 2, 5), alert(0, 1, 5), alert(1, 2, 5), alert(2, 3, 6)}, true, 2},
		{"one missing", [][]byte{alert(0, 1, 5), alert(2, 3, 6)}, false, 0},
		{"one twice, with another number", [][]byte{alert(0, 1, 5), alert(0, 2, 5)}, false, 0},
		{"one twice, at another time", [][]byte{alert(0, 1, 5), alert(0, 1, 6)}, false, 0},
	} {
		var r returner
		err := r.take(wire.NewDecoder(layouts.Default(), nil), bytes.Join(c.alerts, nil))
		if (err == nil) != c.ok || r.again != c.again {
			t.Errorf("%s: %v, %d known alerts; want an error: %v, %d known", c.name, err, r.again, !c.ok, c.again)
		}
	}
}
