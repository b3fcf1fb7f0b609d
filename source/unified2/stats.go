package unified2

import (
	"encoding/binary"
	"maps"

	"estream/source/sensor"
)

// A Reason says why something in a spool was not handed on. The values are
// short and constant, fit for a metrics label.
type Reason string

const (
	ReasonUnknownType Reason = "unknown record type"    // one per record
	ReasonMalformed   Reason = "malformed record"       // one per record
	ReasonTorn        Reason = "torn tail"              // one per file
	ReasonLength      Reason = "record length"          // one per file: its rest is not read
	ReasonUnreadable  Reason = "unreadable file"        // one per file and cause; tried again
	ReasonSetAside    Reason = "unreadable file left"   // one per file given up because a newer one exists
	ReasonGone        Reason = "file gone"              // one per file that vanished before its end was read
	ReasonRewritten   Reason = "file rewritten"         // one per occurrence: started over
	ReasonTruncated   Reason = "file truncated"         // one per file: waits until it grows or changes
	ReasonLate        Reason = "file out of order"      // one per file: read nevertheless
	ReasonNoRoom      Reason = "too many file prefixes" // one per prefix: not read
)

// Stats counts what a source has done since it was created.
type Stats struct {
	Records   map[Type]uint64   `json:"records"`    // handed on, by unified2 type
	Skipped   map[Reason]uint64 `json:"skipped"`    // and other incidents, by reason
	Bytes     uint64            `json:"bytes"`      // size of all records read
	Files     uint64            `json:"files"`      // files read to their end and left for a newer one
	Events    uint64            `json:"events"`     // event messages produced (record 400)
	Packets   uint64            `json:"packets"`    // packet messages produced (record 2)
	ExtraData uint64            `json:"extra_data"` // extra data messages produced (record 110)
	Metadata  uint64            `json:"metadata"`   // metadata messages produced
	Batches   uint64            `json:"batches"`    // batches taken by the caller
}

func newStats() Stats {
	return Stats{Records: make(map[Type]uint64), Skipped: make(map[Reason]uint64)}
}

func (s *Stats) clone() Stats {
	c := *s
	c.Records, c.Skipped = maps.Clone(s.Records), maps.Clone(s.Skipped)
	return c
}

// add adds the counters of o to s.
func (s *Stats) add(o *Stats) {
	for k, n := range o.Records {
		s.Records[k] += n
	}
	for k, n := range o.Skipped {
		s.Skipped[k] += n
	}
	s.Bytes += o.Bytes
	s.Files += o.Files
	s.Events += o.Events
	s.Packets += o.Packets
	s.ExtraData += o.ExtraData
	s.Metadata += o.Metadata
	s.Batches += o.Batches
}

// count takes over what an encoder made.
func (s *Stats) count(c sensor.Counts) {
	s.Events, s.Packets, s.ExtraData, s.Metadata, s.Batches = c.Events, c.Packets, c.ExtraData, c.Metadata, c.Batches
}

// Faults returns how many incidents mean that a file holds something that was
// not converted.
func (s *Stats) Faults() (n uint64) {
	for _, r := range []Reason{ReasonMalformed, ReasonTorn, ReasonLength, ReasonUnreadable, ReasonSetAside, ReasonGone, ReasonTruncated, ReasonNoRoom} {
		n += s.Skipped[r]
	}
	return n
}

// Looks reports whether a file that begins with head, at least 8 bytes, can be
// a unified2 file: a known record type and a length that is believed.
func Looks(head []byte) bool {
	if len(head) < headerSize {
		return false
	}
	switch t := Type(binary.BigEndian.Uint32(head)); t {
	case TypePacket, TypeBuffer, TypeExtraData:
	default:
		if !t.IsEvent() {
			return false
		}
	}
	return binary.BigEndian.Uint32(head[4:]) <= MaxRecordLength
}
