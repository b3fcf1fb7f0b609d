// Package sensors holds no code, only tests of what becomes of a sensor's events on
// their whole way: from the file that it writes, through journal and server, over real
// TLS, to a client that reads records and to a collector that writes lines.
//
// What has to come out is computed from the input by other means than those under
// test: a reader of unified2 of ten lines, a JSON library, tshark.
package sensors

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"estream/admin"
	"estream/hosts"
	"estream/internal/assemble"
	"estream/internal/corpus"
	"estream/internal/durable"
	"estream/internal/recordtest"
	"estream/internal/syncbuf"
	"estream/journal"
	"estream/layouts"
	"estream/pki"
	"estream/server"
	"estream/service"
	"estream/source"
	"estream/wire"
)

// An identity is what a client gets from the server's administrator. Making keys takes
// long, so that all tests share one.
type identity struct {
	authority *pki.Authority
	client    *tls.Config
}

var (
	identityDir string // of TestMain
	credentials = sync.OnceValues(makeCredentials)
)

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	var err error
	if identityDir, err = os.MkdirTemp("", "sensors"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(identityDir)
	return m.Run()
}

func makeCredentials() (id identity, err error) {
	if id.authority, err = pki.Open(identityDir, pki.Options{}); err != nil {
		return id, err
	}
	registration, err := id.authority.Register(context.Background(), "127.0.0.1", pki.RegisterOptions{})
	if err != nil {
		return id, err
	}
	c, err := pki.LoadPKCS12(registration.PKCS12, "")
	if err != nil {
		return id, err
	}
	id.client, err = pki.ClientTLSConfig(c, pki.ClientOptions{})
	return id, err
}

// A world is a server with its sensors.
type world struct {
	service *service.Service
	core    *server.Server
	addr    string
	state   string // its data directory
	tls     *tls.Config
	sent    *tally // what left for clients
	log     *syncbuf.Buffer

	cancel context.CancelFunc
	ended  chan error
	once   sync.Once
}

// serve starts a server as "estream serve" has it, on a port of its own.
func serve(t *testing.T, sources ...*service.Source) *world {
	t.Helper()
	id, err := credentials()
	if err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &world{addr: ln.Addr().String(), state: t.TempDir(), tls: id.client, sent: newTally(), log: new(syncbuf.Buffer), ended: make(chan error, 1)}
	log := w.log.Logger()
	store, err := admin.Open(w.state, admin.Options{Log: log})
	if err != nil {
		t.Fatal(err)
	}
	w.core = &server.Server{
		Authority: id.authority, Log: log,
		Wrap: func(_ uint64, _ pki.Client, conn net.Conn) net.Conn { return &counted{Conn: conn, tally: w.sent} },
	}
	ready := make(chan struct{})
	w.service = &service.Service{
		State: w.state, FS: durable.OS{}, Layouts: layouts.Default(), Log: log, Persist: true, Sources: sources,
		MapOptions: hosts.Options{Networks: assemble.PrivateNetworks()},
		Ready:      func() { close(ready) },
		Server: &service.Server{
			Server: w.core, Listeners: []net.Listener{ln},
			Admin: &admin.Service{Store: store, Authority: id.authority, Log: log},
		},
	}
	ctx, cancel := context.WithCancel(t.Context())
	w.cancel = cancel
	go func() { w.ended <- w.service.Run(ctx) }()
	t.Cleanup(func() { w.stop(t) })
	select {
	case <-ready:
	case err := <-w.ended:
		w.ended <- err
		t.Fatalf("the server ended: %v", err)
	}
	return w
}

// stop ends the server in order: clients get what is durable before their sessions end.
func (w *world) stop(t *testing.T) {
	t.Helper()
	w.once.Do(func() {
		w.cancel()
		if err := <-w.ended; err != nil {
			t.Errorf("the server ended with %v", err)
		}
		if text := w.log.String(); t.Failed() || strings.Contains(text, "level=WARN") || strings.Contains(text, "level=ERROR") {
			t.Logf("the server's log:\n%s", text)
		}
	})
}

// read waits until every source has been read to its end, and what it gave is durable.
func (w *world) read(t *testing.T) {
	t.Helper()
	await(t, "the sources are read", func() bool {
		st, ok := w.service.Status()
		for _, s := range st.Sources {
			ok = ok && s.Ended
		}
		return ok && st.Journal.Pending == 0
	})
}

// await waits for what others do.
func await(t *testing.T, what string, done func() bool) {
	t.Helper()
	for tick := time.NewTicker(5 * time.Millisecond); !done(); {
		select {
		case <-tick.C:
		case <-t.Context().Done():
			t.Fatalf("in vain: %s", what)
		}
	}
}

// journaled returns the messages in the journal of a server that has ended.
func (w *world) journaled(t *testing.T) (stream []byte) {
	t.Helper()
	j, err := journal.OpenReadOnly(filepath.Join(w.state, "journal"), journal.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := j.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}()
	r := j.NewReader(j.First(), journal.ReaderOptions{})
	defer r.Close()
	for {
		v, err := r.Next(t.Context())
		if errors.Is(err, io.EOF) {
			return stream
		}
		if err != nil {
			t.Fatal(err)
		}
		skip, err := source.First(v.Payload, int(v.Skip))
		if err != nil {
			t.Fatal(err)
		}
		stream = append(stream, v.Payload[len(skip):]...)
	}
}

// A record is a decoded message with its fields by name.
type record struct {
	typ   uint16
	nums  map[string]uint64
	bytes map[string][]byte
}

// decode decodes the records of some types.
func decode(t *testing.T, stream []byte, types ...uint16) (list []record) {
	t.Helper()
	dec := wire.NewDecoder(layouts.Default(), nil)
	for m := range recordtest.Split(t, stream) {
		if h, ok := wire.PeekRecord(m); !ok || !slices.Contains(types, h.Type) {
			continue
		}
		d, err := dec.Decode(m)
		if err != nil {
			t.Fatalf("record of type %d: %v", d.Type, err)
		}
		r := record{d.Type, map[string]uint64{}, map[string][]byte{}}
		for i := range d.Layout.Fields {
			if f := &d.Layout.Fields[i]; f.Kind.Integer() {
				r.nums[f.Name] = d.Uint(i)
			} else {
				r.bytes[f.Name] = append([]byte(nil), d.Bytes(i)...)
			}
		}
		list = append(list, r)
	}
	return list
}

// place writes data where a sensor would, and returns the path.
func place(t *testing.T, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func testFile(t *testing.T, name string) []byte { return corpus.File(t, name) }

// fromRoot returns the path of a directory of the source tree.
func fromRoot(t *testing.T, name string) string {
	t.Helper()
	path := filepath.Join("..", "..", filepath.FromSlash(name))
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	return path
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

func count(n int) string { return strconv.Itoa(n) }
