package snort3

import (
	"testing"
	"time"
)

func TestWhen(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	at := func(s string) time.Time {
		v, err := time.Parse(time.RFC3339Nano, s)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	for _, tt := range []struct {
		text, now string
		zone      *time.Location
		want      string
	}{
		{"12/16-20:33:33.603502", "2020-12-16T20:00:00Z", time.UTC, "2020-12-16T20:33:33.603502Z"},
		{"12/31-23:59:59.5", "2025-01-01T00:10:00Z", time.UTC, "2024-12-31T23:59:59.5Z"}, // read in the next year
		{"01/01-00:00:01.000001", "2024-12-31T23:59:59Z", time.UTC, "2025-01-01T00:00:01.000001Z"},
		{"07/01-12:00:00.000000", "2025-01-10T00:00:00Z", time.UTC, "2025-07-01T12:00:00Z"}, // a clock ahead, or a capture
		{"20/12/16-20:33:33.603502", "2025-06-01T00:00:00Z", time.UTC, "2020-12-16T20:33:33.603502Z"},
		{"2020-12-16 20:33:33.603502", "2025-06-01T00:00:00Z", time.UTC, "2020-12-16T20:33:33.603502Z"},
		{"07/16-09:23:39.153899", "2024-07-16T10:00:00Z", berlin, "2024-07-16T07:23:39.153899Z"},
		{"01/16-09:23:39.153899", "2024-01-16T10:00:00Z", berlin, "2024-01-16T08:23:39.153899Z"},
		{"03/31-01:59:59.000000", "2024-03-31T10:00:00Z", berlin, "2024-03-31T00:59:59Z"}, // clocks change
		{"03/31-12:00:00.000000", "2024-03-31T10:00:00Z", berlin, "2024-03-31T10:00:00Z"},
		{"10/27-12:00:00.000000", "2024-10-27T11:00:00Z", berlin, "2024-10-27T11:00:00Z"},
	} {
		var s stamp
		if err := s.parse([]byte(tt.text)); err != nil {
			t.Errorf("%s: %v", tt.text, err)
			continue
		}
		c := clock{zone: tt.zone}
		for range 2 { // the second one by what was kept of the first
			if got := time.Unix(c.unix(&s, at(tt.now).Unix()), int64(s.micro)*1000).UTC(); !got.Equal(at(tt.want)) {
				t.Errorf("%s in %v, read at %s: %s, want %s", tt.text, tt.zone, tt.now, got.Format(time.RFC3339Nano), tt.want)
			}
		}
	}
	for _, text := range []string{"", "yesterday", "12/16", "12/16-20:33:33", "13/16-20:33:33.000000", "12/32-20:33:33.000000", "12/16-24:33:33.000000",
		"12/16-20:33:33.", "12/16-20:33:33.6035021", "1/2/3/4/5/6/7/8", "-12/16-20:33:33.000000", "12-16-20:33:33.000000"} {
		var s stamp
		if err := s.parse([]byte(text)); err == nil {
			t.Errorf("%q was taken as %+v", text, s)
		}
	}
}
