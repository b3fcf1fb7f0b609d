package capture

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"estream/transcript"
)

// run runs a tool of Wireshark.
func run(t *testing.T, name string, args ...string) []byte {
	t.Helper()
	cmd := exec.Command(name, args...)
	var log bytes.Buffer
	cmd.Stderr = &log
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %v: %v\n%s(these tests need tshark and its tools: apt-get install tshark)", name, args, err, &log)
	}
	return out
}

// A session of crypto/tls on loopback, captured by dumpcap while it runs: everything is there, and
// tshark decrypts the same bytes.
func TestDumpcap(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	cmd := exec.Command("dumpcap", "-q", "-i", "lo", "-f", "tcp port "+port, "-w", "-")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	log, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatalf("%v: this test needs dumpcap (apt-get install wireshark-common), and root", err)
	}
	defer func() {
		_ = cmd.Process.Kill() // it may be gone
		_ = cmd.Wait()         // says that it was killed
	}()
	lines, told := bufio.NewScanner(log), ""
	for !strings.Contains(told, "File: ") {
		if !lines.Scan() {
			t.Fatalf("dumpcap does not capture on lo, for which it needs to be root: %s", told)
		}
		told += lines.Text() + "\n"
	}
	go func() {
		for lines.Scan() { // or it would wait for a reader
		}
	}()

	list := dialogue(11)
	var keys bytes.Buffer
	talked := make(chan error, 1)
	go func() {
		accepted := make(chan net.Conn, 1)
		go func() {
			c, _ := l.Accept() // nil is told below
			accepted <- c
		}()
		conn, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			talked <- err
			return
		}
		back := <-accepted
		if back == nil {
			talked <- errors.New("not accepted")
			return
		}
		c := tls.Client(conn, &tls.Config{InsecureSkipVerify: true, KeyLogWriter: &keys})
		s := tls.Server(back, &tls.Config{Certificates: []tls.Certificate{certificate(t, "rsa")}})
		err = talk(list, c, s)
		talked <- errors.Join(err, c.Close(), s.Close())
	}()
	if err := <-talked; err != nil {
		t.Fatal(err)
	}

	// The port is no eStreamer server's: what is said tells.
	var file bytes.Buffer
	var got []said
	all := errors.New("all is there")
	_, err = Read(io.TeeReader(out, &file), Options{Keys: bytes.NewReader(keys.Bytes())}, func(m *Message) error {
		if m.Err != nil {
			return m.Err
		}
		got = append(got, said{m.From, bytes.Clone(m.Data)})
		if len(got) == len(list) {
			return all
		}
		return nil
	})
	if err != all {
		t.Fatalf("got %v after %d messages", err, len(got))
	}
	compare(t, got, list)
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(&file, out); err != nil {
		t.Fatal(err)
	}

	dir := t.TempDir()
	capture, log2 := filepath.Join(dir, "c.pcapng"), filepath.Join(dir, "keys")
	if err := errors.Join(os.WriteFile(capture, file.Bytes(), 0o600), os.WriteFile(log2, keys.Bytes(), 0o600)); err != nil {
		t.Fatal(err)
	}
	text := run(t, "tshark", "-r", capture, "-o", "tls.keylog_file:"+log2, "-d", "tcp.port=="+port+",tls", "-d", "tls.port=="+port+",data",
		"-T", "fields", "-E", "aggregator=/s", "-e", "tcp.dstport", "-e", "data.data")
	theirs := map[transcript.Side][]byte{}
	for line := range strings.Lines(string(text)) {
		to, digits, _ := strings.Cut(line, "\t")
		side := transcript.Server
		if to == port {
			side = transcript.Client
		}
		data, err := hex.DecodeString(strings.Join(strings.Fields(digits), ""))
		if err != nil {
			t.Fatalf("tshark: %q: %v", line, err)
		}
		theirs[side] = append(theirs[side], data...)
	}
	for _, side := range []transcript.Side{transcript.Client, transcript.Server} {
		var ours []byte
		for _, m := range got {
			if m.from == side {
				ours = append(ours, m.data...)
			}
		}
		if len(ours) == 0 || !bytes.Equal(ours, theirs[side]) {
			t.Errorf("%s: tshark decrypts %d bytes, we %d", side, len(theirs[side]), len(ours))
		}
	}
}

// The forms that Wireshark's tools make of one capture: pcapng with the secrets inside,
// several interfaces with different link types, nanoseconds, packets that are not ours.
func TestForms(t *testing.T) {
	list := dialogue(12)
	pieces, keys := goTLS(t, list, goClient(), goServer())
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	write := func(name string, data []byte) string {
		if err := os.WriteFile(path(name), data, 0o600); err != nil {
			t.Fatal(err)
		}
		return path(name)
	}
	packets, packets6 := packetsOf(pieces, clientEnd, serverEnd), packetsOf(pieces, client6, server6)
	usec := write("usec.pcap", usual.file(packets))
	secrets := write("keys", []byte(keys))
	sll := pcapForm{order: usual.order, link: linkSLL}
	six := write("six.pcap", sll.file(packets6))
	run(t, "editcap", "-F", "pcapng", "--inject-secrets", "tls,"+secrets, usec, path("dsb.pcapng"))
	run(t, "editcap", "-F", "nsecpcap", usec, path("nsec.pcap"))
	run(t, "mergecap", "-F", "pcapng", "-w", path("merged.pcapng"), usec, six)
	run(t, "editcap", "-F", "pcapng", "--inject-secrets", "tls,"+secrets, path("merged.pcapng"), path("both.pcapng"))
	for _, tt := range []struct {
		file, keys string
		sessions   int
	}{
		{"usec.pcap", keys, 1},
		{"nsec.pcap", keys, 1},
		{"dsb.pcapng", "", 1},
		{"merged.pcapng", keys, 2},
		{"both.pcapng", "", 2},
	} {
		data, err := os.ReadFile(path(tt.file))
		if err != nil {
			t.Fatal(err)
		}
		if !Looks(data[:8]) {
			t.Errorf("%s does not look like a capture", tt.file)
		}
		sessions, problems, stats := readAll(t, data, tt.keys)
		if len(problems) > 0 || len(sessions) != tt.sessions || stats.Cut {
			t.Errorf("%s: %d sessions, problems %q, %+v", tt.file, len(sessions), problems, stats)
		}
		for _, got := range sessions {
			compare(t, got, list)
		}
	}
}
