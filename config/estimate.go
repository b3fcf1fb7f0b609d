package config

import (
	"fmt"
	"io"
	"runtime"
	"text/tabwriter"
	"time"
)

// The constants of an estimate hold for the mix of events of package synth; a real
// network differs by half in either direction. Lengths were counted in the output
// of decode. CPU times are those of one core that needs 2.7 microseconds to decode an
// event and write it in JSON; the ratios between formats were measured.
const (
	messageBytes = 840                    // of an event in the journal, its share of batch headers and index included
	receiveTime  = 1500 * time.Nanosecond // of CPU for an event: TLS, journal, checksums
	baseMemory   = 48 << 20               // program, layouts, metadata of a large network
	pieceBytes   = 256 << 10              // of messages that a worker has in hand
	piecesAhead  = 3                      // pieces for each worker: read, formatted, written
	syslogBytes  = 60                     // of a header in front of a line
)

// costs are the bytes of a line with its end and the CPU time to decode the event
// and format it, for each format and profile.
var costs = map[Format]map[Profile]struct {
	line float64
	cpu  time.Duration
}{
	"json":   {"compat": {5130, 2700}, "fixed": {5150, 2700}, "strict": {5150, 2700}},
	"splunk": {"compat": {2540, 2800}, "fixed": {2580, 2800}, "strict": {2580, 2800}},
	"cef":    {"compat": {680, 1000}, "fixed": {700, 1100}, "strict": {4340, 4400}},
	"cef2":   {"compat": {680, 1000}, "fixed": {700, 1100}},
	"kvpair": {"": {4070, 5700}},
	"csv":    {"": {4580, 8500}},
	"text":   {"": {330, 5100}},
	"raw":    {"": {1210, 1100}},
}

// typicalMix is the share of each category in a thousand records where only the
// total is known: what package synth makes, with one connection in eighty counted
// as Security Intelligence.
var typicalMix = map[Category]float64{
	CategoryConnection: 830, CategorySecurityIntelligence: 10, CategoryIntrusion: 40, CategoryPacket: 30, CategoryExtraData: 8,
	CategoryFile: 20.5, CategoryMalware: 3, CategoryDiscovery: 18.5, CategoryUser: 4, CategoryVPN: 4, CategoryCorrelation: 4,
	CategoryImpact: 2.5, CategoryIOC: 4, CategoryMetadata: 21.5,
}

// Events says how many events a day bring.
type Events struct {
	Total      float64              // of all sources; spread over the categories as usual
	Categories map[Category]float64 // if given, counts instead of Total
}

// An Estimate is what a configuration is likely to cost.
type Estimate struct {
	Events       float64       // a day, all sources
	JournalBytes float64       // written to the journal in a day
	JournalKept  float64       // bytes on disk while all outputs keep up
	CPU          time.Duration // a day, all cores together
	Memory       Size          // with every pipeline full
	Outputs      []OutputEstimate
}

// An OutputEstimate is the part of one output.
type OutputEstimate struct {
	Name    string
	Format  Format
	Profile Profile
	Events  float64 // that pass the filter, a day
	Bytes   float64 // of lines and syslog headers, a day, before compression
	CPU     time.Duration
	// AtMost says that the filter chooses by something that numbers of events say
	// nothing about, such as a device: the figures are those without that part of it.
	AtMost bool
}

