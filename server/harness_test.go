package server

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"estream/internal/recordtest"
	"estream/internal/syncbuf"
	"estream/journal"
	"estream/layouts"
	"estream/pki"
	"estream/server/access"
	"estream/session"
	"estream/source"
	"estream/wire"
)

// A bench is a server with a journal of its own, whose sessions run over pipes: no
// certificates, so that a test takes milliseconds.
type bench struct {
	*Server
	t   testing.TB
	log *syncbuf.Buffer
	wg  sync.WaitGroup
}

func newBench(t testing.TB) *bench {
	t.Helper()
	j, err := source.OpenJournal(t.Context(), t.TempDir(), layouts.Default(), journal.Options{CommitInterval: time.Millisecond, SegmentBytes: 64 << 10})
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{t: t, log: &syncbuf.Buffer{}}
	b.Server = &Server{Journal: j, Log: slog.New(slog.NewTextHandler(b.log, nil)), Session: session.ServerConfig{KeepAlive: session.Off}}
	t.Cleanup(func() {
		b.wg.Wait()
		if err := j.Close(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	return b
}

// put appends messages to the journal and waits until they are durable.
func (b *bench) put(source uint32, messages ...[]byte) {
	b.t.Helper()
	batch := newBatch(b.t, messages...)
	if err := b.Journal.AppendFrom(b.t.Context(), source, batch); err != nil {
		b.t.Fatal(err)
	}
	end := b.Journal.End()
	r := b.Journal.NewReader(journal.Position{Seq: end.Seq - 1}, journal.ReaderOptions{DurableOnly: true})
	defer r.Close()
	if _, err := r.Next(b.t.Context()); err != nil {
		b.t.Fatal(err)
	}
}

func newBatch(t testing.TB, messages ...[]byte) source.Batch {
	t.Helper()
	batch := source.Batch{Data: bytes.Join(messages, nil), Count: len(messages)}
	for _, m := range messages {
		h, ok := wire.PeekRecord(m)
		if !ok || h.ArchiveTimestamp == 0 {
			continue
		}
		if batch.MinArchive == 0 {
			batch.MinArchive = h.ArchiveTimestamp
		}
		batch.MinArchive, batch.MaxArchive = min(batch.MinArchive, h.ArchiveTimestamp), max(batch.MaxArchive, h.ArchiveTimestamp)
	}
	return batch
}

// begin runs a session on one end of a pipe and returns the other. The channel gets why
// the session ended.
func (b *bench) begin(rights access.Rights) (net.Conn, <-chan error) {
	b.t.Helper()
	b.init()
	b.open()
	near, far := net.Pipe()
	ctx, cancel := context.WithCancelCause(b.t.Context())
	l := &live{number: b.number.Add(1), client: pki.Client{Host: "client", Serial: "1"}, rights: rights, since: time.Now(), cancel: cancel}
	done := make(chan error, 1)
	if !b.add(l) {
		b.t.Fatal("too many sessions")
	}
	b.drain.enter()
	b.wg.Go(func() {
		defer b.drain.leave()
		defer context.AfterFunc(b.drain.cut, func() { cancel(errCut) })()
		err := b.run(ctx, l, near, b.Log, func() {})
		b.remove(l)
		done <- err
	})
	b.t.Cleanup(func() { far.Close() })
	return far, done
}

// A client reads a session to a slice of messages.
type client struct {
	*session.Client
	t    testing.TB
	done <-chan error
	got  [][]byte
}

func (b *bench) client(rights access.Rights, cfg session.ClientConfig) *client {
	b.t.Helper()
	conn, done := b.begin(rights)
	c, err := session.NewClient(b.t.Context(), conn, cfg)
	if err != nil {
		b.t.Fatal(err)
	}
	return &client{Client: c, t: b.t, done: done}
}

// read reads until the client has n messages in all, acknowledging them.
func (c *client) read(n int) {
	c.t.Helper()
	for len(c.got) < n {
		if err := c.next(); err != nil {
			c.t.Fatalf("after %d messages of %d: %v", len(c.got), n, err)
		}
	}
}

func (c *client) next() error {
	batch, err := c.ReadBatch(c.t.Context())
	if err != nil {
		return err
	}
	for m := range recordtest.Split(c.t, bytes.Clone(batch.Data)) {
		c.got = append(c.got, m)
	}
	return c.Ack(c.t.Context(), batch)
}

// end closes the session and returns why it ended for the server.
func (c *client) end() error {
	if err := c.Close(c.t.Context(), ""); err != nil && !errors.Is(err, io.ErrClosedPipe) {
		c.t.Error(err)
	}
	return <-c.done
}

// types are the record types that came.
func (c *client) types() (list []uint16) { return types(c.t, slices.Concat(c.got...)) }

// fields returns a named field of every message of a record type.
func (c *client) fields(record uint16, name string) (list []string) {
	c.t.Helper()
	for _, m := range c.got {
		if h, ok := wire.PeekRecord(m); !ok || h.Type != record {
			continue
		}
		list = append(list, field(c.t, m, name))
	}
	return list
}

func field(t testing.TB, m []byte, name string) string {
	t.Helper()
	r, err := wire.NewDecoder(layouts.Default(), nil).Decode(m)
	if err != nil {
		t.Fatal(err)
	}
	slot := r.Layout.Slot(name)
	if slot < 0 {
		t.Fatalf("%v has no field %s", r.Layout, name)
	}
	if r.Layout.Fields[slot].Kind.Integer() {
		return strconv.FormatUint(r.Uint(slot), 10)
	}
	return string(r.Bytes(slot))
}
