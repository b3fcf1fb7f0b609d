package hosts

import (
	"encoding/json"
	"flag"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"

	"estream/internal/durable/faultfs"
	"estream/internal/recordtest"
	"estream/layouts"
	"estream/synth"
	"estream/wire"
)

const file = "/data/hosts"

func newFS(t testing.TB) *faultfs.FS {
	t.Helper()
	fsys := faultfs.New()
	if err := fsys.MkdirAll("/data", 0o700); err != nil {
		t.Fatal(err)
	}
	if err := fsys.SyncDir("/"); err != nil {
		t.Fatal(err)
	}
	return fsys
}

func open(t testing.TB, fsys *faultfs.FS, opt Options) *Map {
	t.Helper()
	m, err := Open(file, fsys, layouts.Default(), opt)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func empty(t testing.TB) *Map { return open(t, newFS(t), Options{}) }

// dump writes all that a map knows, so that two can be compared.
func dump(t testing.TB, m *Map) string {
	t.Helper()
	m.mu.Lock()
	defer m.mu.Unlock()
	var b strings.Builder
	fmt.Fprintf(&b, "seq %d clock %d names %v\n", m.seq, m.clock, m.names)
	n, bytes := 0, int64(0)
	for h := m.oldest; h != nil; h = h.newer {
		p, err := json.Marshal(&h.Profile)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "%d %s\n", h.order, p)
		if m.lookup(realm{h.Space, h.Netmap}, h.key) != h || m.dense[h.at].host != h || m.dense[h.at].addr != h.key || as16(h.Address) != h.key {
			t.Errorf("host %v is not where the tables say", h.Address)
		}
		n, bytes = n+1, bytes+int64(h.size)
	}
	if n != len(m.dense) || bytes != m.bytes {
		t.Errorf("%d hosts of %d bytes in the order, %d of %d in the table", n, bytes, len(m.dense), m.bytes)
	}
	return b.String()
}

// learn shows a map messages and returns what it knows of a host.
func learn(t testing.TB, m *Map, addr string, messages ...[]byte) Profile {
	t.Helper()
	for _, message := range messages {
		m.Observe(m.Seq(), 1, message)
	}
	if s := m.Stats(); s.Malformed != 0 {
		t.Fatalf("%d records could not be decoded", s.Malformed)
	}
	p, _ := m.Profile(0, 0, netip.MustParseAddr(addr))
	return p
}

// about returns the fields of a discovery header for a host, and more.
func about(addr string, second int, more recordtest.Fields) recordtest.Fields {
	b := as16(netip.MustParseAddr(addr))
	f := recordtest.Fields{"header.has_ipv6": 1, "header.ipv6_address": b[:], "header.event_second": second, "header.device_id": 9}
	for k, v := range more {
		f[k] = v
	}
	return f
}

func message(t testing.TB, record uint16, block uint32, addr string, second int, more recordtest.Fields) []byte {
	t.Helper()
	return recordtest.Message(t, layouts.Default(), record, block, about(addr, second, more))
}

// mixed returns a stream of 20,000 messages, for tests that want many: it takes a
// second to make under the race detector. Some 500 of them are about hosts.
func mixed(t testing.TB) []byte {
	t.Helper()
	stream, err := mixedOnce()
	if err != nil {
		t.Fatal(err)
	}
	return stream
}

var mixedOnce = sync.OnceValues(func() ([]byte, error) { return generate(7, 20_000) })

// synthetic returns n messages of the synthetic mix.
func synthetic(t testing.TB, seed uint64, n int) []byte {
	t.Helper()
	stream, err := generate(seed, n)
	if err != nil {
		t.Fatal(err)
	}
	return stream
}

func generate(seed uint64, n int) (stream []byte, err error) {
	g, err := synth.New(layouts.Default(), synth.Options{Seed: seed})
	if err != nil {
		return nil, err
	}
	for range n {
		stream = g.Append(stream)
	}
	return stream, nil
}

// onlyHosts returns the messages of a stream that a map learns from.
func onlyHosts(t testing.TB, stream []byte) (out []byte) {
	t.Helper()
	for message := range recordtest.Split(t, stream) {
		if h, ok := wire.PeekRecord(message); ok && int(h.Type) < len(kinds) && kinds[h.Type] == learned {
			out = append(out, message...)
		}
	}
	return out
}

// feed shows a map a stream in batches of size messages, from its Seq on.
func feed(t testing.TB, m *Map, stream []byte, size int) {
	t.Helper()
	seq := uint64(0)
	for batch := range slices.Chunk(slices.Collect(recordtest.Split(t, stream)), size) {
		m.Observe(seq, 1, slices.Concat(batch...))
		seq += uint64(len(batch))
	}
}

// answers returns the profiles of a host request.
func answers(t testing.TB, m *Map, q Query) (list []*Profile) {
	t.Helper()
	ends := 0
	err := m.Profiles(q, func(message []byte) error {
		p, err := DecodeProfile(layouts.Default(), message)
		if err == ErrNoProfile {
			ends++
			return nil
		}
		if ends > 0 {
			t.Error("a profile behind the end of the answer")
		}
		list = append(list, p)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if multiple := q.DataType&1 == 1; multiple && ends != 1 || !multiple && ends+len(list) != 1 {
		t.Errorf("data type %d: %d profiles and %d empty messages", q.DataType, len(list), ends)
	}
	return list
}

var everything = Query{First: netip.IPv6Unspecified(), Last: netip.MustParseAddr("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"), DataType: 7, Notes: true, Banners: true}

var update = flag.Bool("update", false, "write files that do not exist yet")
