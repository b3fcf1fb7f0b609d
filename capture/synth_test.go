package capture

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"estream/transcript"
	"estream/wire"
)

// A said is a message, and who sent it.
type said struct {
	from transcript.Side
	data []byte
}

// dialogue is an eStreamer session in small: request, answer, events of all sizes up to several TLS
// records, with acknowledgements.
func dialogue(seed uint64) []said {
	rnd := rand.New(rand.NewPCG(seed, 1))
	event := func(n int) []byte {
		m := wire.AppendHeader(nil, wire.TypeEventData, uint32(n))
		for range n {
			m = append(m, byte(rnd.Uint32()))
		}
		return m
	}
	list := []said{
		{transcript.Client, append(wire.AppendHeader(nil, wire.TypeEventStreamRequest, 8), 0, 0, 0, 0, 0x48, 0, 0, 1)},
		{transcript.Server, wire.AppendNull(nil)},
	}
	for _, n := range []int{8, 100, 1440, 5000, 40000, 17, 16384, 300, 9, 70000, 12} {
		list = append(list, said{transcript.Server, event(n)}, said{transcript.Client, wire.AppendNull(nil)})
	}
	return list
}

// A piece is what one side sent at once.
type piece struct {
	from transcript.Side
	data []byte
}

// A tap is a proxy on loopback that keeps what passes, in order.
type tap struct {
	addr   string
	mu     sync.Mutex
	more   *sync.Cond
	pieces []piece
	done   chan struct{}
}

// The server may come later, until gone is closed.
func newTap(t testing.TB, server string, gone <-chan struct{}) *tap {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &tap{addr: l.Addr().String(), done: make(chan struct{})}
	p.more = sync.NewCond(&p.mu)
	if gone == nil { // it listens already
		now := make(chan struct{})
		close(now)
		gone = now
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		defer close(p.done)
		client, err := l.Accept()
		if err != nil {
			return
		}
		defer client.Close()
		back, err := dialServer(server, gone)
		if err != nil {
			return
		}
		defer back.Close()
		var both sync.WaitGroup
		both.Go(func() { p.pump(client, back, transcript.Client) })
		both.Go(func() { p.pump(back, client, transcript.Server) })
		both.Wait()
	}()
	return p
}

// dialServer waits for a server that starts. It dials from another address, as nobody can be
// connected with himself then.
func dialServer(server string, gone <-chan struct{}) (net.Conn, error) {
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 2)}}
	for {
		c, err := d.Dial("tcp", server)
		if err == nil {
			return c, nil
		}
		select {
		case <-gone:
			return nil, err
		default:
		}
	}
}

func (p *tap) pump(from, to net.Conn, side transcript.Side) {
	buf := make([]byte, 64<<10)
	for {
		n, err := from.Read(buf)
		if n > 0 {
			p.mu.Lock()
			p.pieces = append(p.pieces, piece{side, bytes.Clone(buf[:n])})
			p.more.Broadcast()
			p.mu.Unlock()
			if _, err := to.Write(buf[:n]); err != nil {
				return
			}
		}
		if err != nil {
			// The other direction may still have something to say.
			_ = to.(interface{ CloseWrite() error }).CloseWrite()
			return
		}
	}
}

// count returns how many bytes a side has sent.
func (p *tap) count(side transcript.Side) (n int) {
	for _, c := range p.pieces {
		if c.from == side {
			n += len(c.data)
		}
	}
	return n
}

// after returns once a side has sent more than n bytes.
func (p *tap) after(side transcript.Side, n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.count(side) <= n {
		p.more.Wait()
	}
}

// talk says a dialogue over two ends.
func talk(list []said, client, server io.ReadWriter) error {
	for i, m := range list {
		from, to := client, server
		if m.from == transcript.Server {
			from, to = server, client
		}
		failed := make(chan error, 1)
		go func() {
			_, err := from.Write(m.data)
			failed <- err
		}()
		got := make([]byte, len(m.data))
		_, err := io.ReadFull(to, got)
		if err := <-failed; err != nil {
			return fmt.Errorf("message %d of the %s: %w", i, m.from, err)
		}
		if err != nil {
			return fmt.Errorf("message %d of the %s: %w", i, m.from, err)
		}
		if !bytes.Equal(got, m.data) {
			return fmt.Errorf("message %d of the %s was changed", i, m.from)
		}
	}
	return nil
}

var (
	clientEnd = netip.MustParseAddrPort("192.0.2.1:40000")
	serverEnd = netip.MustParseAddrPort("192.0.2.2:8302")
	client6   = netip.MustParseAddrPort("[2001:db8::1]:40000")
	server6   = netip.MustParseAddrPort("[2001:db8::2]:8302")
)

// A frame is a packet of a file, from the IP header on.
type frameIP struct {
	at     time.Time
	from   transcript.Side
	data   []byte // payload of TCP
	seq    uint32
	ack    uint32
	flags  byte
	client netip.AddrPort
	server netip.AddrPort
	keep   int // bytes of the whole packet that are captured, 0 for all
}

const (
	flagFIN, flagSYN, flagRST, flagACK = 1, 2, 4, 16

	mss = 1448
)

