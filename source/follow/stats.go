package follow

import "maps"

// A Reason says why something was not handed on. The values are short and
// constant, fit for a metrics label.
type Reason string

const (
	ReasonLong       Reason = "line too long"      // one per line
	ReasonGone       Reason = "file gone"          // one per file that vanished, or was rewritten, before its end was read
	ReasonTruncated  Reason = "file truncated"     // one per file cut short without a copy of what it held
	ReasonShorter    Reason = "file shorter"       // one per file that ends before the position: waits until it grows or changes
	ReasonUnreadable Reason = "unreadable file"    // one per file and cause; tried again
	ReasonTorn       Reason = "line without end"   // one per file left with such a line, which is handed on nevertheless
	ReasonRefused    Reason = "connection refused" // one per connection above MaxConns
	ReasonBroken     Reason = "connection broken"  // one per connection that ended with an error
)

// Stats counts what an input has done since it was made.
type Stats struct {
	Lines   uint64            `json:"lines"`   // handed on and taken
	Bytes   uint64            `json:"bytes"`   // in them, line ends included
	Files   uint64            `json:"files"`   // files read to their end and left for the next, or connections accepted
	Skipped map[Reason]uint64 `json:"skipped"` // incidents by reason
}

func (s *Stats) clone() Stats {
	c := *s
	c.Skipped = maps.Clone(s.Skipped)
	if c.Skipped == nil {
		c.Skipped = make(map[Reason]uint64)
	}
	return c
}

func (s *Stats) skip(why Reason) {
	if s.Skipped == nil {
		s.Skipped = make(map[Reason]uint64)
	}
	s.Skipped[why]++
}
