package filter

import (
	"slices"
	"strings"

	"estream/meta"
	"estream/wire"
)

// A planner finds the values of a layout that names stand for.
type planner struct {
	layout *wire.Layout
	names  *meta.Names
	view   *meta.View // nil for the header of a record without layout
}

// sources lists the values that a leaf tests in the layout.
func (c *planner) sources(l *leaf) (list []source) {
	switch l.name.scope {
	case scopeIP:
		return c.ends(addressFields, c.address)
	case scopePort:
		return c.ends(portFields, c.integer)
	case scopeDevice:
		return c.device(l)
	case scopeAny, scopeField, scopeComputed:
	default:
		return nil
	}
	usable := false
	if slot := c.slot(l.name.name); l.name.scope != scopeComputed && slot >= 0 {
		if s, kind := c.field(slot); l.fits(kind) {
			list, usable = append(list, s), true
		}
	}
	// A number means the field where there is one, text means both.
	if l.name.scope == scopeComputed || l.name.scope == scopeAny && (!usable || l.asText()) {
		list = append(list, c.computed(l.name.name)...)
	}
	return list
}

// fits reports whether some literal of the leaf can be compared with a value of
// this kind.
func (l *leaf) fits(k kinds) bool {
	if l.test.op == opHas {
		return true
	}
	return slices.ContainsFunc(l.literals, func(lit literal) bool { return lit.fits(k, l.test.op.group()) })
}

// asText reports whether some literal is text in quotes, or only presence counts.
func (l *leaf) asText() bool {
	return l.test.op == opHas || slices.ContainsFunc(l.literals, func(lit literal) bool { return lit.quoted })
}

// slot finds a field by its JSON key or its name in the layouts, -1 if there is
// none. The body wins over the discovery header.
func (c *planner) slot(name string) int {
	if ref, ok := c.names.Find(name); ok && !ref.Content {
		return ref.Slot
	}
	if slot := c.layout.Slot(name); slot >= 0 {
		return slot
	}
	if root := c.layout.EncoreRoot; root != "" && !strings.Contains(name, ".") {
		if ref, ok := c.names.Find(root + "." + name); ok {
			return ref.Slot
		}
	}
	return -1
}

// plainSources are the sources that follow from the kind of a field alone.
var plainSources = map[kinds]sourceKind{
	kindNumber:  sourceNumber,
	kindSeconds: sourceSeconds,
	kindText:    sourceText,
	kindUUID:    sourceUUID,
	kindMAC:     sourceMAC,
	kindBytes:   sourceBytes,
}

// field returns the source for a field and its kind.
func (c *planner) field(slot int) (source, kinds) {
	f := &c.layout.Fields[slot]
	s, k := source{slot: slot, other: -1}, kindOf(f)
	switch kind, plain := plainSources[k]; {
	case plain:
		s.kind = kind
	case k != kindIP:
		s.kind = sourceOther
	case slot < c.layout.Discovery && f.When != "":
		s.kind, s.other = sourceHost, meta.LegacyHost(c.layout)
	case f.Kind == wire.KindIPv6:
		s.kind = sourceIPv6
	case f.LittleEndian:
		s.kind = sourceIPv4Little
	default:
		s.kind = sourceIPv4
	}
	return s, k
}

// computed returns the source of a computed value, none if the layout has no such
// value.
func (c *planner) computed(key string) []source {
	if c.view == nil {
		return nil
	}
	if op := c.view.Find(key); op != nil {
		return []source{{kind: sourceComputed, slot: -1, other: -1, op: op}}
	}
	var list []source
	for i := range c.view.Ops {
		// Which values a nested block gives depends on the block that arrives.
		if op := &c.view.Ops[i]; op.Kind == meta.OpNested {
			list = append(list, source{kind: sourceNested, slot: op.From.Slot, other: -1, op: op, key: key})
		}
	}
	return list
}

// addressFields and portFields are the names, in the layouts, of the two ends of
// what a record is about.
var (
	addressFields = []string{
		"initiator_ip_address", "responder_ip_address", "source_ip_address", "destination_ip_address",
		"src_ip_address", "dst_ip_address", "src_ip_addr", "dest_ip_addr", "source_ip", "destination_ip",
		"source_ipv6_address", "destination_ipv6_address",
	}
	portFields = []string{
		"initiator_port", "responder_port", "source_port", "destination_port", "src_port", "dest_port",
		"source_port_or_icmp_type", "destination_port_or_icmp_code", "port",
	}
	// hostFields stand for the one host that a record without two ends is about.
	hostFields = []string{"ip_address", "ipv4_address", "host_ip"}
)

// ends collects the fields of a helper that the layout has with a fitting type.
func (c *planner) ends(fields []string, of func(slot int) (source, bool)) (list []source) {
	add := func(name string) {
		if slot := c.layout.Slot(name); slot >= 0 {
			if s, ok := of(slot); ok {
				list = append(list, s)
			}
		}
	}
	for _, name := range fields {
		add(name)
	}
	if len(list) > 0 || &fields[0] != &addressFields[0] {
		return list
	}
	for _, name := range hostFields {
		add(name)
	}
	if slot := c.slot("hostIpAddr"); slot >= 0 && slot < c.layout.Discovery {
		if s, ok := of(slot); ok {
			list = append(list, s)
		}
	}
	return list
}

func (c *planner) address(slot int) (source, bool) {
	s, kind := c.field(slot)
	s.used = true
	return s, kind == kindIP
}

func (c *planner) integer(slot int) (source, bool) {
	s, kind := c.field(slot)
	return s, kind == kindNumber
}

// device returns the id of the managed device, its name, or both.
func (c *planner) device(l *leaf) (list []source) {
	slot := -1
	for _, name := range []string{"deviceId", "sensorId"} {
		if slot = c.slot(name); slot >= 0 {
			break
		}
	}
	if slot < 0 {
		return nil
	}
	s, kind := c.field(slot)
	if kind != kindNumber {
		return nil
	}
	if l.fits(kindNumber) {
		list = append(list, s)
	}
	if l.fits(kindText) {
		s.kind = sourceDeviceName
		list = append(list, s)
	}
	return list
}
