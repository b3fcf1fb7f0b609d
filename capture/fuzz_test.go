package capture

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"io"
	"strings"
	"testing"

	"estream/session"
	"estream/transcript"
	"estream/wire"
)

// FuzzRead reads files: no panic, whatever is handed out as a message is one, and nothing is held
// in the end.
func FuzzRead(f *testing.F) {
	list := dialogue(1)[:6]
	pieces, keys := goTLS(f, list, goClient(), goServer())
	for _, pieces := range [][]piece{plainPieces(list), pieces} {
		packets := packetsOf(pieces, clientEnd, serverEnd)
		f.Add(usual.file(packets))
		f.Add(pcapForm{binary.BigEndian, true, linkSLL2}.file(packetsOf(pieces, client6, server6)))
		f.Add(ngFile(binary.LittleEndian, keys, packets))
		f.Add(ngFile(binary.BigEndian, keys, append(packets[:8:8], packets[9:]...)))
		packets[6].flags |= flagRST
		f.Add(usual.file(packets))
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		Looks(file)
		src, err := open(bytes.NewReader(file))
		if err != nil {
			return
		}
		var c *reader
		messages := uint64(0)
		c = newReader(Options{Log: discard}, func(m *Message) error {
			if m.Err != nil {
				if !strings.HasPrefix(m.Err.Error(), "session ") || len(m.Data) > session.DefaultMaxMessage+wire.HeaderSize {
					t.Errorf("%v, %d bytes", m.Err, len(m.Data))
				}
				return nil
			}
			messages++
			h, ok := wire.ParseHeader(m.Data)
			if !ok || h.Version != 1 || int(h.Length)+wire.HeaderSize != len(m.Data) || len(m.Data) > session.DefaultMaxMessage+wire.HeaderSize ||
				m.Session < 1 || uint64(m.Session) > c.stats.Sessions || m.From != transcript.Client && m.From != transcript.Server {
				t.Errorf("%+v", m)
			}
			return nil
		})
		src.secrets, c.moreKeys = c.secrets, src.ng
		_ = c.packets(src) // damage is not the question
		if err := c.finish(); err != nil {
			t.Error(err)
		}
		s := c.stats
		if c.held != 0 || s.Messages != messages || s.Plain+s.Decrypted+s.Undecrypted > s.Sessions || s.Sessions+s.OtherFlows > s.Flows || len(c.waiting) > 0 {
			t.Errorf("%d bytes held, %d sessions wait, %+v", c.held, len(c.waiting), s)
		}
	})
}

// FuzzTLS feeds both directions of a connection whose secrets are known.
func FuzzTLS(f *testing.F) {
	for _, version := range []uint16{tls12, tls13} {
		client := goClient()
		client.MaxVersion = version
		pieces, keys := goTLS(f, dialogue(2)[:6], client, goServer())
		var both [2][]byte
		for _, p := range pieces {
			d := 0
			if p.from == transcript.Server {
				d = 1
			}
			both[d] = append(both[d], p.data...)
		}
		f.Add(both[0], both[1], keys, uint16(100), uint16(0))
		f.Add(both[0], both[1], keys, uint16(9000), uint16(1500))
	}
	f.Fuzz(func(t *testing.T, client, server []byte, keys string, step, gap uint16) {
		c := newReader(Options{Log: discard}, func(*Message) error { return nil })
		if err := c.keys.read(strings.NewReader(keys)); err != nil {
			t.Fatal(err)
		}
		c.search = 1 << 20
		flow, err := c.begin(flowKey{clientEnd, serverEnd})
		if err != nil {
			t.Fatal(err)
		}
		both := [2][]byte{client, server}
		for d := range both {
			flow.half[d].syn = true
		}
		for turn := 0; len(both[0])+len(both[1]) > 0; turn++ {
			d := turn % 2
			n := min(len(both[d]), int(step)+1)
			if err := flow.stream.data(d, both[d][:n]); err != nil {
				t.Fatal(err)
			}
			if gap > 0 && turn == int(gap)/64 {
				n = min(len(both[d]), n+int(gap))
				if err := flow.stream.gap(d, int(gap)); err != nil {
					t.Fatal(err)
				}
			}
			both[d] = both[d][n:]
		}
		if err := c.finish(); err != nil || c.held != 0 {
			t.Errorf("%v, %d bytes held", err, c.held)
		}
	})
}

