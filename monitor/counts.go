package monitor

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

const (
	recordDevice = 123 // names a managed device: uint32 number, uint32 length, name
	// maxName is the length of a device's name in bytes; longer ones are cut.
	maxName = 200
)

// nameDevice takes note of a name from the body of record 123. The caller holds mu.
func (w *Watch) nameDevice(s *sourceCount, body []byte) {
	if len(body) < 8 || uint64(binary.BigEndian.Uint32(body[4:])) > uint64(len(body)-8) {
		return // malformed: the outputs report it
	}
	number := binary.BigEndian.Uint32(body)
	name := cleanName(body[8 : 8+binary.BigEndian.Uint32(body[4:])])
	old, known := s.names[number]
	if name == "" || known && old == name || !known && w.names >= MaxDevices {
		return
	}
	if !known {
		w.names++
	}
	s.names[number] = name
}

// cleanName makes text from a peer fit for labels, logs and terminals: valid
// UTF-8 that shows, and not too long.
func cleanName(b []byte) string {
	b = bytes.Trim(b[:min(len(b), 4*maxName)], "\x00 ")
	name := strings.Map(func(r rune) rune {
		if r == utf8.RuneError || !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, string(b))
	if len(name) <= maxName {
		return name
	}
	cut := maxName
	for !utf8.RuneStart(name[cut]) {
		cut--
	}
	return name[:cut]
}

// Counts is what a Watch has counted, as it was at one moment.
type Counts struct {
	Sources    []SourceCount
	Categories []CategoryCount // by source and category
	Devices    []DeviceCount   // by name
	Skipped    uint64          // times that part of the journal was gone or damaged before it was counted
	Unassigned uint64          // events of managed devices beyond MaxDevices
}

// A SourceCount counts the events of a source, metadata left out.
type SourceCount struct {
	Source string
	Count
	// Lag is how old the newest event of the last batch was when it came, by its
	// archive time. It is below 0 when the server's clock is ahead of ours.
	Lag time.Duration
}

// A CategoryCount counts the events of a category from one source.
type CategoryCount struct {
	Source, Category string
	Count
}

// A DeviceCount counts the events of a managed device. Devices of the same name
// count as one, as the members of a high-availability pair both know them; one
// whose name did not come is called by its number and source.
type DeviceCount struct {
	Device  string
	Sources []string // that had events of it, in order
	Count
}

// Counts returns what was counted so far, in order of names.
func (w *Watch) Counts() Counts {
	w.mu.Lock()
	defer w.mu.Unlock()
	c := Counts{Skipped: w.skipped, Unassigned: w.cut}
	devices := make(map[string]int, w.devices)
	for number, s := range w.sources {
		source := w.name(number)
		if slices.ContainsFunc(c.Sources, func(other SourceCount) bool { return other.Source == source }) {
			source = fmt.Sprintf("%s (number %d)", source, number) // one that was replaced by another of its name
		}
		c.Sources = append(c.Sources, SourceCount{source, s.events, s.lag})
		for i, category := range w.class.categories {
			if s.categories[i].Events > 0 {
				c.Categories = append(c.Categories, CategoryCount{source, category, s.categories[i]})
			}
		}
		for id, count := range s.devices {
			name, ok := s.names[id]
			if !ok {
				name = fmt.Sprintf("%d of %s", id, source)
			}
			at, ok := devices[name]
			if !ok {
				at = len(c.Devices)
				devices[name] = at
				c.Devices = append(c.Devices, DeviceCount{Device: name})
			}
			c.Devices[at].merge(source, count)
		}
	}
	slices.SortFunc(c.Sources, func(a, b SourceCount) int { return strings.Compare(a.Source, b.Source) })
	slices.SortFunc(c.Categories, func(a, b CategoryCount) int {
		return cmp.Or(strings.Compare(a.Source, b.Source), strings.Compare(a.Category, b.Category))
	})
	slices.SortFunc(c.Devices, func(a, b DeviceCount) int { return strings.Compare(a.Device, b.Device) })
	return c
}

func (d *DeviceCount) merge(source string, c *Count) {
	d.Events += c.Events
	d.Arrival, d.Archive = max(d.Arrival, c.Arrival), max(d.Archive, c.Archive)
	if at, found := slices.BinarySearch(d.Sources, source); !found {
		d.Sources = slices.Insert(d.Sources, at, source)
	}
}
