package capture

import (
	"bytes"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"estream/transcript"
	"estream/wire"
)

// inOrder gives packets the times of their places.
func inOrder(list []frameIP) []frameIP {
	for i := range list {
		list[i].at = time.Unix(1_000_000, int64(i)*1000)
	}
	return list
}

// shuffle moves packets by up to n places, except the first three.
func shuffle(rnd *rand.Rand, list []frameIP, n int) []frameIP {
	type placed struct {
		at int
		f  frameIP
	}
	var all []placed
	for i, f := range list {
		at := i * 10
		if i >= 3 {
			at += 10 * rnd.IntN(n+1)
		}
		all = append(all, placed{at, f})
	}
	slices.SortStableFunc(all, func(a, b placed) int { return a.at - b.at })
	var out []frameIP
	for _, p := range all {
		out = append(out, p.f)
	}
	return out
}

// overlap lets segments begin up to n bytes before their time; what is there twice is, in the
// repetition, wrong.
func overlap(rnd *rand.Rand, list []frameIP, n int) []frameIP {
	for i := range list {
		if f := &list[i]; len(f.data) > 0 && i > 3 && f.from == list[i-2].from {
			k := min(rnd.IntN(n), len(list[i-2].data))
			f.data = append(bytes.Repeat([]byte{0xee}, k), f.data...)
			f.seq -= uint32(k)
		}
	}
	return list
}

// Whatever order the packets are in, repeated and overlapping, as long as all are there, the messages
// are; without TLS and with it.
func TestReassembly(t *testing.T) {
	list := dialogue(20)
	pieces, keys := goTLS(t, list, goClient(), goServer())
	for name, pieces := range map[string][]piece{"plain": plainPieces(list), "tls": pieces} {
		for seed := range uint64(20) {
			rnd := rand.New(rand.NewPCG(seed, 2))
			packets := packetsOf(pieces, clientEnd, serverEnd)
			if seed%2 == 0 {
				packets = overlap(rnd, packets, 1000)
			} else {
				for range 50 {
					i := 3 + rnd.IntN(len(packets)-3)
					packets = slices.Insert(packets, i, packets[3+rnd.IntN(i-2)])
				}
				packets = shuffle(rnd, packets, 20)
			}
			sessions, problems, stats := readAll(t, usual.file(inOrder(packets)), keys)
			if len(problems) > 0 || stats.Gaps > 0 || stats.RepeatedBytes == 0 || stats.Flows != 1 {
				t.Fatalf("%s: seed %d: problems %q, %+v", name, seed, problems, stats)
			}
			// Messages of one side may overtake those of the other, but not their own.
			for _, side := range []transcript.Side{transcript.Client, transcript.Server} {
				of := func(list []said) []said {
					return slices.DeleteFunc(slices.Clone(list), func(m said) bool { return m.from != side })
				}
				compare(t, of(sessions[1]), of(list))
			}
			if t.Failed() {
				t.Fatalf("%s: seed %d", name, seed)
			}
		}
	}
}

