package config

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"estream/wire"
)

func TestDurations(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"0s": 0, "90s": 90 * time.Second, "1h30m": 90 * time.Minute, "1.5h": 90 * time.Minute, "7d": 7 * 24 * time.Hour, "1w1d": 8 * 24 * time.Hour,
		"0.5d": 12 * time.Hour, "100ms": 100 * time.Millisecond, "1d12h30m5s": 36*time.Hour + 30*time.Minute + 5*time.Second, "106751d": 106751 * 24 * time.Hour,
	} {
		got, ok := parseDuration(text)
		if !ok || got != want {
			t.Errorf("%s: found %v, %v, expected %v", text, got, ok, want)
		}
		if again, ok := parseDuration(formatDuration(got)); !ok || again != got {
			t.Errorf("%s: written as %s, read as %v", text, formatDuration(got), again)
		}
	}
	for _, text := range []string{"", "5", "s", "-1s", "+1s", "1 s", "1s ", "1x", "1dd", ".", "1.2.3s", "106752d", "9223372036854775807h", "15251w", "106751d106751d", "1y", "1s-1s"} {
		if got, ok := parseDuration(text); ok {
			t.Errorf("%q was read as %v", text, got)
		}
	}
	for d, want := range map[time.Duration]string{time.Hour: "1h", 90 * time.Minute: "1h30m", 10 * time.Second: "10s", 24 * time.Hour: "1d", 25 * time.Hour: "25h", 10 * time.Hour: "10h", 10 * time.Minute: "10m"} {
		if got := formatDuration(d); got != want {
			t.Errorf("%v is written as %s, expected %s", d, got, want)
		}
	}
}

// reading tests the scalar types: what is read, how it is written.
func TestScalars(t *testing.T) {
	for _, c := range []struct {
		into scalar
		text string
		want string // as it is written; "" if it cannot be read
	}{
		{new(Size), "0", "0"}, {new(Size), "1000", "1000"}, {new(Size), "1K", "1KiB"}, {new(Size), "64MB", "64MiB"}, {new(Size), "1024GiB", "1TiB"},
		{new(Size), "5gib", "5GiB"}, {new(Size), "8388607T", "8388607TiB"}, {new(Size), "9223372036854775807", "9223372036854775807"},
		{new(Size), "8388608T", ""}, {new(Size), "-1", ""}, {new(Size), "1.5G", ""}, {new(Size), "G", ""}, {new(Size), "1Gi", ""}, {new(Size), "1GGB", ""}, {new(Size), "12MiB5", ""}, {new(Size), "", ""},
		{new(Start), "now", "now"}, {new(Start), "oldest", "oldest"}, {new(Start), "1700000000", "2023-11-14T22:13:20Z"}, {new(Start), "2026-01-01T01:00:00+01:00", "2026-01-01T00:00:00Z"},
		{new(Start), "0", ""}, {new(Start), "4294967295", ""}, {new(Start), "1969-01-01T00:00:00Z", ""}, {new(Start), "2200-01-01T00:00:00Z", ""}, {new(Start), "2026-01-01", ""},
		{new(Fraction), "1/100", "1/100"}, {new(Fraction), "50/100", "1/2"}, {new(Fraction), "100%", "1/1"}, {new(Fraction), "2.5%", "1/40"}, {new(Fraction), "0.000001%", "1/100000000"}, {new(Fraction), " 3 / 9 ", "1/3"},
		{new(Fraction), "0%", ""}, {new(Fraction), "0/1", ""}, {new(Fraction), "3/2", ""}, {new(Fraction), "1/0", ""}, {new(Fraction), "1", ""}, {new(Fraction), ".5%", ""}, {new(Fraction), "1/4294967296", ""}, {new(Fraction), "1.2345678%", ""}, {new(Fraction), "100.1%", ""},
		{new(Flags), "0x48900061", "packets|impact_alerts|intrusion_impact|metadata_v4|archive_timestamp|extra_data|extended_request"}, {new(Flags), "1", "packets"}, {new(Flags), " user | packets", "packets|user"}, {new(Flags), "bit31", "bit31"},
		{new(Flags), "", ""}, {new(Flags), "packets|", ""}, {new(Flags), "0", ""}, {new(Flags), "Packets", ""},
		{new(Mode), "0640", "0640"}, {new(Mode), "0o600", "0600"}, {new(Mode), "644", "0644"}, {new(Mode), "0755", ""}, {new(Mode), "0400", ""}, {new(Mode), "680", ""}, {new(Mode), "01644", ""}, {new(Mode), "-600", ""},
	} {
		err := c.into.parse(c.text)
		if got := fmt.Sprint(c.into); err == nil && got != c.want || err != nil && c.want != "" {
			t.Errorf("%T %q: found %s, %v, expected %q", c.into, c.text, got, err, c.want)
		}
		if err == nil {
			again := reflect.New(reflect.TypeOf(c.into).Elem())
			if err := again.Interface().(scalar).parse(fmt.Sprint(c.into)); err != nil || !reflect.DeepEqual(again.Interface(), c.into) {
				t.Errorf("%T %q: read again as %v, %v", c.into, c.text, again, err)
			}
		}
	}
}