// packetsOf makes the packets of a whole connection from what was said.
func packetsOf(pieces []piece, client, server netip.AddrPort) []frameIP {
	at := time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)
	// Both sequences wrap around early.
	seq := map[transcript.Side]uint32{transcript.Client: 0xffffff00, transcript.Server: 0xfffff000}
	other := map[transcript.Side]transcript.Side{transcript.Client: transcript.Server, transcript.Server: transcript.Client}
	var list []frameIP
	add := func(from transcript.Side, flags byte, data []byte) {
		at = at.Add(time.Millisecond)
		list = append(list, frameIP{at: at, from: from, data: data, seq: seq[from], ack: seq[other[from]], flags: flags, client: client, server: server})
		seq[from] += uint32(len(data))
		if flags&(flagSYN|flagFIN) != 0 {
			seq[from]++
		}
	}
	add(transcript.Client, flagSYN, nil)
	list[0].ack = 0
	add(transcript.Server, flagSYN|flagACK, nil)
	add(transcript.Client, flagACK, nil)
	for _, p := range pieces {
		for data := range slices.Chunk(p.data, mss) {
			add(p.from, flagACK, data)
			add(other[p.from], flagACK, nil)
		}
	}
	add(transcript.Client, flagFIN|flagACK, nil)
	add(transcript.Server, flagFIN|flagACK, nil)
	add(transcript.Client, flagACK, nil)
	return list
}

// ip returns the packet from its IP header on. Checksums are those of a network card that
// fills them in later: none.
func (f *frameIP) ip() []byte {
	src, dst := f.client, f.server
	if f.from == transcript.Server {
		src, dst = dst, src
	}
	size := 20 + len(f.data)
	var b []byte
	if src.Addr().Is4() {
		b = append(b, 0x45, 0)
		b = binary.BigEndian.AppendUint16(b, uint16(20+size))
		b = append(b, 0, 0, 0x40, 0, 64, 6, 0, 0)
	} else {
		b = append(b, 0x60, 0, 0, 0)
		b = binary.BigEndian.AppendUint16(b, uint16(size))
		b = append(b, 6, 64)
	}
	b = append(b, src.Addr().AsSlice()...)
	b = append(b, dst.Addr().AsSlice()...)
	b = binary.BigEndian.AppendUint16(b, src.Port())
	b = binary.BigEndian.AppendUint16(b, dst.Port())
	b = binary.BigEndian.AppendUint32(b, f.seq)
	b = binary.BigEndian.AppendUint32(b, f.ack)
	b = append(b, 0x50, f.flags, 0xff, 0xff, 0, 0, 0, 0)
	return append(b, f.data...)
}

// onLink puts the header of a link type in front of an IP packet.
func onLink(link uint32, ip []byte) []byte {
	typ := uint16(etherIPv4)
	if ip[0]>>4 == 6 {
		typ = etherIPv6
	}
	var b []byte
	switch link {
	case linkEthernet:
		b = binary.BigEndian.AppendUint16(make([]byte, 12), typ)
	case linkSLL:
		b = binary.BigEndian.AppendUint16(make([]byte, 14), typ)
	case linkSLL2:
		b = append(binary.BigEndian.AppendUint16(nil, typ), make([]byte, 18)...)
	case linkNull:
		b = []byte{2, 0, 0, 0}
	case linkLoop:
		b = []byte{0, 0, 0, 2}
	}
	return append(b, ip...)
}

// A pcapForm is one of the forms of classic pcap.
type pcapForm struct {
	order binary.AppendByteOrder
	nano  bool
	link  uint32
}

var usual = pcapForm{binary.LittleEndian, false, linkEthernet}

// file writes packets as classic pcap.
func (w pcapForm) file(list []frameIP) []byte {
	magic, unit := uint32(magicMicro), time.Microsecond
	if w.nano {
		magic, unit = magicNano, time.Nanosecond
	}
	b := w.order.AppendUint32(nil, magic)
	b = w.order.AppendUint16(b, 2)
	b = w.order.AppendUint16(b, 4)
	b = append(b, make([]byte, 8)...)
	b = w.order.AppendUint32(b, 262144)
	b = w.order.AppendUint32(b, w.link)
	for _, f := range list {
		p := onLink(w.link, f.ip())
		size := len(p)
		if f.keep > 0 {
			p = p[:min(f.keep, size)]
		}
		b = w.order.AppendUint32(b, uint32(f.at.Unix()))
		b = w.order.AppendUint32(b, uint32(f.at.Nanosecond()/int(unit)))
		b = w.order.AppendUint32(b, uint32(len(p)))
		b = w.order.AppendUint32(b, uint32(size))
		b = append(b, p...)
	}
	return b
}

// readAll reads a capture, and returns what it has by session.
func readAll(t testing.TB, file []byte, keys string, ports ...uint16) (sessions map[int][]said, problems []string, stats Stats) {
	t.Helper()
	sessions = map[int][]said{}
	o := Options{Ports: ports}
	if keys != "" {
		o.Keys = strings.NewReader(keys)
	}
	var last time.Time
	stats, err := Read(bytes.NewReader(file), o, func(m *Message) error {
		if m.Time.Before(last) {
			t.Errorf("time went back from %v to %v", last, m.Time)
		}
		last = m.Time
		if m.Err != nil {
			problems = append(problems, m.Err.Error())
			return nil
		}
		sessions[m.Session] = append(sessions[m.Session], said{m.From, bytes.Clone(m.Data)})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return sessions, problems, stats
}

// compare tells where two dialogues differ.
func compare(t testing.TB, got, want []said) {
	t.Helper()
	for i := range min(len(got), len(want)) {
		if got[i].from != want[i].from || !bytes.Equal(got[i].data, want[i].data) {
			t.Errorf("message %d: got %d bytes from the %s, want %d from the %s", i, len(got[i].data), got[i].from, len(want[i].data), want[i].from)
			return
		}
	}
	if len(got) != len(want) {
		t.Errorf("got %d messages, want %d", len(got), len(want))
	}
}

// plainPieces is a dialogue without TLS.
func plainPieces(list []said) (pieces []piece) {
	for _, m := range list {
		pieces = append(pieces, piece(m))
	}
	return pieces
}