// What the capture lacks is a gap; behind it reading goes on, and everything that is whole is found or
// counted as skipped.
func TestGaps(t *testing.T) {
	var list []said
	for i := range uint64(10) {
		list = append(list, dialogue(30 + i)[2:]...)
	}
	list = append(dialogue(30)[:2], list...)
	pieces13, keys13 := goTLS(t, list, goClient(), goServer())
	only12 := &tls.Config{ServerName: "server", MaxVersion: tls.VersionTLS12}
	pieces12, keys12 := goTLS(t, list, only12, &tls.Config{})
	for name, tt := range map[string]struct {
		pieces []piece
		keys   string
	}{"plain": {plainPieces(list), ""}, "tls 1.2": {pieces12, keys12}, "tls 1.3": {pieces13, keys13}} {
		for seed := range uint64(10) {
			rnd := rand.New(rand.NewPCG(seed, 3))
			packets := packetsOf(tt.pieces, clientEnd, serverEnd)
			lost := 0
			for range 4 {
				i := 60 + rnd.IntN(len(packets)-100)
				n := 1 + rnd.IntN(8)
				for _, f := range packets[i : i+n] {
					if len(f.data) > 0 {
						lost += len(f.data)
					}
				}
				packets = slices.Delete(packets, i, i+n)
			}
			sessions, problems, stats := readAll(t, usual.file(inOrder(packets)), tt.keys)
			if lost == 0 || stats.GapBytes != uint64(lost) || len(problems) != int(stats.Gaps) {
				t.Errorf("%s: seed %d: %d bytes lost, problems %q, %+v", name, seed, lost, problems, stats)
			}
			for _, p := range problems {
				if !strings.Contains(p, "are missing in the capture: they were lost when it was captured") {
					t.Errorf("%s: %s", name, p)
				}
			}
			// All that was handed out was said, in that order; most of it was.
			next := 0
			for _, m := range sessions[1] {
				if len(m.data) == wire.HeaderSize {
					continue // they are all alike
				}
				for ; next < len(list) && !bytes.Equal(list[next].data, m.data); next++ {
				}
				if next++; next > len(list) {
					t.Fatalf("%s: seed %d: a message of %d bytes that nobody said", name, seed, len(m.data))
				}
			}
			if n := len(sessions[1]); n < len(list)*8/10 || n >= len(list) {
				t.Errorf("%s: seed %d: %d messages of %d", name, seed, n, len(list))
			}
		}
	}
}

// A packet of the handshake may be missing, too, unless it has one of the hellos.
func TestGapInHandshake(t *testing.T) {
	list := dialogue(35)
	for _, version := range []uint16{tls12, tls13} {
		client := goClient()
		client.MaxVersion = version
		client.Certificates = []tls.Certificate{certificate(t, "rsa")}
		pieces, keys := goTLS(t, list, client, &tls.Config{ClientAuth: tls.RequireAnyClientCert})
		whole := packetsOf(pieces, clientEnd, serverEnd)
		read := 0
		for i := 3; i < 13; i++ {
			if len(whole[i].data) == 0 {
				continue
			}
			sessions, problems, stats := readAll(t, usual.file(inOrder(slices.Delete(slices.Clone(whole), i, i+1))), keys)
			if len(sessions) == 0 {
				if last := problems[len(problems)-1]; !strings.Contains(last, "part of the TLS handshake is missing") && !strings.Contains(last, "neither TLS nor") {
					t.Errorf("%x: without packet %d: %q", version, i, problems)
				}
				continue
			}
			if read++; len(sessions[1]) < len(list)-2 || len(problems) != 1 || stats.Gaps != 1 {
				t.Errorf("%x: without packet %d: %d messages, problems %q", version, i, len(sessions[1]), problems)
			}
		}
		if read == 0 {
			t.Errorf("%x: every packet mattered", version)
		}
	}
}

// Packets that were cut when they were captured say so.
func TestSnapLength(t *testing.T) {
	packets := packetsOf(plainPieces(dialogue(40)), clientEnd, serverEnd)
	for i := range packets {
		packets[i].keep = 500
	}
	sessions, problems, stats := readAll(t, usual.file(packets), "")
	if len(problems) == 0 || !strings.Contains(problems[0], "capture with snap length 0") || stats.Truncated == 0 || len(sessions[1]) < 10 {
		t.Errorf("%d messages, problems %q, %+v", len(sessions[1]), problems, stats)
	}
}

