package e2e

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"estream/output/conn/rsyslogtest"
	"estream/service"
	"estream/synth"
)

// TestThreeCenters has one service with three Management Centers, two of them a
// high-availability pair with the same events, and five outputs. While it works it
// is killed, one rsyslogd is killed, and an output is added and removed.
func TestThreeCenters(t *testing.T) {
	const count, rate = 12_000, "1500" // messages of each stream, and a second
	dir := t.TempDir()
	streams := []string{filepath.Join(dir, "pair-1.bin"), filepath.Join(dir, "pair-2.bin"), filepath.Join(dir, "single.bin")}
	for i, seed := range []uint64{21, 0, 22} {
		if seed == 0 {
			writeMember(t, streams[i], streams[0])
			continue
		}
		if err := writeStream(streams[i], count, synth.Options{Seed: seed, Duplicates: 0.02, Metadata: 0.02, EventsPerSecond: 500}); err != nil {
			t.Fatal(err)
		}
	}
	splunk, cef := []string{"--format", "splunk", "--profile", "fixed"}, []string{"--format", "cef", "--profile", "strict", "--prefix", ""}
	same, alone := streams[:2], streams[2:]
	file := expect(t, []string{"--format", "json", "--profile", "fixed"}, same, alone)
	tcp, tls := expect(t, splunk, same, alone), expect(t, cef, same, alone)
	relp, udp := expect(t, cef, same, alone), expect(t, cef, same, alone)

	secure, confirmed := rsyslogtest.Start(t, rsyslogtest.TLS), rsyslogtest.Start(t, rsyslogtest.RELP)
	authority, certificate, key := writePKI(t, dir, secure.PKI)
	stream, datagrams := lineServer(t, tcp), datagramServer(t, udp)

	var sources strings.Builder
	var servers []*process
	for i, path := range streams {
		p := newPlace(t)
		server := p.serve(t, "127.0.0.1:0", "--replay-as-is", path, "--rate", rate)
		_, port, err := net.SplitHostPort(server.listening())
		if err != nil {
			t.Fatal(err)
		}
		servers = append(servers, server)
		fmt.Fprintf(&sources, "  - {name: fmc-%d, host: 127.0.0.1, port: %s, pkcs12: %s, start: oldest}\n", i+1, port, p.pkcs12)
	}
	const where = ", filter: {where: 'category != \"metadata\"'}"
	outputs := fmt.Sprintf(`outputs:
  - {name: file, format: json, to: "file:%s"`+where+`}
  - {name: tcp, format: splunk, to: "tcp://%s"`+where+`}
  - {name: tls, format: cef, to: "syslog+tls://%s", tls: {ca: %s, certificate: %s, key: %s}`+where+`}
  - {name: relp, format: cef, to: "relp://%s"`+where+`}
  - {name: udp, format: cef, to: "syslog+udp://%s", max_line: 60000`+where+`}
`, filepath.Join(dir, "events.json"), stream, secure.Address, authority, certificate, key, confirmed.Address, datagrams)
	r := newRun(t, fmt.Sprintf("version: 1\nstate: %s\nsources:\n%sgroups:\n  - {name: pair, members: [fmc-1, fmc-2]}\n%s", filepath.Join(dir, "state"), &sources, outputs))

	// The events are spread over the time of the replay: each fault comes when so much
	// of it has been written.
	written := func(share int) func(service.Status) bool {
		return func(s service.Status) bool { return fileSize(filepath.Join(dir, "events.json")) > int64(share)*(1<<20) }
	}
	r.await("20 MiB in the file", written(20))
	r.process.kill()
	r.start()
	r.await("35 MiB in the file", written(35))
	confirmed.Kill() // what a killed receiver of TCP or TLS had not processed would be lost
	confirmed.Start()
	r.await("50 MiB in the file", written(50))
	extra := filepath.Join(dir, "extra.csv")
	r.reload(t, fmt.Sprintf("  - {name: extra, format: csv, to: \"file:%s\"}\n", extra))
	r.await("lines of the output that was added", func(service.Status) bool { return fileSize(extra) > 1<<20 })
	r.reload(t, "")
	length := fileSize(extra)
	for _, s := range servers {
		s.await("source has been read to its end")
	}
	due := file.reckon().due
	var last service.Status
	r.await("everything in all outputs", func(s service.Status) bool {
		last = s
		for _, o := range s.Outputs {
			if o.Waiting > 0 {
				return false
			}
		}
		var received uint64
		for _, o := range s.Sources {
			received += o.Received
		}
		return s.Journal.Messages >= uint64(due) && received > 0 && r.settled(s)
	})
	r.process.interrupt()

	data, err := os.Open(filepath.Join(dir, "events.json"))
	if err != nil {
		t.Fatal(err)
	}
	defer data.Close()
	eachLine(t, data, file.line)
	for _, m := range secure.Messages(0) {
		tls.line([]byte(m.Raw))
	}
	for _, m := range confirmed.Messages(0) {
		relp.line([]byte(m.Raw))
	}
	if fileSize(extra) != length {
		t.Errorf("the output that was removed has %d bytes, and had %d when it was removed", fileSize(extra), length)
	}

	t.Logf("%-5s %8s %8s %8s %8s %8s", "", "due", "come", "lost", "again", "strange")
	for _, o := range []struct {
		name      string
		e         *expectation
		all, once bool
	}{{"file", file, true, true}, {"tcp", tcp, true, false}, {"tls", tls, true, false}, {"relp", relp, true, false}, {"udp", udp, false, false}} {
		n := o.e.reckon()
		t.Logf("%-5s %v", o.name, n)
		if o.all && n.lost > 0 || o.once && n.again > 0 || n.strange > 0 {
			t.Errorf("%s: lost %d, again %d, strange %d: %.600s", o.name, n.lost, n.again, n.strange, o.e.sample())
		}
	}
	for _, s := range last.Sources {
		t.Logf("source %s since the kill: sessions %d, received %d, repeated %d, journaled %d", s.Name, s.Sessions, s.Received, s.Repeated, s.Journaled)
	}
	for _, g := range last.Groups {
		t.Logf("group %s since the kill: dropped %d, as the other member had brought them", g.Name, g.Repeated)
		if g.Repeated == 0 {
			t.Error("no event came from both members of the pair")
		}
	}
	for _, o := range last.Outputs {
		t.Logf("output %s since the kill: messages %d, lines %d, filtered %d, sent %d, lost %d, connects %d; promise: %s", o.Name, o.Messages, o.Lines, o.Filtered, transport(o).Lines, transport(o).Lost, transport(o).Connects, o.Guarantee)
		if sum := o.Lines + o.Raw + o.Silent + o.Filtered + o.Shed + o.Unwritten; o.Messages != sum {
			t.Errorf("output %s: %d messages, but %d were accounted for", o.Name, o.Messages, sum)
		}
	}
}

func transport(o service.OutputStatus) service.TransportStats {
	if o.Transport == nil {
		return service.TransportStats{}
	}
	return *o.Transport
}
