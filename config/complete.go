package config

import (
	"cmp"
	"maps"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
)

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }

// complete fills in the defaults that follow from other keys.
func (c *Config) complete() {
	if c.Monitoring.Socket == "" {
		c.Monitoring.Socket = filepath.Join(c.State, "estream.sock")
	}
	for i := range c.Outputs {
		c.Outputs[i].complete()
	}
}

func (o *Output) complete() {
	o.Profile = o.profile()
	for _, section := range o.To.Kind.sections() {
		switch section {
		case "network":
			fill(&o.Network)
		case "udp":
			fill(&o.UDP)
		case "relp":
			fill(&o.Relp)
		case "tls":
			fill(&o.TLS)
		case "syslog":
			fill(&o.Syslog)
		case "file":
			fill(&o.File)
		case "http":
			fill(&o.HTTP)
		case "exec":
			fill(&o.Exec)
		}
	}
	if o.File != nil && o.File.Naming == "" {
		o.File.Naming = "renamed"
		if strings.Contains(filepath.Base(o.To.Path), "{0}") {
			o.File.Naming = "encore"
		}
	}
	if o.Syslog != nil {
		if o.To.Kind == ToSyslogTCP || o.To.Kind == ToSyslogTLS {
			o.Syslog.Framing = cmp.Or(o.Syslog.Framing, "octet-counting")
		}
		// The header in front of the line is ours; a second one inside would
		// belong to the line.
		if o.Syslog.Header != noHeader && o.Prefix == nil && slices.Contains(prefixed, o.Format) {
			o.Prefix = new(string)
		}
	}
}

// profile returns the profile that counts: that of the file, or the format's.
func (o *Output) profile() Profile {
	switch {
	case o.Profile != "" || !slices.Contains(profiled, o.Format):
		return o.Profile
	case o.Format == "cef":
		return "strict"
	}
	return "fixed"
}

// fill makes a section with its defaults if there is none.
func fill[T any](section **T) {
	if *section == nil {
		*section = new(T)
		defaults(reflect.ValueOf(*section).Elem())
	}
}

// changed reports whether a key of a section has another value than its default.
func changed[T any](section *T, key string) bool {
	byDefault := reflect.New(reflect.TypeFor[T]()).Elem()
	defaults(byDefault)
	for _, f := range fieldsOf(byDefault.Type()) {
		if f.key == key {
			return !reflect.DeepEqual(reflect.ValueOf(section).Elem().Field(f.index).Interface(), byDefault.Field(f.index).Interface())
		}
	}
	panic("config: no key " + key) // a bug that every test of the caller shows
}
