package monitor

import (
	"slices"
	"strings"
	"testing"
	"time"

	"estream/service"
)

func TestRates(t *testing.T) {
	before := service.Status{
		At:      start,
		Sources: []service.SourceStatus{{Name: "a", Received: 100, Repeated: 10, Journaled: 90}, {Name: "gone", Received: 5}},
		Outputs: []service.OutputStatus{{Name: "x", Messages: 50, Lines: 40, Bytes: 4000}, {Name: "anew", Lines: 1000}},
	}
	after := service.Status{
		At:      start.Add(10 * time.Second),
		Sources: []service.SourceStatus{{Name: "a", Received: 300, Repeated: 60, Journaled: 240}, {Name: "new", Received: 5000}},
		Outputs: []service.OutputStatus{{Name: "x", Messages: 150, Lines: 90, Bytes: 9000}, {Name: "anew", Lines: 20}},
	}
	r := RatesBetween(before, after)
	if r.Seconds != 10 || r.Received != 20 || r.Written != 7 || len(r.Sources) != 1 || r.Sources["a"] != (SourceRate{20, 5, 15}) || r.Outputs["x"] != (OutputRate{10, 5, 500}) || r.Outputs["anew"].Lines != 2 {
		t.Errorf("%+v", r)
	}
	if r := RatesBetween(after, before); r.Seconds != 0 || r.Sources != nil {
		t.Errorf("backwards: %+v", r)
	}
}

func TestUnits(t *testing.T) {
	var got []string
	for _, d := range []time.Duration{0, 59 * time.Second, time.Minute, 192 * time.Second, 90 * time.Minute, 52 * time.Hour, -time.Hour, -1 << 63} {
		got = append(got, Age(d))
	}
	for _, n := range []uint64{0, 1023, 1024, 1300 << 20, 1<<20 - 1, 99 << 10, 1<<64 - 1} {
		got = append(got, Bytes(n))
	}
	for _, n := range []uint64{1, 999, 1000, 1234567} {
		got = append(got, count(n, "event"))
	}
	want := []string{
		"0s", "59s", "1m", "3m12s", "1h30m", "2d4h", "-1h", "-106751d23h", "0 B", "1023 B", "1.00 KiB", "1.27 GiB", "1.00 MiB", "99.0 KiB", "16.0 EiB",
		"1 event", "999 events", "1,000 events", "1,234,567 events",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	if got := clip("a\n\x1b[31m  b" + strings.Repeat("x", 400)); !strings.HasPrefix(got, "a [31m bx") || len(got) > 310 {
		t.Errorf("%q", got)
	}
}
