package monitor

import (
	"slices"
	"strings"

	"estream/wire"
)

// Categories that no layout names. The others are those of the record types.
const (
	categorySI       = "security_intelligence" // connections that a Security Intelligence list has matched
	categoryUnknown  = "unknown"               // record types without definition, and what is no record
	categoryMetadata = "metadata"
	categoryConn     = "connection"
)

// maxCategories bounds the categories. They come from layout files, which may be
// the operator's own; a peer cannot add any.
const maxCategories = 64

// A classifier finds category and managed device of a message. It is for one
// goroutine.
type classifier struct {
	set        *wire.Layouts
	dec        *wire.Decoder
	plans      []*classPlan  // by Layout.ID
	kinds      [1 << 16]kind // by record type; the zero value is not looked up yet
	categories []string
}

// A kind is what a record type alone says. Categories are indexes in
// classifier.categories.
type kind struct {
	known    bool
	decode   bool // there may be a device to find
	category uint8
}

// A classPlan says where a layout has what is looked for.
type classPlan struct {
	device int   // slot, -1 for none
	listed []int // slots that are not 0 when a Security Intelligence list matched
}

// Indexes of the categories that are always there.
const (
	inUnknown = iota
	inMetadata
	inSI
)

func newClassifier(set *wire.Layouts) *classifier {
	c := &classifier{set: set, categories: []string{inUnknown: categoryUnknown, inMetadata: categoryMetadata, inSI: categorySI}}
	c.dec = wire.NewDecoder(set, func(l *wire.Layout, slot int) bool {
		p := c.plan(l)
		return slot == p.device || slices.Contains(p.listed, slot)
	})
	return c
}

// plan returns where a layout has what is looked for, making it at the first use.
func (c *classifier) plan(l *wire.Layout) *classPlan {
	if l.ID < len(c.plans) && c.plans[l.ID] != nil {
		return c.plans[l.ID]
	}
	p := &classPlan{device: -1}
	for _, name := range []string{"device_id", "sensor_id"} {
		if slot := l.Slot(name); p.device < 0 && slot >= 0 && l.Fields[slot].Kind.Integer() {
			p.device = slot
		}
	}
	if l.Record != nil && l.Record.Category == categoryConn {
		for slot := range l.Fields {
			if l.Fields[slot].Kind.Integer() && strings.HasPrefix(l.Fields[slot].Name, categorySI+"_") {
				p.listed = append(p.listed, slot)
			}
		}
	}
	c.plans = slices.Grow(c.plans, max(0, l.ID+1-len(c.plans)))[:max(len(c.plans), l.ID+1)]
	c.plans[l.ID] = p
	return p
}

// kind returns what a record type alone says.
func (c *classifier) kind(record uint16) kind {
	k := &c.kinds[record]
	if k.known {
		return *k
	}
	k.known = true
	def, err := c.set.Source().Record(record)
	if err != nil || def.Category == "" {
		return *k
	}
	i := slices.Index(c.categories, def.Category)
	if i < 0 && len(c.categories) < maxCategories {
		i = len(c.categories)
		c.categories = append(c.categories, def.Category)
	}
	if i >= 0 {
		k.category, k.decode = uint8(i), !def.IsMetadata()
	}
	return *k
}

// of returns the category of a message and the number of its managed device, 0
// for none. What cannot be decoded counts by its header alone.
func (c *classifier) of(message []byte, h wire.RecordHeader) (category uint8, device uint32) {
	k := c.kind(h.Type)
	if !k.decode {
		return k.category, 0
	}
	r, err := c.dec.Decode(message)
	if err != nil {
		return k.category, 0
	}
	p := c.plan(r.Layout)
	if p.device >= 0 {
		device = uint32(r.Uint(p.device))
	}
	for _, slot := range p.listed {
		if r.Has(slot) && r.Uint(slot) != 0 {
			return inSI, device
		}
	}
	return k.category, device
}
