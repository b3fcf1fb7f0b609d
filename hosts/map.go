package hosts

import (
	"fmt"
	"log/slog"
	"math"
	"sync"
	"sync/atomic"

	"estream/internal/durable"
	"estream/wire"
)

// A Map is the network map. It is safe for concurrent use; one that asks does not
// hold up one that learns for longer than one host takes.
type Map struct {
	path  string
	fs    durable.FS
	set   *wire.Layouts
	opt   Options
	forms generations
	head  headerLayout

	answered atomic.Uint64 // see Stats

	saving sync.Mutex // one Save at a time; taken before mu
	saved  uint64     // seq of the file; math.MaxUint64 without one

	// mu is one that lets a writer in before further readers: whoever learns waits
	// for one look at a host at most, however many ask.
	mu     sync.RWMutex
	dec    *wire.Decoder
	event  event // being learned
	seq    uint64
	clock  uint64
	hosts  map[[16]byte]*host
	dense  []entry
	newest *host
	oldest *host
	bytes  int64
	names  map[definitionKey]definition // of host attributes
	stats  Stats                        // but for answered
	epoch  uint64
	image  *codec // what Save has so far, nil while it is not at work
	maker  maker  // of Discover
}

// An entry repeats the address beside the host, so that a search for a range
// touches no host outside of it.
type entry struct {
	addr [16]byte
	host *host
}

// Open reads the map in the file path, which need not exist; its directory must.
// The map's state is that of [Map.Seq]: the caller then shows it the journal from
// there. A damaged file is set aside, see the package comment; the errors are
// those of the file system, a file of a later version, and faulty layouts.
func Open(path string, fs durable.FS, set *wire.Layouts, opt Options) (*Map, error) {
	if opt.MaxHosts == 0 {
		opt.MaxHosts = DefaultMaxHosts
	}
	if opt.MaxBytes == 0 {
		opt.MaxBytes = DefaultMaxBytes
	}
	if opt.MaxHosts < 0 || opt.MaxBytes < 0 {
		return nil, fmt.Errorf("network map: limit of %d hosts and %d bytes: positive numbers expected, or 0 for the default", opt.MaxHosts, opt.MaxBytes)
	}
	if opt.Log == nil {
		opt.Log = slog.New(slog.DiscardHandler)
	}
	m := &Map{path: path, fs: fs, set: set, opt: opt, dec: wire.NewDecoder(set, nil), saved: math.MaxUint64}
	m.reset()
	m.forms.set = set
	if err := m.head.init(set); err != nil {
		return nil, fmt.Errorf("network map: %w", err)
	}
	if err := m.maker.init(set); err != nil {
		return nil, fmt.Errorf("network map: %w", err)
	}
	if err := m.read(); err != nil {
		return nil, fmt.Errorf("network map: %w", err)
	}
	return m, nil
}

// reset empties the map.
func (m *Map) reset() {
	m.seq, m.clock, m.bytes = 0, 0, 0
	m.hosts, m.dense, m.newest, m.oldest = map[[16]byte]*host{}, nil, nil, nil
	m.names = map[definitionKey]definition{}
}

// Seq returns the sequence number in the journal behind the last record that the
// map has learned: where to go on.
func (m *Map) Seq() uint64 {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.seq
}

// Resume tells where the journal ends, before the map is shown anything. A map that
// is beyond belongs to a journal that was removed, or restored from a backup: it
// keeps its hosts and goes on learning at end.
func (m *Map) Resume(end uint64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.seq > end {
		m.opt.Log.Warn("the network map has learned more than the journal holds: it goes on from the journal's end, with the hosts it knows",
			"map", m.seq, "journal", end)
		m.seq = end
	}
}

// Stats returns the counters.
func (m *Map) Stats() Stats {
	m.mu.RLock()
	defer m.mu.RUnlock()
	s := m.stats
	s.Answered = m.answered.Load()
	s.Hosts, s.Bytes = len(m.dense), m.bytes
	return s
}

// A realm is what addresses are unique in.
type realm struct {
	space  uint32
	netmap uint16
}

// lookup returns the host of an address, nil if it is not known.
func (m *Map) lookup(r realm, addr [16]byte) *host {
	h := m.hosts[addr]
	for h != nil && (h.Space != r.space || h.Netmap != r.netmap) {
		h = h.sibling
	}
	return h
}

// obtain returns the host of an address, which is added if it is not known.
func (m *Map) obtain(r realm, addr [16]byte) *host {
	if h := m.lookup(r, addr); h != nil {
		return h
	}
	h := &host{key: addr, Profile: Profile{Address: unmapped(addr), Space: r.space, Netmap: r.netmap}}
	m.insert(h)
	m.front(h)
	return h
}

// insert puts a host into the tables, not into the order.
func (m *Map) insert(h *host) {
	h.epoch = m.epoch // an image that is being taken is older than this host
	h.sibling = m.hosts[h.key]
	m.hosts[h.key] = h
	h.at = len(m.dense)
	m.dense = append(m.dense, entry{h.key, h})
	h.size = h.weigh()
	m.bytes += int64(h.size)
}

// remove forgets a host.
func (m *Map) remove(h *host) {
	m.before(h)
	m.unlink(h)
	last := m.dense[len(m.dense)-1]
	m.dense[h.at], last.host.at = last, h.at
	m.dense[len(m.dense)-1] = entry{}
	m.dense = m.dense[:len(m.dense)-1]
	m.bytes -= int64(h.size)
	if first := m.hosts[h.key]; first != h {
		for first.sibling != h {
			first = first.sibling
		}
		first.sibling = h.sibling
	} else if h.sibling != nil {
		m.hosts[h.key] = h.sibling
	} else {
		delete(m.hosts, h.key)
	}
	h.sibling = nil
	m.maker.gone(hostKey{h.key, realm{h.Space, h.Netmap}})
}

// touch makes h the host that was seen last.
func (m *Map) touch(h *host) {
	if m.newest == h {
		return
	}
	m.unlink(h)
	m.front(h)
}

func (m *Map) front(h *host) {
	m.clock++
	h.order = m.clock
	h.older, h.newer = m.newest, nil
	if m.newest != nil {
		m.newest.newer = h
	} else {
		m.oldest = h
	}
	m.newest = h
}

func (m *Map) unlink(h *host) {
	if h.newer != nil {
		h.newer.older = h.older
	} else {
		m.newest = h.older
	}
	if h.older != nil {
		h.older.newer = h.newer
	} else {
		m.oldest = h.newer
	}
	h.newer, h.older = nil, nil
}

// changed counts the memory of a host again after it was changed.
func (m *Map) changed(h *host) {
	size := h.weigh()
	m.bytes += int64(size - h.size)
	h.size = size
}

// full reports whether the map is beyond its limits; its last host stays.
func (m *Map) full() bool {
	return len(m.dense) > m.opt.MaxHosts || m.bytes > m.opt.MaxBytes && len(m.dense) > 1
}

// evict forgets the oldest hosts until the limits hold.
func (m *Map) evict() {
	for m.full() {
		h := m.oldest
		m.remove(h)
		m.stats.Evicted++
		if len(m.maker.evicted) < maxEvicted {
			m.maker.evicted = append(m.maker.evicted, evicted{hostKey{h.key, realm{h.Space, h.Netmap}}, h.Device})
		}
	}
}
