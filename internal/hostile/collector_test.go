package hostile

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"estream/collect"
	"estream/estreamtest"
	"estream/internal/durable/faultfs"
	"estream/internal/recordtest"
	"estream/internal/syncbuf"
	"estream/layouts"
	"estream/output"
	"estream/service"
	"estream/session"
	"estream/source/fmc"
	"estream/wire"
)

// A collection is a collector that writes in every format at once, and what has
// come of it.
type collection struct {
	t       *testing.T
	outputs []*collected
	log     syncbuf.Buffer
	source  *fmc.Source
	stop    context.CancelFunc
	ended   chan error
}

// A collected is one output, which keeps all lines in memory.
type collected struct {
	variant
	*service.Output
	lines   syncbuf.Buffer
	commits chan struct{} // a token after each commit
}

// sink is a collected as its collector sees it.
type sink struct{ *collected }

func (s sink) Write(_ context.Context, lines []byte) error {
	_, err := s.lines.Write(lines)
	return err
}

func (s sink) Commit(context.Context) ([]byte, error) {
	select {
	case s.commits <- struct{}{}:
	default: // one token is enough to look again
	}
	return nil, nil
}

// Empty is false, so that every line is an event: no format writes a heading.
func (s sink) Empty() bool    { return false }
func (s sink) Close() error   { return nil }
func (s sink) String() string { return s.name }

// startCollector collects from center until the test ends or stop is called.
func startCollector(t *testing.T, center *estreamtest.Center) *collection {
	t.Helper()
	c := &collection{t: t, ended: make(chan error, 1)}
	c.source = &fmc.Source{
		Addr: center.Addr(), TLS: center.ClientTLS(), Start: wire.StartOldest, Persist: true,
		Session: session.ClientConfig{MessageTimeout: time.Second},
	}
	s := &service.Service{State: "/state", FS: faultfs.New(), Layouts: layouts.Default(), Sources: []*service.Source{{Source: c.source}}, Log: c.log.Logger()}
	for _, v := range variants(t) {
		o := &collected{variant: v, commits: make(chan struct{}, 1)}
		o.Output = &service.Output{Name: strings.ReplaceAll(v.name, " ", "-"), Format: v.format, Workers: 1}
		o.Open = func([]byte) (output.Output, error) { return sink{o}, nil }
		c.outputs = append(c.outputs, o)
		s.Outputs = append(s.Outputs, o.Output)
	}
	ctx, stop := context.WithCancel(t.Context())
	c.stop = stop
	go func() { c.ended <- s.Run(ctx) }()
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("log:\n%s", c.log.String())
		}
	})
	return c
}

// wait waits until every output has taken n messages, stops the collector, and
// checks that all were counted and the lines are lines.
func (c *collection) wait(n uint64) {
	c.t.Helper()
	for _, o := range c.outputs {
		for o.Stats.Messages.Load() < n {
			select {
			case <-o.commits:
			case err := <-c.ended:
				c.t.Fatalf("the collector ended with %d of %d messages in %s: %v", o.Stats.Messages.Load(), n, o.name, err)
			}
		}
	}
	c.stop()
	if err := <-c.ended; err != nil {
		c.t.Errorf("the collector ended with %v", err)
	}
	for _, o := range c.outputs {
		st := &o.Stats
		if st.Messages.Load() != n || st.Lines.Load()+st.Silent.Load()+st.Raw.Load()+st.Unwritten.Load() != n {
			c.t.Errorf("%s: %d messages, %d lines, %d silent, %d raw, %d unwritten; want %d in all",
				o.name, st.Messages.Load(), st.Lines.Load(), st.Silent.Load(), st.Raw.Load(), st.Unwritten.Load(), n)
		}
		if o.raw && st.Unwritten.Load() != 0 {
			c.t.Errorf("%s: %d messages without a line", o.name, st.Unwritten.Load())
		}
		lines := []byte(o.lines.String())
		if err := checkLines(lines, int(st.Lines.Load()+st.Raw.Load()), o.json, 1<<20); err != nil {
			c.t.Errorf("%s: %v", o.name, err)
		}
	}
}

