package snort3

import (
	"maps"

	"estream/source/sensor"
)

// A Reason says why something was not converted. The values are short and
// constant, fit for a metrics label. Those of package follow occur as well.
type Reason string

const (
	ReasonNotJSON Reason = "no JSON object"  // one per line
	ReasonNoAlert Reason = "no alert"        // one per line
	ReasonField   Reason = "malformed field" // one per line that was converted without a field
)

// Stats counts what a source has done since it was made.
type Stats struct {
	sensor.Counts
	Lines   uint64            `json:"lines"`   // read, those that were not converted included
	Bytes   uint64            `json:"bytes"`   // in them
	Files   uint64            `json:"files"`   // files read to their end and left for the next
	Skipped map[Reason]uint64 `json:"skipped"` // lines, fields and other incidents, by reason
}

func (s *Stats) clone() Stats {
	c := *s
	c.Skipped = maps.Clone(s.Skipped)
	if c.Skipped == nil {
		c.Skipped = make(map[Reason]uint64)
	}
	return c
}

func (s *Stats) skip(why Reason, n uint64) {
	if s.Skipped == nil {
		s.Skipped = make(map[Reason]uint64)
	}
	s.Skipped[why] += n
}

func (s *Stats) add(o *Stats) {
	s.Counts.Add(&o.Counts)
	s.Lines += o.Lines
	s.Bytes += o.Bytes
	s.Files += o.Files
	for why, n := range o.Skipped {
		s.skip(why, n)
	}
}
