package demo

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"sync"
	"time"
)

// samples keeps the first line of each kind of event in both formats.
type samples struct {
	mu    sync.Mutex
	lines map[string]map[string]string // kind -> format -> line
}

// kinds are the events that are shown, with what marks their lines.
var kinds = []struct {
	name, title, json, cef string
	sensor                 bool // only those of the Snort sensor: the synthetic stream has the kind, too
}{
	{"intrusion", "an intrusion event of the Snort sensor (record 400)", `{"recordType": 400, `, "|INTRUSION:400:", true},
	{"packet", "a packet that set off an intrusion event (record 2)", `{"recordType": 2, `, "|PKT:2:1|", true},
	{"connection", "a connection event of the synthetic stream (record 71)", `{"recordType": 71, `, "|RNA:1003:1|", false},
}

// What marks the lines of the Snort sensor.
var (
	sensorJSON = fmt.Appendf(nil, `"deviceId": %d,`, sensorDevice)
	sensorCEF  = fmt.Appendf(nil, "deviceExternalId=%d ", sensorDevice)
)

func newSamples() *samples { return &samples{lines: map[string]map[string]string{}} }

func (s *samples) json(lines []byte) { s.take("json", lines) }
func (s *samples) cef(lines []byte)  { s.take("cef", lines) }

func (s *samples) take(format string, lines []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, k := range kinds {
		mark, sensor := k.json, sensorJSON
		if format == "cef" {
			mark, sensor = k.cef, sensorCEF
		}
		if s.lines[k.name][format] != "" {
			continue
		}
		for line := range bytes.Lines(lines) {
			if !bytes.Contains(line, []byte(mark)) || k.sensor && !bytes.Contains(line, sensor) {
				continue
			}
			if s.lines[k.name] == nil {
				s.lines[k.name] = map[string]string{}
			}
			s.lines[k.name][format] = string(bytes.TrimSuffix(line, []byte{'\n'}))
			break
		}
	}
}

// next returns the first kind that has been seen in both formats and was not
// shown yet.
func (s *samples) next(shown map[string]bool) (title, jsonLine, cefLine string, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, k := range kinds {
		if l := s.lines[k.name]; !shown[k.name] && l["json"] != "" && l["cef"] != "" {
			shown[k.name] = true
			return k.title, l["json"], l["cef"], true
		}
	}
	return "", "", "", false
}

func (d *demo) explain() {
	fmt.Fprintf(d.Out, `estream demo: a complete eStreamer system in one process

  Snort's unified2 file (5,675 real events) ┐
                                            ├► server ══ TLS ══► collector ─┬► events.json
  a synthetic stream with connections       ┘                               └► events.cef

The server made a certificate authority and listens on %s. It registered one
client, whose PKCS#12 file the collector uses. Both keep journals: what a crash
interrupts goes on where it stopped. Everything lies in
  %s

`, d.server.Server.Listeners[0].Addr(), d.Dir)
}

// patience is how much longer than asked the demonstration runs if the sensor's
// file has not arrived by then. The counts will show it.
const patience = time.Minute

// shortest is how much of a JSON line is shown; whole ones have up to 6 kB.
const shortest = 480

func (d *demo) showSamples(shown map[string]bool) {
	for {
		title, jsonLine, cefLine, ok := d.samples.next(shown)
		if !ok {
			return
		}
		if len(jsonLine) > shortest {
			jsonLine = fmt.Sprintf("%s ... (%d bytes)", strings.ToValidUTF8(jsonLine[:shortest], ""), len(jsonLine))
		}
		if len(cefLine) > 2*shortest {
			cefLine = fmt.Sprintf("%s ... (%d bytes)", strings.ToValidUTF8(cefLine[:2*shortest], ""), len(cefLine))
		}
		fmt.Fprintf(d.Out, "%s\n  CEF   %s\n  JSON  %s\n\n", title, cefLine, jsonLine)
	}
}

// watch shows what goes on until the time is over, ctx ends or a part fails.
func (d *demo) watch(ctx context.Context, began time.Time, failed <-chan error) error {
	var over <-chan time.Time
	if d.For > 0 {
		over = time.After(d.For + patience)
	} else {
		fmt.Fprintln(d.Out, "Streaming until Ctrl-C.")
		fmt.Fprintln(d.Out)
	}
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	shown := map[string]bool{}
	last := time.Now()
	for {
		select {
		case <-over:
			d.endStatus()
			d.showSamples(shown)
			return nil
		case <-ctx.Done():
			d.endStatus()
			return nil
		case err := <-failed:
			d.endStatus()
			return err
		case <-tick.C:
		}
		if d.burst == 0 && min(d.outputs[0].Stats.Messages.Load(), d.outputs[1].Stats.Messages.Load()) >= sensorRecords {
			// What a slow machine needs for this does not count as streaming.
			d.burst = time.Since(began)
			if d.For > 0 {
				over = time.After(d.For)
			}
		}
		// On a terminal one line that changes, elsewhere a new line now and then.
		every := 5 * time.Second
		if d.Live {
			every = 200 * time.Millisecond
		}
		if time.Since(last) < every {
			continue
		}
		last = time.Now()
		d.endStatus()
		d.showSamples(shown)
		d.status(time.Since(began))
	}
}

func (d *demo) status(since time.Duration) {
	line := fmt.Sprintf("%4.0f s  sent %s  received %s  journaled %s  written %s",
		since.Seconds(), group(d.server.Server.Stats().Sent.Load()), group(d.source.Stats().Received.Load()),
		group(d.source.Stats().Journaled.Load()), group(d.outputs[0].Stats.Lines.Load()))
	if d.Live {
		fmt.Fprintf(d.Out, "\r%s", line)
		return
	}
	fmt.Fprintln(d.Out, line)
}

func (d *demo) endStatus() {
	if d.Live {
		fmt.Fprint(d.Out, "\r\x1b[K")
	}
}

func (d *demo) report(c *Counts, streamed time.Duration) {
	verdict := "everything arrived, once"
	if !c.OK() {
		verdict = "THE COUNTS DO NOT ADD UP"
	}
	fmt.Fprintf(d.Out, `
sent        %10s   messages the server wrote into the TLS connection
received    %10s   messages the collector read out of it
journaled   %10s   messages in the collector's journal, read again from disk
written     %10s   lines in events.json; %s in events.cef, of %s records that have a CEF line
lost        %10s   events of the server's journal whose ids are not in events.json

%s
throughput  %s, through two durable journals into both formats; make bench measures the limits
`, group(c.Sent), group(c.Received), group(c.Journaled), group(c.Written), group(c.CEF), group(c.CEFTypes), group(c.Lost), verdict, d.throughput(c, streamed))
}

func (d *demo) throughput(c *Counts, streamed time.Duration) string {
	if d.burst == 0 {
		return fmt.Sprintf("%s messages in %.1f s", group(c.Written), streamed.Seconds())
	}
	return fmt.Sprintf("%s messages/s for the sensor's file (%s records in %.2f s)", group(uint64(sensorRecords/d.burst.Seconds())), group(sensorRecords), d.burst.Seconds())
}

// group writes a number with separators of thousands.
func group(n uint64) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
