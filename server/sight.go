package server

import (
	"strings"

	"estream/server/access"
	"estream/wire"
)

// A sight keeps from a client what is none of its business: events of devices that it
// may not see, and names of sources of which it sees no device. It is there for
// restricted clients only; it belongs to one session.
//
// Which device an event belongs to is in the event, what the device is called in the
// metadata that came before it, or in what the server was configured with.
type sight struct {
	server  *Server
	set     *wire.Layouts
	rights  access.Rights
	dec     *wire.Decoder
	devices map[deviceKey]string // names learned from record 123
	netmaps map[netmapKey]string // domains learned from record 350
	seen    map[view]bool        // verdicts, until a name changes
	sources map[uint32]bool      // of which a device was seen
}

type (
	deviceKey struct{ source, device uint32 }
	netmapKey struct {
		source uint32
		netmap uint16
	}
	view struct {
		source, device uint32
		netmap         uint16
	}
)

// Records that name devices and domains.
const (
	recordDevice = 123
	recordNetmap = 350
)

// maxViews bounds what is remembered of devices: their numbers come from events.
const maxViews = 4096

// deviceFields are the names of fields that say which device an event belongs to, the
// best first. An event that a Management Center made itself, of device 0, belongs to the
// device whose event it is about.
var deviceFields = []string{"device_id", "pe_sensor_id", "event_device_id"}

func newSight(s *Server, set *wire.Layouts, rights access.Rights) *sight {
	w := &sight{server: s, set: set, rights: rights, devices: map[deviceKey]string{}, netmaps: map[netmapKey]string{}, seen: map[view]bool{}, sources: map[uint32]bool{}}
	w.dec = wire.NewDecoder(set, func(l *wire.Layout, slot int) bool {
		name := l.Fields[slot].Name
		if t := l.Record.Type; t == recordDevice || t == recordNetmap {
			return true
		}
		for _, f := range deviceFields {
			if name == f {
				return true
			}
		}
		return false
	})
	return w
}

// learn takes note of the devices and domains that messages name, and reports whether
// a source came into sight by it.
func (w *sight) learn(source uint32, messages []byte) (revealed bool) {
	for len(messages) > 0 {
		m, rest, err := wire.NextMessage(messages)
		if err != nil {
			break // the journal holds whole messages
		}
		messages = rest
		if h, ok := wire.PeekRecord(m); ok && (h.Type == recordDevice || h.Type == recordNetmap) {
			revealed = w.name(source, m) || revealed
		}
	}
	return revealed
}

// name learns from a record 123 or 350.
func (w *sight) name(source uint32, m []byte) (revealed bool) {
	r, err := w.dec.Decode(m)
	if err != nil {
		return false
	}
	id, text := r.Layout.Slot("id"), r.Layout.Slot("name")
	if id < 0 || text < 0 || len(w.devices)+len(w.netmaps) >= maxViews {
		return false
	}
	name := strings.TrimRight(string(r.Bytes(text)), "\x00")
	if r.Type == recordNetmap {
		w.netmaps[netmapKey{source, uint16(r.Uint(id))}] = name
		clear(w.seen)
		return false
	}
	device := uint32(r.Uint(id))
	w.devices[deviceKey{source, device}] = name
	clear(w.seen)
	if w.decide(view{source, device, r.NetmapID}) && !w.sources[source] {
		w.sources[source] = true
		return true
	}
	return false
}

// sees reports whether the client may have a message.
func (w *sight) sees(m []byte, h *wire.RecordHeader, source uint32, metadata bool) bool {
	if metadata && h.Type != recordDevice {
		return w.sources[source] || w.rights.InDomain(w.domain(source, h.NetmapID))
	}
	device, ok := w.device(m)
	if !ok {
		return false // it cannot be told whose it is
	}
	v := view{source, device, h.NetmapID}
	verdict, ok := w.seen[v]
	if !ok {
		verdict = w.decide(v)
		if len(w.seen) < maxViews {
			w.seen[v] = verdict
		}
	}
	return verdict
}

// device returns the number of the device that a message belongs to.
func (w *sight) device(m []byte) (uint32, bool) {
	r, err := w.dec.Decode(m)
	if err != nil {
		return 0, false
	}
	if r.Type == recordDevice {
		return uint32(r.Uint(r.Layout.Slot("id"))), true
	}
	for _, f := range deviceFields {
		slot := r.Layout.Slot(f)
		if slot >= 0 && r.Layout.Fields[slot].Kind.Integer() && r.Uint(slot) != 0 {
			return uint32(r.Uint(slot)), true
		}
	}
	return 0, true
}

// decide makes the verdict about a device.
func (w *sight) decide(v view) bool {
	names := []string{w.devices[deviceKey{v.source, v.device}]}
	if w.server.Identify != nil {
		names = append(names, w.server.Identify(v.source, v.device)...)
	}
	return w.rights.HasDevice(names...) && w.rights.InDomain(w.domainOf(v, names))
}

// domainOf returns the domain of a device: the one it was put into, else that of the
// record's netmap id, else that of its source.
func (w *sight) domainOf(v view, names []string) string {
	if w.server.DomainOf != nil {
		for _, name := range names {
			if name == "" {
				continue
			}
			if d, ok := w.server.DomainOf(name); ok {
				return d
			}
		}
	}
	return w.domain(v.source, v.netmap)
}

func (w *sight) domain(source uint32, netmap uint16) string {
	if name := w.netmaps[netmapKey{source, netmap}]; netmap != 0 && name != "" {
		return name
	}
	if w.server.SourceDomain != nil {
		return w.server.SourceDomain(source)
	}
	return access.Global
}
