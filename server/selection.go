package server

import (
	"encoding/binary"

	"estream/server/access"
	"estream/server/versions"
	"estream/wire"
)

// A selection decides which records of the journal a session gets, and in which form.
// It belongs to one session.
type selection struct {
	set     *wire.Layouts
	plan    *plan
	encoder *versions.Encoder
	asIs    bool
	boxes   access.Boxes
	serves  func(record uint16) bool // nil: every record type
	netmap  bool                     // the record type word keeps the netmap id
	sight   *sight                   // nil: every device
	told    *told                    // nil: metadata is repeated as often as the journal has it
	from    uint32                   // events archived before are left out; 0: none

	kinds  [1024]uint8 // by record type; known types are below
	others map[uint16]uint8
	copied bool // the last apply did not return its input

	dropped struct{ inexpressible, unservable uint64 } // events, since the session began
}

const (
	kindUnset    = iota
	kindUnwanted // not sent
	kindWanted   // sent as it is
	kindByForm   // sent, in the form of the version asked for
	kindMetadata // as kindWanted
	kindNamed    // metadata by form
)

// maxOthers is how many record types above the table are remembered.
const maxOthers = 1024

// kind returns what to do with records of a type.
func (s *selection) kind(record uint16) uint8 {
	if int(record) < len(s.kinds) {
		k := &s.kinds[record]
		if *k == kindUnset {
			*k = s.judge(record)
		}
		return *k
	}
	k, ok := s.others[record]
	if !ok {
		k = s.judge(record)
		if len(s.others) < maxOthers {
			if s.others == nil {
				s.others = map[uint16]uint8{}
			}
			s.others[record] = k
		}
	}
	return k
}

func (s *selection) judge(record uint16) uint8 {
	def, err := s.set.Source().Record(record)
	known := err == nil
	switch {
	case s.serves != nil && !s.serves(record), known && !s.boxes.Has(def.Category):
		return kindUnwanted
	case s.asIs && known && def.IsMetadata():
		return kindMetadata
	case s.asIs:
		return kindWanted
	case !known, s.plan.noEvents && !def.IsMetadata():
		return kindUnwanted // nothing in a request can ask for types that nobody knows
	}
	switch v := s.encoder.Type(def); {
	case v == versions.Never:
		return kindUnwanted
	case v == versions.ByForm && def.IsMetadata():
		return kindNamed
	case v == versions.ByForm:
		return kindByForm
	case def.IsMetadata():
		return kindMetadata
	}
	return kindWanted
}

// A piece is messages of one source, with what the journal knows of them as a whole.
type piece struct {
	source  uint32
	data    []byte
	count   int
	lowest  uint32 // archive time
	arrival uint32 // stands in for an archive time that a record does not have
}

// whole reports whether p goes out as it is without a look at its messages.
func (s *selection) whole(p *piece) bool {
	return s.asIs && s.sight == nil && s.boxes == access.AllBoxes && s.serves == nil && (s.from == 0 || p.lowest >= s.from)
}

// maxPiece is how much is made anew at a time, in bytes: a client that does not take it
// keeps the buffer.
const maxPiece = 128 << 10

// apply returns the messages of p, from offset from on, that are to be sent, how many
// they are, and the offset behind those that were looked at: not all of p where much has
// to be made anew. While all of them go out as they are, data is that part of p.data
// itself; otherwise it is built in dst.
func (s *selection) apply(dst []byte, p *piece, from int) (data []byte, n, next int) {
	s.copied = false
	if s.whole(p) {
		return p.data, p.count, len(p.data)
	}
	at, run := from, from // run is the start of those that go out as they are
	for at < len(p.data) && !(s.copied && len(dst)+at-run >= maxPiece) {
		m, _, err := wire.NextMessage(p.data[at:])
		if err != nil {
			// The journal holds whole messages.
			return append(dst, p.data[run:at]...), n, len(p.data)
		}
		h, ok := wire.PeekRecord(m)
		verdict := s.verdict(p, m, &h, ok)
		if verdict == versions.Always {
			n++
			at += len(m)
			continue
		}
		dst = append(dst, p.data[run:at]...)
		at += len(m)
		run, s.copied = at, true
		if verdict == versions.Convert {
			before := len(dst)
			if dst = s.appendNew(dst, m, h, p.arrival); len(dst) > before {
				n++
			}
		}
	}
	if !s.copied {
		return p.data[from:at], n, at
	}
	return append(dst, p.data[run:at]...), n, at
}