// A capture may begin at any packet and end at any byte.
func TestPartOfASession(t *testing.T) {
	list := dialogue(50)
	packets := packetsOf(plainPieces(list), clientEnd, serverEnd)
	for from := range len(packets) - 30 {
		sessions, _, stats := readAll(t, usual.file(packets[from:]), "")
		got := sessions[1]
		if len(got) == 0 || stats.Sessions != 1 {
			t.Fatalf("from %d: %+v", from, stats)
		}
		compare(t, got, list[len(list)-len(got):])
		if t.Failed() {
			t.Fatalf("from %d", from)
		}
	}
	whole := usual.file(packets)
	for n := 24; n < len(whole); n += 997 {
		var got []said
		stats, err := Read(bytes.NewReader(whole[:n]), Options{}, func(m *Message) error {
			if m.Err == nil {
				got = append(got, said{m.From, bytes.Clone(m.Data)})
			} else if !strings.Contains(m.Err.Error(), "ends in the middle of a message") && !strings.Contains(m.Err.Error(), "too few") {
				t.Errorf("cut at %d: %v", n, m.Err)
			}
			return nil
		})
		if err != nil && !(errors.Is(err, ErrNoSession) && n < 400) || !stats.Cut && n > 24 {
			t.Fatalf("cut at %d: %v, %+v", n, err, stats)
		}
		compare(t, got, list[:len(got)])
	}
}

// Every link type, byte order and unit of time, IPv4 and IPv6, tags and extension headers.
func TestLinks(t *testing.T) {
	list := dialogue(60)
	for _, order := range []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian} {
		for _, link := range []uint32{linkNull, linkEthernet, linkRaw, linkRawBSD, linkRawOBSD, linkLoop, linkSLL, linkSLL2, linkIPv4, linkIPv6} {
			for _, ends := range [][2]netip.AddrPort{{clientEnd, serverEnd}, {client6, server6}} {
				form := pcapForm{order, link%2 == 0, link}
				packets := packetsOf(plainPieces(list), ends[0], ends[1])
				sessions, problems, stats := readAll(t, form.file(packets), "")
				if len(problems) > 0 || stats.Sessions != 1 || stats.NotTCP+stats.Malformed+stats.UnknownLink > 0 {
					t.Errorf("link type %d: problems %q, %+v", link, problems, stats)
				}
				compare(t, sessions[1], list)
			}
		}
	}
	f := packetsOf(plainPieces(list), clientEnd, serverEnd)[3]
	ip := f.ip()
	f6 := packetsOf(plainPieces(list), client6, server6)[3]
	ip6 := f6.ip()
	ether := func(tags ...byte) []byte {
		return append(append(make([]byte, 12), tags...), ip...)
	}
	with := func(p []byte, change func(p []byte)) []byte {
		p = bytes.Clone(p)
		change(p)
		return p
	}
	extended := func(typ byte, header ...byte) []byte {
		p := with(ip6, func(p []byte) { p[6] = typ; p[5] += byte(len(header)) })
		return slices.Insert(p, 40, header...)
	}
	for name, tt := range map[string]struct {
		link uint32
		data []byte
		want verdict
	}{
		"vlan":               {linkEthernet, ether(0x81, 0, 0, 5, 8, 0), packetTCP},
		"qinq":               {linkEthernet, ether(0x88, 0xa8, 0, 5, 0x81, 0, 0, 6, 8, 0), packetTCP},
		"tags without end":   {linkEthernet, bytes.Repeat([]byte{0x81, 0}, 40), packetOther},
		"arp":                {linkEthernet, ether(8, 6), packetOther},
		"short":              {linkEthernet, make([]byte, 13), packetMalformed},
		"udp":                {linkRaw, with(ip, func(p []byte) { p[9] = 17 }), packetOther},
		"first fragment":     {linkRaw, with(ip, func(p []byte) { p[6] = 0x20 }), packetFragment},
		"later fragment":     {linkRaw, with(ip, func(p []byte) { p[7] = 3 }), packetFragment},
		"total length 0":     {linkRaw, with(ip, func(p []byte) { p[2], p[3] = 0, 0 }), packetTCP},
		"total length 3":     {linkRaw, with(ip, func(p []byte) { p[2], p[3] = 0, 3 }), packetMalformed},
		"header of 16 bytes": {linkRaw, with(ip, func(p []byte) { p[0] = 0x44 }), packetMalformed},
		"tcp header too big": {linkRaw, with(ip, func(p []byte) { p[32] = 0xf0 }), packetMalformed},
		"version 5":          {linkRaw, with(ip, func(p []byte) { p[0] = 0x55 }), packetOther},
		"empty":              {linkRaw, nil, packetMalformed},
		"hop by hop":         {linkRaw, extended(0, 6, 0, 0, 0, 0, 0, 0, 0), packetTCP},
		"authentication":     {linkRaw, extended(51, 6, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0), packetTCP},
		"atomic fragment":    {linkRaw, extended(44, 6, 0, 0, 0, 0, 0, 0, 1), packetTCP},
		"fragment 6":         {linkRaw, extended(44, 6, 0, 0, 1, 0, 0, 0, 1), packetFragment},
		"extension too long": {linkRaw, extended(60, 6, 200, 0, 0, 0, 0, 0, 0), packetMalformed},
		"udp 6":              {linkRaw, with(ip6, func(p []byte) { p[6] = 17 }), packetOther},
		"wifi":               {105, ip, packetLink},
	} {
		s, got := parsePacket(packet{link: tt.link, data: tt.data})
		if got != tt.want {
			t.Errorf("%s: got %d, want %d", name, got, tt.want)
		}
		if got == packetTCP && (!bytes.Equal(s.data, f.data) || s.missing != 0 || s.to.Port() != DefaultPort) {
			t.Errorf("%s: %+v", name, s)
		}
	}
	// What stands behind the packet is not the packet's.
	if s, _ := parsePacket(packet{link: linkRaw, data: append(bytes.Clone(ip), 1, 2, 3)}); !bytes.Equal(s.data, f.data) {
		t.Errorf("got %d bytes, want %d", len(s.data), len(f.data))
	}
}

