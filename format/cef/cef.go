package cef

import (
	"fmt"
	"os"
	"time"

	"estream/format"
	"estream/meta"
	"estream/wire"
)

// Options are the settings of the format. The zero value is eNcore's default.
type Options struct {
	// Profile is meta.Compat or meta.Fixed; what fixed mends is listed in the
	// package comment. Strict CEF is package estream/format/cef/strict.
	Profile meta.Profile
	// Variant chooses the built-in mapping.
	Variant Variant
	// Mapping is the text of a mapping that replaces the built-in one, in the form
	// that the package comment describes. If empty it is the built-in one. It is
	// not kept.
	Mapping []byte
	// Layouts, if set, is what the names in Mapping are checked against: New then
	// refuses fields and computed values that no layout of the record has.
	Layouts *wire.Layouts
	// Prefix is the text at the start of each line. If nil it is a syslog header:
	// "<13>Jan 02 15:04:05 HOST ", with the local time of writing.
	Prefix []byte
	// Hostname is the name in the syslog header, the host's own if empty.
	Hostname string
	// Now gives the time of writing, time.Now if nil.
	Now func() time.Time
	// Location is the zone of the syslog header, time.Local if nil.
	Location *time.Location
	// Packets says how packets are written. meta.PacketWhole is the same as
	// meta.PacketHex here.
	Packets meta.Packets
}

// New returns the format. It implements format.Format. The error tells of an
// option out of range, or of all mistakes in Mapping with their lines.
func New(o Options) (format.Format, error) {
	if o.Profile != meta.Compat && o.Profile != meta.Fixed {
		return nil, fmt.Errorf("cef: profile is %v; expected %v or %v", o.Profile, meta.Compat, meta.Fixed)
	}
	builtIn, ok := builtIn[o.Variant]
	if !ok {
		return nil, fmt.Errorf("cef: variant is %d; expected %d (cef) or %d (cef2)", o.Variant, CEF, CEF2)
	}
	f := &cefFormat{options: o}
	if len(o.Mapping) == 0 {
		f.mapping = builtIn()
	} else {
		m, err := parseMapping(o.Mapping)
		if err == nil && o.Layouts != nil {
			err = checkNames(m, o.Layouts, o.Profile)
		}
		if err != nil {
			return nil, fmt.Errorf("cef: %w", err)
		}
		f.mapping = m
	}
	f.options.Mapping, f.options.Layouts = nil, nil
	if o.Prefix == nil && o.Hostname == "" {
		f.options.Hostname = hostname()
	}
	if o.Now == nil {
		f.options.Now = time.Now
	}
	if o.Location == nil {
		f.options.Location = time.Local
	}
	f.plans = format.NewPlans(f.compile)
	return f, nil
}

// hostname is the host's name; a line needs one even where the system has none.
func hostname() string {
	if name, err := os.Hostname(); err == nil && name != "" {
		return name
	}
	return "localhost"
}

type cefFormat struct {
	options Options
	mapping *mapping
	plans   *format.Plans[plan]
}

// Wanted tells which fields a line is made of.
func (f *cefFormat) Wanted(l *wire.Layout, slot int) bool {
	p := f.plans.Get(l)
	for _, parts := range [][]part{p.header, p.extension} {
		for i := range parts {
			if parts[i].uses(slot) {
				return true
			}
		}
	}
	return false
}

// Writes is true for the record types of the mapping.
func (f *cefFormat) Writes(l *wire.Layout) bool { return f.plans.Get(l).header != nil }

func (f *cefFormat) NewFormatter() format.Formatter {
	w := &formatter{format: f, plans: f.plans, prefix: f.options.Prefix, packets: f.options.Packets}
	w.escape = f.options.Profile != meta.Compat
	if w.prefix == nil {
		w.clock = &clock{now: f.options.Now, location: f.options.Location, hostname: f.options.Hostname}
	}
	w.eval.Packets = f.options.Packets
	return w
}
