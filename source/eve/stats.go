package eve

import (
	"log/slog"
	"maps"
	"time"

	"estream/internal/mute"
	"estream/source/follow"
	"estream/source/sensor"
)

// A Reason says why a line was not used. The values are short and constant, fit
// for a metrics label.
type Reason string

const (
	ReasonNoJSON Reason = "no JSON object"
	ReasonNoType Reason = "no event type"
	ReasonNoTime Reason = "no time between 1970 and 2106"
)

// Stats counts what a source has done since it was created.
type Stats struct {
	Lines   uint64            `json:"lines"`   // lines understood
	Types   map[string]uint64 `json:"types"`   // of them, by event type; the first 64 types, then "other"
	Unknown map[string]uint64 `json:"unknown"` // of them, lines of types that this program does not know: nothing was made of them
	Skipped map[Reason]uint64 `json:"skipped"` // lines not understood

	Alerts      uint64 `json:"alerts"`      // intrusion events made of alerts
	Anomalies   uint64 `json:"anomalies"`   // intrusion events made of anomalies
	Files       uint64 `json:"files"`       // file events
	Connections uint64 `json:"connections"` // connection events, of which:
	Alone       uint64 `json:"alone"`       // of flows whose end was not reported in time
	Further     uint64 `json:"further"`     // of further transactions of a flow that has its event
	Merged      uint64 `json:"merged"`      // flow and netflow lines that another line's event already speaks for
	Discovery   uint64 `json:"discovery"`   // discovery events and their metadata
	BadPackets  uint64 `json:"bad_packets"` // packets and payloads that are not base64
	Omitted     uint64 `json:"omitted"`     // lines of types that were to be left out
	Forgotten   uint64 `json:"forgotten"`   // times that the open flows could not be restored at a start

	OpenFlows int           `json:"open_flows"` // flows whose end has not been reported yet
	Messages  sensor.Counts `json:"messages"`   // messages made, all kinds
	Input     follow.Stats  `json:"input"`      // what became of the input's files or connections
	Sensor    SensorStats   `json:"sensor"`     // the newest of Suricata's own counters
}

// SensorStats are counters of the sensor itself, from the last line of type stats.
// They count since the sensor started. Zero: not said.
type SensorStats struct {
	Time    time.Time     `json:"time"`
	Uptime  time.Duration `json:"uptime_ns"`
	Packets uint64        `json:"packets"` // received from the kernel, or decoded where that is not said
	Dropped uint64        `json:"dropped"` // by the kernel before the sensor saw them
	Bytes   uint64        `json:"bytes"`   // decoded
	Alerts  uint64        `json:"alerts"`
	Flows   uint64        `json:"flows"` // open
	Raw     []byte        `json:"-"`     // the whole section as JSON, nil if it has more than 64 KiB
}

const (
	maxTypes = 64
	maxRaw   = 64 << 10
	others   = "other"
)

// counts is what a run keeps; it is not safe for concurrent use.
type counts struct {
	Stats
	types, unknown map[string]*uint64
	log            *slog.Logger
	loud           *mute.Mute
}

func newCounts(log *slog.Logger) *counts {
	return &counts{types: map[string]*uint64{}, unknown: map[string]*uint64{}, log: log, loud: mute.New(10 * time.Second),
		Stats: Stats{Skipped: map[Reason]uint64{}}}
}

// count counts a line that was understood.
func (s *counts) count(e *event) {
	s.Lines++
	tally(s.types, e.name)
	if e.kind == kindOther {
		if tally(s.unknown, e.name) == 1 {
			s.log.Warn("eve: lines of this type are not used", "type", string(cut(e.name, maxShort)))
		}
	}
}

// tally counts a name; names beyond the first are counted together.
func tally(m map[string]*uint64, name []byte) uint64 {
	n := m[string(name)]
	if n == nil {
		key := string(cut(name, maxShort))
		if len(m) >= maxTypes {
			key = others
		}
		if n = m[key]; n == nil {
			n = new(uint64)
			m[key] = n
		}
	}
	*n++
	return *n
}

// malformed counts a line that was not understood and, now and then, logs it.
func (s *counts) malformed(why Reason, line []byte, offset int, where follow.Place) {
	s.Skipped[why]++
	if held, ok := s.loud.Held(); ok {
		s.log.Warn("eve: line left out", "reason", string(why), "file", where.Name, "offset", where.Offset+int64(offset),
			"line", string(cut(line, 160)), "not_logged", held)
	}
}

// sensor takes over the sensor's own counters.
func (s *counts) sensor(e *event, scan *scanner) {
	n := SensorStats{Time: e.time.moment()}
	var decoded, kernel uint64
	scan.reset(e.stats)
	for scan.enter('{'); scan.next('}'); {
		section := scan.key()
		if string(section) == "uptime" {
			up, _ := scan.uint()
			n.Uptime = time.Duration(min(up, 1<<33)) * time.Second
			continue
		}
		// Keys of sections do not repeat across the five that matter.
		capture, decoder, detect, flows := string(section) == "capture", string(section) == "decoder", string(section) == "detect", string(section) == "flow"
		if !capture && !decoder && !detect && !flows {
			scan.skip()
			continue
		}
		for scan.enter('{'); scan.next('}'); {
			key := string(scan.key())
			switch {
			case capture && key == "kernel_packets":
				kernel, _ = scan.uint()
			case capture && key == "kernel_drops":
				n.Dropped, _ = scan.uint()
			case decoder && key == "pkts":
				decoded, _ = scan.uint()
			case decoder && key == "bytes":
				n.Bytes, _ = scan.uint()
			case detect && key == "alert":
				n.Alerts, _ = scan.uint()
			case flows && key == "active":
				n.Flows, _ = scan.uint()
			default:
				scan.skip()
			}
		}
	}
	if n.Packets = kernel; kernel == 0 {
		n.Packets = decoded
	}
	if len(e.stats) <= maxRaw {
		n.Raw = append([]byte(nil), e.stats...)
	}
	s.Sensor = n
}

// snapshot returns the counters in memory of their own.
func (s *counts) snapshot() Stats {
	c := s.Stats
	c.Skipped = maps.Clone(s.Skipped)
	c.Types, c.Unknown = values(s.types), values(s.unknown)
	return c
}

func values(m map[string]*uint64) map[string]uint64 {
	c := make(map[string]uint64, len(m))
	for k, n := range m {
		c[k] = *n
	}
	return c
}

// add counts something unless it was counted by an earlier run.
func (s *counts) add(quiet bool, n *uint64) {
	if !quiet {
		*n++
	}
}