func TestDestinations(t *testing.T) {
	for text, want := range map[string]Destination{
		"stdout":                       {Kind: ToStdout},
		"file:a/b.json":                {Kind: ToFile, Path: "a/b.json"},
		"file:///a/b.json":             {Kind: ToFile, Path: "/a/b.json"},
		"file:/a b/c:d":                {Kind: ToFile, Path: "/a b/c:d"},
		"relfile:///data/x.{0}.json":   {Kind: ToRelFile, Path: "data/x.{0}.json"},
		"tcp://h:1":                    {Kind: ToTCP, Host: "h", Port: 1, Address: "h:1"},
		"tls://[2001:DB8::1]:65535":    {Kind: ToTLS, Host: "2001:db8::1", Port: 65535, Address: "[2001:db8::1]:65535"},
		"udp://10.0.0.1:514":           {Kind: ToUDP, Host: "10.0.0.1", Port: 514, Address: "10.0.0.1:514"},
		"syslog+udp://h":               {Kind: ToSyslogUDP, Host: "h", Port: 514, Address: "h:514"},
		"syslog+tcp://h/":              {Kind: ToSyslogTCP, Host: "h", Port: 514, Address: "h:514"},
		"syslog+tls://h":               {Kind: ToSyslogTLS, Host: "h", Port: 6514, Address: "h:6514"},
		"relp://[fe80::1%25eth0]:2514": {Kind: ToRELP, Host: "fe80::1%eth0", Port: 2514, Address: "[fe80::1%eth0]:2514"},
		"relp+tls://h:1":               {Kind: ToRELPTLS, Host: "h", Port: 1, Address: "h:1"},
		"http://h":                     {Kind: ToHTTP, Host: "h", Port: 80, Address: "h:80", Path: "/"},
		"https://h:444/a%20b?c=d&e":    {Kind: ToHTTPS, Host: "h", Port: 444, Address: "h:444", Path: "/a%20b?c=d&e"},
		"https://[::1]/x":              {Kind: ToHTTPS, Host: "::1", Port: 443, Address: "[::1]:443", Path: "/x"},
		"exec:jq":                      {Kind: ToExec, Path: "jq"},
		"exec:/bin/cat":                {Kind: ToExec, Path: "/bin/cat"},
	} {
		var got, again Destination
		if err := got.parse(text); err != nil || got != want {
			t.Errorf("%s: found %+v, %v, expected %+v", text, got, err, want)
		}
		if err := again.parse(got.String()); err != nil || again != got {
			t.Errorf("%s: written as %s, read as %+v, %v", text, got, again, err)
		}
	}
	for text, want := range map[string]string{
		"":                                      "expected a destination that begins with one of stdout, file",
		"fiel:/x":                               `did you mean "file"?`,
		"stdout:":                               "expected the form stdout alone",
		"file:":                                 "the path is missing",
		"file:/var/log/":                        "the name of the file is missing behind the directory",
		"file:~/x":                              "without ~",
		"tcp://h":                               "the port is missing",
		"tcp://:5":                              "the host is missing",
		"tcp://h:0":                             "a port from 1 to 65535",
		"tcp://h:70000":                         "a port from 1 to 65535",
		"tcp://h:x":                             "expected the form tcp://host:5514",
		"tcp://h:1/x":                           "nothing behind the port",
		"tcp://h:1?x":                           "nothing behind the port",
		"tcp:h:1":                               "expected the form tcp://host:5514",
		"udp://300.1.1.1:5":                     "the host is missing or has characters",
		"syslog+tls://u@h":                      "this transport knows no user",
		"https://u:hunter2@h/":                  "http.user and http.password",
		"https://u:hun/ter2@h/":                 "expected the form",
		"https://h/#x":                          "without #",
		"http://h/" + strings.Repeat("x", 5000): "at most 4096 bytes",
		"scp://user@h/x":                        "expected a destination that begins with",
	} {
		var d Destination
		err := d.parse(text)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.50s: found %v, expected %q", text, err, want)
		} else if strings.Contains(err.Error(), "ter2") {
			t.Errorf("%s: the password is in the message: %v", text, err)
		}
	}
}

