package main

import (
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"text/tabwriter"
)

// A figure is something measured: its name, how it follows from the result of
// a row and the two it is compared with, and how it is written.
type figure struct {
	name  string
	of    func(own, ceiling, bare *result) float64
	write func(float64) string
	most  bool // the limit is an upper one
}

var (
	rate = figure{"messages/s", func(own, _, _ *result) float64 { return own.rate() },
		func(f float64) string { return fmt.Sprintf("%.0f", f) }, false}
	in = figure{"MB/s in", func(own, _, _ *result) float64 { return own.perSecond(own.In) / 1e6 },
		func(f float64) string { return fmt.Sprintf("%.0f", f) }, false}
	out = figure{"MB/s out", func(own, _, _ *result) float64 { return own.perSecond(own.Out) / 1e6 },
		func(f float64) string { return fmt.Sprintf("%.0f", f) }, false}
	shareOfBare = figure{"of bare", func(own, _, bare *result) float64 { return own.perSecond(own.In) / bare.perSecond(bare.In) },
		percent, false}
	shareOfCeiling = figure{"of ceiling", func(own, ceiling, _ *result) float64 { return own.perSecond(own.In) / ceiling.perSecond(ceiling.In) },
		percent, false}
	// The same as a ratio of costs, which other processes hardly change.
	shareByCPU = figure{"by CPU", func(own, ceiling, _ *result) float64 { return ceiling.bothCPU() / own.bothCPU() },
		percent, false}
	cores = figure{"cores used", func(own, _, _ *result) float64 { return (own.CPU + own.Server).Seconds() / own.Elapsed.Seconds() },
		func(f float64) string { return fmt.Sprintf("%.1f", f) }, false}
	cpu = figure{"CPU s/million", func(own, _, _ *result) float64 { return own.CPU.Seconds() / float64(own.Messages) * 1e6 },
		func(f float64) string { return fmt.Sprintf("%.2f", f) }, true}
	memory = figure{"memory MiB", func(own, _, _ *result) float64 { return float64(own.RSS) },
		func(f float64) string { return fmt.Sprintf("%.0f", f/(1<<20)) }, true}
	allocations = figure{"allocations/message", func(own, _, _ *result) float64 { return float64(own.Allocs) / float64(own.Messages) },
		func(f float64) string { return fmt.Sprintf("%.2f", f) }, true}
)

func percent(f float64) string { return fmt.Sprintf("%.0f %%", 100*f) }

func (r *result) perSecond(n uint64) float64 { return float64(n) / r.Elapsed.Seconds() }
func (r *result) rate() float64              { return r.perSecond(r.Messages) }

// bothCPU is the processor time of both ends for each byte, in seconds.
func (r *result) bothCPU() float64 { return (r.CPU + r.Server).Seconds() / float64(r.In) }

// value is the median of a figure over all rounds. Shares are computed within
// each round: the machine was the same for both then.
func (b *bench) value(r *row, f figure) float64 {
	bare := b.plan[0]
	values := make([]float64, 0, b.rounds)
	for i, own := range r.results {
		ceiling := own
		if r.ceiling != nil {
			ceiling = r.ceiling.results[i]
		}
		values = append(values, f.of(own, ceiling, bare.results[i]))
	}
	slices.Sort(values)
	n := len(values)
	return (values[(n-1)/2] + values[n/2]) / 2
}

// report prints the figures of all rows, then those that have a limit. The error
// says that one is below its floor.
func (b *bench) report(w io.Writer) error {
	fmt.Fprintf(w, "%s/%s, %s, %d cores for both ends; %d messages of %d bytes, median of %d rounds\n", runtime.GOOS, runtime.GOARCH, runtime.Version(), b.cores, b.count, b.size/int64(b.count), b.rounds)
	where := "in memory"
	if !b.inRAM {
		where = "ON DISK"
	}
	fmt.Fprintf(w, "journals and output %s in %s, the one journal on disk in %s\n\n", where, b.memory, b.disk)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	columns := []figure{rate, in, out, shareOfBare, shareOfCeiling, shareByCPU, cores, cpu, memory}
	fmt.Fprint(t, "\t")
	for _, f := range columns {
		fmt.Fprintf(t, "%s\t", f.name)
	}
	fmt.Fprintln(t)
	width := 0
	for _, r := range b.plan {
		width = max(width, len(r.name))
	}
	for _, r := range b.plan {
		fmt.Fprintf(t, "%-*s\t", width, r.name)
		for _, f := range columns {
			v := b.value(r, f)
			compared := f.name == shareOfCeiling.name || f.name == shareByCPU.name
			if !(v > 0) || compared && r.ceiling == nil {
				fmt.Fprint(t, "\t")
				continue
			}
			fmt.Fprintf(t, "%s\t", f.write(v))
		}
		fmt.Fprintln(t)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	fmt.Fprint(w, `
  of ceiling   share of the ceiling's bytes per second in the same round
  by CPU       processor time of both ends for a byte, the ceiling's as a share of this
               row's: the ratio that other load on the machine changes least
  cores used   by both ends together; fewer than there are means waiting, or that other
               processes took the rest
`)
	return b.limits(w)
}

// limits prints each limit beside its figure.
func (b *bench) limits(w io.Writer) error {
	fmt.Fprintln(w, "\nGoals (design, section 8; the floor of CEF is 25 % of the bare reader, for bundles of their ceiling):")
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	var failed error
	for _, r := range b.plan {
		name := strings.TrimSpace(r.name)
		for _, l := range r.limits {
			v := b.value(r, l.figure)
			if v == 0 {
				continue // this system does not say
			}
			ok, sign := v >= l.bound, "at least"
			if l.figure.most {
				ok, sign = v <= l.bound, "at most"
			}
			mark := "pass"
			if !ok {
				mark = "FAIL"
			}
			fmt.Fprintf(t, "  %s\t%s\t%s\t%s %s\t%s\n", name, l.figure.name, l.figure.write(v), sign, l.figure.write(l.bound), mark)
			if v < l.floor {
				failed = errors.Join(failed, fmt.Errorf("%s: %w", name, errFloor))
			}
		}
	}
	return errors.Join(t.Flush(), failed)
}