// Ports: those that are asked for; without, also any other on which eStreamer is spoken, but nothing else.
func TestPorts(t *testing.T) {
	list := dialogue(70)
	other := netip.AddrPortFrom(serverEnd.Addr(), 9999)
	web := []piece{{transcript.Client, []byte("GET / HTTP/1.1\r\n\r\n")}, {transcript.Server, bytes.Repeat([]byte("<html>"), 1000)}}
	pieces, keys := goTLS(t, list, goClient(), goServer())
	spoken, spokenKeys := goTLS(t, []said{{transcript.Client, web[0].data}, {transcript.Server, web[1].data}}, goClient(), goServer())
	all := slices.Concat(
		packetsOf(web, netip.AddrPortFrom(clientEnd.Addr(), 1001), other),
		packetsOf(spoken, netip.AddrPortFrom(clientEnd.Addr(), 1002), other),
		packetsOf(pieces, netip.AddrPortFrom(clientEnd.Addr(), 1003), other),
		packetsOf(plainPieces(list), netip.AddrPortFrom(clientEnd.Addr(), 1004), other),
		packetsOf(plainPieces(list), netip.AddrPortFrom(clientEnd.Addr(), 1005), serverEnd),
	)
	keys += spokenKeys
	for _, tt := range []struct {
		ports    []uint16
		sessions int
		problems int
	}{{nil, 3, 0}, {[]uint16{DefaultPort}, 1, 0}, {[]uint16{9999}, 4, 2}} {
		sessions, problems, stats := readAll(t, usual.file(inOrder(all)), keys, tt.ports...)
		n := 0
		for _, got := range sessions {
			if len(got) > 0 {
				n++
				compare(t, got, list)
			}
		}
		// What is told of the web server on a port of ours is once for each direction.
		if tt.ports == nil && n != 3 || len(problems) < tt.problems || tt.problems == 0 && len(problems) > 0 {
			t.Errorf("ports %v: %d sessions, problems %q, %+v", tt.ports, n, problems, stats)
		}
		if stats.Flows != 5 || int(stats.OtherFlows)+int(stats.Sessions) != 5 {
			t.Errorf("ports %v: %+v", tt.ports, stats)
		}
	}
	// No session at all says what there is.
	for _, tt := range []struct {
		packets []frameIP
		want    string
	}{
		{nil, "it has no packets"},
		{packetsOf(nil, clientEnd, serverEnd), "1 TCP connections, none with eStreamer on port [8302]"},
		{packetsOf(pieces, clientEnd, other), "1 with TLS (one has port 9999) have no secret in the key log: give the key log with --keys, or the server's port with --port"},
		{packetsOf(web, clientEnd, other), "give the server's port with --port"},
	} {
		_, err := Read(bytes.NewReader(usual.file(tt.packets)), Options{}, func(m *Message) error { return m.Err })
		if !errors.Is(err, ErrNoSession) || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("got %v, want %s", err, tt.want)
		}
	}
}

