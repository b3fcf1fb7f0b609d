//go:build !race

package snort3

import (
	"context"
	"strings"
	"testing"
	"time"

	"estream/layouts"
	"estream/source"
	"estream/source/sensor"
)

func testConverter(t testing.TB) *converter {
	t.Helper()
	enc, err := sensor.NewEncoder(sensor.Options{Layouts: layouts.Default(), Device: sensor.Device{Name: "edge"}})
	if err != nil {
		t.Fatal(err)
	}
	return &converter{Encoder: enc, src: &Source{}, clock: clock{zone: time.Local}}
}

func drop(context.Context, source.Batch) error { return nil }

// TestAllocs: once all names are known, converting allocates nothing.
func TestAllocs(t *testing.T) {
	c := testConverter(t)
	lines := [][]byte{[]byte(full), []byte(standard)}
	step := func() {
		for _, line := range lines {
			if _, bad, err := c.convert(line); err != nil || bad != nil {
				t.Fatal(bad, err)
			}
		}
		if c.Full() {
			if err := c.Flush(t.Context(), drop, nil); err != nil {
				t.Fatal(err)
			}
		}
	}
	for range 1000 {
		step()
	}
	if n := testing.AllocsPerRun(2000, step); n != 0 {
		t.Errorf("%v allocations for two lines, want 0", n)
	}
}

// BenchmarkConvert measures one core from lines to finished batches.
func BenchmarkConvert(b *testing.B) {
	for name, line := range map[string]string{"full": full, "standard": standard, "payload": strings.Replace(full, "R0VUIC8=", strings.Repeat("QUJD", 350), 1)} {
		b.Run(name, func(b *testing.B) {
			c := testConverter(b)
			b.SetBytes(int64(len(line)))
			b.ReportAllocs()
			for b.Loop() {
				if _, _, err := c.convert([]byte(line)); err != nil {
					b.Fatal(err)
				}
				if c.Full() {
					if err := c.Flush(b.Context(), drop, nil); err != nil {
						b.Fatal(err)
					}
				}
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "lines/s")
		})
	}
}
