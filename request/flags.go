package request

import (
	"fmt"
	"strconv"
	"strings"

	"estream/wire"
)

// flagVariables are the names that the SDK gives to the request flags, without "FLAG_",
// by bit (reference, section 7).
var flagVariables = [31]string{
	"PKTS", "METADATA", "IDS", "RNA", "POLICY_EVENTS", "IMPACT_ALERTS", "IDS_IMPACT_FLAG", "RNA_EVENTS_2", "RNA_FLOW", "POLICY_EVENTS_2",
	"RNA_EVENTS_3", "HOST_ONLY", "RNA_FLOW_3", "POLICY_EVENTS_3", "METADATA_2", "METADATA_3", "WAIT_FOR_CONFIG", "RNA_EVENTS_4", "RNA_FLOW_4",
	"POLICY_EVENTS_4", "METADATA_4", "RUA", "POLICY_EVENTS_5", "SEND_ARCHIVE_TIMESTAMP", "RNA_EVENTS_5", "RNA_EVENTS_6", "RNA_FLOW_5",
	"EXTRA_DATA", "RNA_EVENTS_7", "POLICY_EVENTS_6", "DETAIL_REQUEST",
}

// ParseFlags reads request flags: numbers (decimal, or hexadecimal after 0x) and names
// joined by + and -, as in "0x01F00004", "IDS+METADATA_4" or "print's flags and extra
// data": "+EXTRA_DATA". What begins with + or - changes base. Names are those of the SDK
// with or without "$FLAG_", and those that RequestFlags.String writes; case does not
// matter.
func ParseFlags(s string, base wire.RequestFlags) (wire.RequestFlags, error) {
	flags := wire.RequestFlags(0)
	rest, sign := s, byte('+')
	if s != "" && (s[0] == '+' || s[0] == '-') {
		flags, rest, sign = base, s[1:], s[0]
	}
	for {
		i := strings.IndexAny(rest, "+-")
		term, next := rest, byte(0)
		if i >= 0 {
			term, next, rest = rest[:i], rest[i], rest[i+1:]
		}
		f, err := parseFlag(strings.TrimSpace(term))
		if err != nil {
			return 0, fmt.Errorf("flags %q: %w", s, err)
		}
		if sign == '+' {
			flags |= f
		} else {
			flags &^= f
		}
		if i < 0 {
			break
		}
		sign = next
	}
	if flags>>31 != 0 {
		return 0, fmt.Errorf("flags %q: bit 31 must be 0", s)
	}
	return flags, nil
}

func parseFlag(term string) (wire.RequestFlags, error) {
	if n, err := strconv.ParseUint(term, 0, 32); err == nil {
		return wire.RequestFlags(n), nil
	}
	name := strings.ToUpper(strings.TrimPrefix(term, "$"))
	name = strings.TrimPrefix(name, "FLAG_")
	for bit, v := range flagVariables {
		f := wire.RequestFlags(1) << bit
		_, own, _ := strings.Cut(f.String(), " ")
		if name == v || strings.EqualFold(term, own) {
			return f, nil
		}
	}
	return 0, fmt.Errorf("%q is no request flag; expected a number such as 0x48900061, or names joined by + and -: %s", term, FlagNames())
}

// FlagNames lists the names of all request flags, lowest bit first.
func FlagNames() string { return strings.Join(flagVariables[:], " ") }

// codeNames are names for the event type codes of an extended request.
var codeNames = map[string]uint16{
	"intrusion": wire.CodeIntrusion, "metadata": wire.CodeMetadata, "correlation": wire.CodeCorrelation, "discovery": wire.CodeDiscovery,
	"connection": wire.CodeConnection, "user": wire.CodeUser, "malware": wire.CodeMalware, "file": wire.CodeFile, "impact": wire.CodeImpactAlert,
}

// maxPairs is how many event types are asked for at most; one streaming request of 64 KiB
// holds more.
const maxPairs = 1000

// ParsePairs reads the event types of an extended request: CODE=VERSION, separated by
// commas, where CODE is a number or a name ("71=17,intrusion=11"), or the form that
// EventPair.String writes, "71v17". "default" stands for wire.DefaultPairs. Versions are
// not checked: a server may know others than we do.
func ParsePairs(s string) ([]wire.EventPair, error) {
	var pairs []wire.EventPair
	for part := range strings.SplitSeq(s, ",") {
		part = strings.TrimSpace(part)
		if strings.EqualFold(part, "default") {
			pairs = append(pairs, wire.DefaultPairs()...)
			continue
		}
		code, version, ok := strings.Cut(strings.ToLower(part), "=")
		if !ok {
			code, version, ok = strings.Cut(strings.ToLower(part), "v")
		}
		number, known := codeNames[code]
		if !known {
			n, err := strconv.ParseUint(code, 10, 16)
			ok = ok && err == nil
			number = uint16(n)
		}
		v, err := strconv.ParseUint(version, 10, 16)
		if !ok || err != nil || number == 0 {
			return nil, fmt.Errorf("event types %q: %q found, expected CODE=VERSION such as 71=17, or NAME=VERSION with one of intrusion, metadata, correlation, discovery, connection, user, malware, file, impact", s, part)
		}
		pairs = append(pairs, wire.EventPair{Version: uint16(v), Code: number})
		if len(pairs) > maxPairs {
			return nil, fmt.Errorf("event types: more than %d", maxPairs)
		}
	}
	return pairs, nil
}
