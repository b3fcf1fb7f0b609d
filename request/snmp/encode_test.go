package snmp

import (
	"fmt"
	"log/slog"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gosnmp/gosnmp"

	"estream/request/alert"
)

// TestProtocols: a trap of every pair of protocols is read back with the same
// passwords, holds no text in the clear, does not ask for a report, and never has
// the salt of another.
func TestProtocols(t *testing.T) {
	address, _ := listen(t)
	dir := t.TempDir()
	a := &alert.Alert{Priority: 1, Message: "a text that shows", Source: netip.MustParseAddr("192.0.2.7"), Time: time.Unix(1700000000, 0), Count: 1 << 40}
	for auth := range authProtocols {
		for priv := range privProtocols {
			o := Options{
				Target: address, Version: "3", User: "alice", AuthProtocol: auth, AuthPassword: authSecret, PrivProtocol: priv, PrivPassword: privSecret,
				State: filepath.Join(dir, auth+priv), Log: slog.New(slog.DiscardHandler),
			}
			s := &sender{}
			if err := s.prepare(&o); err != nil {
				t.Fatal(err)
			}
			var err error
			if s.layout, err = newLayout(""); err != nil {
				t.Fatal(err)
			}
			salts := map[string]bool{}
			for range 3 {
				trap, err := s.encode(a)
				if err != nil {
					t.Fatalf("%s, %s: %v", auth, priv, err)
				}
				p := decode(t, s, trap)
				usm := p.SecurityParameters.(*gosnmp.UsmSecurityParameters)
				salts[string(usm.PrivacyParameters)] = true
				if p.MsgFlags != gosnmp.AuthPriv || usm.AuthoritativeEngineBoots != 1 || p.ContextEngineID != string(s.engine.id) {
					t.Errorf("%s, %s: flags %v, boots %d, context %x", auth, priv, p.MsgFlags, usm.AuthoritativeEngineBoots, p.ContextEngineID)
				}
				if n := len(p.Variables); n != 2+len(Objects) || string(p.Variables[n-1].Value.([]byte)) != a.Message || p.Variables[5].Value != uint(1<<32-1) {
					t.Errorf("%s, %s: %+v", auth, priv, p.Variables)
				}
				if strings.Contains(string(trap), a.Message) {
					t.Errorf("%s, %s: the text is in the clear", auth, priv)
				}
			}
			if len(salts) != 3 {
				t.Errorf("%s, %s: %d salts for 3 traps", auth, priv, len(salts))
			}
			if err := s.engine.close(); err != nil {
				t.Error(err)
			}
		}
	}
}

// decode reads a trap as a receiver does that knows the user.
func decode(t *testing.T, s *sender, trap []byte) *gosnmp.SnmpPacket {
	t.Helper()
	receiver := &gosnmp.GoSNMP{
		Version: gosnmp.Version3, SecurityModel: gosnmp.UserSecurityModel, MsgFlags: gosnmp.AuthPriv,
		SecurityParameters: &gosnmp.UsmSecurityParameters{
			UserName: s.usm.UserName, AuthoritativeEngineID: string(s.engine.id),
			AuthenticationProtocol: s.usm.AuthenticationProtocol, AuthenticationPassphrase: authSecret,
			PrivacyProtocol: s.usm.PrivacyProtocol, PrivacyPassphrase: privSecret,
		},
	}
	table := gosnmp.NewSnmpV3SecurityParametersTable(gosnmp.Logger{})
	if err := table.Add("alice", receiver.SecurityParameters); err != nil {
		t.Fatal(err)
	}
	receiver.SetTrapSecurityParametersTable(table)
	p, err := receiver.UnmarshalTrap(trap, false)
	if err != nil {
		t.Fatalf("%v, %v: %v", s.usm.AuthenticationProtocol, s.usm.PrivacyProtocol, err)
	}
	return p
}

// TestDateAndTime: the octets are those of RFC 2579.
func TestDateAndTime(t *testing.T) {
	at := time.Date(2026, 11, 21, 23, 20, 59, 999_000_000, time.FixedZone("", 3600))
	if got := fmt.Sprint(dateAndTime(at)); got != "[7 234 11 21 22 20 59 9 43 0 0]" {
		t.Errorf("%s", got)
	}
}

// FuzzRoot: a root that is accepted arrives as it is.
func FuzzRoot(f *testing.F) {
	for _, root := range []string{DefaultRoot, ".1.3.6.1.4.1.32473", "0.0", "1.39.4294967295", "1.3", "1..3", "2.5", "1.3.-1", "1.3.6." + strings.Repeat("1.", 200), ""} {
		f.Add(root)
	}
	f.Fuzz(func(t *testing.T, root string) {
		l, err := newLayout(root)
		if err != nil {
			if l.event != "" || l.objects != nil {
				t.Fatalf("%v and a layout", err)
			}
			return
		}
		s := &sender{layout: l, snmp: &gosnmp.GoSNMP{Version: gosnmp.Version2c, Community: "c"}}
		trap, err := s.encode(&alert.Alert{})
		if err != nil {
			t.Fatalf("root %q is accepted: %v", root, err)
		}
		p, err := s.snmp.SnmpDecodePacket(trap)
		if err != nil {
			t.Fatalf("root %q: %v", root, err)
		}
		last := p.Variables[len(p.Variables)-1].Name
		want := root
		if want == "" {
			want = DefaultRoot
		}
		if !sameOID(last, want+".1.14.0") {
			t.Fatalf("root %q: the last object is %s", root, last)
		}
	})
}

// sameOID compares object identifiers but for the period in front and zeros in
// front of numbers.
func sameOID(a, b string) bool {
	plain := func(oid string) (s string) {
		for arc := range strings.SplitSeq(strings.TrimPrefix(oid, "."), ".") {
			if arc = strings.TrimLeft(arc, "0"); arc == "" {
				arc = "0"
			}
			s += "." + arc
		}
		return s
	}
	return plain(a) == plain(b)
}
