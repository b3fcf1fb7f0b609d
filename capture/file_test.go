package capture

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"io"
	"log/slog"
	"strings"
	"testing"
	"testing/iotest"
	"time"
)

var discard = slog.New(slog.DiscardHandler)

// ngFile writes packets as pcapng: two sections of different byte order, an option of each kind that
// matters, and one packet in each kind of block.
func ngFile(order binary.AppendByteOrder, keys string, list []frameIP) []byte {
	block := func(dst []byte, typ uint32, body []byte) []byte {
		for len(body)%4 != 0 {
			body = append(body, 0)
		}
		n := uint32(len(body) + 12)
		dst = order.AppendUint32(order.AppendUint32(dst, typ), n)
		return order.AppendUint32(append(dst, body...), n)
	}
	u32 := func(list ...uint32) (b []byte) {
		for _, v := range list {
			b = order.AppendUint32(b, v)
		}
		return b
	}
	section := order.AppendUint16(order.AppendUint16(u32(magicOrder), 1), 0)
	file := block(nil, magicNG, append(section, bytes.Repeat([]byte{0xff}, 8)...))
	face := order.AppendUint16(nil, linkRaw)
	face = append(face, 0, 0, 0, 0, 4, 0)
	file = block(file, ngInterfaceBlock, face) // microseconds
	face = order.AppendUint16(order.AppendUint16(face, 2), 3)
	face = append(face, 'e', 't', 'h', 0)
	face = order.AppendUint16(order.AppendUint16(face, ngOptionResolution), 1)
	face = append(face, 0x80|20, 0, 0, 0) // 2^-20 s
	face = order.AppendUint16(order.AppendUint16(face, ngOptionOffset), 8)
	face = order.AppendUint64(face, 1000)
	face = append(face, 0, 0, 0, 0)
	file = block(file, ngInterfaceBlock, face)
	file = block(file, 0x0bad, []byte("unknown"))
	if keys != "" {
		file = block(file, ngSecretsBlock, append(u32(ngSecretsTLS, uint32(len(keys))), keys...))
	}
	for i, f := range list {
		ip := f.ip()
		size := uint32(len(ip))
		micro := uint64(f.at.UnixMicro())
		switch i % 3 {
		case 0:
			file = block(file, ngEnhancedBlock, append(u32(0, uint32(micro>>32), uint32(micro), size, size), ip...))
		case 1:
			t := uint64(f.at.Unix()-1000)<<20 | uint64(f.at.Nanosecond())<<20/1e9
			file = block(file, ngEnhancedBlock, append(u32(1, uint32(t>>32), uint32(t), size, size), ip...))
		case 2:
			body := order.AppendUint16(order.AppendUint16(nil, 0), 7)
			file = block(file, ngPacketBlock, append(append(body, u32(uint32(micro>>32), uint32(micro), size, size)...), ip...))
		}
	}
	return file
}

// pcapng in both byte orders, one section after the other, with secrets inside, in gzip and
// byte by byte.
func TestNG(t *testing.T) {
	list := dialogue(100)
	packets := packetsOf(plainPieces(list), clientEnd, serverEnd)
	file := append(ngFile(binary.BigEndian, "", packets[:20]), ngFile(binary.LittleEndian, "", packets[20:])...)
	sessions, problems, _ := readAll(t, file, "")
	if len(problems) > 0 {
		t.Error(problems)
	}
	compare(t, sessions[1], list)
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	z.Write(file)
	z.Close()
	n := 0
	stats, err := Read(iotest.OneByteReader(&zipped), Options{}, func(m *Message) error {
		if n++; m.Err != nil || m.Time.Year() != 2026 {
			t.Errorf("%v, %v", m.Time, m.Err)
		}
		return nil
	})
	if err != nil || n != len(list) || stats.Cut {
		t.Errorf("got %v, %d messages, %+v", err, n, stats)
	}
	// A simple packet has neither interface nor time.
	ip := packets[3].ip()
	s, err := open(bytes.NewReader(ngFile(binary.LittleEndian, "", nil)))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.next(); err != io.EOF {
		t.Errorf("got %v", err)
	}
	p, err := s.packetBlock(ngSimpleBlock, append(binary.LittleEndian.AppendUint32(nil, uint32(len(ip))), ip...))
	if err != nil || !bytes.Equal(p.data, ip) || p.link != linkRaw || !p.time.IsZero() {
		t.Errorf("got %+v, %v", p, err)
	}
}

