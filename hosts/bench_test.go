package hosts

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"estream/internal/recordtest"
	"estream/wire"
)

// BenchmarkObserve is what a journal pays for the map, per message of the mix. The
// messages are in the cache, as they are when a batch was just written, and they
// come again and again: the map has learned all there is.
func BenchmarkObserve(b *testing.B) {
	const messages = 2000
	stream := synthetic(b, 11, messages)
	batches := recordtest.Batches(b, stream, 256<<10)
	m := empty(b)
	b.SetBytes(int64(len(stream)))
	b.ReportAllocs()
	for b.Loop() {
		for _, batch := range batches {
			m.Observe(m.Seq(), 1, batch)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/messages, "ns/message")
}

// big returns a map of n hosts with some servers and clients each.
func big(tb testing.TB, n int) *Map {
	m := empty(tb)
	server := message(tb, 11, 103, host1, 100, recordtest.Fields{"port": 443, "hits": 3})
	client := message(tb, 15, 122, host1, 100, recordtest.Fields{"id": 3, "version": "1.2.3"})
	name := message(tb, 42, 35, host1, 100, recordtest.Fields{"value": "workstation"})
	for i := range n {
		b := as16(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}))
		for _, message := range [][]byte{server, client, name} {
			copy(message[8+16+40:], b[:])
			m.Observe(m.Seq(), 1, message)
		}
	}
	return m
}

func BenchmarkProfiles(b *testing.B) {
	m := big(b, 100_000)
	b.ReportAllocs()
	for b.Loop() {
		n := 0
		if err := m.Profiles(everything, func([]byte) error { n++; return nil }); err != nil || n != 100_001 {
			b.Fatal(n, err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/100_000, "ns/profile")
	b.ReportMetric(float64(m.Stats().Bytes)/100_000, "bytes/host")
}

func BenchmarkSave(b *testing.B) {
	m := big(b, 100_000)
	extra := message(b, 22, 0, "10.255.0.1", 100, nil)
	for b.Loop() {
		m.Observe(m.Seq(), 1, extra)
		if err := m.Save(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkObserveWhileAnswering is the longest that one event about a host waits
// while somebody asks for all of 100,000. Record 93 is left out, which itself goes
// through all hosts.
func BenchmarkObserveWhileAnswering(b *testing.B) {
	m := big(b, 100_000)
	var batch []byte
	for message := range recordtest.Split(b, onlyHosts(b, synthetic(b, 12, 20_000))) {
		if h, _ := wire.PeekRecord(message); h.Type != 93 {
			batch = append(batch, message...)
		}
	}
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case <-stop:
				return
			default:
				if err := m.Profiles(everything, func([]byte) error { return nil }); err != nil {
					b.Error(err)
				}
			}
		}
	}()
	var waits []time.Duration
	for b.Loop() {
		for message := range recordtest.Split(b, batch) {
			start := time.Now()
			m.Observe(m.Seq(), 1, message)
			waits = append(waits, time.Since(start))
		}
	}
	close(stop)
	<-done
	slices.Sort(waits)
	b.ReportMetric(float64(waits[len(waits)*99/100].Microseconds()), "p99-µs")
	b.ReportMetric(float64(waits[len(waits)-1].Microseconds()), "max-µs")
}

// BenchmarkDiscover is an observation of a known host without news, as most are.
func BenchmarkDiscover(b *testing.B) {
	m := empty(b)
	o := known(m)
	b.ReportAllocs()
	for b.Loop() {
		if _, n := m.Discover(7, &o, nil); n != 0 {
			b.Fatal(n)
		}
	}
}

// known makes a host known and returns an observation of it without news.
func known(m *Map) Observation {
	o := Observation{
		Time: time.Unix(1_700_000_000, 0), Host: netip.MustParseAddr(host1), Transport: 6, VLAN: 3, HostName: "pc", MAC: MAC{2, 0, 0, 0, 0, 1},
		Service: SeenService{Protocol: 6, Port: 22, Name: "ssh", Version: "9", Banner: "SSH"},
		Client:  SeenClient{Name: "curl", Version: "8", Protocol: "http"}, OS: SeenOS{Name: "Linux"}, User: SeenUser{Name: "alice"},
	}
	out, _ := m.Discover(7, &o, nil)
	m.Observe(m.Seq(), 1, out)
	return o
}
