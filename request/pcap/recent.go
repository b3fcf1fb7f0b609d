package pcap

// maxRecent is how many intrusion events are remembered for the packets that follow
// them, which takes some 11 MB. A server sends the packets of an event right behind it.
const maxRecent = 1 << 16

// recent remembers the newest events up to a number.
type recent struct {
	max   int
	known map[eventID]event
	order []eventID // a ring once it is full
	next  int       // the oldest, in a full ring
}

func newRecent(limit int) *recent { return &recent{max: limit, known: map[eventID]event{}} }

// add remembers an event. One with the same id takes the place of the earlier one.
func (m *recent) add(id eventID, e event) {
	if _, ok := m.known[id]; !ok {
		if len(m.order) < m.max {
			m.order = append(m.order, id)
		} else {
			delete(m.known, m.order[m.next])
			m.order[m.next] = id
			m.next = (m.next + 1) % m.max
		}
	}
	m.known[id] = e
}

func (m *recent) get(id eventID) (event, bool) {
	e, ok := m.known[id]
	return e, ok
}
