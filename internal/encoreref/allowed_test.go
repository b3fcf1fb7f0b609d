package encoreref_test

import (
	"errors"
	"slices"
	"strings"

	"estream/internal/encoreref"
	"estream/wire"
)

// A defect of eNcore that compat does not copy. Of the messages that it concerns our
// line has to equal the one that eNcore would write without it:
// encoreref.Client.ReadMended. Nothing else may differ but CR and LF, and where the
// reference fails otherwise there is nothing to compare.
type defect struct {
	id       string   // in the reference's list of defects
	adapters []string // all if nil
	concerns func(h wire.RecordHeader, message []byte, failure string) bool
}

func (d *defect) applies(adapter string) bool {
	return d.adapters == nil || slices.Contains(d.adapters, adapter)
}

var allowed = []defect{
	// With a netmap id or the flag in the record type word eNcore takes the record
	// for one of unknown type and stops.
	{"D-30 netmap", nil, func(h wire.RecordHeader, _ []byte, _ string) bool { return h.NetmapID != 0 || h.Flagged }},
	// The block type is looked for where it is behind a record header of 16 bytes,
	// in record 71 also behind the IPv6 part of the discovery header.
	{"D-13 layout", nil, func(h wire.RecordHeader, message []byte, _ string) bool {
		switch h.Type {
		case 71:
			return !h.Extended || !hasIPv6(h, message)
		case 125, 400, 500, 502:
			return !h.Extended
		}
		return false
	}},
	// The host's address likewise.
	{"D-13 host", nil, func(h wire.RecordHeader, message []byte, _ string) bool {
		return slices.Contains(discovery, h.Type) && (!h.Extended || !hasIPv6(h, message))
	}},
	// A packet that is UTF-8 makes the adapter fail.
	{"D-15", []string{"cef"}, failsWith("D-15")},
	// So does a value of "blocked" that it has no text for.
	{"D-25", []string{"cef", "cef2"}, failsWith("D-25")},
	// And each packet.
	{"D-33", []string{"cef2"}, failsWith("D-33")},
}

func failsWith(id string) func(wire.RecordHeader, []byte, string) bool {
	return func(_ wire.RecordHeader, _ []byte, failure string) bool { return strings.Contains(failure, "("+id+")") }
}

// discovery are the record types with a discovery header, 71 aside.
var discovery = []uint16{
	10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 31, 34, 35, 42, 44, 45, 46, 47, 48, 51, 52, 53,
	73, 74, 75, 76, 77, 78, 79, 80, 81, 82, 83, 84, 85, 86, 87, 88, 89, 92, 93, 94, 95, 101, 102, 103, 107, 160, 170, 171,
}

// hasIPv6 reports whether the discovery header of a message has its IPv6 part.
func hasIPv6(h wire.RecordHeader, message []byte) bool {
	at := wire.HeaderSize + h.Size + 14
	return at < len(message) && message[at] == 1
}

// allowance returns the id of the defect that concerns a message, "" if none does.
// err is what the reference says to the message.
func allowance(adapter string, h wire.RecordHeader, message []byte, err error) string {
	failure := ""
	if f, ok := errors.AsType[*encoreref.Failure](err); ok && f.Stage == adapter {
		failure = f.Reason
	}
	for i := range allowed {
		if allowed[i].applies(adapter) && allowed[i].concerns(h, message, failure) {
			return allowed[i].id
		}
	}
	return ""
}
