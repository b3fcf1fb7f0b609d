package encore

import (
	"bufio"
	"net"
	"strings"
	"testing"
	"time"

	"estream/encore/conf"
	"estream/estreamtest"
)

// TestNetworkOutputs: the destinations of 5.x beside a file. A dead TCP destination is
// said in eNcore's words, holds back nobody, and gets everything once it is there.
func TestNetworkOutputs(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	packets, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer packets.Close()
	center := estreamtest.Start(t)
	r := newRoom(t, center, "estreamer-5.x.conf", func(d *conf.Document) {
		d.Set("tcp://"+address, "handler", "outputters", 1, "stream", "uri")
		udp := outputter("cef")
		udp["stream"] = map[string]any{"uri": "udp://" + packets.LocalAddr().String()}
		d.Set(udp, "handler", "outputters", 2)
	})
	center.Next(probing())
	center.Next(asks(t, 0), estreamtest.Send(batch(t, 71, second0, 3)), estreamtest.Stall(nil))
	stop := r.start(r.client("secret\n"))
	host, port, _ := strings.Cut(address, ":")
	r.screen.wait(t, "SingleWorker ERROR    Socket Connection Error [", 1)
	r.screen.wait(t, "] Cannot connect to host "+host+":"+port+" - Retrying ...", 1)
	if err := packets.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 1<<16)
	for i := range 3 {
		n, _, err := packets.ReadFrom(buf)
		if line := string(buf[:n]); err != nil || !strings.HasPrefix(line, "<13>") || !strings.Contains(line, "CEF:0|Cisco|Firepower|") || !strings.HasSuffix(line, "\n") {
			t.Fatalf("datagram %d: %q, %v", i, line, err)
		}
	}
	if listener, err = net.Listen("tcp", address); err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	conn, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	lines := bufio.NewScanner(conn)
	lines.Buffer(nil, 1<<20)
	for i := range 3 {
		if !lines.Scan() || !strings.Contains(lines.Text(), "rec_type=71 ") {
			t.Fatalf("line %d: %q, %v", i, lines.Text(), lines.Err())
		}
	}
	awaitBookmark(t, r, second0+2)
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	if got := r.outputs("data/json/*"); len(got) != 3 {
		t.Errorf("%d lines in the file, want 3", len(got))
	}
}
