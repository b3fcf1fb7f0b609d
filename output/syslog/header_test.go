package syslog

import (
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestHeader(t *testing.T) {
	at := time.Date(2026, 3, 7, 4, 5, 6, 78_000, time.UTC)
	local := at.Local().Format("15:04:05")
	day := at.Local().Format("Jan _2")
	for _, test := range []struct {
		o    HeaderOptions
		want string
	}{
		{HeaderOptions{Hostname: "fmc"}, "<134>1 2026-03-07T04:05:06.000078Z fmc estream - - - "},
		{HeaderOptions{Hostname: "fmc", Facility: "user", Severity: "notice", AppName: "a", ProcID: "17", MsgID: "400"}, "<13>1 2026-03-07T04:05:06.000078Z fmc a 17 400 - "},
		{HeaderOptions{Hostname: "fmc", Facility: "0", Severity: "0"}, "<0>1 2026-03-07T04:05:06.000078Z fmc estream - - - "},
		{HeaderOptions{Hostname: "fmc", Facility: "local7", Severity: "debug"}, "<191>1 2026-03-07T04:05:06.000078Z fmc estream - - - "},
		{HeaderOptions{Format: RFC3164, Hostname: "fmc"}, "<134>" + day + " " + local + " fmc estream: "},
		{HeaderOptions{Format: RFC3164, Hostname: "fmc", ProcID: "17", Severity: "warn"}, "<132>" + day + " " + local + " fmc estream[17]: "},
		{HeaderOptions{Format: NoHeader, Facility: "not looked at"}, ""},
	} {
		h, err := NewHeader(test.o, nil)
		if err != nil {
			t.Errorf("%+v: %v", test.o, err)
		} else if got := string(h.Append(nil, at)); got != test.want {
			t.Errorf("%+v: got %q, expected %q", test.o, got, test.want)
		}
	}
}

// TestHeaderRefuses what would end a field early, or is longer than receivers take.
func TestHeaderRefuses(t *testing.T) {
	for _, o := range []HeaderOptions{
		{Facility: "local8"}, {Facility: "24"}, {Facility: "-1"}, {Severity: "8"}, {Severity: "loud"}, {Format: 3},
		{Hostname: "a b"}, {Hostname: "ä"}, {Hostname: strings.Repeat("x", 256)}, {AppName: strings.Repeat("x", 49)},
		{AppName: "a\nb"}, {ProcID: strings.Repeat("x", 129)}, {MsgID: strings.Repeat("x", 33)},
		{Format: RFC3164, AppName: strings.Repeat("x", 33)}, {Format: RFC3164, AppName: "a:b"}, {Format: RFC3164, AppName: "a[1]"},
	} {
		if _, err := NewHeader(o, nil); err == nil {
			t.Errorf("%+v: expected an error", o)
		}
	}
}

// TestNames: every name and number stands for what RFC 5424 section 6.2.1 says.
func TestNames(t *testing.T) {
	for i, name := range facilities {
		for _, given := range []string{name, strconv.Itoa(i)} {
			if got, err := priority(given, "emerg"); got != 8*i || err != nil {
				t.Errorf("facility %s: got %d, %v", given, got, err)
			}
		}
	}
	for name, want := range severityAliases {
		a, errA := priority("kern", name)
		b, errB := priority("kern", want)
		if a != b || errA != nil || errB != nil {
			t.Errorf("severity %s: %d, %v, expected that of %s: %d, %v", name, a, errA, want, b, errB)
		}
	}
	for _, f := range []Format{RFC5424, RFC3164, NoHeader} {
		if got, err := ParseFormat(f.String()); got != f || err != nil {
			t.Errorf("format %s: %s, %v", f, got, err)
		}
	}
	for _, f := range []Framing{OctetCounting, Newline} {
		if got, err := ParseFraming(f.String()); got != f || err != nil {
			t.Errorf("framing %s: %s, %v", f, got, err)
		}
	}
	if _, err := ParseFraming("lines"); err == nil {
		t.Error("framing lines: expected an error")
	}
}
