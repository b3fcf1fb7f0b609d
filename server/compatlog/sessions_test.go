package compatlog_test

import (
	"context"
	"encoding/hex"
	"errors"
	"flag"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"estream/pki"
	"estream/server"
	"estream/server/compatlog"
	"estream/session"
	"estream/wire"
)

var update = flag.Bool("update", false, "write the golden files")

// newLog returns a log that writes to a buffer, at 19:22:14 UTC on a machine called fmc.
func newLog(o compatlog.Options) (*compatlog.Log, *strings.Builder) {
	out := new(strings.Builder)
	o.Sinks, o.PID = append(o.Sinks, compatlog.NewFile(out, "fmc")), 7414
	if o.Now == nil {
		o.Now = func() time.Time { return time.Date(2020, 6, 3, 9, 22, 14, 0, time.FixedZone("CEST", 7200)) }
	}
	return compatlog.New(o), out
}

var (
	client = netip.MustParseAddrPort("10.48.26.47:46538")
	named  = pki.Client{Host: "siem.example.com", CN: "siem.example.com"}
	byAddr = pki.Client{Host: "10.48.26.47", CN: "10.48.26.47"}
)

// encoreRequest is the streaming request that eNcore 3.5 sends.
const encoreRequest = "00001a0b0000003848900061000000000009000c000400150009001f000b003d000e00470004005b000700650006006f0002008300000000"

// services are those of a Management Center.
var services = []wire.Service{{ID: 5001}, {ID: 5000}, {ID: 6667}}

// succeed is a whole session of eNcore.
func succeed(t *testing.T, tr *server.Trace, n uint64, remote netip.AddrPort, c pki.Client, addrs []netip.Addr) {
	t.Helper()
	body, err := hex.DecodeString(encoreRequest)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := wire.ParseStreamingRequest(body)
	if err != nil {
		t.Fatal(err)
	}
	asked := parsed.Services[0]
	asked.Start = 1591210934
	tr.Accepted(n, remote)
	tr.Admitted(n, c, addrs, true)
	tr.Request(n, 8, asked.Start, asked.Flags)
	tr.Published(n, services, 48)
	tr.StreamRequest(n, len(body), asked)
	tr.Streaming(n, session.Request{Start: asked.Start, Flags: asked.Flags, Extended: true, Pairs: asked.Pairs})
	tr.Opened(n, asked.ID, asked.Start, "00000000000000000000-0000.seg", 1591210800)
}

