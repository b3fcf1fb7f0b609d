package filter

import (
	"encoding/binary"
	"net/netip"
	"testing"
)

// FuzzParseAddr compares with the parser of the standard library.
func FuzzParseAddr(f *testing.F) {
	for _, s := range []string{
		"", "1", ".", ":", "::", ":::", "::1", "1::", "1:::2", "1::2::3", "10.1.2.3", "10.01.2.3", "256.1.1.1", "1.2.3", "1.2.3.4.5",
		"1.2.3.4.", "2001:db8::1", "2001:DB8:0:0:0:0:0:1", "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7::", "::2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8::",
		"1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "::ffff:1.2.3.4", "1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:7:1.2.3.4", "::1.2.3", "12345::", "g::",
		"fe80::1%eth0", "1:", ":1", "::1:", "1::2:", "1.2.3.4::",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, ok := parseAddr([]byte(s))
		a, err := netip.ParseAddr(s)
		if want := err == nil && a.Zone() == ""; ok != want {
			t.Fatalf("%q: accepted %v, want %v", s, ok, want)
		}
		if raw := a.As16(); ok && got != (addr{binary.BigEndian.Uint64(raw[:]), binary.BigEndian.Uint64(raw[8:])}) {
			t.Errorf("%q: got %x, want %v", s, got, a)
		}
	})
}
