package dissector

import (
	"bytes"
	"fmt"
	"strings"

	"estream/server/versions"
	"estream/wire"
)

// messageTypes are all types of messages; wire has their names.
var messageTypes = []wire.MessageType{
	wire.TypeNull, wire.TypeError, wire.TypeEventStreamRequest, wire.TypeEventData, wire.TypeHostDataRequest, wire.TypeSingleHostData,
	wire.TypeMultipleHostData, wire.TypeStreamingRequest, wire.TypeStreamingInformation, wire.TypeMessageBundle,
}

// hostData says what the data types of host data requests ask for.
var hostData = [...]string{
	"one host, 3.5 to 4.6", "several hosts, 3.5 to 4.6", "one host, 4.7 and 4.8", "several hosts, 4.7 and 4.8",
	"one host, 4.9 and 4.10", "several hosts, 4.9 and 4.10", "one host, 5.0 and later", "several hosts, 5.0 and later",
}

// otherFlags says what the flags mean that ask for no event type.
var otherFlags = map[wire.RequestFlags]string{
	wire.FlagPackets:          "packets of intrusion events",
	wire.FlagNoEvents:         "no events: host data only",
	wire.FlagReserved:         "not for clients",
	wire.FlagArchiveTimestamp: "16-byte record header with the archive timestamp",
	wire.FlagExtraData:        "extra data of intrusion events",
	wire.FlagExtendedRequest:  "negotiate by services and event pairs",
	1 << 31:                   "must be 0",
}

// protocol writes the tables for messages and requests.
func protocol(b *bytes.Buffer, t *versions.Table) {
	b.WriteString("local MESSAGES = {\n")
	for _, m := range messageTypes {
		fmt.Fprintf(b, "\t[%d] = %s,\n", m, quote(m.String()))
	}
	b.WriteString("}\nlocal HOST_DATA = {\n")
	for i, text := range hostData {
		fmt.Fprintf(b, "\t[%d] = %s,\n", i, quote(text))
	}
	fmt.Fprintf(b, "}\nlocal SERVICES = { [%d] = \"eStreamer\" }\n", wire.ServiceEStreamer)

	b.WriteString("-- Request flags: mask, name, meaning.\nlocal FLAGS = {\n")
	for bit := range 32 {
		f := wire.RequestFlags(1) << bit
		_, name, _ := strings.Cut(f.String(), " ")
		fmt.Fprintf(b, "\t{ 0x%x, %s, %s },\n", uint32(f), quote(name), quote(flagMeaning(t, f)))
	}
	b.WriteString("}\n-- Event types by the code of an event pair, and the releases that had a version.\nlocal EVENTS = {\n")
	for _, e := range t.Events {
		if e.Code != 0 {
			fmt.Fprintf(b, "\t[%d] = %s,\n", e.Code, quote(e.Name))
		}
	}
	b.WriteString("}\nlocal VERSIONS = {\n")
	for _, e := range t.Events {
		if e.Code == 0 {
			continue
		}
		fmt.Fprintf(b, "\t[%d] = {", e.Code)
		for i, v := range e.Versions {
			if i > 0 {
				b.WriteByte(',')
			}
			fmt.Fprintf(b, " [%d] = %s", v.Version, quote(v.Product))
		}
		b.WriteString(" },\n")
	}
	b.WriteString("}\n")
}

// flagMeaning says what a flag asks for.
func flagMeaning(t *versions.Table, mask wire.RequestFlags) string {
	if text, ok := otherFlags[mask]; ok {
		return text
	}
	for _, e := range t.Events {
		for i := range e.Flags {
			if f := &e.Flags[i]; f.Mask() == mask && f.Version != 0 {
				return fmt.Sprintf("%s, version %d", e.Name, f.Version)
			} else if f.Mask() == mask {
				return e.Name
			}
		}
	}
	return ""
}
