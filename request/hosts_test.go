package request

import (
	"fmt"
	"strings"
	"testing"
)

func TestParseHosts(t *testing.T) {
	for _, c := range []struct {
		text string
		kind uint32
		want string
	}{
		{"10.0.0.1", 6, "6 10.0.0.1 10.0.0.1"},
		{"10.0.0.1,10.0.0.9", 6, "7 10.0.0.1 10.0.0.9"},
		{"10.0.0.1-10.0.0.9", 4, "5 10.0.0.1 10.0.0.9"},
		{"10.0.0.0/8", 0, "1 10.0.0.0 10.255.255.255"},
		{"10.1.2.3/24", 2, "3 10.1.2.0 10.1.2.255"},
		{"10.1.2.3/32", 6, "6 10.1.2.3 10.1.2.3"},
		{"0.0.0.0/0", 6, "7 0.0.0.0 255.255.255.255"},
		{"2001:db8::/120", 6, "7 2001:db8:: 2001:db8::ff"},
		{"2001:db8::1,2001:db8::9", 6, "7 2001:db8::1 2001:db8::9"},
		{"::ffff:10.0.0.1", 6, "6 10.0.0.1 10.0.0.1"},
		{"10.0.0.1,10.0.0.2,10.0.0.7", 6, "6 10.0.0.1 10.0.0.1; 6 10.0.0.2 10.0.0.2; 6 10.0.0.7 10.0.0.7"},
		{"10.0.0.1,10.1.0.0/24", 6, "6 10.0.0.1 10.0.0.1; 7 10.1.0.0 10.1.0.255"},
		{" 10.0.0.1; 10.0.0.5,10.0.0.6 fe80::1", 6, "6 10.0.0.1 10.0.0.1; 7 10.0.0.5 10.0.0.6; 6 fe80::1 fe80::1"},
	} {
		requests, err := ParseHosts(c.text, c.kind)
		var got []string
		for _, r := range requests {
			if r.Legacy != (c.kind < 6) || r.Flags != 3 {
				t.Errorf("%s: %+v", c.text, r)
			}
			got = append(got, fmt.Sprint(r.DataType, " ", r.First, " ", r.Last))
		}
		if err != nil || strings.Join(got, "; ") != c.want {
			t.Errorf("%s: %q, %v; want %q", c.text, got, err, c.want)
		}
	}
	for _, c := range []struct {
		text string
		kind uint32
		want string
	}{
		{"", 6, "is expected, such as"}, {"host.example", 6, "no address"}, {"10.0.0.9,10.0.0.1", 6, "before the first"}, {"10.0.0.1,::1", 6, "the other IPv6"},
		{"10.0.0.0/33", 6, "no network"}, {"10.0.0.1", 3, "0 (3.5)"}, {"10.0.0.1", 8, "0 (3.5)"}, {"::1", 4, "IPv4 only"}, {"10.0.0.1-", 6, "no address"},
		{strings.Repeat("10.0.0.1 ", 1001), 6, "more than 1000"},
	} {
		if got, err := ParseHosts(c.text, c.kind); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%.40q: %v, %v; want %q", c.text, got, err, c.want)
		}
	}
}