// FuzzKeyLog reads key logs: secrets of bounded size and number.
func FuzzKeyLog(f *testing.F) {
	id, secret := strings.Repeat("ab", 32), strings.Repeat("cd", 48)
	f.Add("# comment\nCLIENT_RANDOM " + id + " " + secret + "\nCLIENT_TRAFFIC_SECRET_0 " + id + " " + secret + "\nRSA 00 11\n")
	f.Add(strings.Repeat("x", maxKeyLine) + "\nCLIENT_RANDOM " + id + " " + secret)
	f.Fuzz(func(t *testing.T, text string) {
		var k keyLog
		if err := k.read(strings.NewReader(text)); err != nil {
			t.Fatal(err)
		}
		if uint64(k.count) > k.lines || len(k.sessions) > k.count || k.lines+k.bad > uint64(strings.Count(text, "\n")+1) {
			t.Errorf("%d sessions, %d secrets, %d lines, %d bad", len(k.sessions), k.count, k.lines, k.bad)
		}
		for _, s := range k.sessions {
			for _, p := range [][]byte{s.master, s.clientShake, s.serverShake, s.clientTraffic, s.serverTraffic} {
				if len(p) > maxSecret {
					t.Errorf("secret of %d bytes", len(p))
				}
			}
		}
		// What was read once is read again.
		n := k.count
		if err := k.read(strings.NewReader(text)); err != nil || k.count != n {
			t.Errorf("got %d secrets, %v", k.count, err)
		}
	})
}

// FuzzReassembly puts segments of a stream whose bytes tell their place in any order: what comes out is in
// order, right, and complete with its gaps.
func FuzzReassembly(f *testing.F) {
	f.Add(uint32(0xfffffff0), []byte{0, 10, 10, 10, 30, 10, 20, 10})
	f.Add(uint32(7), []byte{50, 20, 40, 20, 0, 5, 10, 200, 3, 4, 255, 9, 90, 90})
	f.Fuzz(func(t *testing.T, first uint32, ops []byte) {
		c := newReader(Options{Log: discard}, nil)
		place := 0 // of what comes next
		h := half{r: c}
		h.data = func(p []byte) error {
			for _, b := range p {
				if b != byte(place*7+place>>8) {
					t.Fatalf("byte %d is of elsewhere", place)
				}
				place++
			}
			return nil
		}
		h.gap = func(n int) error {
			if n <= 0 {
				t.Fatalf("gap of %d bytes", n)
			}
			place += n
			return nil
		}
		if err := h.add(&segment{seq: first - 1, syn: true}); err != nil {
			t.Fatal(err)
		}
		end := 0
		for ; len(ops) >= 2; ops = ops[2:] {
			at, n := int(ops[0])*4, int(ops[1])
			data := make([]byte, n)
			for i := range data {
				data[i] = byte((at+i)*7 + (at+i)>>8)
			}
			if n > 0 {
				end = max(end, at+n)
			}
			if ops[0]%5 == 4 {
				h.acknowledge(first + uint32(at))
			}
			if err := h.add(&segment{seq: first + uint32(at), data: data}); err != nil {
				t.Fatal(err)
			}
			if err := h.tick(); err != nil {
				t.Fatal(err)
			}
			if h.queued < 0 || h.queued != c.held {
				t.Fatalf("%d bytes queued, %d held", h.queued, c.held)
			}
		}
		h.hasAck = false
		if err := h.finish(); err != nil || place != end || c.held != 0 {
			t.Errorf("%v, %d bytes came out, %d expected, %d held", err, place, end, c.held)
		}
	})
}

// FuzzLooks also takes what is in gzip.
func FuzzLooks(f *testing.F) {
	var z bytes.Buffer
	w := gzip.NewWriter(&z)
	w.Write(usual.file(nil))
	w.Close()
	f.Add(z.Bytes())
	f.Add(usual.file(nil))
	f.Fuzz(func(t *testing.T, head []byte) {
		if !Looks(head) {
			return
		}
		// It need not be whole, but it begins as one.
		if _, err := open(io.MultiReader(bytes.NewReader(head), bytes.NewReader(make([]byte, 64)))); err != nil && strings.Contains(err.Error(), "neither") {
			t.Error(err)
		}
	})
}