// The secrets of a session may come behind it, as long as it is in the file.
func TestLateSecrets(t *testing.T) {
	list := dialogue(101)
	pieces, keys := goTLS(t, list[:6], goClient(), goServer())
	packets := packetsOf(pieces, clientEnd, serverEnd)
	late := len(packets) - 8
	// A section of its own: the secrets of one count for the next as well.
	file := append(ngFile(binary.LittleEndian, "", packets[:late]), ngFile(binary.BigEndian, keys, packets[late:])...)
	sessions, problems, stats := readAll(t, file, "")
	if len(problems) > 0 || stats.Decrypted != 1 {
		t.Errorf("problems %q, %+v", problems, stats)
	}
	compare(t, sessions[1], list[:6])
	// They come in parts.
	first := strings.SplitAfterN(keys, "\n", 2)
	file = append(ngFile(binary.LittleEndian, "", packets[:late]), ngFile(binary.BigEndian, first[0], packets[late:late+2])...)
	file = append(file, ngFile(binary.LittleEndian, first[1], packets[late+2:])...)
	sessions, problems, stats = readAll(t, file, "")
	if len(problems) > 0 || stats.Decrypted != 1 {
		t.Errorf("problems %q, %+v", problems, stats)
	}
	compare(t, sessions[1], list[:6])
	// They never come.
	_, problems, stats = readAll(t, ngFile(binary.LittleEndian, "", packets), "")
	if len(problems) != 1 || !strings.Contains(problems[0], "no secret for this session") || stats.Undecrypted != 1 {
		t.Errorf("problems %q, %+v", problems, stats)
	}
}

func TestTimes(t *testing.T) {
	for _, tt := range []struct {
		resolution byte
		units      uint64
		want       time.Time
	}{
		{6, 1_700_000_000_123456, time.Unix(1_700_000_000, 123456000)},
		{9, 1_700_000_000_123456789, time.Unix(1_700_000_000, 123456789)},
		{0, 1_700_000_000, time.Unix(1_700_000_000, 0)},
		{0x80 | 32, 1_700_000_000<<32 | 1<<31, time.Unix(1_700_000_000, 500_000_000)},
		{0x80 | 63, 1 << 62, time.Unix(0, 500_000_000)},
		{0, 1 << 63, time.Time{}},
	} {
		i := ngInterface{units: resolution(tt.resolution)}
		if got := i.time(tt.units); !got.Equal(tt.want) {
			t.Errorf("%#x: got %v, want %v", tt.resolution, got, tt.want)
		}
	}
	if resolution(20) != 0 || resolution(0xff) != 0 {
		t.Error("a resolution that no uint64 holds")
	}
}

// What is no capture, or a damaged one, is an error that says where.
func TestDamaged(t *testing.T) {
	packets := packetsOf(plainPieces(dialogue(102)), clientEnd, serverEnd)
	classic, ng := usual.file(packets), ngFile(binary.LittleEndian, "", packets)
	set := func(p []byte, at int, b ...byte) []byte {
		p = bytes.Clone(p)
		copy(p[at:], b)
		return p
	}
	for _, tt := range []struct {
		file []byte
		want string
	}{
		{nil, "capture: the file is empty"},
		{[]byte("{}"), "capture: the file begins with 7b7d: neither pcap nor pcapng"},
		{[]byte("hello world"), "neither pcap nor pcapng"},
		{classic[:10], "capture: header: offset 0: 24 bytes expected, 10 there"},
		{set(classic, 4, 9), "pcap version 9 found, 2 expected"},
		{set(classic, 32, 0, 0, 0, 0x10), "packet 1: offset 24: packet of 268435456 bytes, at most 4194304 are read: the file is damaged"},
		{[]byte{0x1f, 0x8b, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, "capture: gzip: "},
		{set(ng, 8, 1, 2, 3, 4), "byte order 01020304 of a pcapng section"},
		{set(ng, 4, 29), "pcapng block 168627466 of 29 bytes"},
		{set(ng, 24, 0), "ends with the length 0"},
		{set(ng, 12, 7), "pcapng version 7 found, 1 expected"},
		{set(ng, 32, 0, 0, 0, 0x7f), "at most 4259840 are read"},
		{append(bytes.Clone(ng[:28]), set(ng[48:], 0)...), ""},
		{append(bytes.Clone(ng[:28]), ng[len(ng)-len(packets[len(packets)-1].ip())-32:]...), "packet of interface 0, but only 0 are described"},
	} {
		_, err := Read(bytes.NewReader(tt.file), Options{}, func(*Message) error { return nil })
		if tt.want == "" {
			continue // whatever it says, it is no panic
		}
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("got %v, want %s", err, tt.want)
		}
	}
	// What was before the damage is handed out.
	n := 0
	damaged := append(bytes.Clone(ng[:len(ng)-800]), make([]byte, 1000)...)
	if _, err := Read(bytes.NewReader(damaged), Options{}, func(*Message) error { n++; return nil }); err == nil || n < 10 {
		t.Errorf("got %v after %d messages", err, n)
	}
	broken := errors.New("broken disk")
	if _, err := Read(io.MultiReader(bytes.NewReader(classic[:5000]), iotest.ErrReader(broken)), Options{}, func(*Message) error { return nil }); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
	// An old version had the lengths the other way around.
	old := set(classic, 6, 2)
	if stats, err := Read(bytes.NewReader(old), Options{}, func(*Message) error { return nil }); err != nil || stats.Messages != uint64(len(dialogue(102))) {
		t.Errorf("got %v, %+v", err, stats)
	}
}

