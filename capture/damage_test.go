package capture

import (
	"bytes"
	"crypto/tls"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"estream/transcript"
	"estream/wire"
)

// recordsOf returns where the TLS records of a side begin, as place in pieces and offset in it.
func recordsOf(pieces []piece, side transcript.Side) (at [][2]int) {
	left := 0
	for i, p := range pieces {
		if p.from != side {
			continue
		}
		for n := 0; n < len(p.data); {
			if left == 0 {
				at = append(at, [2]int{i, n})
				left = recordSize(p.data[n:])
			}
			k := min(left, len(p.data)-n)
			n, left = n+k, left-k
		}
	}
	return at
}

// Damage in one direction of a TLS session ends that direction, says so, and leaves the other alone.
func TestDamagedTLS(t *testing.T) {
	list := dialogue(110)
	client := goClient()
	client.MaxVersion = tls.VersionTLS12
	pieces12, keys12 := goTLS(t, list, client, goServer())
	pieces13, keys13 := goTLS(t, list, goClient(), goServer())
	fromClient := slices.DeleteFunc(slices.Clone(list), func(m said) bool { return m.from != transcript.Client })
	for _, tt := range []struct {
		name   string
		pieces []piece
		keys   string
		change func([]byte) // of a record in the middle
		want   string
	}{
		{"content", pieces13, keys13, func(p []byte) { p[recordHeader+3] ^= 1 }, "of the server does not decrypt with the secret of the key log: the capture is damaged"},
		{"content 1.2", pieces12, keys12, func(p []byte) { p[recordHeader+10] ^= 1 }, "TLS 1.2: record "},
		{"type", pieces13, keys13, func(p []byte) { p[0] = 99 }, "from the server: TLS record begins with 63 03 03"},
		{"length", pieces12, keys12, func(p []byte) { p[3] = 0xff }, "from the server: TLS record begins with 17 03 03 ff"},
	} {
		pieces := slices.Clone(tt.pieces)
		starts := recordsOf(pieces, transcript.Server)
		at := starts[len(starts)/2]
		pieces[at[0]].data = bytes.Clone(pieces[at[0]].data)
		tt.change(pieces[at[0]].data[at[1]:])
		sessions, problems, stats := readAll(t, usual.file(packetsOf(pieces, clientEnd, serverEnd)), tt.keys)
		// The record may be in the middle of a message, which is then one without end.
		if len(problems) != 1 || !strings.Contains(problems[0], tt.want) || stats.Decrypted != 1 || stats.Undecryptable == 0 {
			t.Errorf("%s: problems %q, %+v", tt.name, problems, stats)
		}
		got := slices.DeleteFunc(slices.Clone(sessions[1]), func(m said) bool { return m.from != transcript.Client })
		compare(t, got, fromClient)
		if n := len(sessions[1]) - len(got); n < 3 || n >= len(list)-len(fromClient) {
			t.Errorf("%s: %d messages of the server", tt.name, n)
		}
	}
	// A key log of another session, by its bytes.
	other := ""
	for line := range strings.Lines(keys13) {
		label, rest, _ := strings.Cut(line, " ")
		id, secret, _ := strings.Cut(rest, " ")
		other += label + " " + id + " " + strings.Repeat("0", len(strings.TrimSpace(secret))) + "\n"
	}
	sessions, problems, stats := readAll(t, usual.file(packetsOf(pieces13, clientEnd, serverEnd)), other)
	if len(sessions) > 0 || len(problems) != 2 || !strings.Contains(problems[0], "the key log is of another session") || stats.Undecrypted != 1 {
		t.Errorf("problems %q, %+v", problems, stats)
	}
	// The connection breaks in the middle of a record.
	starts := recordsOf(pieces13, transcript.Server)
	at := starts[len(starts)-2]
	broken := slices.Clone(pieces13[:at[0]+1])
	broken[at[0]].data = broken[at[0]].data[:at[1]+7]
	_, problems, _ = readAll(t, usual.file(packetsOf(broken, clientEnd, serverEnd)), keys13)
	if len(problems) != 1 || !strings.Contains(problems[0], "from the server: ends in the middle of a TLS record, 7 bytes of it are there") {
		t.Errorf("problems %q", problems)
	}
	// A handshake that just ends.
	_, problems, stats = readAll(t, usual.file(packetsOf(pieces12[:2], clientEnd, serverEnd)), keys12)
	if len(problems) != 1 || !strings.Contains(problems[0], "the handshake was not finished, and neither side said why") || stats.Undecrypted != 1 {
		t.Errorf("problems %q, %+v", problems, stats)
	}
}

