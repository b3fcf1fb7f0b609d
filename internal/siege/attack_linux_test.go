package siege

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
)

// An attack is five clients that mean harm. They have a registration, but for
// those that never come so far as to show it.
type attack struct {
	t      *testing.T
	addr   string
	member int
	files  string // name of the certificate and key, without suffix

	wg   sync.WaitGroup
	ways []*way
}

// A way is one kind of attack.
type way struct {
	name  string
	run   func(ctx context.Context, w *way)
	tried atomic.Int64
	ended atomic.Int64 // by the server
}

func newAttack(t *testing.T, addr string, member int) *attack {
	t.Helper()
	a := &attack{t: t, addr: addr, member: member, files: filepath.Join(t.TempDir(), "attacker")}
	c := registrations(t).credentials[member]
	key, err := x509.MarshalPKCS8PrivateKey(c.Certificate.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	for suffix, b := range map[string]*pem.Block{".crt": {Type: "CERTIFICATE", Bytes: c.Leaf.Raw}, ".key": {Type: "PRIVATE KEY", Bytes: key}} {
		if err := os.WriteFile(a.files+suffix, pem.EncodeToMemory(b), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	a.ways = []*way{
		{name: "never reads", run: a.neverReads}, // the first two take their time
		{name: "one byte a second", run: a.trickle},
		{name: "half handshakes", run: a.halfHandshakes},
		{name: "renegotiation", run: a.renegotiate},
		{name: "giant lengths", run: a.giants},
	}
	return a
}

// begin attacks until ctx ends.
func (a *attack) begin(ctx context.Context) {
	for _, w := range a.ways {
		a.wg.Go(func() { w.run(ctx, w) })
	}
}

func (a *attack) wait() { a.wg.Wait() }

func (a *attack) allBegan() bool {
	for _, w := range a.ways {
		if w.tried.Load() == 0 {
			return false
		}
	}
	return true
}

// check fails the test where the server put up with what it can see at once.
func (a *attack) check() {
	a.t.Helper()
	for _, w := range a.ways[2:] {
		if w.ended.Load() == 0 {
			a.t.Errorf("attack %s: tried %d times, and the server never ended it", w.name, w.tried.Load())
		}
	}
}

func (a *attack) String() string {
	var list []string
	for _, w := range a.ways {
		list = append(list, fmt.Sprintf("%s %d (%d ended by the server)", w.name, w.tried.Load(), w.ended.Load()))
	}
	return strings.Join(list, ", ")
}

// dial connects from the attacker's address.
func (a *attack) dial(ctx context.Context) (net.Conn, error) {
	return a.dialFrom(ctx, dialer(a.member))
}

func (a *attack) dialFrom(ctx context.Context, d *net.Dialer) (net.Conn, error) {
	d.Control = func(_, _ string, c syscall.RawConn) error {
		return c.Control(func(fd uintptr) { // a small window is one that is full soon; it matters not if it cannot be had
			_ = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, 4096)
		})
	}
	return d.DialContext(ctx, "tcp", a.addr)
}

// admitted connects and says something as a registered client.
func (a *attack) admitted(ctx context.Context, words []byte) (*tls.Conn, error) {
	raw, err := a.dial(ctx)
	if err != nil {
		return nil, err
	}
	conn := tls.Client(raw, settings(a.t, a.member))
	if err := conn.HandshakeContext(ctx); err != nil {
		return nil, errors.Join(err, raw.Close())
	}
	if _, err := conn.Write(words); err != nil {
		return nil, errors.Join(err, raw.Close())
	}
	return conn, nil
}

// hold keeps a connection until ctx ends.
func (w *way) hold(ctx context.Context, conn net.Conn) {
	w.tried.Add(1)
	<-ctx.Done()
	_ = conn.Close()
}

// failed reports an attack that did not even come about.
func (a *attack) failed(ctx context.Context, w *way, err error) {
	if ctx.Err() == nil {
		a.t.Errorf("attack %s: %v", w.name, err)
	}
}
