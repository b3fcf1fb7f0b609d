package backup_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"estream/backup"
	"estream/journal"
	"estream/layouts"
	"estream/pki"
	eserver "estream/server"
	"estream/session"
	"estream/source"
	"estream/wire"
)

// appendNumbered appends an event of a type nobody knows with number n in its body.
func appendNumbered(dst []byte, n uint32) []byte {
	const body = 200
	dst = wire.AppendHeader(dst, wire.TypeEventData, 8+body)
	dst = binary.BigEndian.AppendUint32(dst, 9999)
	dst = binary.BigEndian.AppendUint32(dst, body)
	dst = binary.BigEndian.AppendUint32(dst, n)
	return append(dst, make([]byte, body-4)...)
}

// TestServerUnderLoad: clients of a server that is fed as fast as it goes miss nothing
// while backups are made one after the other, and a server on the last of these backups
// sends what it holds from the first event on.
func TestServerUnderLoad(t *testing.T) {
	root := t.TempDir()
	dir := filepath.Join(root, "data")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	authority, err := pki.Open(filepath.Join(dir, "pki"), pki.Options{})
	if err != nil {
		t.Fatal(err)
	}
	reg, err := authority.Register(t.Context(), "127.0.0.1", pki.RegisterOptions{})
	if err != nil {
		t.Fatal(err)
	}
	cred, err := pki.LoadPKCS12(reg.PKCS12, "")
	if err != nil {
		t.Fatal(err)
	}
	j, addr, stop := serving(t, dir, authority)

	// Clients count from 0 on, without a gap and without a repetition.
	const most = 100_000 // events, for slow machines: their backups see the load at its beginning only
	const clients, backups = 3, 4
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var wg sync.WaitGroup
	var reached [clients]*meter
	for i := range clients {
		reached[i] = newMeter()
		wg.Go(func() {
			if err := count(ctx, addr, cred, reached[i]); err != nil && ctx.Err() == nil {
				t.Errorf("client %d: %v", i, err)
			}
		})
	}
	feed, enough := context.WithCancel(ctx)
	fed := make(chan uint32, 1)
	go func() {
		n := uint32(0)
		var batch []byte
		for feed.Err() == nil && n < most {
			batch = batch[:0]
			for range 100 {
				batch = appendNumbered(batch, n)
				n++
			}
			if err := j.AppendFrom(context.WithoutCancel(ctx), 1, source.Batch{Data: batch, Count: 100, Mark: []byte{1}}); err != nil {
				t.Errorf("append: %v", err)
				break
			}
		}
		fed <- n
	}()
	var last *backup.Manifest
	file := filepath.Join(root, "file")
	reached[0].await(t, 1)
	for range backups {
		before := j.Durable().Seq
		if last, err = backup.CreateFile(t.Context(), dir, file, backup.Options{Temp: root}); err != nil {
			t.Fatal(err)
		}
		if last.Journal == nil || last.Journal.End < before {
			t.Errorf("backup holds %+v; %d were durable before", last.Journal, before)
		}
	}
	enough()
	total := <-fed
	for _, m := range reached {
		m.await(t, total)
	}
	cancel()
	wg.Wait()
	stop()
	t.Logf("%d clients got all of %d events each during %d backups, the last of %d events", clients, total, backups, last.Journal.End)

	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	copied := filepath.Join(root, "copy")
	if _, err := backup.Restore(t.Context(), f, copied, backup.RestoreOptions{}); err != nil {
		t.Fatal(err)
	}
	if authority, err = pki.Open(filepath.Join(copied, "pki"), pki.Options{}); err != nil {
		t.Fatal(err)
	}
	_, addr, stop = serving(t, copied, authority)
	defer stop()
	ctx, cancel = context.WithCancel(t.Context())
	defer cancel()
	again := newMeter()
	wg.Go(func() {
		if err := count(ctx, addr, cred, again); err != nil && ctx.Err() == nil {
			t.Errorf("client of the restored server: %v", err)
		}
	})
	again.await(t, uint32(last.Journal.End))
	cancel()
	wg.Wait()
}

// serving starts a server that sends what the journal in dir holds as it is.
func serving(t *testing.T, dir string, authority *pki.Authority) (j *source.Journal, addr string, stop func()) {
	t.Helper()
	j, err := source.OpenJournal(t.Context(), filepath.Join(dir, "journal"), layouts.Default(), journal.Options{SegmentBytes: 1 << 20, CommitInterval: 5 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &eserver.Server{Authority: authority, Journal: j, AsIs: true, Log: slog.New(slog.DiscardHandler)}
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- s.Serve(ctx, ln) }()
	return j, ln.Addr().String(), sync.OnceFunc(func() {
		cancel()
		if err := <-served; err != nil {
			t.Error(err)
		}
		closeJournal(t, j.Journal)
	})
}

// count reads numbered events, which must come in order, until ctx ends.
func count(ctx context.Context, addr string, cred *pki.Credentials, reached *meter) error {
	config, err := pki.ClientTLSConfig(cred, pki.ClientOptions{})
	if err != nil {
		return err
	}
	c, err := session.Dial(ctx, addr, session.ClientConfig{TLS: config})
	if err != nil {
		return err
	}
	defer c.Close(context.WithoutCancel(ctx), "")
	for next := uint32(0); ; {
		b, err := c.ReadBatch(ctx)
		if err != nil {
			if errors.Is(err, io.EOF) {
				return errors.New("the server has closed the session")
			}
			return err
		}
		for rest := b.Data; len(rest) > 0; {
			var m []byte
			if m, rest, err = wire.NextMessage(rest); err != nil {
				return err
			}
			if n := binary.BigEndian.Uint32(m[wire.HeaderSize+8:]); n != next {
				return fmt.Errorf("found event %d, expected %d", n, next)
			}
			next++
		}
		reached.set(next)
		if err := c.Ack(ctx, b); err != nil {
			return err
		}
	}
}

// A meter says how many events a client has got, and when there are more.
type meter struct {
	n    atomic.Uint32
	more chan struct{}
}

func newMeter() *meter { return &meter{more: make(chan struct{}, 1)} }

func (m *meter) set(n uint32) {
	m.n.Store(n)
	select {
	case m.more <- struct{}{}:
	default:
	}
}

func (m *meter) await(t *testing.T, want uint32) {
	t.Helper()
	over := time.After(time.Minute)
	for m.n.Load() < want {
		select {
		case <-m.more:
		case <-over:
			t.Fatalf("a client got %d of %d events", m.n.Load(), want)
		}
	}
}