// What comes in dribs is whole in the end, on any port, from the beginning or in the middle.
func TestDribs(t *testing.T) {
	list := slices.DeleteFunc(dialogue(111), func(m said) bool { return len(m.data) > 200 })
	pieces, keys := goTLS(t, list, goClient(), goServer())
	for _, port := range []uint16{DefaultPort, 7777} {
		for name, pieces := range map[string][]piece{"plain": plainPieces(list), "tls": pieces} {
			for size := 1; size < 10; size++ {
				var dribs []piece
				for _, p := range pieces {
					for data := range slices.Chunk(p.data, size) {
						dribs = append(dribs, piece{p.from, data})
					}
				}
				file := usual.file(inOrder(packetsOf(dribs, clientEnd, netip.AddrPortFrom(serverEnd.Addr(), port))))
				sessions, problems, stats := readAll(t, file, keys)
				if len(problems) > 0 || stats.Sessions != 1 {
					t.Errorf("%s, port %d, %d bytes: problems %q, %+v", name, port, size, problems, stats)
				}
				compare(t, sessions[1], list)
			}
		}
	}
	// Without its beginning, who is the client is told by what is said.
	for _, ends := range [][2]netip.AddrPort{
		{clientEnd, netip.AddrPortFrom(serverEnd.Addr(), 50000)},
		{netip.AddrPortFrom(clientEnd.Addr(), 50000), netip.AddrPortFrom(serverEnd.Addr(), 40000)},
	} {
		sessions, problems, _ := readAll(t, usual.file(packetsOf(plainPieces(list[2:]), ends[0], ends[1])[3:]), "")
		if len(problems) > 0 {
			t.Errorf("problems %q", problems)
		}
		compare(t, sessions[1], list[2:])
		// The answer was captured before the question.
		packets := packetsOf(plainPieces(list), ends[0], ends[1])
		packets[0], packets[1] = packets[1], packets[0]
		sessions, problems, stats := readAll(t, usual.file(inOrder(packets)), "")
		if len(problems) > 0 || stats.Flows != 1 {
			t.Errorf("problems %q, %+v", problems, stats)
		}
		compare(t, sessions[1], list)
	}
	// Next to nothing is said.
	for size, want := range map[int]string{3: "3 bytes were sent in all, too few for TLS or a message", 100: "begins with 58 58 58 58 58 58 58 58, which is neither TLS nor an eStreamer message"} {
		_, problems, stats := readAll(t, usual.file(packetsOf([]piece{{transcript.Client, bytes.Repeat([]byte("X"), size)}}, clientEnd, serverEnd)), "")
		if len(problems) != 1 || !strings.Contains(problems[0], want) || stats.Sessions != 1 {
			t.Errorf("problems %q, %+v", problems, stats)
		}
	}
}