func TestLooks(t *testing.T) {
	packets := packetsOf(plainPieces(dialogue(103)), clientEnd, serverEnd)
	classic := usual.file(packets)
	var zipped, other bytes.Buffer
	for w, data := range map[*bytes.Buffer][]byte{&zipped: classic, &other: []byte(strings.Repeat("text", 100))} {
		z := gzip.NewWriter(w)
		z.Write(data)
		z.Close()
	}
	for _, tt := range []struct {
		head []byte
		want bool
	}{
		{classic[:8], true},
		{classic[:4], true},
		{classic[:3], false},
		{pcapForm{binary.BigEndian, true, 1}.file(nil)[:8], true},
		{ngFile(binary.BigEndian, "", nil)[:8], true},
		{ngFile(binary.LittleEndian, "", nil)[:12], true},
		{[]byte("\n\r\r\n some text"), false},
		{[]byte{0, 1, 0, 4, 0, 0, 0, 8}, false},
		{zipped.Bytes()[:512], true},
		{other.Bytes(), false},
		{[]byte{0x1f, 0x8b, 8}, false},
		{nil, false},
	} {
		if got := Looks(tt.head); got != tt.want {
			t.Errorf("%x: got %v", tt.head[:min(len(tt.head), 12)], got)
		}
	}
}

func TestKeyLog(t *testing.T) {
	id, secret := strings.Repeat("ab", 32), strings.Repeat("cd", 48)
	for _, tt := range []struct {
		text       string
		lines, bad uint64
		sessions   int
	}{
		{"# a comment\n\nCLIENT_RANDOM " + id + " " + secret + "\r\n", 1, 0, 1},
		{"CLIENT_RANDOM " + id + " " + secret, 1, 0, 1},
		{"EXPORTER_SECRET " + id + " " + secret + "\nRSA 0102030405060708 " + secret, 2, 0, 0},
		{"CLIENT_TRAFFIC_SECRET_0 " + strings.ToUpper(id) + " " + secret[:64] + "\nSERVER_TRAFFIC_SECRET_0 " + id + " " + secret[:64], 2, 0, 1},
		{"CLIENT_RANDOM " + id[2:] + " " + secret, 0, 1, 0},
		{"CLIENT_RANDOM " + id, 0, 1, 0},
		{"CLIENT_RANDOM " + id + " xyz", 0, 1, 0},
		{"CLIENT_RANDOM " + id + " " + strings.Repeat("00", 65), 0, 1, 0},
		{strings.Repeat("x", 5000) + "\nCLIENT_RANDOM " + id + " " + secret, 1, 1, 1},
	} {
		var k keyLog
		if err := k.read(strings.NewReader(tt.text)); err != nil || k.lines != tt.lines || k.bad != tt.bad || len(k.sessions) != tt.sessions {
			t.Errorf("%.40q: got %d lines, %d bad, %d sessions, %v", tt.text, k.lines, k.bad, len(k.sessions), err)
		}
	}
	file := usual.file(packetsOf(plainPieces(dialogue(104)), clientEnd, serverEnd))
	_, err := Read(bytes.NewReader(file), Options{Keys: strings.NewReader("-----BEGIN CERTIFICATE-----\n")}, func(*Message) error { return nil })
	if err == nil || !strings.Contains(err.Error(), `key log: no secret in it, line 1 is not of the form`) {
		t.Errorf("got %v", err)
	}
	broken := errors.New("broken disk")
	if _, err := Read(bytes.NewReader(file), Options{Keys: iotest.ErrReader(broken)}, nil); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
	var k keyLog
	if err := k.read(io.LimitReader(comments{}, maxKeyLog+10)); err == nil || !strings.Contains(err.Error(), "more than 67108864 bytes") {
		t.Errorf("got %v", err)
	}
}

// comments is an endless file of them.
type comments struct{}

func (comments) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = '#'
	}
	p[len(p)-1] = '\n'
	return len(p), nil
}
