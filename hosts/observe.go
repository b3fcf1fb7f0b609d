package hosts

import (
	"encoding/binary"

	"estream/wire"
)

// A rule says what a record type teaches. Either the record speaks of the host in
// its discovery header (learn), or it names what it speaks of itself (apply).
type rule struct {
	create bool // the host is added if it is not known
	seen   bool // the host was seen in traffic
	learn  func(e *event, h *host)
	apply  func(e *event)
}

// An event is a decoded record of interest with what surrounds it.
type event struct {
	view
	head
	realm
	m      *Map
	record uint16
	forget bool  // set by a rule: the host goes
	fault  error // the first malformed list, see every
}

// every calls f for every block in a list. Lists of records were checked by the
// decoder; those of a host profile were not, and the first fault is kept.
func (e *event) every(v view, f func(view), names ...string) {
	if e.fault == nil {
		e.fault = v.each(f, names...)
	}
}

// connectionRecord is the one type of which only the header is read: its host is
// alive.
const connectionRecord = 71

// Kinds of record types, for the first look at a message.
const (
	ignored uint8 = iota
	learned
	connection
)

// kinds is indexed by record type; higher ones are ignored. The init of rules
// fills it.
var kinds = [512]uint8{connectionRecord: connection}

// Observe learns from a batch of the journal: whole messages in a row, of which
// the first has the sequence number seq. It is called for every batch in the order
// of the journal; messages that the map has learned already are passed over, so
// that feeding may start before [Map.Seq]. The memory is the caller's.
//
// Records that say nothing about hosts cost a few nanoseconds and no allocation.
// Those that cannot be decoded are counted.
func (m *Map) Observe(seq uint64, source uint32, messages []byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var r realm
	if m.opt.Space != nil {
		r.space = m.opt.Space(source)
	}
	next := m.seq
	for len(messages) > 0 {
		message, rest, err := wire.NextMessage(messages)
		if err != nil {
			break // the journal holds whole messages
		}
		messages = rest
		if seq >= next && len(message) >= 16 {
			record := binary.BigEndian.Uint16(message[10:])
			if int(record) < len(kinds) && kinds[record] != ignored {
				m.message(r, kinds[record], message)
			}
		}
		seq++
	}
	m.seq = max(m.seq, seq)
}

// message learns from one message of a type of interest.
func (m *Map) message(r realm, kind uint8, message []byte) {
	h, ok := wire.PeekRecord(message)
	if !ok {
		m.stats.Malformed++
		return
	}
	r.netmap = h.NetmapID
	if kind == connection {
		if head, ok := m.head.parse(message[8+h.Size:]); ok && head.known {
			m.alive(r, &head)
		}
		return
	}
	record, err := m.dec.Decode(message)
	if err != nil {
		m.stats.Malformed++
		return
	}
	m.stats.Learned++
	e := &m.event // one for all: rules are called through a table, so that it would be on the heap
	*e = event{view: view{&record.View, m.dec}, realm: r, m: m, record: h.Type}
	if record.Layout.Discovery > 0 {
		e.head, _ = m.head.parse(record.Body())
		if e.when == 0 {
			e.when = Second(h.ArchiveTimestamp)
		}
	}
	rule := rules[h.Type]
	if rule.apply != nil {
		rule.apply(e)
	} else if e.known {
		e.teach(&rule)
	}
	if e.known {
		m.maker.arrived(hostKey{e.ip, r})
	}
	m.evict()
}

// alive notes that a host was seen in a connection. Most connections of a busy
// host end within the second of one before: those cost a look-up.
func (m *Map) alive(r realm, head *head) {
	h := m.lookup(r, head.ip)
	if h == nil || head.when <= h.LastSeen {
		return
	}
	m.before(h)
	h.LastSeen = head.when
	m.touch(h)
}

// teach applies a rule to the host in the discovery header.
func (e *event) teach(rule *rule) {
	m := e.m
	h := m.lookup(e.realm, e.ip)
	if h == nil {
		if !rule.create {
			return
		}
		h = m.obtain(e.realm, e.ip)
	}
	m.before(h)
	rule.learn(e, h)
	if e.forget {
		m.remove(h)
		return
	}
	if rule.seen {
		e.sighting(h)
	}
	m.changed(h)
}

// sighting notes when and by which device the host was seen.
func (e *event) sighting(h *host) {
	if h.FirstSeen == 0 {
		h.FirstSeen = e.when
	}
	h.LastSeen = max(h.LastSeen, e.when)
	h.Device = e.device
	if e.mac != (MAC{}) && len(h.MACs) == 0 {
		e.m.add(grow(&h.MACs, maxMACs, MACAddress{Address: e.mac, Primary: true, LastSeen: e.when}) != nil)
	}
	e.m.touch(h)
}

// add counts what found no room.
func (m *Map) add(ok bool) {
	if !ok {
		m.stats.Refused++
	}
}