func TestLooksLikeMessage(t *testing.T) {
	message := func(typ wire.MessageType, length uint32, rest ...byte) []byte {
		return append(wire.AppendHeader(nil, typ, length), rest...)
	}
	for _, tt := range []struct {
		p    []byte
		want bool
	}{
		{message(wire.TypeNull, 0), true},
		{message(wire.TypeNull, 1), false},
		{message(wire.TypeError, 6), true},
		{message(wire.TypeError, 5), false},
		{message(wire.TypeError, 70000), false},
		{message(wire.TypeEventStreamRequest, 8), true},
		{message(wire.TypeEventStreamRequest, 4), false},
		{message(wire.TypeHostDataRequest, 20), true},
		{message(wire.TypeEventData, 7), false},
		{message(wire.TypeEventData, 16<<20), true},
		{message(wire.TypeEventData, 16<<20+1), false},
		{message(wire.TypeSingleHostData, 0), true},
		{message(wire.TypeMultipleHostData, 0), true},
		{message(wire.TypeMessageBundle, 100), true},
		{message(wire.TypeStreamingInformation, 2<<20), false},
		{message(wire.TypeStreamingRequest, 100), true},
		{message(3, 8), false},
		{message(wire.TypeNull, 0)[:7], false},
		{[]byte{0, 2, 0, 4, 0, 0, 0, 8}, false},
		{message(wire.TypeNull, 0, 0), true},
		{message(wire.TypeNull, 0, 0, 1), true},
		{message(wire.TypeNull, 0, 0, 2), false},
		{message(wire.TypeNull, 0, 1, 1), false},
	} {
		if got := looksLikeMessage(tt.p); got != tt.want {
			t.Errorf("%x: got %v", tt.p, got)
		}
	}
}

// Sessions that openssl resumes: of TLS 1.2 by the server's number of them, with the secret of the
// first only; of TLS 1.3 with data in front of the handshake's end, which are none of eStreamer's.
func TestResumption(t *testing.T) {
	first := dialogue(112)[0]
	for _, version := range []string{"-tls1_2", "-tls1_3"} {
		dir := t.TempDir()
		path := func(name string) string { return filepath.Join(dir, name) }
		file, addr := certificateFile(t, "rsa"), freePort(t)
		args := []string{"s_server", "-quiet", "-accept", addr, "-cert", file, "-key", file, version}
		if version == "-tls1_2" {
			args = append(args, "-no_ticket")
		} else {
			args = append(args, "-early_data")
		}
		server, gone := openssl(t, args...)
		if err := os.WriteFile(path("early"), []byte("early words"), 0o600); err != nil {
			t.Fatal(err)
		}
		var packets []frameIP
		for i := range 2 {
			tap := newTap(t, addr, gone)
			args := []string{"s_client", "-quiet", "-no_ign_eof", "-connect", tap.addr, version, "-keylogfile", path("keys")}
			early := 0
			switch {
			case i == 0:
				args = append(args, "-sess_out", path("session"))
			case version == "-tls1_3":
				args = append(args, "-sess_in", path("session"), "-early_data", path("early"))
				early = len("early words")
			default:
				args = append(args, "-sess_in", path("session"))
			}
			client, done := openssl(t, args...)
			if _, err := client.Write(first.data); err != nil {
				t.Fatal(err)
			}
			if _, err := io.ReadFull(server, make([]byte, early+len(first.data))); err != nil {
				t.Fatal(err)
			}
			// An answer, so that the tickets have come before the client goes.
			if _, err := server.Write(wire.AppendNull(nil)); err != nil {
				t.Fatal(err)
			}
			if _, err := io.ReadFull(client, make([]byte, wire.HeaderSize)); err != nil {
				t.Fatal(err)
			}
			client.Writer.(io.Closer).Close()
			<-done
			<-tap.done
			packets = append(packets, packetsOf(tap.pieces, netip.AddrPortFrom(clientEnd.Addr(), uint16(50000+i)), serverEnd)...)
		}
		data, err := os.ReadFile(path("keys"))
		if err != nil {
			t.Fatal(err)
		}
		keys := string(data)
		if version == "-tls1_2" {
			keys, _, _ = strings.Cut(keys[strings.Index(keys, "CLIENT_RANDOM"):], "\n")
		}
		sessions, problems, stats := readAll(t, usual.file(inOrder(packets)), keys)
		if len(problems) > 0 || stats.Decrypted != 2 || (stats.Undecryptable > 0) != (version == "-tls1_3") {
			t.Errorf("%s: problems %q, %+v", version, problems, stats)
		}
		for i := range 2 {
			compare(t, sessions[i+1], []said{first, {transcript.Server, wire.AppendNull(nil)}})
		}
	}
}
