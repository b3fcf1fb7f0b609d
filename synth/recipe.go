package synth

import (
	"fmt"

	"estream/wire"
)

// A value makes the content of a field: a number, or bytes that stay valid
// until the next call. One of the two functions is set.
type value struct {
	number func(*Generator) uint64
	bytes  func(*Generator) []byte
}

func num(f func(*Generator) uint64) value { return value{number: f} }

func raw(f func(*Generator) []byte) value { return value{bytes: f} }

// text is a value that is always the same.
func text(s string) value {
	b := []byte(s)
	return value{bytes: func(*Generator) []byte { return b }}
}

// A fieldTable says by field name how values are made.
type fieldTable map[string]value

// A recipe is a layout with what to put into its fields.
type recipe struct {
	set                     *wire.Layouts
	builder                 *wire.Builder
	steps                   []step
	eventType, eventSubtype uint64 // of the discovery header
}

type step struct {
	slot  int
	field *wire.Field
	list  bool // a list or nested block: its values come from nestedSource
	value value
}

// newRecipe resolves the field names of a layout in tables; the first table
// that knows a name wins. Fields that are in none, or there with a value of
// another kind, are left 0 or empty.
func newRecipe(set *wire.Layouts, record uint16, block uint32, tables ...fieldTable) (recipe, error) {
	b, err := set.NewBuilder(record, block)
	if err != nil {
		return recipe{}, fmt.Errorf("record %d block %d: %w", record, block, err)
	}
	r := recipe{set: set, builder: b}
	l := b.Layout()
	for i := range l.Fields {
		f := &l.Fields[i]
		from := tables
		if i < l.Discovery {
			from = []fieldTable{discoveryHeaderFields}
		}
		if f.Kind == wire.KindList || f.Kind == wire.KindBlock {
			r.steps = append(r.steps, step{slot: i, field: f, list: true})
			continue
		}
		for _, t := range from {
			if v, ok := t[f.Name]; ok {
				if f.Kind.Integer() == (v.number != nil) {
					r.steps = append(r.steps, step{slot: i, field: f, value: v})
				}
				break
			}
		}
	}
	return r, nil
}

// recipes holds one recipe for each record and block version in the mix.
type recipes struct {
	connection []recipe
	intrusion, packet, extraData, impact,
	file, fileMalware, malware, correlation, ioc recipe
	discovery   []recipe
	discoveryOf []uint8 // indices of discovery, as often as they shall be drawn
	user, vpn   []recipe
}

// connectionBlocks are the versions of record 71: what one Management Center
// sees from devices of several releases.
var connectionBlocks = []uint32{174, 173, 171, 163, 160}

// connectionBlock maps a percentage to an index of connectionBlocks.
func (r *recipes) connectionBlock(percent int) int {
	switch {
	case percent < 90:
		return 0
	case percent < 94:
		return 1
	default:
		return 2 + (percent-94)/2
	}
}

// discoveryRecord names a record type with the event type and subtype that its
// discovery header carries, and how often it is drawn in comparison with others.
type discoveryRecord struct {
	record             uint16
	block              uint32
	eventType, subtype uint64
	weight             int
}

var discoveryRecords = []discoveryRecord{
	{10, 139, 1000, 1, 4}, {11, 103, 1000, 2, 10}, {12, 103, 1000, 6, 8}, {13, 0, 1000, 3, 8}, {14, 0, 1000, 4, 5},
	{15, 122, 1000, 7, 10}, {101, 130, 1000, 8, 5}, {29, 0, 1001, 1, 2}, {20, 0, 1001, 3, 2}, {22, 0, 1001, 5, 3},
	{16, 103, 1001, 6, 5}, {17, 103, 1001, 10, 4}, {19, 0, 1001, 7, 5}, {21, 0, 1001, 19, 2}, {23, 0, 1001, 8, 4},
	{24, 0, 1001, 9, 3}, {25, 0, 1001, 11, 4}, {26, 0, 1001, 12, 4}, {27, 95, 1001, 13, 3}, {28, 95, 1001, 14, 6},
	{31, 0, 1001, 16, 1}, {34, 14, 1001, 18, 2}, {35, 122, 1001, 20, 4}, {42, 35, 1001, 21, 2}, {45, 37, 1001, 24, 2},
	{102, 94, 1001, 29, 1}, {103, 94, 1001, 30, 1}, {107, 122, 1001, 32, 4},
}

var userRecords = []discoveryRecord{{95, 167, 1004, 2, 1}, {94, 158, 1004, 1, 1}, {93, 158, 1004, 3, 1}, {92, 158, 1004, 4, 1}}

// Login and logoff of VPN devices.
var vpnRecords = []discoveryRecord{{170, 167, 1004, 8, 1}, {171, 167, 1004, 9, 1}}

func (r *recipes) build(set *wire.Layouts) error {
	for _, block := range connectionBlocks {
		c, err := newRecipe(set, 71, block, connectionFields, flowFields)
		if err != nil {
			return err
		}
		c.eventType, c.eventSubtype = 1003, 1
		r.connection = append(r.connection, c)
	}
	for _, one := range []struct {
		to     *recipe
		record uint16
		block  uint32
		table  fieldTable
	}{
		{&r.intrusion, 400, 85, intrusionFields}, {&r.packet, 2, 0, intrusionFields},
		{&r.extraData, 110, 4, intrusionFields}, {&r.impact, 9, 153, impactFields},
		{&r.file, 500, 79, fileFields}, {&r.fileMalware, 502, 79, fileFields}, {&r.malware, 125, 80, malwareFields},
		{&r.correlation, 112, 156, correlationFields}, {&r.ioc, 160, 7, iocFields},
	} {
		var err error
		if *one.to, err = newRecipe(set, one.record, one.block, one.table, flowFields); err != nil {
			return err
		}
	}
	r.ioc.eventType, r.ioc.eventSubtype = 1008, 1
	for _, group := range []struct {
		to    *[]recipe
		from  []discoveryRecord
		table fieldTable
	}{
		{&r.discovery, discoveryRecords, hostFields}, {&r.user, userRecords, loginFields}, {&r.vpn, vpnRecords, loginFields},
	} {
		for _, d := range group.from {
			one, err := newRecipe(set, d.record, d.block, group.table, flowFields)
			if err != nil {
				return err
			}
			one.eventType, one.eventSubtype = d.eventType, d.subtype
			*group.to = append(*group.to, one)
		}
	}
	for i, d := range discoveryRecords {
		for range d.weight {
			r.discoveryOf = append(r.discoveryOf, uint8(i))
		}
	}
	return nil
}
