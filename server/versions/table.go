package versions

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
	"sync"

	"estream/wire"
)

//go:embed versions.json
var data []byte

// A Table is the content of versions.json. It is not changed after it was read.
type Table struct {
	About  string   `json:"about"`
	Events []*Event `json:"events"`

	families map[uint16]place // by record type
}

type place struct {
	event  *Event
	family *Family
}

// An Event is one event type.
type Event struct {
	Code       uint16    `json:"code"` // of event pairs; 0: only a flag asks for it
	Name       string    `json:"name"`
	Categories []string  `json:"categories"` // of the records that belong to it
	Flags      []Flag    `json:"flags"`
	Versions   []Version `json:"versions"`
	Since      uint16    `json:"since"`          // the first version of records that are in no family
	IPv6Header uint16    `json:"ipv6_header"`    // the first version whose discovery headers may have an IPv6 address
	HostHeader bool      `json:"host_in_header"` // the address in the discovery header is what the event is about
	Only       *Only     `json:"only"`
	Families   []*Family `json:"families"`
	Nested     []*Nested `json:"nested"`

	Synonyms [][]string `json:"synonyms"`
	Wrap     []string   `json:"wrap"`    // fields of bits: what does not fit is cut off
	Numbers  []string   `json:"numbers"` // identifiers whose names do not end in _id
}

// A Flag is a bit of the request flags that asks for an event type.
type Flag struct {
	Bit     uint8  `json:"bit"`
	Version uint16 `json:"version"`
	// Newest is the highest version the flag ever stood for: a server whose newest
	// version is no higher serves its own. 0: Version, always.
	Newest uint16 `json:"newest"`
	Note   string `json:"note"`
}

// Mask returns the flag as it stands in a request.
func (f *Flag) Mask() wire.RequestFlags { return 1 << f.Bit }

// A Version is one version of an event type, and the releases that had it.
type Version struct {
	Version uint16 `json:"version"`
	Product string `json:"product"`
	Note    string `json:"note"`
}

// Only limits the record types of an event type's older versions.
type Only struct {
	Below   uint16   `json:"below"`
	Records []uint16 `json:"records"`
	Note    string   `json:"note"`
}

// A Family is one thing in all its forms.
type Family struct {
	Records []uint16 `json:"records"` // for forms that do not change the record type
	New     bool     `json:"new"`     // there was nothing of the kind before the first form
	Ladder  []*Form  `json:"ladder"`
	Note    string   `json:"note"`
}

// A Form is a step of a ladder; see the package comment.
type Form struct {
	Version uint16   `json:"version"`
	Record  uint16   `json:"record"`
	IPv6    uint16   `json:"ipv6"`
	Block   uint32   `json:"block"`
	Also    []uint32 `json:"also"`
	As      uint16   `json:"as"`
	Number  int      `json:"form"`
	Note    string   `json:"note"`
}

// Nested is a ladder of blocks in lists: their forms follow the event's version.
type Nested struct {
	Series uint8   `json:"series"`
	Ladder []*Form `json:"ladder"`
}

// Default returns the table. A fault in it is a panic: it is part of the program.
var Default = sync.OnceValue(func() *Table {
	t, err := parse(data)
	if err != nil {
		panic(fmt.Sprintf("versions.json: %v", err))
	}
	return t
})

func parse(data []byte) (*Table, error) {
	t := &Table{families: map[uint16]place{}}
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(t); err != nil {
		return nil, err
	}
	for _, e := range t.Events {
		if len(e.Versions) == 0 || !slices.IsSortedFunc(e.Versions, func(a, b Version) int { return int(a.Version) - int(b.Version) }) {
			return nil, fmt.Errorf("%s: versions are missing or not in order", e.Name)
		}
		for _, f := range e.Families {
			if err := t.addFamily(e, f); err != nil {
				return nil, fmt.Errorf("%s: %w", e.Name, err)
			}
		}
	}
	return t, nil
}

func (t *Table) addFamily(e *Event, f *Family) error {
	records := slices.Clone(f.Records)
	for i, s := range f.Ladder {
		if i > 0 && f.Ladder[i-1].Version >= s.Version {
			return fmt.Errorf("ladder of record %d: version %d comes after version %d", s.Record, s.Version, f.Ladder[i-1].Version)
		}
		if (s.Record == 0) != (len(f.Records) > 0) {
			return fmt.Errorf("version %d: the record type has to stand either in the family or in the form", s.Version)
		}
		records = append(records, s.Record, s.IPv6)
	}
	for _, r := range records {
		if r == 0 {
			continue
		}
		if p, ok := t.families[r]; ok && p.family != f {
			return fmt.Errorf("record %d is in two families", r)
		}
		t.families[r] = place{e, f}
	}
	return nil
}

// Event returns the event type with a code of event pairs, nil if there is none.
func (t *Table) Event(code uint16) *Event {
	for _, e := range t.Events {
		if e.Code == code && code != 0 {
			return e
		}
	}
	return nil
}

// Of returns the event type to which records of a category belong, nil if none does.
func (t *Table) Of(category string) *Event {
	for _, e := range t.Events {
		if slices.Contains(e.Categories, category) {
			return e
		}
	}
	return nil
}

// Newest returns the highest version there is.
func (e *Event) Newest() uint16 { return e.Versions[len(e.Versions)-1].Version }

// Known returns the highest known version not above v; false if there is none.
func (e *Event) Known(v uint16) (uint16, bool) {
	for i := len(e.Versions) - 1; i >= 0; i-- {
		if e.Versions[i].Version <= v {
			return e.Versions[i].Version, true
		}
	}
	return 0, false
}

// holds reports whether records of a type are in this form of the family, with block
// in front of the body or, with 0, without one.
func (f *Form) holds(fam *Family, record uint16, block uint32) bool {
	if f.Record != 0 && record != f.Record && record != f.IPv6 || f.Record == 0 && !slices.Contains(fam.Records, record) {
		return false
	}
	return f.Block == block || slices.Contains(f.Also, block)
}
