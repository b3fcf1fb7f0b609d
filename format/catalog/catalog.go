// Package catalog knows every output format by its name.
package catalog

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"estream/format"
	"estream/format/cef"
	"estream/format/jsonl"
	"estream/meta"
)

// Options are the settings of all formats together. A setting that a format does
// not have must be left at its zero value; New says so otherwise.
type Options struct {
	Profile  meta.Profile
	Packets  meta.Packets   // how packets are written
	Location *time.Location // zone of local times, time.Local if nil; strict is always UTC
	Mapping  []byte         // mapping table in place of the built-in one: cef, cef2, splunk
	Prefix   []byte         // text before each cef line in place of the syslog header
	Hostname string         // name of this host in the syslog header, the system's if empty
	Version  string         // device version in the header of strict cef
}

type entry struct {
	name  string
	title string // one line for help texts and the reference page
	build func(Options) (format.Format, error)
}

var entries = []entry{
	{"json", "one JSON object per line, all fields", func(o Options) (format.Format, error) {
		return jsonl.New(jsonl.Options{Packets: o.Packets, Location: o.Location}), nil
	}},
	{"cef", "ArcSight Common Event Format", func(o Options) (format.Format, error) {
		return cef.New(cef.Options{Packets: o.Packets, Location: o.Location, Prefix: o.Prefix, Hostname: o.Hostname}), nil
	}},
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
	if i := slices.IndexFunc(entries, func(e entry) bool { return e.name == name }); i >= 0 {
		return entries[i].title
	}
	return ""
}

// New returns the named format. The error says what is wrong with name or options.
func New(name string, o Options) (format.Format, error) {
	i := slices.IndexFunc(entries, func(e entry) bool { return e.name == name })
	if i < 0 {
		return nil, fmt.Errorf("format is %q; expected one of %s", name, strings.Join(Names(), ", "))
	}
	return entries[i].build(o)
}
