package request

import (
	"slices"

	"estream/wire"
)

// A Plugin is an output of the reference client by its name, with the request that it
// makes unless told otherwise.
type Plugin struct {
	Name    string
	Summary string
	Flags   wire.RequestFlags
	// NeedsFile, if not empty, is the error for a call without -f: the words of the SDK's
	// plugin where it has the same rule.
	NeedsFile string
	// Hosts says that the output can show host profiles.
	Hosts bool
}

// The flags that ssl_test.pl sends with its host requests, and those of its plugins
// (reference, section 9.3).
const (
	HostFlags  = wire.FlagMetadataV4
	printFlags = wire.FlagIntrusion | wire.FlagMetadataV4 | wire.FlagUser | wire.FlagCorrelationV5 | wire.FlagArchiveTimestamp | wire.FlagDiscoveryV5
	pcapFlags  = wire.FlagPackets | wire.FlagArchiveTimestamp
	csvFlags   = wire.FlagIntrusion | wire.FlagArchiveTimestamp
	alertFlags = wire.FlagIntrusion | wire.FlagMetadataV4 | wire.FlagArchiveTimestamp
	// Comments on packets need the events that the packets belong to, and names.
	pcapngFlags = wire.FlagPackets | alertFlags
)

// Plugins returns the outputs that have a request of their own, the default one first.
// Every other output asks for wire.DefaultFlags.
func Plugins() []Plugin {
	return []Plugin{
		{Name: "print", Summary: "all records, readable, over several lines each", Flags: printFlags, Hosts: true},
		{Name: "csv", Summary: "intrusion events, one line each, with columns separated by |", Flags: csvFlags},
		{Name: "pcap", Summary: "packets of intrusion events, as a classic pcap file", Flags: pcapFlags,
			NeedsFile: "Packet capture requires an output file to be specified"},
		{Name: "pcapng", Summary: "the same as pcapng, with event, rule and classification as comments", Flags: pcapngFlags,
			NeedsFile: "Packet capture requires an output file to be specified"},
		{Name: "snmp", Summary: "intrusion events as SNMP traps, v2c or v3", Flags: alertFlags,
			NeedsFile: "Trap server required (use -f <hostname>)"},
		{Name: "syslog", Summary: "intrusion events as syslog messages, to this host or to another", Flags: alertFlags},
		{Name: "json", Summary: "all records, one JSON object each; host profiles, too", Flags: wire.DefaultFlags, Hosts: true},
	}
}

// FindPlugin returns the plugin with a name.
func FindPlugin(name string) (Plugin, bool) {
	all := Plugins()
	i := slices.IndexFunc(all, func(p Plugin) bool { return p.Name == name })
	if i < 0 {
		return Plugin{}, false
	}
	return all[i], true
}