// Estimate computes what the configuration costs with so many events. Filters are
// applied as far as categories and sampling go. It looks at nothing but its arguments.
func (c *Config) Estimate(events Events) Estimate {
	mix := events.Categories
	if len(mix) == 0 {
		mix = map[Category]float64{}
		for category, share := range typicalMix {
			mix[category] = events.Total * share / 1000
		}
	}
	var e Estimate
	for _, category := range sortedKeys(mix) { // always in one order: sums of floats depend on it
		e.Events += mix[category]
	}
	e.JournalBytes = e.Events * messageBytes
	e.JournalKept = c.journalKept(e.JournalBytes)
	cpu := e.Events * receiveTime.Seconds()
	e.Memory = baseMemory + c.Journal.RecentSize + c.Journal.PendingSize
	for i := range c.Outputs {
		o := c.Outputs[i].estimate(mix)
		cpu += o.Events * costs[o.Format][o.Profile].cpu.Seconds()
		workers := c.Outputs[i].Workers
		if workers == 0 {
			workers = runtime.GOMAXPROCS(0)
		}
		cost := costs[o.Format][o.Profile]
		piece := pieceBytes * (1 + cost.line/messageBytes) // messages and their lines
		e.Memory += Size(float64(workers*piecesAhead) * piece)
		e.Outputs = append(e.Outputs, o)
	}
	e.CPU = seconds(cpu)
	return e
}

// journalKept: segments are deleted by size or age, whichever comes first.
func (c *Config) journalKept(day float64) float64 {
	kept := day * 3650 // for ever
	if c.Journal.RetainAge > 0 {
		kept = day * c.Journal.RetainAge.Hours() / 24
	}
	if size := float64(c.Journal.RetainSize); size > 0 {
		kept = min(kept, size)
	}
	return kept + float64(c.Journal.SegmentSize) // the one being written
}

func (o *Output) estimate(mix map[Category]float64) OutputEstimate {
	e := OutputEstimate{Name: o.Name, Format: o.Format, Profile: o.Profile}
	f, chosen := &o.Filter, map[Category]bool{}
	for _, category := range f.Categories {
		chosen[category] = true
	}
	for _, category := range sortedKeys(mix) {
		if len(chosen) == 0 || chosen[category] {
			e.Events += mix[category]
		}
	}
	if f.Sample.Of > 0 {
		e.Events *= float64(f.Sample.Keep) / float64(f.Sample.Of)
	}
	e.AtMost = len(f.Sources)+len(f.Types)+len(f.Devices)+len(f.Domains) > 0 || f.Where != ""
	cost := costs[o.Format][o.Profile]
	line := cost.line
	if o.MaxLine > 0 {
		line = min(line, float64(o.MaxLine))
	}
	if o.Syslog != nil && o.Syslog.Header != noHeader {
		line += syslogBytes
	}
	e.Bytes, e.CPU = e.Events*line, seconds(e.Events*cost.cpu.Seconds())
	return e
}

// seconds is n seconds, at most the longest duration there is.
func seconds(n float64) time.Duration {
	return time.Duration(min(n*float64(time.Second), 1<<62))
}

// Write writes the estimate for people.
func (e *Estimate) Write(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	const day = 24 * time.Hour
	fmt.Fprintf(t, "events\t%.0f a day\t%.1f a second\n", e.Events, e.Events/day.Seconds())
	fmt.Fprintf(t, "journal\t%s a day\t%s on disk\n", amount(e.JournalBytes), amount(e.JournalKept))
	fmt.Fprintf(t, "CPU\t%s a day\t%.2f %% of one core\n", e.CPU.Round(time.Second), 100*e.CPU.Seconds()/day.Seconds())
	fmt.Fprintf(t, "memory\t%s at most\n", amount(float64(e.Memory)))
	for _, o := range e.Outputs {
		most := ""
		if o.AtMost {
			most = "\tat most: the filter chooses by more than categories"
		}
		fmt.Fprintf(t, "output %s\t%.0f events a day\t%s a day\t%s of CPU%s\n", o.Name, o.Events, amount(o.Bytes), o.CPU.Round(time.Second), most)
	}
	if err := t.Flush(); err != nil {
		return fmt.Errorf("write estimate: %w", err)
	}
	return nil
}

// amount writes a number of bytes for people.
func amount(n float64) string {
	unit := 0
	for units := []string{"B", "KiB", "MiB", "GiB", "TiB"}; ; unit++ {
		if n < 1000 || unit == len(units)-1 {
			return fmt.Sprintf("%.1f %s", n, units[unit])
		}
		n /= 1024
	}
}
