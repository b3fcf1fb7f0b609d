package encore

import (
	"estream/encore/conf"
	"estream/wire"
)

// RequestFlags returns the request flags for the switches of a configuration: with
// all of them on 0x48900061, the ones that eNcore sends.
func RequestFlags(r *conf.Request) wire.RequestFlags {
	var flags wire.RequestFlags
	for _, f := range []struct {
		on   bool
		flag wire.RequestFlags
	}{
		{r.PacketData, wire.FlagPackets},
		{r.ImpactEventAlerts, wire.FlagImpactAlerts},
		{r.Intrusion, wire.FlagIntrusionImpact},
		{r.Metadata, wire.FlagMetadataV4},
		{r.ArchiveTimestamps, wire.FlagArchiveTimestamp},
		{r.EventExtraData, wire.FlagExtraData},
		{r.Extended, wire.FlagExtendedRequest},
	} {
		if f.on {
			flags |= f.flag
		}
	}
	return flags
}

// eventStreamRequest returns the first message of a session.
func eventStreamRequest(start uint32, flags wire.RequestFlags) []byte {
	return wire.AppendEventStreamRequest(nil, wire.EventStreamRequest{Start: start, Flags: flags})
}

// streamingRequest returns the message that answers streaming information: always
// the same nine pairs.
func streamingRequest(start uint32, flags wire.RequestFlags) []byte {
	return wire.AppendStreamingRequest(nil, wire.StreamingRequest{Services: []wire.Service{{
		ID: wire.ServiceEStreamer, Flags: flags, Start: start, Pairs: wire.DefaultPairs(),
	}}}, wire.LengthInclusive)
}
