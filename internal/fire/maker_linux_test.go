package fire

import (
	"bufio"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"estream/internal/durable"
	"estream/journal"
	"estream/layouts"
	"estream/pki"
	"estream/server"
	"estream/service"
	"estream/session"
	"estream/source"
	"estream/synth"
	"estream/wire"
)

// A centerSetup is what the process of the server is told.
type centerSetup struct {
	Dir    string
	Listen string
	Rate   int // events a second
	Burst  int // events a second for burstFor of every burstEach; 0: no bursts
	Retain int64
}

const (
	burstEach = 60 * time.Second
	burstFor  = 4 * time.Second
	tick      = 20 * time.Millisecond
	longBatch = 512 // events
)

// centerMain is the process of the server. Orders come line by line: "garbage" sends
// noise in the next session that sends anything, "stop" makes no more events.
func centerMain(settings string) error {
	var set centerSetup
	if err := json.Unmarshal([]byte(settings), &set); err != nil {
		return err
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	authority, err := pki.Open(set.Dir+"/pki", pki.Options{})
	if err != nil {
		return err
	}
	ln, err := net.Listen("tcp", set.Listen)
	if err != nil {
		return err
	}
	maker, err := newMaker(set)
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	var garbage atomic.Uint64
	go func() {
		defer stop() // the test has ended
		for in := bufio.NewScanner(os.Stdin); in.Scan(); {
			switch order, seed, _ := strings.Cut(in.Text(), " "); order {
			case "garbage":
				n, err := strconv.ParseUint(seed, 10, 64)
				if err != nil {
					log.Error("order not understood", "order", in.Text(), "error", err)
					return
				}
				garbage.Store(n)
			case "stop":
				close(maker.stop)
			}
		}
	}()
	s := &service.Service{
		State: set.Dir, FS: durable.OS{}, Layouts: layouts.Default(), Journal: journal.Options{RetainBytes: set.Retain}, Log: log,
		Sources: []*service.Source{{Feed: &service.Feed{Name: "numbers", Run: maker.run}}},
		Server: &service.Server{Listeners: []net.Listener{ln}, Server: &server.Server{
			Authority: authority, Log: log,
			Session: session.ServerConfig{KeepAlive: 2 * time.Second}, // the collector waits 10 s for a sign of life
			Wrap:    func(_ uint64, _ pki.Client, conn net.Conn) net.Conn { return &noisy{conn, &garbage, log} },
		}},
	}
	return s.Run(ctx)
}

// A noisy connection sends garbage in place of what is written next, once for each seed.
type noisy struct {
	net.Conn
	seed *atomic.Uint64
	log  *slog.Logger
}

func (c *noisy) Write(p []byte) (int, error) {
	seed := c.seed.Swap(0)
	if seed == 0 {
		return c.Conn.Write(p)
	}
	c.log.Info("sending garbage")
	if _, err := c.Conn.Write(noise(seed)); err != nil {
		return 0, err
	}
	return len(p), nil
}

// A maker makes connection events with a number, and goes on behind the last that
// is durable when the server starts again.
type maker struct {
	centerSetup
	head      []byte // metadata
	headCount int
	shapes    []shape
	stop      chan struct{}
}

// A shape is a connection event, and where its numbers are.
type shape struct {
	message                                []byte
	instance, counter, bytes, first, final int
}

func newMaker(set centerSetup) (*maker, error) {
	m := &maker{centerSetup: set, stop: make(chan struct{})}
	g, err := synth.New(layouts.Default(), synth.Options{Seed: 5, Start: uint32(time.Now().Unix()), Metadata: -1})
	if err != nil {
		return nil, err
	}
	dec := wire.NewDecoder(layouts.Default(), nil)
	const connection, wanted = 71, 100
	for len(m.shapes) < wanted {
		message := g.Append(nil)
		h, ok := wire.PeekRecord(message)
		if !ok {
			return nil, fmt.Errorf("synth made %x", message)
		}
		def, err := layouts.Default().Source().Record(h.Type)
		if err != nil {
			return nil, err
		}
		if def.IsMetadata() {
			m.head = append(m.head, message...)
			m.headCount++
		}
		if h.Type != connection {
			continue
		}
		s := shape{message: message}
		for _, f := range []struct {
			name string
			at   *int
		}{
			{"instance_id", &s.instance}, {"connection_counter", &s.counter}, {"initiator_transmitted_bytes", &s.bytes},
			{"first_packet_timestamp", &s.first}, {"last_packet_timestamp", &s.final},
		} {
			if *f.at, err = find(dec, message, f.name); err != nil {
				return nil, err
			}
		}
		m.shapes = append(m.shapes, s)
	}
	return m, nil
}

// find returns the offset behind an integer field: where a changed byte changes the
// field by one.
func find(dec *wire.Decoder, message []byte, name string) (int, error) {
	read := func(b []byte) (uint64, bool) {
		r, err := dec.Decode(b)
		if err != nil || r.Layout == nil || r.Layout.Slot(name) < 0 {
			return 0, false
		}
		return r.Uint(r.Layout.Slot(name)), true
	}
	was, ok := read(message)
	b := append([]byte(nil), message...)
	for i := range b {
		b[i] ^= 1
		if now, there := read(b); ok && there && now == was^1 {
			return i + 1, nil
		}
		b[i] ^= 1
	}
	return 0, fmt.Errorf("field %s was not found in %x", name, message)
}

// append appends event n, archived at second.
func (m *maker) append(dst []byte, n uint64, second uint32) []byte {
	s := &m.shapes[n%uint64(len(m.shapes))]
	at := len(dst)
	dst = append(dst, s.message...)
	e := dst[at:]
	binary.BigEndian.PutUint32(e[wire.HeaderSize+8:], second)
	binary.BigEndian.PutUint16(e[s.instance-2:], uint16(n>>16))
	binary.BigEndian.PutUint16(e[s.counter-2:], uint16(n))
	binary.BigEndian.PutUint64(e[s.bytes-8:], n)
	binary.BigEndian.PutUint32(e[s.first-4:], second-2)
	binary.BigEndian.PutUint32(e[s.final-4:], second)
	return dst
}

func (m *maker) run(ctx context.Context, from service.Resume, take service.Take) error {
	mark := from.Mark
	now := func() uint32 { return uint32(time.Now().Unix()) }
	n, second := uint64(0), now()
	if len(mark) == 12 {
		n, second = binary.BigEndian.Uint64(mark), max(second, binary.BigEndian.Uint32(mark[8:]))
	} else {
		b := source.Batch{Data: m.head, Count: m.headCount, MinArchive: second, MaxArchive: second, Mark: make([]byte, 12)}
		if err := take(ctx, b); err != nil {
			return err
		}
	}
	var buf []byte
	began, due, t := time.Now(), 0.0, time.NewTicker(tick)
	defer t.Stop()
	for last := began; ; {
		select {
		case <-t.C:
		case <-m.stop:
			// Read by the test, which knows then how many events there are.
			fmt.Printf("last %d\n", n)
			<-ctx.Done()
			return nil
		case <-ctx.Done():
			return nil
		}
		at := time.Now()
		rate := m.Rate
		if m.Burst > 0 && time.Duration(at.UnixNano())%burstEach < burstFor {
			rate = m.Burst
		}
		// What a slow moment has left undone is made up for, up to a second of it.
		due = min(due+at.Sub(last).Seconds()*float64(rate), float64(rate))
		last, second = at, max(second, now())
		for due >= 1 {
			buf = buf[:0]
			count := 0
			for ; due >= 1 && count < longBatch; due-- {
				n++
				count++
				buf = m.append(buf, n, second)
			}
			b := source.Batch{Data: buf, Count: count, MinArchive: second, MaxArchive: second}
			b.Mark = binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint64(nil, n), second)
			if err := take(ctx, b); err != nil {
				return err
			}
		}
	}
}