// A port that is used again is another session, and late packets of the first are none.
func TestPortReused(t *testing.T) {
	first, second := dialogue(80), dialogue(81)
	one := packetsOf(plainPieces(first), clientEnd, serverEnd)
	two := packetsOf(plainPieces(second), clientEnd, serverEnd)
	for i := range two {
		two[i].seq += 1 << 30
		two[i].ack += 1 << 30
	}
	for name, packets := range map[string][]frameIP{
		"ended":     slices.Concat(one, one[len(one)-20:], two),
		"not ended": slices.Concat(one[:len(one)-3], two),
	} {
		sessions, problems, stats := readAll(t, usual.file(inOrder(packets)), "")
		if len(problems) > 0 || stats.Sessions != 2 || stats.Flows != 2 {
			t.Errorf("%s: problems %q, %+v", name, problems, stats)
		}
		compare(t, sessions[1], first)
		compare(t, sessions[2], second)
	}
}

// Bytes that are no message are handed out once for each direction, and the rest is counted.
func TestNoMessage(t *testing.T) {
	list := dialogue(90)
	good := wire.AppendNull(nil)
	big := wire.AppendHeader(nil, wire.TypeEventData, 1<<30)
	pieces := append(plainPieces(list),
		piece{transcript.Server, bytes.Repeat([]byte{9}, 100)}, piece{transcript.Server, good},
		piece{transcript.Client, big}, piece{transcript.Client, good})
	var bad []*Message
	stats, err := Read(bytes.NewReader(usual.file(packetsOf(pieces, clientEnd, serverEnd))), Options{}, func(m *Message) error {
		if m.Err != nil {
			c := *m
			c.Data = bytes.Clone(m.Data)
			bad = append(bad, &c)
		}
		return nil
	})
	if err != nil || len(bad) != 2 || stats.NotMessages != 124 || stats.Problems != 2 || stats.Messages != uint64(len(list)) {
		t.Fatalf("got %v, %v, %+v", bad, err, stats)
	}
	for i, want := range []struct {
		from transcript.Side
		data []byte
		text string
	}{
		{transcript.Server, pieces[len(list)].data, "session 1 (192.0.2.1:40000 -> 192.0.2.2:8302): from the server: no message: header version 2313 found, 1 expected"},
		{transcript.Client, big, "from the client: event data of 1073741824 bytes announced, at most 16777216 are read"},
	} {
		if m := bad[i]; m.From != want.from || !bytes.Equal(m.Data, want.data) || !strings.Contains(m.Err.Error(), want.text) || m.Client != clientEnd || m.Server != serverEnd {
			t.Errorf("got %+v", m)
		}
	}
	// An error of the caller ends it.
	stop := errors.New("enough")
	n := 0
	_, err = Read(bytes.NewReader(usual.file(packetsOf(pieces, clientEnd, serverEnd))), Options{}, func(*Message) error { n++; return stop })
	if err != stop || n != 1 {
		t.Errorf("got %v after %d", err, n)
	}
}

