package siege

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"estream/pki"
	"estream/session"
	"estream/wire"
)

// A registry is a data directory with registrations, of 127.0.0.1 and the
// addresses after it: all of them are loopback.
type registry struct {
	dir         string
	credentials []*pki.Credentials // of member 0, 127.0.0.1, and so on
}

// members is how many clients are registered. Each costs the making of a key.
func members() int { return either(50, 8) }

// hostOf returns the address of a member.
func hostOf(member int) string { return fmt.Sprintf("127.0.0.%d", member+1) }

var theRegistry = sync.OnceValues(func() (*registry, error) {
	path, err := program() // makes keys faster than this process, with its race detector
	if err != nil {
		return nil, err
	}
	r := &registry{dir: filepath.Join(scratch, "data")}
	for m := range members() {
		file := filepath.Join(scratch, hostOf(m)+".pkcs12")
		if out, err := exec.Command(path, "client", "add", hostOf(m), "--data", r.dir, "-o", file).CombinedOutput(); err != nil {
			return nil, fmt.Errorf("client add: %w\n%s", err, out)
		}
		c, err := readCredentials(file)
		if err != nil {
			return nil, err
		}
		r.credentials = append(r.credentials, c)
	}
	return r, nil
})

func registrations(t *testing.T) *registry {
	t.Helper()
	r, err := theRegistry()
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// settings returns the TLS configuration of a member.
func settings(t *testing.T, member int) *tls.Config {
	t.Helper()
	return settingsOf(t, registrations(t).credentials[member])
}

func settingsOf(t *testing.T, c *pki.Credentials) *tls.Config {
	t.Helper()
	cfg, err := pki.ClientTLSConfig(c, pki.ClientOptions{})
	if err != nil {
		t.Fatal(err)
	}
	cfg.ServerName = "server" // it is not compared
	return cfg
}

// readCredentials reads what `estream client add` wrote.
func readCredentials(file string) (*pki.Credentials, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	return pki.LoadPKCS12(data, "")
}

// dialer connects from the address of a member.
func dialer(member int) *net.Dialer {
	return &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(hostOf(member))}}
}

// A request is what a client asks for.
type request struct {
	name  string
	flags wire.RequestFlags
	pairs []wire.EventPair
	start uint32
}

const (
	names   = wire.FlagMetadataV4
	stamped = wire.FlagArchiveTimestamp
)

// requests are different in mode, versions, header and start.
var requests = []request{
	{"as eNcore", wire.DefaultFlags, nil, wire.StartOldest},
	{"flags only, intrusion events", names | stamped | wire.FlagIntrusionImpact | wire.FlagPackets | wire.FlagExtraData, nil, wire.StartOldest},
	{"flags only, connections of 4.10", names | stamped | wire.FlagConnectionV5, nil, wire.StartNow},
	{"connections, newest", names | stamped | wire.FlagExtendedRequest, []wire.EventPair{{Version: 17, Code: 71}}, wire.StartNow},
	{"connections, older", names | wire.FlagExtendedRequest, []wire.EventPair{{Version: 9, Code: 71}}, wire.StartOldest},
	{"events of any kind without metadata", stamped | wire.FlagExtendedRequest, wire.DefaultPairs(), wire.StartNow},
	{"flags and pairs", names | wire.FlagPackets | wire.FlagExtendedRequest, []wire.EventPair{{Version: 3, Code: 12}, {Version: 11, Code: 71}}, wire.StartOldest},
}

// asIs takes everything, from the beginning.
var asIs = request{"everything", wire.DefaultFlags, nil, wire.StartOldest}

func (r request) config(t *testing.T, member int) session.ClientConfig {
	return session.ClientConfig{
		TLS: settings(t, member), DialContext: dialer(member).DialContext,
		Start: r.start, Flags: r.flags, Pairs: r.pairs, BatchBytes: 16 << 10,
	}
}

// A taker is a client that takes all it gets.
type taker struct {
	name  string
	kind  int          // of those that a test tells apart
	count atomic.Int64 // messages taken
	done  chan struct{}
	err   error // why it ended; valid after done
}

// take connects and takes messages until ctx ends, or the session does. each, if not
// nil, sees every batch.
func take(t *testing.T, ctx context.Context, addr, name string, cfg session.ClientConfig, each func(*session.Batch) error) *taker {
	t.Helper()
	c, err := session.Dial(ctx, addr, cfg)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	k := &taker{name: name, done: make(chan struct{})}
	go func() {
		defer close(k.done)
		k.err = k.run(ctx, c, each)
		_ = c.Close(context.Background(), "") // says nothing, so nothing can fail
	}()
	return k
}

func (k *taker) run(ctx context.Context, c *session.Client, each func(*session.Batch) error) error {
	for {
		b, err := c.ReadBatch(ctx)
		if err != nil {
			return err
		}
		if each != nil {
			if err := each(b); err != nil {
				return err
			}
		}
		k.count.Add(int64(b.Count))
		if err := c.Ack(ctx, b); err != nil {
			return err
		}
	}
}
