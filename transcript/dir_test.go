package transcript

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"estream/internal/syncbuf"
	"estream/layouts"
	"estream/wire"
)

// pipe returns both ends of a connection that d records as session number, and what
// is under it.
func pipe(d *Dir, number uint64) (server, client net.Conn) {
	near, far := net.Pipe()
	return d.Wrap(number, "192.0.2.1", near), far
}

func files(t *testing.T, dir string) []string {
	t.Helper()
	list, err := filepath.Glob(filepath.Join(dir, "*.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// Each session is a file of its own, with what went both ways and how it ended.
func TestDir(t *testing.T) {
	d := &Dir{Path: t.TempDir(), Layouts: layouts.Default(), Log: slog.New(slog.DiscardHandler)}
	null := wire.AppendNull(nil)
	for _, tt := range []struct {
		end    func(server, client net.Conn) error
		reason string
	}{
		{func(server, client net.Conn) error {
			client.Close()
			if _, err := server.Read(make([]byte, 1)); err != io.EOF {
				t.Errorf("got %v", err)
			}
			return server.Close()
		}, "client closed the connection"},
		{func(server, client net.Conn) error { return server.Close() }, "server closed the connection"},
		{func(server, client net.Conn) error {
			client.Close()
			if _, err := server.Write(null); err == nil {
				t.Error("a write to nobody succeeded")
			}
			return server.Close()
		}, "connection broke, of the last 8 bytes of the server 8 may not have gone out: io: read/write on closed pipe"},
		{func(server, client net.Conn) error {
			server.(interface{ Because(string) }).Because("the moon is full")
			return errors.Join(server.Close(), server.Close())
		}, "the moon is full"},
	} {
		server, client := pipe(d, 7)
		done := make(chan error, 1)
		go func() {
			_, err := client.Write(null)
			if err == nil {
				_, err = io.ReadFull(client, make([]byte, 8))
			}
			done <- err
		}()
		p := make([]byte, 100)
		if n, err := server.Read(p); n != 8 || err != nil {
			t.Fatalf("read %d, %v", n, err)
		}
		if n, err := server.Write(null); n != 8 || err != nil {
			t.Fatalf("wrote %d, %v", n, err)
		}
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		if err := tt.end(server, client); err != nil {
			t.Errorf("%s: %v", tt.reason, err)
		}
		list := files(t, d.Path)
		if len(list) != 1 {
			t.Fatalf("files: %v", list)
		}
		data, err := os.ReadFile(list[0])
		if err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(list[0])
		if err != nil || info.Mode().Perm()&0o077 != 0 && os.PathSeparator == '/' {
			t.Errorf("mode %v, %v", info.Mode(), err)
		}
		r, err := NewReader(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		for _, from := range []Side{Client, Server} {
			e, err := r.Next()
			if err != nil || e.From != from || e.Type != wire.TypeNull || !e.Whole || !bytes.Equal(e.Data, null) {
				t.Errorf("got %+v, %v", e, err)
			}
		}
		for err == nil {
			_, err = r.Next()
		}
		if err != io.EOF || r.End != tt.reason || r.Header.Session != 7 || r.Header.Client != "192.0.2.1" || r.Header.Peer != "pipe" {
			t.Errorf("got %v, %+v, end %q, want %q", err, r.Header, r.End, tt.reason)
		}
		if err := os.Remove(list[0]); err != nil {
			t.Fatal(err)
		}
	}
}

// When there is no more room, sessions go on without a recording, and the log says so
// once.
func TestDirLimit(t *testing.T) {
	var log syncbuf.Buffer
	d := &Dir{Path: t.TempDir(), Layouts: layouts.Default(), Log: log.Logger(), MaxSessions: 2}
	for i := range 5 {
		server, client := pipe(d, uint64(i+1))
		if _, isPipe := server.(*recorded); isPipe != (i < 2) {
			t.Errorf("session %d is a %T", i+1, server)
		}
		if err := errors.Join(server.Close(), client.Close()); err != nil {
			t.Error(err)
		}
	}
	if n := len(files(t, d.Path)); n != 2 || strings.Count(log.String(), "no more sessions are recorded") != 1 {
		t.Errorf("%d files, log:\n%s", n, log.String())
	}
}

// All recordings together have a limit, too: those that run end with a line that says
// so, and no new ones begin.
func TestDirTotal(t *testing.T) {
	var log syncbuf.Buffer
	d := &Dir{Path: t.TempDir(), Layouts: layouts.Default(), Log: log.Logger(), MaxTotal: 400}
	var ends []net.Conn
	for i := range 3 {
		server, client := pipe(d, uint64(i+1))
		ends = append(ends, server, client)
		go func() { _, _ = io.Copy(io.Discard, client) }() // until it is closed
		for range 3 {
			if _, err := server.Write(wire.AppendNull(nil)); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, c := range ends {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
	list := files(t, d.Path)
	if len(list) >= 3 || strings.Count(log.String(), "nothing more is recorded") != 1 {
		t.Fatalf("%d files, log:\n%s", len(list), log.String())
	}
	data, err := os.ReadFile(list[len(list)-1])
	if err != nil || !bytes.Contains(data, []byte(`"stopped":"all recordings together have reached their limit; the session goes on"`)) {
		t.Errorf("%s, %v", data, err)
	}
}

// A directory that cannot be written to is told, and the session goes on.
func TestDirFails(t *testing.T) {
	var log syncbuf.Buffer
	var failed error
	d := &Dir{Path: filepath.Join(t.TempDir(), "missing"), Layouts: layouts.Default(), Log: log.Logger(), Failed: func(err error) { failed = err }}
	server, client := pipe(d, 1)
	if _, ok := server.(*recorded); ok || !errors.Is(failed, os.ErrNotExist) || !strings.Contains(log.String(), "session is not recorded") {
		t.Errorf("got %T, %v, log:\n%s", server, failed, log.String())
	}
	if err := errors.Join(server.Close(), client.Close()); err != nil {
		t.Error(err)
	}
}
