package siege

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"hash"
	"io"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"estream/backup"
	"estream/journal"
	"estream/session"
	"estream/wire"
)

// errComplete ends a client that has got enough.
var errComplete = errors.New("the client has got enough")

// A digest is that of the messages which a client has got.
type digest struct {
	*taker
	enough atomic.Int64 // how many messages
	n      int64        // messages; valid after done, like sum
	sum    hash.Hash
}

// newDigest connects and takes messages until it has got enough, which may be said
// later.
func newDigest(t *testing.T, addr string, member int, enough int64) *digest {
	t.Helper()
	d := &digest{sum: sha256.New()}
	d.enough.Store(enough)
	d.taker = take(t, t.Context(), addr, "client "+hostOf(member), asIs.config(t, member), func(b *session.Batch) error {
		return d.add(b.Data)
	})
	return d
}

func (d *digest) add(messages []byte) error {
	for rest := messages; len(rest) > 0; d.n++ {
		m, next, err := wire.NextMessage(rest)
		if err != nil {
			return err
		}
		if d.n >= d.enough.Load() {
			return errComplete
		}
		d.sum.Write(m)
		rest = next
	}
	return nil
}

// compare fails the test unless the client got what a journal begins with.
func (d *digest) compare(t *testing.T, data string) {
	t.Helper()
	if <-d.done; !errors.Is(d.err, errComplete) {
		t.Errorf("%s: %v", d.name, d.err)
	}
	want := &digest{sum: sha256.New()}
	want.enough.Store(d.n)
	j, err := journal.OpenReadOnly(filepath.Join(data, "journal"), journal.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close(t.Context())
	reader := j.NewReader(j.First(), journal.ReaderOptions{})
	defer reader.Close()
	for err == nil {
		var v journal.View
		if v, err = reader.Next(t.Context()); err == nil {
			err = want.add(v.Payload)
		}
	}
	if !errors.Is(err, errComplete) {
		t.Errorf("journal, of which the client got %d messages: %v", d.n, err)
	}
	if !bytes.Equal(d.sum.Sum(nil), want.sum.Sum(nil)) {
		t.Errorf("%s got other messages than the first %d of the journal", d.name, d.n)
	}
}

// TestBackup makes backups while clients take all that the source gives. No client
// may miss anything, and a server made of a backup serves the same, and goes on from
// there.
func TestBackup(t *testing.T) {
	t.Parallel()
	rate, clients, backups := either(60_000, 10_000), 3, either(5, 2)
	dir, data := t.TempDir(), newData(t)
	stream := filepath.Join(dir, "events.bin")
	writeStream(t, stream, rate, true)
	run := func(data string, rate int) *process {
		return serve(t, data, "127.0.0.1:0", "--replay-as-is", stream, "--loop", "--rate", strconv.Itoa(rate), "--bundle", "100")
	}
	server := run(data, rate)
	addr := server.listening()
	var all []*digest
	for i := range clients {
		all = append(all, newDigest(t, addr, i, math.MaxInt64))
	}
	// advance waits until every client has got half a second's messages more.
	advance := func() (least int64) {
		for _, d := range all {
			before := d.count.Load()
			until(t, "the clients get on", func() bool { return d.count.Load() > before+int64(rate/2) })
			least = max(least, d.count.Load())
		}
		return least
	}
	var last *backup.Manifest
	var file string
	var lasted time.Duration
	for n := range backups {
		advance()
		file = filepath.Join(dir, "server.backup") // the last one is replaced
		began := time.Now()
		do(t, "backup", file, "--data", data)
		lasted += time.Since(began)
		last = verify(t, file)
		t.Logf("backup %d: %d files, %d bytes, %d messages", n+1, len(last.Files), last.Bytes(), last.Journal.End-last.Journal.First)
	}
	enough := advance() + int64(rate/2)
	for _, d := range all {
		d.enough.Store(enough)
	}
	for _, d := range all {
		<-d.done
	}
	server.stop()
	for _, d := range all {
		d.compare(t, data)
		if d.n <= int64(last.Journal.End) {
			t.Errorf("%s got %d messages, the last backup holds %d already", d.name, d.n, last.Journal.End)
		}
	}
	t.Logf("%d clients got %d messages each, none missing, while %d backups were made in %v", clients, all[0].n, backups, lasted.Round(time.Millisecond))

	// What was served before the backup, from the restored journal alone.
	copied := filepath.Join(dir, "copy")
	do(t, "restore", file, copied)
	again, sum := journalOf(t, copied, 0)
	if _, original := journalOf(t, data, again); again == 0 || !bytes.Equal(sum, original) {
		t.Errorf("the restored server serves %d messages, other ones than the server of which it is a copy", again)
	}

	// And with its source it goes on: nothing is missing, nothing twice.
	server = run(copied, 4*rate)
	d := newDigest(t, server.listening(), 0, all[0].n)
	d.compare(t, data)
	server.stop()
	t.Logf("the server restored from %d messages served %d as the original does, then with its source %d, equal to the original journal", last.Journal.End, again, d.n)
}

// journalOf serves a data directory without a source, and returns how many messages
// a client gets, at most limit of them unless it is 0, and their digest.
func journalOf(t *testing.T, data string, limit int) (n int, sum []byte) {
	t.Helper()
	server := serve(t, data, "127.0.0.1:0")
	h := sha256.New()
	k := take(t, t.Context(), server.listening(), "reader of "+data, asIs.config(t, 0), func(b *session.Batch) error {
		for rest := b.Data; len(rest) > 0 && (limit == 0 || n < limit); n++ {
			m, next, err := wire.NextMessage(rest)
			if err != nil {
				return err
			}
			h.Write(m)
			rest = next
		}
		return nil
	})
	last := int64(0)
	settle(t, server, func() bool {
		before := last
		last = k.count.Load()
		return last == before && last > 0
	})
	server.stop()
	if <-k.done; !errors.Is(k.err, io.EOF) {
		t.Errorf("%s: %v", k.name, k.err)
	}
	return n, h.Sum(nil)
}

// verify reads a backup and returns what is in it.
func verify(t *testing.T, file string) *backup.Manifest {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	m, err := backup.Verify(t.Context(), f)
	if err != nil {
		t.Fatal(err)
	}
	if m.Journal == nil {
		t.Fatalf("%s: no journal in it", file)
	}
	return m
}