// verdict decides about one message: it goes out as it is, or anew, or never.
func (s *selection) verdict(p *piece, m []byte, h *wire.RecordHeader, ok bool) versions.Verdict {
	if !ok {
		if s.asIs && s.sight == nil {
			return versions.Always
		}
		return versions.Never
	}
	kind := s.kind(h.Type)
	event := kind == kindWanted || kind == kindByForm
	switch {
	case kind == kindUnwanted, event && h.ArchiveTimestamp != 0 && h.ArchiveTimestamp < s.from,
		s.sight != nil && !s.sight.sees(m, h, p.source, !event),
		!event && s.told != nil && !s.told.tell(m, h, p.source):
		return versions.Never
	case s.asIs:
		return versions.Always
	}
	if kind == kindByForm || kind == kindNamed {
		switch v := s.encoder.Passes(m, h); v {
		case versions.Never:
			s.dropped.unservable++
			return v
		case versions.Convert:
			return v
		}
	}
	plain := !h.Flagged && h.NetmapID == 0
	if h.Extended == s.plan.extended && (plain && !s.netmap || s.netmap && h.Flagged == h.Extended) {
		return versions.Always
	}
	return versions.Convert
}

// head is the record header that was asked for. The record type word is plain but for
// clients that are known to understand more: others compare the whole word and would
// take a netmap id for another record type.
func (s *selection) head(h wire.RecordHeader, arrival uint32) wire.RecordHeader {
	out := wire.RecordHeader{Type: h.Type, Extended: s.plan.extended, ArchiveTimestamp: h.ArchiveTimestamp, Reserved: h.Reserved}
	if !h.Extended {
		out.ArchiveTimestamp = arrival
	}
	if s.netmap {
		out.NetmapID, out.Flagged = h.NetmapID, out.Extended
	}
	return out
}

// appendNew appends a message with another record header, and in another form where
// the version asked for has one.
func (s *selection) appendNew(dst, m []byte, h wire.RecordHeader, arrival uint32) []byte {
	head := s.head(h, arrival)
	kind := s.kind(h.Type)
	if (kind == kindByForm || kind == kindNamed) && s.encoder.Passes(m, &h) == versions.Convert {
		out, reason := s.encoder.Append(dst, m, head)
		switch reason {
		case 0:
		case versions.Inexpressible:
			s.dropped.inexpressible++
		default:
			s.dropped.unservable++
		}
		return out
	}
	return appendHeader(dst, head, m[wire.HeaderSize+h.Size:])
}

// appendHeader appends a message with the given record header and body.
func appendHeader(dst []byte, h wire.RecordHeader, body []byte) []byte {
	size := 8
	if h.Extended {
		size = 16
	}
	word := uint32(h.Type) | uint32(h.NetmapID&0x7fff)<<16
	if h.Flagged {
		word |= 1 << 31
	}
	dst = wire.AppendHeader(dst, wire.TypeEventData, uint32(size+len(body)))
	dst = binary.BigEndian.AppendUint32(dst, word)
	dst = binary.BigEndian.AppendUint32(dst, uint32(len(body)))
	if h.Extended {
		dst = binary.BigEndian.AppendUint32(dst, h.ArchiveTimestamp)
		dst = binary.BigEndian.AppendUint32(dst, h.Reserved)
	}
	return append(dst, body...)
}
