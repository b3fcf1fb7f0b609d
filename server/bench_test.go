package server

import (
	"testing"

	"estream/layouts"
	"estream/session"
	"estream/synth"
	"estream/wire"
)

// stream is a piece of the synthetic mix, about 256 KiB, without the names in front.
func stream(tb testing.TB) *piece {
	g, err := synth.New(layouts.Default(), synth.Options{Seed: 1})
	if err != nil {
		tb.Fatal(err)
	}
	for range g.Metadata() {
		g.Append(nil)
	}
	p := &piece{source: 1}
	for len(p.data) < 256<<10 {
		p.data = g.Append(p.data)
		p.count++
	}
	return p
}

// oldRequest asks for every event type in a version of the 5.2 generation.
func oldRequest() session.Request {
	return session.Request{
		Flags: wire.DefaultFlags,
		Pairs: []wire.EventPair{{Version: 5, Code: 12}, {Version: 4, Code: 21}, {Version: 8, Code: 31}, {Version: 10, Code: 61}, {Version: 9, Code: 71}, {Version: 4, Code: 91}, {Version: 3, Code: 101}, {Version: 2, Code: 111}, {Version: 1, Code: 131}},
	}
}

var requests = []struct {
	name string
	req  session.Request
}{
	{"newest", session.Request{Flags: wire.DefaultFlags, Pairs: wire.DefaultPairs()}}, // everything goes out as it is
	{"intrusion", session.Request{Flags: wire.FlagArchiveTimestamp, Pairs: []wire.EventPair{{Version: 11, Code: 12}}}},
	{"5.2", oldRequest()}, // everything is encoded down
}

// BenchmarkSelection is what a session does with a batch before it is sent.
func BenchmarkSelection(b *testing.B) {
	p := stream(b)
	for _, c := range requests {
		b.Run(c.name, func(b *testing.B) {
			s := selected(c.req)
			s.told = newTold(newStatements(layouts.Default()))
			buf, _ := s.rest(nil, p)
			buf = append([]byte(nil), buf...)
			b.SetBytes(int64(len(p.data)))
			b.ReportAllocs()
			for b.Loop() {
				whole(s, buf, p)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*p.count), "ns/msg")
		})
	}
}

// whole applies s to p as a session does, with one buffer.
func whole(s *selection, buf []byte, p *piece) {
	for next := 0; next < len(p.data); {
		_, _, next = s.apply(buf[:0], p, next)
	}
}
