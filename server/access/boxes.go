// Package access says what a server captures and what a client may have: the event
// type check boxes of the administration page, the two roles of a server, and the
// rights of one client. It decides nothing about connections; that is package pki.
//
// All types are plain values, safe to copy and to use by any goroutine.
package access

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Boxes are the event type check boxes of the administration page, one bit each. A
// type that is not checked is neither captured nor sent; what was captured before
// stays. The zero value has none checked.
type Boxes uint16

// The check boxes. Security Intelligence events have none of their own: they are
// connection events.
const (
	Intrusion        Boxes = 1 << iota // intrusion events
	Packets                            // packets of intrusion events
	ExtraData                          // extra data of intrusion events
	Discovery                          // discovery events and indications of compromise
	Correlation                        // correlation and allow list events
	ImpactFlagAlerts                   // intrusion impact alerts
	UserActivity                       // user and VPN events
	Malware                            // malware events
	File                               // file events
	Connection                         // connection events (a box of its own from 6.x on)
)

// AllBoxes has every box checked. DefaultBoxes is what a new installation starts with:
// everything, so that nothing has to be found out before the first event arrives.
const (
	AllBoxes     = Connection<<1 - 1
	DefaultBoxes = AllBoxes
)

// boxes are all boxes in the order of the page, with the name that commands and files
// use, and the categories of record types (wire.RecordDef.Category) that belong to it.
var boxes = []struct {
	box        Boxes
	name       string
	categories []string
}{
	{Intrusion, "intrusion", []string{"intrusion"}},
	{Packets, "packets", []string{"packet"}},
	{ExtraData, "extra-data", []string{"extra_data"}},
	{Discovery, "discovery", []string{"discovery", "ioc"}},
	{Correlation, "correlation", []string{"correlation"}},
	{ImpactFlagAlerts, "impact-flag-alerts", []string{"impact"}},
	{UserActivity, "user-activity", []string{"user", "vpn"}},
	{Malware, "malware", []string{"malware"}},
	{File, "file", []string{"file"}},
	{Connection, "connection", []string{"connection"}},
}

// Has reports whether records of a category may be captured and sent. A category is
// that of a record's definition. Metadata always may: it belongs to no box.
func (b Boxes) Has(category string) bool {
	if category == "metadata" {
		return true
	}
	for i := range boxes {
		if slices.Contains(boxes[i].categories, category) {
			return b&boxes[i].box != 0
		}
	}
	return false
}

// Names returns the names of the checked boxes, in the order of the page.
func (b Boxes) Names() []string {
	names := []string{}
	for i := range boxes {
		if b&boxes[i].box != 0 {
			names = append(names, boxes[i].name)
		}
	}
	return names
}

// String returns the names with commas between, or "none".
func (b Boxes) String() string {
	if b&AllBoxes == 0 {
		return "none"
	}
	return strings.Join(b.Names(), ", ")
}

// ParseBoxes is the reverse of Names; order does not matter, and "all" stands for
// every box. The error names every name that is not known.
func ParseBoxes(names []string) (Boxes, error) {
	var (
		b    Boxes
		errs []error
	)
	for _, name := range names {
		box, ok := byName(name)
		if !ok {
			errs = append(errs, fmt.Errorf("event type %q is not known; expected all, %s", name, strings.Join(AllBoxes.Names(), ", ")))
		}
		b |= box
	}
	return b, errors.Join(errs...)
}

func byName(name string) (Boxes, bool) {
	if name == "all" {
		return AllBoxes, true
	}
	for i := range boxes {
		if boxes[i].name == name {
			return boxes[i].box, true
		}
	}
	return 0, false
}
