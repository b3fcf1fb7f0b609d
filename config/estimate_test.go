package config

import (
	"math"
	"strings"
	"testing"
	"time"
)

func near(t *testing.T, what string, got, want float64) {
	t.Helper()
	if math.Abs(got-want) > 1e-6*math.Abs(want) {
		t.Errorf("%s: found %v, expected %v", what, got, want)
	}
}

func TestEstimate(t *testing.T) {
	c := parsed(t, strings.Split(minimal, "outputs:")[0]+`journal: {retain_size: 1GiB, segment_size: 64MiB, recent_size: 32MiB, pending_size: 16MiB}
outputs:
  - {name: all, format: json, to: stdout, workers: 2}
  - {name: some, format: cef, profile: compat, to: 'syslog+udp://h', workers: 1, filter: {categories: [intrusion], sample: 10%}}
  - {name: device, format: splunk, to: 'tcp://h:1', workers: 1, max_line: 1000, filter: {devices: [ftd]}}
`)
	e := c.Estimate(Events{Categories: map[Category]float64{CategoryConnection: 9e6, CategoryIntrusion: 1e6}})
	near(t, "events", e.Events, 1e7)
	near(t, "journal a day", e.JournalBytes, 8.4e9)
	near(t, "journal kept", e.JournalKept, 1<<30+64<<20)
	near(t, "json bytes", e.Outputs[0].Bytes, 1e7*5150)
	near(t, "cef events", e.Outputs[1].Events, 1e5)
	near(t, "cef bytes", e.Outputs[1].Bytes, 1e5*(680+60))
	near(t, "splunk bytes", e.Outputs[2].Bytes, 1e7*1000)
	near(t, "CPU", e.CPU.Seconds(), 15+27+0.1+28)
	if e.Outputs[0].AtMost || e.Outputs[1].AtMost || !e.Outputs[2].AtMost {
		t.Errorf("at most: %v %v %v", e.Outputs[0].AtMost, e.Outputs[1].AtMost, e.Outputs[2].AtMost)
	}
	if e.Memory < baseMemory+48<<20 || e.Memory > 256<<20 {
		t.Errorf("memory %v", e.Memory)
	}
	var b strings.Builder
	if err := e.Write(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"10000000 a day", "115.7 a second", "7.8 GiB a day", "output some", "at most: the filter"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in\n%s", want, b.String())
		}
	}
}

// TestEstimateOfTotals: a total is spread over all categories; numbers beyond all
// reason do not overflow.
func TestEstimateOfTotals(t *testing.T) {
	sum := 0.0
	for category, share := range typicalMix {
		if !strings.Contains(strings.Join(category.values(), " "), string(category)) || share <= 0 {
			t.Errorf("%s: %v", category, share)
		}
		sum += share
	}
	near(t, "sum of the mix", sum, 1000)
	if len(typicalMix) != len(Category("").values()) {
		t.Errorf("%d categories in the mix, expected %d", len(typicalMix), len(Category("").values()))
	}
	c := parsed(t, minimal)
	e := c.Estimate(Events{Total: 86400})
	near(t, "events", e.Events, 86400)
	if e := c.Estimate(Events{Total: 1e300}); e.CPU < 100*365*24*time.Hour || e.Outputs[0].CPU <= 0 {
		t.Errorf("CPU %v, %v", e.CPU, e.Outputs[0].CPU)
	}
	if e := c.Estimate(Events{}); e.Events != 0 || e.CPU != 0 || e.Memory == 0 {
		t.Errorf("of nothing: %+v", e)
	}
}

// TestCosts: every format in every profile it has.
func TestCosts(t *testing.T) {
	for _, format := range Format("").values() {
		for _, profile := range append(Profile("").values(), "") {
			data := strings.Replace(minimal, "format: json", "format: "+format, 1)
			if profile != "" {
				data = strings.Replace(data, "to: stdout", "to: stdout\n    profile: "+profile, 1)
			}
			c, err := Parse("estream.yaml", []byte(data))
			if err != nil {
				continue // no such profile
			}
			o := c.Outputs[0]
			if cost := costs[o.Format][o.Profile]; cost.line < 100 || cost.cpu < time.Microsecond {
				t.Errorf("%s %s: %+v", o.Format, o.Profile, cost)
			}
		}
	}
}
