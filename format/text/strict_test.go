package text

import (
	"net/netip"
	"testing"
	"time"
)

func TestAppendAddress(t *testing.T) {
	for in, want := range map[string]string{
		"::ffff:10.1.2.3": "10.1.2.3", "::ffff:0:a01:203": "::ffff:0:a01:203", "::10.1.2.3": "::a01:203",
		"2001:db8:0:0:1:0:0:1": "2001:db8::1:0:0:1", "::": "::", "::1": "::1",
	} {
		a := netip.MustParseAddr(in).As16()
		if got := string(AppendAddress([]byte("x"), a[:])); got != "x"+want {
			t.Errorf("%s is written as %s, want %s", in, got[1:], want)
		}
	}
	if got := string(AppendAddress(nil, []byte{10, 1, 2, 3})); got != "10.1.2.3" {
		t.Errorf("4 bytes: %s", got)
	}
	if got := string(AppendAddress(nil, []byte{10, 1, 2})); got != "0a0102" {
		t.Errorf("3 bytes: %s", got)
	}
}

func TestDatesWithOffset(t *testing.T) {
	for zone, want := range map[*time.Location]string{
		time.UTC:                          "2023-11-14T22:13:20.000005+00:00",
		time.FixedZone("", -(3*60+30)*60): "2023-11-14T18:43:20.000005-03:30",
	} {
		d := Dates{Location: zone, Offset: true}
		for range 2 { // rendered, then remembered
			if got := string(d.Append(nil, 1700000000, 5)); got != want {
				t.Errorf("%s, want %s", got, want)
			}
		}
		if got, want := string(d.Append(nil, 0xffffffff, 1e6)), time.Unix(1<<32, 0).In(zone).Format("2006-01-02T15:04:05-07:00"); got != want {
			t.Errorf("beyond 32 bits: %s, want %s", got, want)
		}
	}
}