func TestTextRules(t *testing.T) {
	for _, c := range []struct{ rule, text, want string }{
		{"host", "FMC.example.com", "FMC.example.com"}, {"host", "[2001:db8::1]", "2001:db8::1"}, {"host", "10.0.0.1", "10.0.0.1"}, {"host", "fmc_1", "fmc_1"}, {"host", "zürich.example", "zürich.example"},
		{"host", "10.0.0", ""}, {"host", "1", ""}, {"host", "a b", ""}, {"host", "-a", ""}, {"host", "a/b", ""}, {"host", "", ""},
		{"listen", ":80", ":80"}, {"listen", "[::1]:080", "[::1]:80"}, {"listen", "localhost:9302", "localhost:9302"}, {"listen", "127.0.0.1", ""}, {"listen", "h:0", ""}, {"listen", "h:x", ""}, {"listen", "a b:1", ""},
		{"pin", "auto", "auto"}, {"pin", "sha256:" + strings.Repeat("AB:", 31) + "AB", "sha256:" + strings.Repeat("ab", 32)}, {"pin", strings.Repeat("ab", 32), ""}, {"pin", "sha256:abcd", ""},
		{"facility", "23", "local7"}, {"facility", "local7", "local7"}, {"facility", "24", ""}, {"facility", "LOCAL7", ""},
		{"name", "a.b-c_1", "a.b-c_1"}, {"name", "../x", ""}, {"name", ".x", ""}, {"name", "ä", ""},
		{"credential", "hec-token", "hec-token"}, {"credential", "../x", ""}, {"credential", "..", ""},
	} {
		got, err := textRules[c.rule].check(c.text)
		if err == nil && got != c.want || err != nil && c.want != "" {
			t.Errorf("%s %q: found %q, %v, expected %q", c.rule, c.text, got, err, c.want)
		}
	}
}

// TestFlagNames: every bit has a name that is read as that bit.
func TestFlagNames(t *testing.T) {
	for bit, name := range flagBits() {
		var f Flags
		if err := f.parse(name); err != nil || wire.RequestFlags(f) != 1<<bit {
			t.Errorf("bit %d, %s: found %#x, %v", bit, name, uint32(f), err)
		}
	}
}

func TestSuggest(t *testing.T) {
	for _, c := range []struct{ word, want string }{
		{"jsn", "json"}, {"josn", "json"}, {"JSON", "json"}, {"retainsize", "retain_size"}, {"retain-size", "retain_size"}, {"xyz", ""}, {"", ""}, {"a", ""},
		{"sources", "source"}, {"1.4", ""}, {strings.Repeat("json", 100_000), ""},
	} {
		if got := closest(c.word, []string{"cef", "json", "retain_size", "source", "1.0"}); got != c.want {
			t.Errorf("%.20s: found %q, expected %q", c.word, got, c.want)
		}
	}
}
