package server

import (
	"encoding/binary"

	"estream/session"
	"estream/wire"
)

// flagBits lists for each category the request flags that ask for it.
var flagBits = map[string]wire.RequestFlags{
	"packet":    wire.FlagPackets,
	"metadata":  wire.FlagMetadataV1 | wire.FlagMetadataV2 | wire.FlagMetadataV3 | wire.FlagMetadataV4,
	"intrusion": wire.FlagIntrusion | wire.FlagIntrusionImpact,
	"discovery": wire.FlagDiscoveryV1 | wire.FlagDiscoveryV2 | wire.FlagDiscoveryV3 | wire.FlagDiscoveryV4 |
		wire.FlagDiscoveryV5 | wire.FlagDiscoveryV6 | wire.FlagDiscoveryV7,
	"correlation": wire.FlagCorrelationV1 | wire.FlagCorrelationV2 | wire.FlagCorrelationV3 | wire.FlagCorrelationV4 |
		wire.FlagCorrelationV5 | wire.FlagCorrelationV6,
	"impact":     wire.FlagImpactAlerts,
	"connection": wire.FlagConnectionV1 | wire.FlagConnectionV3 | wire.FlagConnectionV4 | wire.FlagConnectionV5,
	"user":       wire.FlagUser,
	"extra_data": wire.FlagExtraData,
}

// codeCategories lists what the event types of an extended request cover.
var codeCategories = map[uint16][]string{
	wire.CodeIntrusion:   {"intrusion"},
	wire.CodeMetadata:    {"metadata"},
	wire.CodeCorrelation: {"correlation"},
	wire.CodeDiscovery:   {"discovery", "ioc"},
	wire.CodeConnection:  {"connection"},
	wire.CodeUser:        {"user", "vpn"},
	wire.CodeMalware:     {"malware"},
	wire.CodeFile:        {"file"},
	wire.CodeImpactAlert: {"impact"},
}

// A selection decides which records of the journal a request gets, and in which
// form of the record header.
type selection struct {
	set        *wire.Layouts
	asIs       bool
	noEvents   bool
	extended   bool // 16-byte record headers
	categories map[string]bool
	types      [1 << 16]uint8 // by record type: not looked up yet, wanted, unwanted
	from       uint32         // events archived before are left out; 0: none
	copied     bool           // the last apply did not return its input
}

const (
	typeUnset = iota
	typeWanted
	typeUnwanted
	typeMetadata // wanted
)

func newSelection(req session.Request, set *wire.Layouts, asIs bool) *selection {
	s := &selection{set: set, asIs: asIs, noEvents: req.Flags&wire.FlagNoEvents != 0, extended: req.Flags&wire.FlagArchiveTimestamp != 0, categories: map[string]bool{}}
	for category, bits := range flagBits {
		s.categories[category] = req.Flags&bits != 0
	}
	for _, p := range req.Pairs {
		for _, category := range codeCategories[p.Code] {
			s.categories[category] = true
		}
	}
	return s
}

// metadata reports whether the request gets metadata.
func (s *selection) metadata() bool { return s.asIs || s.categories["metadata"] }

// kind returns what to do with records of a type.
func (s *selection) kind(record uint16) uint8 {
	k := &s.types[record]
	if *k == typeUnset {
		def, err := s.set.Source().Record(record)
		switch {
		case err == nil && def.IsMetadata() && s.metadata():
			*k = typeMetadata
		case s.asIs:
			*k = typeWanted
		case err != nil || !s.categories[def.Category] || s.noEvents || def.IsMetadata():
			// Nothing in a request can ask for types that nobody knows.
			*k = typeUnwanted
		default:
			*k = typeWanted
		}
	}
	return *k
}

// apply returns the messages of batch that are to be sent, and how many they
// are. While all of batch is, the result is batch itself; otherwise it is built
// in dst. lowest is the lowest archive time in batch; arrival stands in for an
// archive time that a record does not have.
func (s *selection) apply(dst, batch []byte, count int, lowest, arrival uint32) ([]byte, int) {
	s.copied = false
	if s.asIs && (s.from == 0 || lowest >= s.from) {
		return batch, count
	}
	n, run := 0, 0 // messages so far; start of those that go out as they are
	for at := 0; at < len(batch); {
		m, _, err := wire.NextMessage(batch[at:])
		if err != nil {
			break // the journal holds whole messages
		}
		h, ok := wire.PeekRecord(m)
		kind := s.kind(h.Type)
		late := kind == typeWanted && ok && h.ArchiveTimestamp != 0 && h.ArchiveTimestamp < s.from
		switch {
		case kind == typeUnwanted || late || !ok && !s.asIs:
			dst = append(dst, batch[run:at]...)
			run, s.copied = at+len(m), true
		case s.asIs || h.Extended == s.extended && !h.Flagged && h.NetmapID == 0:
			n++
		default:
			dst = append(dst, batch[run:at]...)
			dst = s.appendHeader(dst, m, h, arrival)
			run, s.copied = at+len(m), true
			n++
		}
		at += len(m)
	}
	if !s.copied {
		return batch, n
	}
	return append(dst, batch[run:]...), n
}

// appendHeader appends message with the form of record header that was asked
// for, and with a plain record type word: clients that compare the whole word
// would take a netmap id for another record type.
func (s *selection) appendHeader(dst, m []byte, h wire.RecordHeader, arrival uint32) []byte {
	body := m[wire.HeaderSize+h.Size:]
	size := 8
	if s.extended {
		size = 16
	}
	dst = wire.AppendHeader(dst, wire.TypeEventData, uint32(size+len(body)))
	dst = binary.BigEndian.AppendUint32(dst, uint32(h.Type))
	dst = binary.BigEndian.AppendUint32(dst, uint32(len(body)))
	if s.extended {
		if !h.Extended {
			h.ArchiveTimestamp = arrival
		}
		dst = binary.BigEndian.AppendUint32(dst, h.ArchiveTimestamp)
		dst = binary.BigEndian.AppendUint32(dst, h.Reserved)
	}
	return append(dst, body...)
}