// Of a message that is not whole, what is there is handed out with the problem: it may be a bundle
// with whole events in it.
func TestPartOfAMessage(t *testing.T) {
	list := dialogue(95)
	big := slices.IndexFunc(list, func(m said) bool { return len(m.data) > 30000 })
	pieces, keys := goTLS(t, list, goClient(), goServer())
	for name, pieces := range map[string][]piece{"plain": plainPieces(list), "tls": pieces} {
		packets := packetsOf(pieces, clientEnd, serverEnd)
		last := 0 // a packet in the great message's second half
		for n := 0; n < 28000; last++ {
			if f := packets[last]; f.from == transcript.Server && last > len(packets)/20 {
				n += len(f.data)
			}
		}
		for len(packets[last].data) == 0 {
			last++
		}
		for what, packets := range map[string][]frameIP{
			"gap": slices.Delete(slices.Clone(packets), last, last+1),
			"end": packets[:last],
		} {
			var part []byte
			if _, err := Read(bytes.NewReader(usual.file(inOrder(packets))), Options{Keys: strings.NewReader(keys)}, func(m *Message) error {
				if m.Err != nil && len(m.Data) > 0 {
					part = bytes.Clone(m.Data)
				}
				return nil
			}); err != nil {
				t.Fatal(err)
			}
			if len(part) < 8000 || !bytes.HasPrefix(list[big].data, part) {
				t.Errorf("%s: %s: got %d bytes", name, what, len(part))
			}
		}
	}
}

// A stranger's capture does not make us hold more than the limits.
func TestLimits(t *testing.T) {
	c := newReader(Options{Log: discard}, func(*Message) error { return nil })
	seg := segment{from: clientEnd, to: serverEnd, seq: 1, syn: true}
	if err := c.segment(seg); err != nil {
		t.Fatal(err)
	}
	data := make([]byte, 1000)
	for i := range 3 * maxChunks { // each leaves a hole
		if err := c.segment(segment{from: clientEnd, to: serverEnd, seq: uint32(10 + i*2000), data: data}); err != nil {
			t.Fatal(err)
		}
		if h := c.flows.flows[flowKey{clientEnd, serverEnd}].half[0]; h.queued > maxQueued+2000 || len(h.queue) > maxChunks {
			t.Fatalf("%d bytes in %d pieces", h.queued, len(h.queue))
		}
	}
	if err := c.finish(); err != nil || c.held != 0 {
		t.Errorf("%v, %d bytes held", err, c.held)
	}
	// Connections by the thousand: the idle ones go.
	c = newReader(Options{Log: discard}, func(*Message) error { return nil })
	for i := range maxFlows + 5000 {
		from := netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 1, byte(i >> 8), byte(i)}), 1)
		if err := c.segment(segment{from: from, to: netip.AddrPortFrom(serverEnd.Addr(), 80), seq: 1, syn: true}); err != nil {
			t.Fatal(err)
		}
	}
	if len(c.flows.flows) != maxFlows || c.stats.Flows != maxFlows+5000 || c.flows.idle.Len() != maxFlows {
		t.Errorf("%d connections, %d idle", len(c.flows.flows), c.flows.idle.Len())
	}
	// All of them busy: new ones are refused.
	c = newReader(Options{Log: discard}, func(*Message) error { return nil })
	for i := range maxFlows + 10 {
		from := netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 1, byte(i >> 8), byte(i)}), 1)
		if err := c.segment(segment{from: from, to: serverEnd, seq: 1, data: wire.AppendHeader(nil, wire.TypeEventData, 1000)}); err != nil {
			t.Fatal(err)
		}
	}
	if c.stats.Sessions != maxFlows || c.stats.RefusedPackets != 10 {
		t.Errorf("%+v", c.stats)
	}
	// More unfinished messages than are held are a problem of those that bring more.
	c.held = maxHeld
	from := netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 1, 0, 0}), 1)
	if err := c.segment(segment{from: from, to: serverEnd, seq: 9, data: data[:10]}); err != nil || c.stats.Problems != 1 || c.message.Err == nil ||
		!strings.Contains(c.message.Err.Error(), "split the capture") {
		t.Errorf("%v, %+v, %v", err, c.stats, c.message.Err)
	}
}
