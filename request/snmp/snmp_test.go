package snmp

import (
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"estream/internal/recordtest"
	"estream/layouts"
	"estream/request/alert"
	"estream/request/internal/outputtest"
	"estream/request/snmp/snmptrapdtest"
)

const (
	authSecret = "auth-secret-1"
	privSecret = "priv-secret-2"
)

// stream returns the name of a rule, an urgent IPv4 event, and two IPv6 events that
// can wait.
func stream(t testing.TB) []byte {
	set := layouts.Default()
	text := "ET TROJAN \"Beacon\"\n"
	all := recordtest.Message(t, set, 66, 0, recordtest.Fields{
		"generator_id": 1, "rule_id": 2024897, "rule_revision": 3, "message_length": len(text), "message": text,
	})
	all = append(all, recordtest.Message(t, set, 207, 0, recordtest.Fields{
		"event_second": 1700000000, "event_microsecond": 250000, "generator_id": 1, "rule_id": 2024897, "rule_revision": 3, "priority_id": 1,
		"source_ip_address": "\xc0\x00\x02\x07", "destination_ip_address": "\xc6\x33\x64\x09",
		"source_port_or_icmp_type": 4711, "destination_port_or_icmp_code": 80, "ip_protocol_id": 6,
	})...)
	for i := range 2 {
		all = append(all, recordtest.Message(t, set, 400, 85, recordtest.Fields{
			"event_second": 1700000010 + i, "generator_id": 119, "rule_id": uint64(4294967295), "rule_revision": 2, "priority_id": 3, "ip_protocol_id": 58,
			"source_ip_address":        netip.MustParseAddr("2001:db8::7").AsSlice(),
			"destination_ip_address":   netip.MustParseAddr("2001:db8::9").AsSlice(),
			"source_port_or_icmp_type": 128,
		})...)
	}
	return all
}

// What snmptrapd makes of stream, without sysUpTime and snmpTrapOID.
var traps = [][]string{
	{
		`Gauge32: 1`, `STRING: 192.0.2.7`, `STRING: 198.51.100.9`, `Gauge32: 1`, `STRING: 2023-11-14,22:13:20.2,+0:0`,
		`Gauge32: 1`, `Gauge32: 2024897`, `Gauge32: 3`, `Gauge32: 6`, `Gauge32: 4711`, `Gauge32: 80`,
		`Hex-STRING: C0 00 02 07 `, `Hex-STRING: C6 33 64 09 `, `STRING: ET TROJAN "Beacon"\n`,
	},
	{
		`Gauge32: 3`, `STRING: 2001:db8::7`, `STRING: 2001:db8::9`, `Gauge32: 2`, `STRING: 2023-11-14,22:13:31.0,+0:0`,
		`Gauge32: 119`, `Gauge32: 4294967295`, `Gauge32: 2`, `Gauge32: 58`, `Gauge32: 128`, `Gauge32: 0`,
		`Hex-STRING: 20 01 0D B8 00 00 00 00 00 00 00 00 00 00 00 07 `, `Hex-STRING: 20 01 0D B8 00 00 00 00 00 00 00 00 00 00 00 09 `,
		`STRING: no message known for rule 119:4294967295:2`,
	},
}

func start(t testing.TB, o Options) *Output {
	t.Helper()
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	out, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, out) })
	return out
}

func stop(t testing.TB, out *Output) {
	t.Helper()
	if err := out.Close(context.Background()); err != nil {
		t.Error(err)
	}
}

// all sends stream and what is collected of it.
func all(t testing.TB, out *Output) {
	t.Helper()
	outputtest.Give(t, layouts.Default(), stream(t), out)
	if err := out.Tick(t.Context(), time.Now()); err != nil || out.Held() != 2 {
		t.Errorf("too early: %v, %d events are held", err, out.Held())
	}
	if err := out.Tick(t.Context(), time.Now().Add(alert.Interval)); err != nil || out.Held() != 0 {
		t.Errorf("in time: %v, %d events are held", err, out.Held())
	}
	if s := out.Stats(); s.Alerts != 2 || s.Lost != 0 {
		t.Errorf("%+v", s)
	}
}

