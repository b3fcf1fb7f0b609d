package main

import (
	"fmt"
	"regexp"
)

// A row is one measurement of each round, and a line of the table.
type row struct {
	key     string // for -only and the names of profiles
	name    string // in the table
	job     job
	to      func(*addresses) string // where its client connects; nil: no server
	onDisk  bool                    // the collector's journal is on a disk
	env     []string
	ceiling *row // what it is compared with, beside the bare reader
	limits  []limit

	results []*result // by round
}

// A limit is a goal of design.md, section 8, for one figure of a row.
type limit struct {
	figure figure
	bound  float64
	floor  float64 // where it differs from bound: below, the program fails
}

const (
	fanOutClients = 20
	fanOutPart    = 10 // each client gets one in so many bytes of the stream
	jsonPart      = 4  // JSON is made of one in so many messages: its lines are long
)

func single(a *addresses) string      { return a.Single }
func bundled(a *addresses) string     { return a.Bundle }
func singlePart(a *addresses) string  { return a.SinglePart }
func bundledPart(a *addresses) string { return a.BundlePart }
func plain(a *addresses) string       { return a.Bare }

// planned returns the rows in the order of measurement. Of those that nothing
// else is compared with only the ones that match only are in it.
func planned(only string) ([]*row, error) {
	match, err := regexp.Compile(only)
	if err != nil {
		return nil, fmt.Errorf("-only: %w", err)
	}
	const mib = 1 << 20
	cef := []limit{{figure: shareOfCeiling, bound: 0.50}, {figure: shareOfBare, bound: floor, floor: floor}, {figure: rate, bound: 100 * 4900}, {figure: cpu, bound: 2.9}, {figure: memory, bound: 256 * mib}}
	// A bundle waits for the acknowledgement of the one before. The bare reader never
	// waits, so for bundles the floor is a share of the ceiling, which does.
	cefBundles := []limit{{figure: shareOfCeiling, bound: 0.50, floor: floor}, {figure: rate, bound: 100 * 4900}, {figure: cpu, bound: 2.9}, {figure: memory, bound: 256 * mib}}
	json := []limit{{figure: shareOfCeiling, bound: 0.20}, {figure: rate, bound: 50 * 4600}, {figure: cpu, bound: 6}, {figure: memory, bound: 256 * mib}}
	collect := func(format string) job { return job{Role: "collect", Format: format} }
	decode := func(format string) job { return job{Role: "decode", Format: format} }
	one := []string{"GOMAXPROCS=1"}
	// None for a record, which tests assert; what is left is start-up and names that change.
	const few = 0.05

	bare := &row{key: "bare", name: "bare TLS reader", job: job{Role: "bare"}, to: plain}
	singles := &row{key: "ceiling-single", name: "ceiling, single messages", job: job{Role: "discard"}, to: single}
	bundles := &row{key: "ceiling-bundle", name: "ceiling, bundles of 100", job: job{Role: "discard"}, to: bundled}
	rawFan := &row{key: "fanout-raw", name: "20 bare TLS readers", job: job{Role: "rawfan"}, to: plain}
	all := []*row{
		bare,
		singles,
		{key: "cef-single", name: "  CEF, single messages", job: collect("cef"), to: single, ceiling: singles, limits: cef},
		{key: "json-single", name: "  JSON, single messages", job: collect("json"), to: singlePart, ceiling: singles, limits: json},
		{key: "cef-disk", name: "  CEF, single, journal on disk", job: collect("cef"), to: single, onDisk: true, ceiling: singles},
		bundles,
		{key: "cef-bundle", name: "  CEF, bundles", job: collect("cef"), to: bundled, ceiling: bundles, limits: cefBundles},
		{key: "json-bundle", name: "  JSON, bundles", job: collect("json"), to: bundledPart, ceiling: bundles, limits: json},
		{key: "decode-cef", name: "decode to CEF, one core", job: decode("cef"), env: one, limits: []limit{{figure: rate, bound: 700_000}, {figure: allocations, bound: few}}},
		{key: "decode-json", name: "decode to JSON, one core", job: decode("json"), env: one, limits: []limit{{figure: rate, bound: 250_000}, {figure: allocations, bound: few}}},
		rawFan,
		{key: "fanout", name: "  20 clients, bundles", job: job{Role: "fanout"}, to: bundled, ceiling: rawFan, limits: []limit{{figure: shareOfCeiling, bound: 0.70}}},
	}
	needed := map[*row]bool{bare: true}
	for _, r := range all {
		if match.MatchString(r.key) {
			needed[r] = true
			if r.ceiling != nil {
				needed[r.ceiling] = true
			}
		}
	}
	var plan []*row
	for _, r := range all {
		if needed[r] {
			plan = append(plan, r)
		}
	}
	return plan, nil
}
