// Package release knows what Management Centers of older releases served, so that
// a server can pretend to be one: which services it publishes, up to which version
// it sends each event type, and which record types it knows at all.
//
// The versions of event types come from the version table of the guides where that
// is known, and from the clients of the time otherwise; Release.Uncertain names
// what is inferred. Which release was the first to send a metadata record is
// inferred throughout, from the blocks and event fields that the record belongs
// to. No release below 4.10 is here: they knew no extended requests.
package release

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"estream/wire"
)

// A Release is one release of the Management Center, as a client sees it. It is
// read only.
type Release struct {
	Name string // as asked for, such as "6.7"
	Like string // the release whose row of the table it is, such as "6.2"

	// Services are those that it publishes, in its order.
	Services []uint32
	// Highest is the highest version that it sends, by event type code. A code that
	// is missing it does not know.
	Highest map[uint16]uint16
	// Uncertain are the event type codes whose highest version is inferred.
	Uncertain []uint16

	row int
}

// rows are the releases that differ, oldest first. A release between two of them
// is as the one below it.
var rows = []struct {
	name     string
	versions [9]uint16 // in the order of codes; 0: not known
	unsure   []uint16
}{
	//        12 21 31  61  71 91 101 111 131
	{"4.10", [9]uint16{2, 4, 6, 7, 5, 1, 0, 0, 1}, nil},
	{"5.0", [9]uint16{3, 4, 7, 8, 6, 2, 0, 0, 1}, nil},
	{"5.1", [9]uint16{3, 4, 8, 9, 7, 3, 1, 0, 1}, nil},
	{"5.1.1", [9]uint16{4, 4, 8, 9, 8, 3, 2, 1, 1}, nil},
	{"5.2", [9]uint16{5, 4, 8, 10, 9, 4, 3, 2, 1}, nil},
	{"5.3", [9]uint16{6, 4, 8, 11, 10, 4, 4, 3, 2}, nil},
	{"5.3.1", [9]uint16{7, 4, 8, 11, 11, 4, 5, 4, 2}, []uint16{wire.CodeIntrusion}},
	{"5.4", [9]uint16{8, 4, 9, 11, 12, 4, 6, 5, 2}, nil},
	{"6.0", [9]uint16{9, 4, 9, 11, 13, 5, 7, 6, 2}, []uint16{wire.CodeConnection, wire.CodeUser}},
	{"6.1", [9]uint16{9, 4, 9, 11, 14, 6, 7, 6, 2}, []uint16{wire.CodeConnection, wire.CodeUser}},
	{"6.2", [9]uint16{9, 4, 9, 11, 15, 7, 7, 6, 2}, []uint16{wire.CodeConnection}},
	{"7.0", [9]uint16{10, 4, 9, 11, 16, 7, 8, 7, 2}, []uint16{wire.CodeIntrusion}},
	{"7.1", [9]uint16{11, 4, 9, 11, 17, 7, 8, 7, 2}, []uint16{wire.CodeConnection}},
}

var codes = [9]uint16{
	wire.CodeIntrusion, wire.CodeMetadata, wire.CodeCorrelation, wire.CodeDiscovery, wire.CodeConnection,
	wire.CodeUser, wire.CodeMalware, wire.CodeFile, wire.CodeImpactAlert,
}

// newest is the greatest first number that is taken for a release.
const newest = 10

// Parse returns a release by its number: 4.10 or later, with as many parts as one
// likes ("5.1.1.3"). What came after 7.1 is served as 7.1 is: nothing about the
// formats of later releases is known.
func Parse(name string) (*Release, error) {
	want, ok := numbers(name)
	lowest, _ := numbers(rows[0].name)
	if !ok || slices.Compare(want, lowest) < 0 || want[0] > newest {
		return nil, fmt.Errorf("release %q: expected the number of a Management Center release from 4.10 on, such as %s", name, strings.Join(Names(), ", "))
	}
	row := len(rows) - 1
	for ; ; row-- {
		if from, _ := numbers(rows[row].name); slices.Compare(from, want) <= 0 {
			break
		}
	}
	r := &Release{Name: name, Like: rows[row].name, Highest: map[uint16]uint16{}, Uncertain: slices.Clone(rows[row].unsure), row: row}
	for i, v := range rows[row].versions {
		if v != 0 {
			r.Highest[codes[i]] = v
		}
	}
	// The lists seen: the guides of 5.x show 5000 and 6667, a log of 6.x all three.
	r.Services = []uint32{wire.Service5000, wire.ServiceEStreamer}
	if want[0] >= 6 {
		r.Services = []uint32{wire.Service5001, wire.Service5000, wire.ServiceEStreamer}
	}
	return r, nil
}

// Names returns the releases that differ from each other, oldest first.
func Names() []string {
	var names []string
	for _, r := range rows {
		names = append(names, r.name)
	}
	return names
}

// numbers splits a release number into its parts.
func numbers(name string) ([]int, bool) {
	var list []int
	for part := range strings.SplitSeq(name, ".") {
		n, err := strconv.ParseUint(part, 10, 16)
		if err != nil {
			return nil, false
		}
		list = append(list, int(n))
	}
	return list, len(list) > 1
}

// Serves reports whether a server of this release knows a record type. Records of
// the event types of Highest are judged by their version instead, so it holds for
// all of them but those that came to an event type later (indications of compromise,
// logins of VPN users).
func (r *Release) Serves(record uint16) bool {
	for _, s := range records {
		if record >= s.first && record <= s.last {
			return r.row >= s.since && (s.until == 0 || r.row < s.until)
		}
	}
	return true
}

// String names the release and what it sends: "5.2: intrusion 5, ...".
func (r *Release) String() string {
	var b strings.Builder
	b.WriteString(r.Name)
	sep := ": "
	for _, code := range slices.SortedFunc(maps.Keys(r.Highest), cmp.Compare) {
		b.WriteString(sep + wire.EventPair{Version: r.Highest[code], Code: code}.String())
		sep = " "
	}
	return b.String()
}