// TestSessions: the lines of whole sessions, in the wording and order of the documents.
func TestSessions(t *testing.T) {
	mismatch := &pki.Refusal{
		Reason: pki.WrongHost, Remote: netip.MustParseAddr("10.48.26.50"), CN: "siem.example.com", Host: "siem.example.com",
		Resolved: []netip.Addr{netip.MustParseAddr("10.62.148.41")},
	}
	for _, c := range []struct {
		name string
		run  func(tr *server.Trace)
	}{
		{"success", func(tr *server.Trace) {
			succeed(t, tr, 23935, client, byAddr, nil)
			tr.Ended(23935, nil)
		}},
		{"name", func(tr *server.Trace) {
			succeed(t, tr, 1, client, named, []netip.Addr{netip.MustParseAddr("10.62.148.41"), client.Addr()})
			tr.Ended(1, nil)
		}},
		// Behind address translation: admitted from an address that is not the host's.
		{"translated", func(tr *server.Trace) {
			tr.Accepted(1, client)
			tr.Admitted(1, named, []netip.Addr{netip.MustParseAddr("10.62.148.41")}, true)
			tr.Ended(1, context.Canceled)
		}},
		{"ipv6", func(tr *server.Trace) {
			succeed(t, tr, 1, netip.MustParseAddrPort("[2001:db8::17]:46538"), pki.Client{Host: "2001:db8::17", CN: "2001:db8::17"}, nil)
			tr.Ended(1, context.Canceled)
		}},
		{"mismatch", func(tr *server.Trace) {
			tr.Accepted(4, netip.MustParseAddrPort("10.48.26.50:50100"))
			tr.Refused(4, mismatch)
			tr.Ended(4, mismatch)
		}},
		{"certificate", func(tr *server.Trace) {
			foreign := &pki.Refusal{Reason: pki.ForeignCA, Remote: client.Addr(), CN: "10.48.26.47"}
			tr.Accepted(5, client)
			tr.Refused(5, foreign)
			tr.Ended(5, foreign)
		}},
		// A diagnostics probe leaves after the first answer, and the session follows.
		{"probe", func(tr *server.Trace) {
			tr.Accepted(8510, client)
			tr.Admitted(8510, byAddr, nil, true)
			tr.Request(8510, 8, wire.StartNow, wire.DefaultFlags)
			tr.Published(8510, services, 48)
			tr.Ended(8510, nil)
			succeed(t, tr, 8511, netip.MustParseAddrPort("10.48.26.47:46539"), byAddr, nil)
		}},
		// The 4.9 client of the SDK: flags only, new events only, then host data.
		{"flags", func(tr *server.Trace) {
			tr.Accepted(6, client)
			tr.Admitted(6, byAddr, nil, false)
			flags := wire.FlagIntrusion | wire.FlagMetadataV4 | wire.FlagDiscoveryV5 | wire.FlagUser | wire.FlagArchiveTimestamp | wire.FlagCorrelationV5
			tr.Request(6, 8, wire.StartNow, flags)
			tr.Streaming(6, session.Request{Start: wire.StartNow, Flags: flags})
			tr.Opened(6, 6667, wire.StartNow, "00000000000000000000-0000.seg", 1591210800)
			tr.HostRequest(6, wire.HostDataRequest{DataType: 5, Flags: 3, First: netip.MustParseAddr("10.0.0.0"), Last: netip.MustParseAddr("10.0.0.255")})
			tr.Failed(6, errors.New("client has not acknowledged for 5m0s"))
			tr.Ended(6, errors.New("client has not acknowledged for 5m0s"))
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			log, out := newLog(compatlog.Options{})
			c.run(log.Trace())
			if *update {
				if err := os.WriteFile(golden(c.name), []byte(out.String()), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if want := readGolden(t, c.name); out.String() != string(want) {
				t.Errorf("got\n%swant\n%s", out, want)
			}
		})
	}
}

// TestDocumentedWords: the lines that the documents print, word for word, each in the
// lines of a session that is like theirs.
func TestDocumentedWords(t *testing.T) {
	log, out := newLog(compatlog.Options{})
	tr := log.Trace()
	succeed(t, tr, 23935, client, named, []netip.Addr{netip.MustParseAddr("10.62.148.41"), client.Addr()})
	tr.Ended(23935, nil)
	at := 0
	for _, line := range []string{
		"Jun  3 07:22:14 fmc SF-IMS[7414]: [7414] Event Streamer:ConnectionHandler [INFO] Accepted IPv4 connection from 10.48.26.47:46538/tcp\n",
		"] Event Streamer:ConnectionHandler [INFO] Added 10.48.26.47 to host table\n",
		"] Event Streamer:ConnectionHandler [INFO] Added 10.48.26.47(23935) to host table\n",
		":SFUtil [INFO] Found IPv4 address 10.62.148.41 for siem.example.com\n",
		":ConnectionHandler [INFO] Resolved CN siem.example.com to 10.48.26.47\n",
		"SF-IMS[23935]: [23935] EventStreamer child(siem.example.com):ConnectionHandler [INFO] Matched Certificate CN:siem.example.com to 10.48.26.47 (IPv4)\n",
		":sfestreamer [INFO] Got EVENT_STREAM_REQUEST length 8\n",
		":sfestreamer [INFO] Publishing service INFO total data size 48\n",
		":sfestreamer [INFO] Publishing service id:5001 - length size 8\n",
		":sfestreamer [INFO] Publishing service id:5000 - length size 8\n",
		":sfestreamer [INFO] Publishing service id:6667 - length size 8\n",
		":sfestreamer [INFO] Got UEC_STREAM_REQUEST length 56\n",
		":ConnectionHandler [INFO] requested service [6667] timestamp [1591210934]\n",
		":ConnectionHandler [INFO] Got Event type 12, version 9\n",
		":ConnectionHandler [INFO] Got Event type 131, version 2\n",
		":sfestreamer [INFO] EventStream Request (0x48900061): Since 1591210934 w/ NS Events w/ NS 6.0 Events w/ Packets w/ Extra IDS Event data w/ Metadata v4" +
			" w/ RUA 5.2 Events w/ Impact Alerts w/ 5.3 Impact Alerts w/ Impact Flags w/ RNA 5.3 Events w/ RNA 6.0 Flow w/ Policy 5.4 Events w/ FireAMP 6.0 Events" +
			" w/ Filelog 6.0 Events w/ Send archive timestamp w/ Send Detail Request\n",
		":ConnectionHandler [INFO] creating iterator for service [6667] prefix [unified2.] timestamp [1591210934]\n",
		":Unified2Iterator [INFO] Opened /var/sf/archive/netmap_0/unified2.1591210800\n",
		"] Event Streamer:ConnectionHandler [INFO] Child with pid 23935 exited with status 5120\n",
		"] Event Streamer:ConnectionHandler [INFO] Removed host entry for pid: 23935\n",
	} {
		i := strings.Index(out.String()[at:], line)
		if i < 0 {
			t.Fatalf("%q is not there, or not in this place:\n%s", line, out)
		}
		at += i + len(line)
	}
	if at != out.Len() {
		t.Errorf("after that: %q", out.String()[at:])
	}
}

func golden(name string) string { return filepath.Join("testdata", name+".log") }

func readGolden(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(golden(name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}