// compare holds a trap against what it should be.
func compare(t testing.TB, got snmptrapdtest.Trap, want []string) {
	t.Helper()
	names := []string{"sysUpTime", "snmpTrapOID"}
	for i := range Objects {
		name := Objects[i].Name
		names = append(names, name)
		if value := got.Values[name]; value != want[i] {
			t.Errorf("%s is %q, expected %q", name, value, want[i])
		}
	}
	if !slices.Equal(got.Names, names) {
		t.Errorf("objects are %q, expected %q", got.Names, names)
	}
	if oid := got.Values["snmpTrapOID"]; oid != "OID: ESTREAM-ALERT-MIB::sfEvent" {
		t.Errorf("the trap is %q", oid)
	}
	if !strings.HasPrefix(got.Values["sysUpTime"], "Timeticks: (") {
		t.Errorf("sysUpTime is %q", got.Values["sysUpTime"])
	}
}

// TestV2c: snmptrapd finds all objects under the names of our MIB.
func TestV2c(t *testing.T) {
	t.Parallel()
	s := snmptrapdtest.Start(t, []string{DefaultCommunity})
	all(t, start(t, Options{Target: s.Address}))
	got := s.Traps(2)
	for i, trap := range got {
		compare(t, trap, traps[i])
	}
}

// TestV3: snmptrapd, which knows engine and user, takes traps at every security
// level, and goes on doing so when the sender was restarted.
func TestV3(t *testing.T) {
	t.Parallel()
	type user struct{ auth, priv, theirs string }
	users := []user{
		{"", "", ""},
		{"SHA", "", "SHA"},
		{"MD5", "DES", "MD5"},
		{"sha-224", "aes", "SHA-224"},
		{"SHA-256", "AES", "SHA-256"},
		{"SHA384", "AES-128", "SHA-384"},
		{"SHA-512", "AES-256", "SHA-512"},
	}
	var known []string
	id := func(i int) string { return fmt.Sprintf("0x80001f88050102030405%02x", i) }
	for i, u := range users {
		line := fmt.Sprintf("-e %s user%d", id(i), i)
		if u.auth != "" {
			line += " " + u.theirs + " " + authSecret
		}
		if u.priv != "" {
			line += " " + strings.Replace(strings.ToUpper(u.priv), "AES-128", "AES", 1) + " " + privSecret
		}
		known = append(known, line)
	}
	s := snmptrapdtest.Start(t, nil, known...)
	n := 0
	for i, u := range users {
		o := Options{Target: s.Address, Version: "3", User: fmt.Sprintf("user%d", i), EngineID: id(i), State: filepath.Join(t.TempDir(), "engine")}
		if u.auth != "" {
			o.AuthProtocol, o.AuthPassword = u.auth, authSecret
		}
		if u.priv != "" {
			o.PrivProtocol, o.PrivPassword = u.priv, privSecret
		}
		for run := range 2 {
			out := start(t, o)
			all(t, out)
			stop(t, out)
			got := s.Traps(n + 2)[n:]
			n += 2
			for j := range got {
				if compare(t, got[j], traps[j]); t.Failed() {
					t.Fatalf("user %d (%q, %q), run %d, trap %d", i, u.auth, u.priv, run, j)
				}
			}
		}
	}
}

// TestForgotten: this is what the state file is for. A sender that forgot its
// starts is refused; one that remembers them is not.
func TestForgotten(t *testing.T) {
	t.Parallel()
	const id = "0x80001f8805aabbccdd"
	s := snmptrapdtest.Start(t, nil, "-e "+id+" alice SHA-256 "+authSecret+" AES "+privSecret)
	o := Options{Target: s.Address, Version: "3", User: "alice", AuthPassword: authSecret, PrivPassword: privSecret, EngineID: id}
	send := func(dir string, port int) {
		t.Helper()
		o.State = filepath.Join(dir, "engine")
		out := start(t, o)
		outputtest.Give(t, layouts.Default(), recordtest.Message(t, layouts.Default(), 207, 0, recordtest.Fields{"source_port_or_icmp_type": port}), out)
		stop(t, out)
	}
	remembers := t.TempDir()
	send(remembers, 1)
	s.Traps(1)
	send(remembers, 2)
	s.Traps(2)
	send(t.TempDir(), 3) // boots 1 again
	send(remembers, 4)
	var ports []string
	for _, trap := range s.Traps(3) {
		ports = append(ports, trap.Values["sfSourcePort"])
	}
	if got := strings.Join(ports, ", "); got != "Gauge32: 1, Gauge32: 2, Gauge32: 4" {
		t.Errorf("source ports %s", got)
	}
}
