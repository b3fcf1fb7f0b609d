package encoreref_test

import (
	"flag"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"estream/format"
	"estream/format/catalog"
	"estream/internal/corpus"
	"estream/internal/encoreref"
	"estream/internal/formattest"
	"estream/layouts"
	"estream/meta"
	"estream/wire"
)

var seeds = flag.Int("encoreref.seeds", fewest, "number of generated and of hostile streams to compare")

// fewest is how many streams of a kind it takes to see all packet settings and all
// allowed differences.
const fewest = 4

// targets are the formats to compare, with the reference for each.
var targets = []struct {
	name    string
	options catalog.Options
	line    func(*encoreref.Record) (string, error)
}{
	{"json", catalog.Options{Location: time.UTC}, (*encoreref.Record).JSON},
	{"splunk", catalog.Options{}, (*encoreref.Record).Splunk},
	{"cef", catalog.Options{Prefix: []byte(corpus.Prefix)}, func(r *encoreref.Record) (string, error) { return r.CEF("cef", corpus.Prefix) }},
	{"cef2", catalog.Options{Prefix: []byte(corpus.Prefix)}, func(r *encoreref.Record) (string, error) { return r.CEF("cef2", corpus.Prefix) }},
}

// packetSettings are eNcore's two settings for packets, in our terms and in its own.
var packetSettings = []struct {
	ours   meta.Packets
	theirs encoreref.Settings
}{
	{meta.Packets{}, encoreref.Settings{IncludeOriginalPacket: true, PacketEncoding: "hex"}},
	{meta.Packets{OmitOriginal: true}, encoreref.Settings{PacketEncoding: "hex"}},
	{meta.Packets{Encoding: meta.PacketASCII, OmitOriginal: true}, encoreref.Settings{PacketEncoding: "ascii"}},
	{meta.Packets{Encoding: meta.PacketUTF8}, encoreref.Settings{IncludeOriginalPacket: true, PacketEncoding: "utf-8"}},
	{meta.Packets{Encoding: meta.PacketASCII}, encoreref.Settings{IncludeOriginalPacket: true, PacketEncoding: "ascii"}},
	{meta.Packets{Encoding: meta.PacketWhole}, encoreref.Settings{IncludeOriginalPacket: true}},
	{meta.Packets{Encoding: meta.PacketUTF8, OmitOriginal: true}, encoreref.Settings{PacketEncoding: "utf-8"}},
	{meta.Packets{Encoding: meta.PacketWhole, OmitOriginal: true}, encoreref.Settings{}},
}

// TestFormatsEqualOracle compares our lines with those of the reference
// implementation, byte for byte, on streams that nobody has recorded: realistic ones,
// and hostile ones with all layouts. What may differ is in allowed, and in oneLine.
func TestFormatsEqualOracle(t *testing.T) {
	set := layouts.Default()
	maker := newMaker(t, set)
	results := make([]result, len(targets))
	for i := range results {
		results[i] = result{map[string]int{}, map[string]bool{}, 0}
	}
	for seed := range *seeds {
		for i, stream := range [][]byte{generated(t, set, uint64(seed), 700), maker.hostile(uint64(seed), 1800)} {
			settings := packetSettings[(seed*2+i+seed/4)%len(packetSettings)]
			c := &comparison{
				where:   fmt.Sprintf("%s stream %d, %+v", []string{"generated", "hostile"}[i], seed, settings.theirs),
				client:  encoreref.NewClient(settings.theirs),
				results: results,
			}
			for _, target := range targets {
				options := target.options
				options.Packets = settings.ours
				f, err := catalog.New(target.name, options)
				if err != nil {
					t.Fatal(err)
				}
				c.workers = append(c.workers, format.NewWorker(set, f))
			}
			c.run(t, set, stream)
		}
	}
	for i := range results {
		t.Run(targets[i].name, func(t *testing.T) { results[i].report(t, targets[i].name) })
	}
}

// A comparison compares one stream in all formats, message by message.
type comparison struct {
	where   string
	client  *encoreref.Client
	workers []*format.Worker // one for each target
	results []result         // likewise
	number  int              // of the message in the stream
}

func (c *comparison) run(t *testing.T, set *wire.Layouts, stream []byte) {
	t.Helper()
	var out []byte
	formattest.Scan(t, set, stream, func(message []byte, s *meta.Snapshot) {
		theirs := read(c.client.Read, message)
		for i, w := range c.workers {
			out, _ = w.Append(out[:0], message, s)
			c.compare(t, i, message, string(out), theirs)
		}
		c.number++
	})
}

// A reading is what the reference made of a message.
type reading struct {
	record *encoreref.Record
	err    error
}

func read(f func([]byte) (*encoreref.Record, error), message []byte) reading {
	r, err := f(message)
	return reading{r, err}
}

// line returns the line for a target, "" if it has none for the record type.
func (r reading) line(target int) (string, error) {
	if r.err != nil {
		return "", r.err
	}
	return targets[target].line(r.record)
}

// compare judges one line of ours.
func (c *comparison) compare(t *testing.T, target int, message []byte, ours string, theirs reading) {
	t.Helper()
	res := &c.results[target]
	h, _ := wire.PeekRecord(message)
	want, err := theirs.line(target)
	if id := allowance(targets[target].name, h, message, err); id != "" {
		// Then only the mended line counts, also where it does not exist.
		mended, mendErr := read(c.client.ReadMended, message).line(target)
		if mended != want || (err == nil) != (mendErr == nil) {
			res.counts[fmt.Sprintf("allowed %s, record %d", id, h.Type)]++
			res.occurred[id] = true
		}
		want, err = mended, mendErr
	}
	switch want = oneLine(want); {
	case err != nil:
		res.counts["skipped, reference fails: "+err.Error()]++
	case want == ours:
		res.counts["equal"]++
	default:
		if res.different++; res.different <= 10 {
			t.Errorf("%s: %s, message %d, record %d, ours and theirs begin to differ at\n%q\n%q\nours    %.2000q\ntheirs  %.2000q\nmessage %.2000x",
				targets[target].name, c.where, c.number, h.Type, around(ours, want), around(want, ours), ours, want, message)
		}
	}
}

// oneLine makes the line that compat writes of eNcore's: CR and LF inside are two
// characters each. JSON and Splunk have none left.
func oneLine(line string) string {
	if line == "" {
		return ""
	}
	return strings.NewReplacer("\r", `\r`, "\n", `\n`).Replace(line) + "\n"
}

// around returns what a has where it begins to differ from b.
func around(a, b string) string {
	i := 0
	for i < min(len(a), len(b)) && a[i] == b[i] {
		i++
	}
	return a[max(i-40, 0):min(i+40, len(a))]
}

// A result counts what became of the messages in one format.
type result struct {
	counts    map[string]int
	occurred  map[string]bool // by id in allowed
	different int
}

func (r *result) report(t *testing.T, adapter string) {
	t.Helper()
	for _, what := range slices.Sorted(maps.Keys(r.counts)) {
		t.Logf("%7d %s", r.counts[what], what)
	}
	for _, d := range allowed {
		if *seeds >= fewest && d.applies(adapter) && !r.occurred[d.id] {
			t.Errorf("%s did not occur: the streams no longer exercise it", d.id)
		}
	}
	if r.different > 0 {
		t.Errorf("%d lines differ", r.different)
	}
	if r.counts["equal"] == 0 {
		t.Error("nothing was compared")
	}
}
