package eve

import (
	"net/netip"
	"testing"
	"time"
)

func TestTime(t *testing.T) {
	for text, want := range map[string]string{
		"2018-03-24T14:37:19.037299-0600":    "2018-03-24T20:37:19.037299Z",
		"2024-02-29T23:59:60.5+01:00":        "2024-02-29T23:00:00.5Z",
		"2000-03-01T00:00:00Z":               "2000-03-01T00:00:00Z",
		"1999-12-31T23:59:59":                "1999-12-31T23:59:59Z",
		"2017-01-04 10:48:43.1234567+0530":   "2017-01-04T05:18:43.123456Z",
		"2100-03-01T00:00:00.000000+0000":    "2100-03-01T00:00:00Z",
		"1970-01-01T00:00:00+0000":           "",
		"1969-12-31T16:04:21.000000-0800":    "1970-01-01T00:04:21Z",
		"2107-01-01T00:00:00Z":               "",
		"2018-13-24T14:37:19":                "",
		"2018-03-24T14:37":                   "",
		"2018-03-24T14:37:19.037299-06":      "",
		"2018-03-24T14:37:19.037299 +0600":   "",
		"2018-03-24T14:37:19.037299+0600+06": "",
		"":                                   "",
	} {
		got := parseTime([]byte(text))
		if want == "" {
			if got != (stamp{}) {
				t.Errorf("%q: got %v, want none", text, got)
			}
			continue
		}
		w, err := time.Parse(time.RFC3339Nano, want)
		if err != nil {
			t.Fatal(err)
		}
		if g := got.moment(); !g.Equal(w) {
			t.Errorf("%q: got %v, want %v", text, g, w)
		}
	}
}

// TestDays compares the calendar with the library's over all that the protocol can say.
func TestDays(t *testing.T) {
	for d := time.Date(1970, 1, 1, 0, 0, 0, 0, time.UTC); d.Year() < 2107; d = d.AddDate(0, 0, 1) {
		if got, want := days(d.Year(), int(d.Month()), d.Day()), d.Unix()/86400; got != want {
			t.Fatalf("%v: got day %d, want %d", d, got, want)
		}
	}
}

// FuzzAddr compares with the library's reader of addresses.
func FuzzAddr(f *testing.F) {
	for _, s := range []string{"1.2.3.4", "256.1.1.1", "01.2.3.4", "1.2.3", "::", "::1", "1::", "fe80::1%eth0", "2001:0db8:0000:0000:0000:0000:0000:0443",
		"::ffff:1.2.3.4", "1:2:3:4:5:6:7::", "::1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1::2::3", ":1", "1:", "::1.2.3", "1:2:3:4:5:6:7:1.2.3.4", "12345::", "::1.2.3.4:5"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		want, err := netip.ParseAddr(string(text))
		if err != nil || want.Zone() != "" {
			want = netip.Addr{}
		}
		if got := parseAddr(text); got != want.Unmap() {
			t.Errorf("%q: got %v, want %v", text, got, want)
		}
	})
}

func TestHex(t *testing.T) {
	var b [4]byte
	for text, want := range map[string]bool{"01020304": true, "01:02:03:04": true, "0102030": false, "010203040": false, "01020g04": false, "": false, "01:02:03:04:05": false} {
		if got := hexBytes(b[:], []byte(text)); got != want || got && b != [4]byte{1, 2, 3, 4} || !got && b != [4]byte{} {
			t.Errorf("%q: got %v and %x, want %v", text, got, b, want)
		}
	}
	if m := parseMAC([]byte("54:ee:75-51:e0:66")); m != [6]byte{0x54, 0xee, 0x75, 0x51, 0xe0, 0x66} {
		t.Errorf("MAC: got %x", m)
	}
	if m := parseMAC([]byte("54:ee:75:51:e0:6g")); m != [6]byte{} {
		t.Errorf("MAC with a letter: got %x", m)
	}
}

func TestProducts(t *testing.T) {
	for agent, want := range map[string][2]string{
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:125.0) Gecko/20100101 Firefox/125.0":                                      {"Firefox", "125.0"},
		"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 Safari/537.36":                 {"Chrome", "124.0.0.0"},
		"Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 Safari/537.36 Edg/124.0":         {"Edge", "124.0"},
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Safari/605.1.15": {"Safari", "17.4"},
		"curl/8.5.0": {"curl", "8.5.0"}, "Wget/1.21": {"Wget", "1.21"}, "Microsoft-CryptoAPI/10.0": {"Microsoft-CryptoAPI", "10.0"}, "": {"", ""}, "just words": {"just", ""},
	} {
		name, version := product([]byte(agent))
		if string(name) != want[0] || string(version) != want[1] {
			t.Errorf("%q: got %q %q, want %q", agent, name, version, want)
		}
	}
	for agent, want := range map[string]string{
		"Mozilla/5.0 (Windows NT 6.1; WOW64)": "Microsoft Windows 7", "Mozilla/5.0 (iPhone; CPU iPhone OS 16_1_2 like Mac OS X)": "Apple iOS 16.1.2",
		"Mozilla/5.0 (Linux; Android 13; Pixel)": "Google Android 13", "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:125.0)": "Canonical Ubuntu ", "Wget/1 (Linux)": "  ",
	} {
		if os := systemOfAgent([]byte(agent)); os.Vendor+" "+os.Name+" "+os.Version != want {
			t.Errorf("%q: got %+v, want %q", agent, os, want)
		}
	}
}

func TestNameAttribute(t *testing.T) {
	const dn = "C=DE, O=Example, Inc., OU=Web, CN=shop.example.org"
	for attribute, want := range map[string]string{"C": "DE", "O": "Example, Inc.", "OU": "Web", "CN": "shop.example.org", "L": ""} {
		if got := string(nameAttribute([]byte(dn), attribute)); got != want {
			t.Errorf("%s: got %q, want %q", attribute, got, want)
		}
	}
}

func TestFileType(t *testing.T) {
	for _, tt := range [][3]string{{"PE32 executable (GUI) Intel 80386", "x.txt", "MSEXE"}, {"HTML document, ASCII text", "/", "HTML"}, {"Something odd, version 3", "", "Something odd"},
		{"", "/a/b/report.pdf", "PDF"}, {"", "/a.php?x=.exe", "PHP"}, {"", "/noending", ""}, {"", ".htaccess", ""}, {"", "a.b c", ""}} {
		if got := string(appendFileType(nil, []byte(tt[0]), []byte(tt[1]))); got != tt[2] {
			t.Errorf("%q, %q: got %q, want %q", tt[0], tt[1], got, tt[2])
		}
	}
}
