package serverstatus_test

import (
	"encoding/json"
	"flag"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"estream/internal/serverstatus"
)

var update = flag.Bool("update", false, "write the golden files")

var at = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

func full() *serverstatus.Status {
	remote := netip.MustParseAddrPort
	return &serverstatus.Status{
		At: at, Started: at.Add(-26*time.Hour - 90*time.Second), PID: 7414, Ready: true,
		Versions: serverstatus.Versions{Estream: "1.2.3", Go: "go1.26", System: "linux/amd64", Records: 190, Blocks: 320},
		Data:     "/var/lib/estream-server", Role: "center", Listen: []string{"[::]:8302"}, Boxes: []string{"intrusion", "connection"}, Registered: 3,
		Connections: serverstatus.Connections{Accepted: 40, Sessions: 3, Refused: map[string]uint64{"wrong_host": 2, "foreign_ca": 30}, Failed: 1, Busy: 4, Messages: 1234567, Bytes: 5 << 30},
		Clients: []serverstatus.Client{
			{Session: 12, Host: "siem.example.com", Remote: remote("[::ffff:10.0.0.7]:50000"), Since: at.Add(-time.Minute), Messages: 10, Bytes: 2000, Waiting: 3, Behind: 7},
			{Session: 9, Host: "siem.example.com", Remote: remote("10.0.0.7:50001"), Since: at.Add(-25 * time.Hour), Messages: 1234557, Bytes: 5<<30 - 2000},
			{Session: 13, Host: "2001:db8::7", Remote: remote("[2001:db8::7]:50002"), Since: at, Request: "x"},
		},
		Sources: []serverstatus.Source{
			{Name: "eve-dmz", Kind: "eve", Device: "dmz", Received: 100, Journaled: 99, Unchecked: 1, LastEvent: at.Add(-time.Second)},
			{Name: "snort", Kind: "unified2", Device: "inside", Error: "open /x:\x1b[2J permission denied"},
			{Name: "replay", Kind: "replay", Ended: true},
		},
		Journal: serverstatus.Journal{
			Bytes: 3 << 30, Segments: 48, First: 1000, End: 5000, Durable: 5000, Oldest: at.AddDate(0, 0, -9), Newest: at, RetainBytes: 8 << 30, RetainAge: 864000, Deleted: 1000, Damaged: 2,
			Stall: "no space left on device",
		},
		Certificates: []serverstatus.Certificate{{"Internal CA", at.AddDate(10, 0, 0)}, {"server", at.AddDate(0, 0, -1)}},
		NetworkMap:   &serverstatus.NetworkMap{Hosts: 250, Evicted: 1},
		Problems:     []string{"the journal cannot be written: no space left on device"},
	}
}

// TestText: what people read, in golden files.
func TestText(t *testing.T) {
	starting := &serverstatus.Status{At: at, PID: 1, HostCheck: true, Versions: serverstatus.Versions{Estream: "1", Go: "go1.26", System: "linux/arm64"}, Data: "data"}
	draining := full()
	draining.Draining = true
	for name, s := range map[string]*serverstatus.Status{"full": full(), "starting": starting, "draining": draining} {
		var b strings.Builder
		if err := serverstatus.WriteText(&b, s); err != nil {
			t.Fatal(err)
		}
		file := filepath.Join("testdata", name+".txt")
		if *update {
			if err := os.WriteFile(file, []byte(b.String()), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if b.String() != string(want) {
			t.Errorf("%s: got\n%s\nwant\n%s", name, b.String(), want)
		}
	}
}

// TestJSON: every field survives, and says its name.
func TestJSON(t *testing.T) {
	data, err := json.Marshal(full())
	if err != nil {
		t.Fatal(err)
	}
	var got serverstatus.Status
	if err := json.Unmarshal(data, &got); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(&got, full()) {
		t.Errorf("got\n%+v\nwant\n%+v", got, full())
	}
	if strings.Contains(string(data), `"Session"`) || !strings.Contains(string(data), `"retain_age_seconds":864000`) {
		t.Errorf("names: %s", data)
	}
}

// TestHostTable: an address with all of its sessions, IPv4 in its own form.
func TestHostTable(t *testing.T) {
	want := []serverstatus.HostEntry{{netip.MustParseAddr("10.0.0.7"), []uint64{9, 12}}, {netip.MustParseAddr("2001:db8::7"), []uint64{13}}}
	if got := serverstatus.HostTable(full().Clients); !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
