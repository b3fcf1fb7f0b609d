// Package catalog knows every output format by its name.
package catalog

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"estream/format"
	"estream/format/cef"
	"estream/format/cef/strict"
	"estream/format/csv"
	"estream/format/human"
	"estream/format/jsonl"
	"estream/format/kvpair"
	"estream/format/raw"
	"estream/format/splunk"
	"estream/meta"
	"estream/wire"
)

// Options are the settings of all formats together. New refuses a setting that
// the format does not have, so that none is ignored in silence.
type Options struct {
	Profile  meta.Profile   // json, splunk, cef; cef2 has no strict form
	Packets  meta.Packets   // how packets are written; not for raw
	Location *time.Location // zone of local times, time.Local if nil; strict is always UTC
	Mapping  []byte         // splunk, cef, cef2: mapping table in place of the built-in one
	Prefix   []byte         // cef, cef2: text before each line in place of the syslog header
	Hostname string         // cef, cef2: name of this host in the syslog header, the system's if empty
	Version  string         // cef in strict: device version in the header
	Layouts  *wire.Layouts  // if given, names in Mapping are checked against them (cef, cef2)
}

// A setting is one that not every format has.
type setting uint8

const (
	profiles setting = 1 << iota // fixed and strict
	packets
	mapping
	prefix // and host name
)

type entry struct {
	name  string
	title string
	has   setting
	build func(Options) (format.Format, error)
}

var entries = []entry{
	{"json", "one JSON object for each record, with all fields", profiles | packets, func(o Options) (format.Format, error) {
		return jsonl.New(jsonl.Options{Profile: o.Profile, Packets: o.Packets, Location: o.Location}), nil
	}},
	{"splunk", "key=value pairs as Splunk's add-on for eStreamer reads them", profiles | packets | mapping, func(o Options) (format.Format, error) {
		return splunk.New(splunk.Options{Profile: o.Profile, Packets: o.Packets, Mapping: o.Mapping})
	}},
	{"cef", "ArcSight Common Event Format", profiles | packets | mapping | prefix, buildCEF},
	{"cef2", "a variant of cef: other keys in connection events", profiles | packets | mapping | prefix, func(o Options) (format.Format, error) {
		if o.Profile == meta.Strict {
			return nil, fmt.Errorf("format cef2 has no profile strict; use cef")
		}
		return cef.New(cefOptions(o, cef.CEF2))
	}},
	{"kvpair", "key=value pairs with all fields and names", packets, func(o Options) (format.Format, error) {
		return kvpair.New(kvpair.Options{Packets: o.Packets}), nil
	}},
	{"csv", "comma-separated values: common columns, the rest as JSON", packets, func(o Options) (format.Format, error) {
		return csv.New(csv.Options{Packets: o.Packets}), nil
	}},
	{"text", "for people: one readable line for each record", packets, func(o Options) (format.Format, error) {
		return human.New(human.Options{Packets: o.Packets}), nil
	}},
	{"raw", "the message itself in base64, with the reason if it cannot be decoded", 0, func(Options) (format.Format, error) {
		return raw.New(), nil
	}},
}

func buildCEF(o Options) (format.Format, error) {
	if o.Profile != meta.Strict {
		return cef.New(cefOptions(o, cef.CEF))
	}
	return strict.New(strict.Options{Prefix: o.Prefix, Hostname: o.Hostname, DeviceVersion: o.Version, Packets: o.Packets, Mapping: o.Mapping})
}

func cefOptions(o Options, v cef.Variant) cef.Options {
	return cef.Options{
		Profile: o.Profile, Variant: v, Mapping: o.Mapping, Packets: o.Packets,
		Prefix: o.Prefix, Hostname: o.Hostname, Location: o.Location, Layouts: o.Layouts,
	}
}

// Names returns the names of all formats, in the order in which help shows them.
func Names() []string {
	names := make([]string, len(entries))
	for i := range entries {
		names[i] = entries[i].name
	}
	return names
}

// Title describes a format in a few words, "" if there is none of that name.
func Title(name string) string {
	if e := find(name); e != nil {
		return e.title
	}
	return ""
}

// Profiles returns the profiles that a format has; those that are ours to define
// have one form, which counts as Compat here.
func Profiles(name string) []meta.Profile {
	switch e := find(name); {
	case e == nil:
		return nil
	case e.has&profiles == 0:
		return []meta.Profile{meta.Compat}
	case name == "cef2":
		return []meta.Profile{meta.Compat, meta.Fixed}
	}
	return []meta.Profile{meta.Compat, meta.Fixed, meta.Strict}
}

func find(name string) *entry {
	i := slices.IndexFunc(entries, func(e entry) bool { return e.name == name })
	if i < 0 {
		return nil
	}
	return &entries[i]
}

// New returns the named format. The error says what is wrong with name or options.
func New(name string, o Options) (format.Format, error) {
	e := find(name)
	if e == nil {
		return nil, fmt.Errorf("format is %q; expected one of %s", name, strings.Join(Names(), ", "))
	}
	for _, s := range []struct {
		setting setting
		given   bool
		what    string
	}{
		{profiles, o.Profile != meta.Compat, "profiles: it is ours and has one form"},
		{packets, o.Packets != meta.Packets{}, "settings for packets"},
		{mapping, o.Mapping != nil, "mapping table"},
		{prefix, o.Prefix != nil || o.Hostname != "", "syslog prefix"},
		{prefix, o.Version != "", "device version"},
	} {
		if s.given && e.has&s.setting == 0 {
			return nil, fmt.Errorf("format %s has no %s; %s", name, s.what, with(s.setting))
		}
	}
	if o.Version != "" && o.Profile != meta.Strict {
		return nil, fmt.Errorf("the device version in cef is fixed by profile %v; only strict can change it", o.Profile)
	}
	return e.build(o)
}

// with names the formats that have a setting.
func with(s setting) string {
	var names []string
	for i := range entries {
		if entries[i].has&s != 0 {
			names = append(names, entries[i].name)
		}
	}
	return "of the formats these have: " + strings.Join(names, ", ")
}