// problems checks what every output has counted as undecodable, by record, block
// and reason. A format that reads less of a record may find less.
func (c *collection) problems(want map[collect.ProblemKey]uint64) {
	c.t.Helper()
	for _, o := range c.outputs {
		got := o.Stats.Problems()
		if o.json && !maps.Equal(got, want) {
			c.t.Errorf("%s: counted %v, want %v", o.name, got, want)
		}
		for k, n := range got {
			if n > want[k] {
				c.t.Errorf("%s: counted %d of %v, want %d", o.name, n, k, want[k])
			}
		}
	}
}

// events returns the number of each line that is an intrusion event, per format
// that writes JSON, as the one way to read lines back that needs no parser.
func (c *collection) events() map[string][]uint64 {
	c.t.Helper()
	list := map[string][]uint64{}
	for _, o := range c.outputs {
		if !o.json {
			continue
		}
		for line := range strings.Lines(o.lines.String()) {
			var v struct {
				RecordType int    `json:"recordType"`
				EventID    uint64 `json:"eventId"`
			}
			if err := json.Unmarshal([]byte(line), &v); err != nil {
				c.t.Errorf("%s: %v in %s", o.name, err, line)
			}
			if v.RecordType == 400 && v.EventID >= firstEvent {
				list[o.name] = append(list[o.name], v.EventID)
			}
		}
	}
	return list
}

// delivered checks that the events numbered so, and no others, are in the lines,
// in this order, and that the other formats have as many lines of them.
func (c *collection) delivered(ids ...uint64) {
	c.t.Helper()
	got := c.events()
	if len(got) == 0 {
		c.t.Error("no format to read events from")
	}
	for name, list := range got {
		if !slices.Equal(list, ids) {
			c.t.Errorf("%s: events %v, want %v", name, list, ids)
		}
	}
	for _, o := range c.outputs {
		text := o.lines.String()
		for _, id := range ids {
			// Lines for people show the port, raw ones the whole message; all others
			// show the number, which is odd enough to be found in any form of line.
			port, whole := fmt.Sprintf("10.1.2.3:%d ", firstPort+id-firstEvent), base64.StdEncoding.EncodeToString(event(c.t, id-firstEvent))
			if !strings.Contains(text, fmt.Sprint(id)) && !strings.Contains(text, port) && !strings.Contains(text, whole) {
				c.t.Errorf("%s: event %d is not in\n%s", o.name, id, text)
			}
		}
	}
}

// logged checks that the log names what went wrong.
func (c *collection) logged(text string) {
	c.t.Helper()
	if !strings.Contains(c.log.String(), text) {
		c.t.Errorf("%q is not in the log", text)
	}
}

// The number of the first of our intrusion events, and its source port.
const (
	firstEvent = 918273601
	firstPort  = 51230
)

// event returns intrusion event number n, counted from 0. Their archive times are
// a second apart.
func event(t testing.TB, n uint64) []byte {
	t.Helper()
	return record(t, 400, 85, 1700000000+uint32(n), map[string]any{
		"event_id": firstEvent + n, "event_second": 1700000000 + n, "device_id": uint64(7), "rule_id": 2000000 + n, "source_port_or_icmp_type": firstPort + n,
		"generator_id": uint64(1), "source_ip_address": v4(10, 1, 2, 3), "destination_ip_address": v4(10, 4, 5, 6),
	})
}

func v4(a, b, c, d byte) []byte { return []byte{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b, c, d} }

// record builds a message with the extended record header.
func record(t testing.TB, typ uint16, blockType uint32, archive uint32, fields map[string]any) []byte {
	t.Helper()
	return recordAs(t, wire.RecordHeader{Extended: true, ArchiveTimestamp: archive}, typ, blockType, fields)
}

func recordAs(t testing.TB, h wire.RecordHeader, typ uint16, blockType uint32, fields map[string]any) []byte {
	t.Helper()
	return recordtest.MessageAs(t, layouts.Default(), h, typ, blockType, fields)
}
