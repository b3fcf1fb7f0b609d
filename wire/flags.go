package wire

import (
	"math/bits"
	"strconv"
	"strings"
)

// RequestFlags are the 32 bits of an event stream request. They choose event
// types and versions of the 3.x and 4.x generations and, for every generation,
// metadata, packets, extra data and the form of the record header.
type RequestFlags uint32

// The request flags, bits 0 to 30; bit 31 must be 0. Guide: "Request Flags".
// Of a datum asked for in several versions the server sends the highest.
const (
	FlagPackets          RequestFlags = 1 << 0  // packets of intrusion events
	FlagMetadataV1       RequestFlags = 1 << 1  // metadata, 3.x
	FlagIntrusion        RequestFlags = 1 << 2  // intrusion events without impact
	FlagDiscoveryV1      RequestFlags = 1 << 3  // discovery events, 3.0 and 3.1
	FlagCorrelationV1    RequestFlags = 1 << 4  // correlation events, 3.2
	FlagImpactAlerts     RequestFlags = 1 << 5  // impact alerts
	FlagIntrusionImpact  RequestFlags = 1 << 6  // intrusion events with impact
	FlagDiscoveryV2      RequestFlags = 1 << 7  // discovery events, 3.2 to 3.4
	FlagConnectionV1     RequestFlags = 1 << 8  // connection events, 3.2 to 3.4
	FlagCorrelationV2    RequestFlags = 1 << 9  // correlation events, 3.5 to 4.5
	FlagDiscoveryV3      RequestFlags = 1 << 10 // discovery events, 3.5 to 4.6
	FlagNoEvents         RequestFlags = 1 << 11 // no events at all: host data only
	FlagConnectionV3     RequestFlags = 1 << 12 // connection events, 3.5 to 4.6
	FlagCorrelationV3    RequestFlags = 1 << 13 // correlation events, 4.5 to 4.6.1
	FlagMetadataV2       RequestFlags = 1 << 14 // metadata, 3.5 to 4.5
	FlagMetadataV3       RequestFlags = 1 << 15 // metadata, 4.5 to 4.6.1
	FlagReserved         RequestFlags = 1 << 16 // not for clients
	FlagDiscoveryV4      RequestFlags = 1 << 17 // discovery events, 4.7 and 4.8
	FlagConnectionV4     RequestFlags = 1 << 18 // connection events, 4.7 to 4.9.0
	FlagCorrelationV4    RequestFlags = 1 << 19 // correlation events, 4.7
	FlagMetadataV4       RequestFlags = 1 << 20 // metadata, 4.7 and later: the current set
	FlagUser             RequestFlags = 1 << 21 // user events
	FlagCorrelationV5    RequestFlags = 1 << 22 // correlation events, 4.8.0.2 to 4.9.1
	FlagArchiveTimestamp RequestFlags = 1 << 23 // 16-byte record header with the archive timestamp
	FlagDiscoveryV5      RequestFlags = 1 << 24 // discovery events, 4.9.0
	FlagDiscoveryV6      RequestFlags = 1 << 25 // discovery events, 4.9.1
	FlagConnectionV5     RequestFlags = 1 << 26 // connection events, 4.9.1 to 4.10
	FlagExtraData        RequestFlags = 1 << 27 // extra data of intrusion events
	FlagDiscoveryV7      RequestFlags = 1 << 28 // discovery events, 4.10
	FlagCorrelationV6    RequestFlags = 1 << 29 // correlation events, 4.10
	FlagExtendedRequest  RequestFlags = 1 << 30 // negotiate by services and event pairs
)

// DefaultFlags (0x48900061) is what eNcore asks for: packets, impact alerts,
// intrusion events with impact, metadata v4, archive timestamps, extra data,
// extended request.
const DefaultFlags = FlagPackets | FlagImpactAlerts | FlagIntrusionImpact | FlagMetadataV4 |
	FlagArchiveTimestamp | FlagExtraData | FlagExtendedRequest

var flagNames = [32]string{
	"packets", "metadata_v1", "intrusion", "discovery_v1", "correlation_v1", "impact_alerts", "intrusion_impact", "discovery_v2",
	"connection_v1", "correlation_v2", "discovery_v3", "no_events", "connection_v3", "correlation_v3", "metadata_v2", "metadata_v3",
	"reserved", "discovery_v4", "connection_v4", "correlation_v4", "metadata_v4", "user", "correlation_v5", "archive_timestamp",
	"discovery_v5", "discovery_v6", "connection_v5", "extra_data", "discovery_v7", "correlation_v6", "extended_request", "bit31",
}

// String returns the value in hex and the names of its bits, lowest first:
// "0x40100000 metadata_v4|extended_request".
func (f RequestFlags) String() string {
	var b strings.Builder
	b.WriteString("0x")
	hex := strconv.FormatUint(uint64(f), 16)
	b.WriteString("00000000"[len(hex):])
	b.WriteString(hex)
	sep := byte(' ')
	for rest := uint32(f); rest != 0; rest &= rest - 1 {
		b.WriteByte(sep)
		b.WriteString(flagNames[bits.TrailingZeros32(rest)])
		sep = '|'
	}
	return b.String()
}

// Has reports whether every bit of want is set.
func (f RequestFlags) Has(want RequestFlags) bool { return f&want == want }

// The event type codes of an extended request.
const (
	CodeIntrusion   uint16 = 12
	CodeMetadata    uint16 = 21
	CodeCorrelation uint16 = 31
	CodeDiscovery   uint16 = 61
	CodeConnection  uint16 = 71
	CodeUser        uint16 = 91
	CodeMalware     uint16 = 101
	CodeFile        uint16 = 111
	CodeImpactAlert uint16 = 131
)

// An EventPair asks for one event type in one version. On the wire it is 4
// bytes, version before code; a pair of zeros ends a list.
type EventPair struct {
	Version uint16
	Code    uint16
}

// String returns the pair as "71v17": code, then version.
func (p EventPair) String() string {
	return strconv.Itoa(int(p.Code)) + "v" + strconv.Itoa(int(p.Version))
}

// DefaultPairs returns the nine pairs that eNcore 5.2.11 asks for, in its
// order. The slice is the caller's.
func DefaultPairs() []EventPair {
	return []EventPair{
		{11, CodeIntrusion}, {4, CodeMetadata}, {9, CodeCorrelation}, {11, CodeDiscovery}, {17, CodeConnection},
		{7, CodeUser}, {8, CodeMalware}, {7, CodeFile}, {2, CodeImpactAlert},
	}
}
