package compatlog

import (
	"fmt"
	"strings"

	"estream/wire"
)

// releases names, for each event type of an extended request and each version of it
// from 1 on, the release that brought it. Those of version 9 of type 12 and the like
// are the words of the documents; the others continue them.
var releases = map[uint16][]string{
	wire.CodeIntrusion:   {"4.8", "4.9", "5.0", "5.1.1", "5.2", "5.3", "5.3.1", "5.4", "6.0", "7.0", "7.1"},
	wire.CodeCorrelation: {"3.2", "3.5", "4.5", "4.7", "4.8", "4.10", "5.0", "5.1", "5.4"},
	wire.CodeDiscovery:   {"3.0", "3.2", "3.5", "4.7", "4.9", "4.9.1", "4.10", "5.0", "5.1", "5.2", "5.3"},
	wire.CodeConnection:  {"3.2", "3.4", "3.5", "4.7", "4.9.1", "5.0", "5.1", "5.1.1", "5.2", "5.3", "5.3.1", "5.4", "5.4.1", "6.0", "6.1", "7.0", "7.1"},
	wire.CodeUser:        {"4.7", "5.0", "5.1", "5.2", "6.0", "6.1", "6.2"},
	wire.CodeMalware:     {"5.1", "5.1.1", "5.2", "5.3", "5.3.1", "5.4", "6.0", "7.0"},
	wire.CodeFile:        {"5.1.1", "5.2", "5.3", "5.3.1", "5.4", "6.0", "7.0"},
	wire.CodeImpactAlert: {"5.2", "5.3"},
}

// A topic is a place in the summary: what the flags and what the pairs ask for.
type topic struct {
	flags []wire.RequestFlags // the version that the flag means is its index + 1, 0 for none
	plain string              // for a flag without versions
	code  uint16              // of the pairs
	form  string              // of flags and pairs with versions
}

// topics are in the order of the documents' line.
var topics = []topic{
	{flags: []wire.RequestFlags{wire.FlagIntrusion | wire.FlagIntrusionImpact}, plain: "NS Events"},
	{code: wire.CodeIntrusion, form: "NS %s Events"},
	{flags: []wire.RequestFlags{wire.FlagPackets}, plain: "Packets"},
	{flags: []wire.RequestFlags{wire.FlagExtraData}, plain: "Extra IDS Event data"},
	{flags: []wire.RequestFlags{wire.FlagMetadataV1, wire.FlagMetadataV2, wire.FlagMetadataV3, wire.FlagMetadataV4}, code: wire.CodeMetadata, form: "Metadata v%d"},
	{flags: []wire.RequestFlags{wire.FlagUser}, plain: "RUA Events"},
	{code: wire.CodeUser, form: "RUA %s Events"},
	{flags: []wire.RequestFlags{wire.FlagImpactAlerts}, plain: "Impact Alerts"},
	{code: wire.CodeImpactAlert, form: "%s Impact Alerts"},
	{flags: []wire.RequestFlags{wire.FlagIntrusionImpact}, plain: "Impact Flags"},
	{flags: []wire.RequestFlags{wire.FlagDiscoveryV1, wire.FlagDiscoveryV2, wire.FlagDiscoveryV3, wire.FlagDiscoveryV4, wire.FlagDiscoveryV5, wire.FlagDiscoveryV6, wire.FlagDiscoveryV7}, code: wire.CodeDiscovery, form: "RNA %s Events"},
	{flags: []wire.RequestFlags{wire.FlagConnectionV1, 0, wire.FlagConnectionV3, wire.FlagConnectionV4, wire.FlagConnectionV5}, code: wire.CodeConnection, form: "RNA %s Flow"},
	{flags: []wire.RequestFlags{wire.FlagCorrelationV1, wire.FlagCorrelationV2, wire.FlagCorrelationV3, wire.FlagCorrelationV4, wire.FlagCorrelationV5, wire.FlagCorrelationV6}, code: wire.CodeCorrelation, form: "Policy %s Events"},
	{code: wire.CodeMalware, form: "FireAMP %s Events"},
	{code: wire.CodeFile, form: "Filelog %s Events"},
	{flags: []wire.RequestFlags{wire.FlagNoEvents}, plain: "Host Data Only"},
	{flags: []wire.RequestFlags{wire.FlagArchiveTimestamp}, plain: "Send archive timestamp"},
	{flags: []wire.RequestFlags{wire.FlagExtendedRequest}, plain: "Send Detail Request"},
}

// summary returns the text of the line that says what a session gets.
func summary(start uint32, flags wire.RequestFlags, pairs []wire.EventPair) string {
	w := new(strings.Builder)
	fmt.Fprintf(w, "EventStream Request (0x%08x): Since %d", uint32(flags), start)
	for _, t := range topics {
		if t.plain != "" {
			if flags&t.flags[0] != 0 {
				w.WriteString(" w/ " + t.plain)
			}
			continue
		}
		// The highest version wins, of flags and pairs together.
		version := 0
		for i, f := range t.flags {
			if f != 0 && flags&f != 0 {
				version = i + 1
			}
		}
		for _, p := range pairs {
			if p.Code == t.code {
				version = max(version, int(p.Version))
			}
		}
		if version > 0 {
			w.WriteString(" w/ " + t.words(version))
		}
	}
	return w.String()
}

// words returns what the summary says of a version.
func (t *topic) words(version int) string {
	if t.code == wire.CodeMetadata {
		return fmt.Sprintf(t.form, version)
	}
	release := fmt.Sprintf("v%d", version)
	if known := releases[t.code]; version <= len(known) {
		release = known[version-1]
	}
	return fmt.Sprintf(t.form, release)
}
