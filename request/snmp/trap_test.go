package snmp

import (
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gosnmp/gosnmp"

	"estream/format/flat/flattest"
	"estream/internal/formattest"
	"estream/internal/recordtest"
	"estream/internal/syncbuf"
	"estream/layouts"
	"estream/meta"
	"estream/request/alert"
	"estream/request/internal/outputtest"
	"estream/request/snmp/snmptrapdtest"
	"estream/wire"
)

// TestRoot: objects stand where they are told to.
func TestRoot(t *testing.T) {
	t.Parallel()
	s := snmptrapdtest.Start(t, []string{"mine"})
	outputtest.Give(t, layouts.Default(), stream(t), start(t, Options{Target: s.Address, Community: "mine", Root: ".1.3.6.1.4.1.32473.7"}))
	trap := s.Traps(1)[0]
	last := trap.Names[len(trap.Names)-1]
	if len(trap.Names) != 16 || last != "enterprises.32473.7.1.14" || trap.Values[last] != `STRING: "ET TROJAN \"Beacon\"\\n"` {
		t.Errorf("%q: %q", trap.Names, trap.Values[last])
	}
	if oid := trap.Values[trap.Names[1]]; !strings.HasSuffix(oid, ".32473.7.0.1") {
		t.Errorf("snmpTrapOID is %q", oid)
	}
}

// TestMIB: the MIB file and this package agree on every name and number.
func TestMIB(t *testing.T) {
	l, err := newLayout("")
	if err != nil {
		t.Fatal(err)
	}
	args := []string{"-M", snmptrapdtest.MIBs(t), "-m", "ESTREAM-ALERT-MIB", "-Pw", "-On", "ESTREAM-ALERT-MIB::sfEvent"}
	want := "." + l.event + "\n"
	for i := range Objects {
		args = append(args, "ESTREAM-ALERT-MIB::"+Objects[i].Name+".0")
		want += "." + l.objects[i] + "\n"
	}
	cmd := exec.Command("snmptranslate", args...)
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "cert_indexes"), 0o700); err != nil { // or it tells that it made this
		t.Fatal(err)
	}
	cmd.Env = append(os.Environ(), "SNMP_PERSISTENT_DIR="+dir)
	got, err := cmd.CombinedOutput() // what it complains of is no number
	if err != nil {
		t.Fatalf("snmptranslate (`make test` installs it, Debian: snmp): %v: %s", err, got)
	}
	if strings.ReplaceAll(string(got), "\n\n", "\n") != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// listen returns a socket that takes traps, and a function that reads one.
func listen(t testing.TB) (address string, read func() []byte) {
	t.Helper()
	c, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() }) // tests may have closed it
	buf := make([]byte, 1<<16)
	return c.LocalAddr().String(), func() []byte {
		t.Helper()
		if err := c.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
		n, _, err := c.ReadFrom(buf)
		if err != nil {
			t.Fatal(err)
		}
		return buf[:n]
	}
}

// TestAnyRecord: every intrusion event makes a trap that the library reads back and
// that fits a datagram of an Ethernet, whatever the event holds.
func TestAnyRecord(t *testing.T) {
	address, read := listen(t)
	out := start(t, Options{Target: address})
	d, n := wire.NewDecoder(layouts.Default(), nil), uint64(0)
	everything := append(flattest.Random(t, layouts.Default(), 2), stream(t)...)
	long := strings.Repeat("\x1b", 4*alert.MaxMessage)
	everything = append(everything, recordtest.Message(t, layouts.Default(), 66, 0, recordtest.Fields{"message_length": len(long), "message": long})...)
	everything = append(everything, recordtest.Message(t, layouts.Default(), 207, 0, nil)...)
	formattest.Scan(t, layouts.Default(), everything, func(message []byte, s *meta.Snapshot) {
		r, err := d.Decode(message)
		if err := errors.Join(out.Record(d, r, message, s, err), out.Tick(t.Context(), time.Now().Add(alert.Interval))); err != nil {
			t.Fatal(err)
		}
		for ; n < out.Stats().Alerts; n++ {
			trap := read()
			if len(trap) > 1472 {
				t.Errorf("a trap of %d bytes", len(trap))
			}
			p, err := (&gosnmp.GoSNMP{Version: gosnmp.Version2c}).SnmpDecodePacket(trap)
			if err != nil {
				t.Fatalf("%x: %v", trap, err)
			}
			if p.PDUType != gosnmp.SNMPv2Trap || len(p.Variables) != 2+len(Objects) {
				t.Errorf("%v with %d variables", p.PDUType, len(p.Variables))
			}
		}
	})
	if n < 20 {
		t.Errorf("%d traps: this test lost its point", n)
	}
}

// TestLost: a trap that nobody took is counted, not repeated, and no error.
func TestLost(t *testing.T) {
	c, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	var log syncbuf.Buffer
	out := start(t, Options{Target: c.LocalAddr().String(), Log: log.Logger()})
	for range 10 {
		outputtest.Give(t, layouts.Default(), recordtest.Message(t, layouts.Default(), 207, 0, nil), out)
	}
	if s := out.Stats(); s.Alerts != 10 || s.Lost == 0 {
		t.Errorf("%+v", s)
	}
	if !strings.Contains(log.String(), "datagrams were lost") {
		t.Errorf("log: %s", log.String())
	}
}
