package sensors

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"estream/layouts"
	"estream/output/conn/rsyslogtest"
	"estream/request"
	requestcsv "estream/request/csv"
	"estream/request/pcap"
	"estream/request/snmp"
	"estream/request/snmp/snmptrapdtest"
	"estream/request/syslog"
	"estream/session"
	"estream/wire"
)

// ask runs the reference client with the request of an output. The result waits for the
// end of the session, which is that of the server.
func (w *world) ask(t *testing.T, plugin string, out request.Output) (end func() request.Stats) {
	t.Helper()
	p, ok := request.FindPlugin(plugin)
	if !ok {
		t.Fatal(plugin)
	}
	connected, done := make(chan struct{}), make(chan error, 1)
	s := &request.Session{
		Addr: w.addr, Client: session.ClientConfig{TLS: w.tls, Start: wire.StartOldest, Flags: p.Flags}, Layouts: layouts.Default(),
		Output: out, Log: slog.New(slog.DiscardHandler), Connected: func(*session.Client) { close(connected) },
	}
	go func() { done <- s.Run(t.Context()) }()
	<-connected
	return func() request.Stats {
		t.Helper()
		if err := <-done; !errors.Is(err, request.ErrEnded) {
			t.Errorf("%s: %v", plugin, err)
		}
		if err := s.Finish(t.Context()); err != nil {
			t.Errorf("%s: %v", plugin, err)
		}
		return s.Stats
	}
}

// TestReferenceClient: what Snort wrote, through the server, asked for as ssl_test.pl
// asks, in captures that tshark reads, in csv, in rsyslog and in snmptrapd.
func TestReferenceClient(t *testing.T) {
	const name = "source/unified2/testdata/snort29-vlan-extradata.u2.gz"
	var alerts []string
	var packets []packet
	urgent, rules := 0, map[string]int{}
	for _, s := range unified2File(t, testFile(t, name)) {
		switch s.typ {
		case 2:
			packets = append(packets, s.packet())
		case 110:
		default:
			alerts = append(alerts, s.alert())
			if s.word(32) <= 2 {
				urgent++
			} else {
				rules[fmt.Sprint(s.word(20), ":", s.word(16))]++
			}
		}
	}
	w := serve(t, spool(t, "snort", name, loadMaps(t, "internal/demo/data")))
	c := w.connect(t, nil)
	await(t, "the server has read the file", func() bool {
		return c.counts.of(intrusionRecord) >= len(alerts) && c.counts.of(packetRecord) >= len(packets)
	})
	dir := t.TempDir()
	create := func(name string) *os.File {
		f, err := os.Create(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { f.Close() })
		return f
	}
	table, classic, ng := create("events.csv"), create("packets.pcap"), create("packets.pcapng")
	receiver := rsyslogtest.Start(t, rsyslogtest.TCP)
	classicOut, err := pcap.New(classic)
	if err != nil {
		t.Fatal(err)
	}
	ngOut, err := pcap.NewNG(ng, pcap.NGOptions{})
	if err != nil {
		t.Fatal(err)
	}
	sys, err := syslog.New(syslog.Options{Target: "syslog+tcp://" + receiver.Address, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	var ends []func() request.Stats
	for _, row := range []struct {
		plugin string
		out    request.Output
	}{{"csv", requestcsv.New(table, false)}, {"pcap", classicOut}, {"pcapng", ngOut}, {"syslog", sys}} {
		ends = append(ends, w.ask(t, row.plugin, row.out))
	}
	var all sync.WaitGroup
	for _, end := range ends {
		all.Go(func() {
			if n := end(); n.Undecoded > 0 {
				t.Errorf("%+v", n)
			}
		})
	}
	w.stop(t)
	all.Wait()

	if _, err := table.Seek(0, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	r := csv.NewReader(table)
	r.Comma = '|'
	rows, err := r.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range rows[1:] {
		got = append(got, fmt.Sprintf("%s.%06s #%s %s:%s:%s class %s priority %s %s:%s > %s:%s", c[2], c[3], c[1], c[5], c[4], c[6], c[7], c[8], c[9], c[11], c[10], c[12]))
	}
	if !slices.Equal(got, alerts) {
		t.Errorf("%d events in csv, want %d; first %q, want %q", len(got), len(alerts), got[:min(1, len(got))], alerts[0])
	}
	want := tshark(t, packets)
	for _, f := range []*os.File{classic, ng} {
		if got := tsharkFile(t, f.Name()); !slices.Equal(got, want) {
			t.Errorf("%s: %d packets, want %d as in Snort's file", filepath.Base(f.Name()), len(got), len(want))
		}
	}
	counted := 0
	for _, m := range receiver.Messages(urgent + len(rules)) {
		var n int
		_, after, ok := strings.Cut(m.Text, "sfAlertCount: ")
		if _, err := fmt.Sscan(strings.TrimRight(strings.Fields(after + " x")[0], ",;"), &n); err != nil || !ok || m.Facility != "user" || m.Severity != "notice" || !strings.Contains(m.Text, "Sourcefire Alert ") {
			t.Fatalf("%+v: %v", m, err)
		}
		counted += n
	}
	if counted != len(alerts) {
		t.Errorf("syslog tells of %d events, want %d", counted, len(alerts))
	}
	t.Logf("%d events, %d packets; %d messages to rsyslog", len(alerts), len(packets), urgent+len(rules))
}

// TestTraps: version 2c and 3, to a real receiver, of events that a client gets.
func TestTraps(t *testing.T) {
	const engine = "80001f8805aabbccdd"
	receiver := snmptrapdtest.Start(t, []string{"sf_community"}, "-e 0x"+engine+" alice SHA-256 authpassword AES privpassword")
	w := serve(t, spool(t, "snort", "source/unified2/testdata/multi-packet-event.u2", loadMaps(t, "internal/demo/data")))
	c := w.connect(t, nil)
	await(t, "the server has read the file", func() bool { return c.counts.of(intrusionRecord) > 0 })
	var ends []func() request.Stats
	for _, o := range []snmp.Options{
		{Version: "2c", Community: "sf_community"},
		{Version: "3", User: "alice", AuthProtocol: "SHA-256", AuthPassword: "authpassword", PrivProtocol: "AES", PrivPassword: "privpassword", EngineID: engine, State: filepath.Join(t.TempDir(), "state")},
	} {
		o.Target, o.Log = receiver.Address, slog.New(slog.DiscardHandler)
		out, err := snmp.New(o)
		if err != nil {
			t.Fatal(err)
		}
		ends = append(ends, w.ask(t, "snmp", out))
	}
	w.stop(t)
	for _, end := range ends {
		end()
	}
	for _, trap := range receiver.Traps(2) {
		if v := trap.Values; v["sfSignatureGenerator"] != "Gauge32: 120" || v["sfSignatureId"] != "Gauge32: 3" || v["sfAlertCount"] != "Gauge32: 1" {
			t.Errorf("%+v", trap)
		}
	}
}
