package server

import (
	"bytes"
	"encoding/binary"
	"hash/maphash"
	"slices"
	"sync"

	"estream/wire"
)

// Metadata goes to a client once: a record that only repeats what the client was told
// last about the same thing is left out. What a session has told is one bit for each
// statement; the statements themselves are kept once for all sessions.
//
// Two sources may say different things about one number, such as the classifications
// of two sensors with different rule files. A client has one table for all. So when a
// source's statement was displaced by that of another source, it is told again before
// the source's next events.

// Limits of a statements table. Beyond them it starts anew, and sessions may tell
// something twice.
const (
	maxStatements     = 512 << 10
	maxStatementBytes = 64 << 20
)

// statements numbers what metadata records say. It is safe for concurrent use.
type statements struct {
	set  *wire.Layouts
	seed maphash.Seed
	most int // statements

	mu         sync.RWMutex
	generation uint64 // grows when the table starts anew
	byHash     map[uint64]uint32
	list       []statement
	subjects   map[string]uint32
	about      [][]uint32 // by subject: what was said of it
	bytes      int
	dec        *wire.Decoder // reads what identifies the subject
	key        []byte
}

// A statement is what one or more equal metadata records say.
type statement struct {
	message []byte // the first of them
	subject uint32
	sources []uint32 // who says so, or has said so
}

func newStatements(set *wire.Layouts) *statements {
	s := &statements{set: set, seed: maphash.MakeSeed(), most: maxStatements}
	s.dec = wire.NewDecoder(set, func(l *wire.Layout, slot int) bool { return slices.Contains(l.Key, slot) })
	s.reset()
	return s
}

func (s *statements) reset() {
	s.generation++
	s.byHash, s.subjects = map[uint64]uint32{}, map[string]uint32{}
	s.list, s.about, s.bytes = nil, nil, 0
}

// content is what counts of a message: not its header, its times, and whether the
// record header is extended.
func content(m []byte, h *wire.RecordHeader) []byte { return m[wire.HeaderSize+h.Size:] }

// A finding is a statement as a session sees it.
type finding struct {
	generation uint64
	id         uint32
	subject    uint32
	rivals     []uint32 // all statements about the subject, this one included; not to be changed
}

// find returns the number of what a metadata message says; false if that cannot be
// told. It keeps a copy of a message that says something new.
func (s *statements) find(m []byte, h *wire.RecordHeader, source uint32) (finding, bool) {
	sum := s.sum(m, h)
	s.mu.RLock()
	f, ok, clash := s.lookup(sum, m, h)
	if ok && !slices.Contains(s.list[f.id].sources, source) {
		ok = false
	}
	s.mu.RUnlock()
	if ok || clash {
		return f, ok
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if f, ok, clash = s.lookup(sum, m, h); ok {
		if st := &s.list[f.id]; !slices.Contains(st.sources, source) {
			st.sources = append(slices.Clip(st.sources), source) // others read the old list
		}
	}
	if ok || clash {
		return f, ok
	}
	return s.add(sum, m, source)
}

func (s *statements) sum(m []byte, h *wire.RecordHeader) uint64 {
	var mh maphash.Hash
	mh.SetSeed(s.seed)
	_ = mh.WriteByte(byte(h.Type >> 8)) // a maphash never fails
	_ = mh.WriteByte(byte(h.Type))
	_ = mh.WriteByte(byte(h.NetmapID >> 8))
	_ = mh.WriteByte(byte(h.NetmapID))
	_, _ = mh.Write(content(m, h))
	return mh.Sum64()
}

// lookup finds a known statement. clash says that another one has its hash.
func (s *statements) lookup(sum uint64, m []byte, h *wire.RecordHeader) (f finding, ok, clash bool) {
	id, ok := s.byHash[sum]
	if !ok {
		return f, false, false
	}
	st := &s.list[id]
	if oh, _ := wire.PeekRecord(st.message); oh.Type != h.Type || oh.NetmapID != h.NetmapID || !bytes.Equal(content(st.message, &oh), content(m, h)) {
		return f, false, true
	}
	return finding{s.generation, id, st.subject, s.about[st.subject]}, true, false
}

func (s *statements) add(sum uint64, m []byte, source uint32) (finding, bool) {
	r, err := s.dec.Decode(m)
	if err != nil {
		return finding{}, false // whoever gets it may know more of it
	}
	s.key = binary.BigEndian.AppendUint16(s.key[:0], r.Type)
	s.key = binary.BigEndian.AppendUint16(s.key, r.NetmapID)
	for _, slot := range r.Layout.Key {
		if r.Layout.Fields[slot].Kind.Integer() {
			s.key = binary.BigEndian.AppendUint64(s.key, r.Uint(slot))
		} else {
			b := r.Bytes(slot)
			s.key = binary.BigEndian.AppendUint32(s.key, uint32(len(b)))
			s.key = append(s.key, b...)
		}
	}
	if len(s.list) >= s.most || s.bytes+len(m)+len(s.key) > maxStatementBytes {
		s.reset()
	}
	subject, ok := s.subjects[string(s.key)]
	if !ok {
		subject = uint32(len(s.about))
		s.subjects[string(s.key)] = subject
		s.about = append(s.about, nil)
		s.bytes += len(s.key)
	}
	id := uint32(len(s.list))
	s.list = append(s.list, statement{bytes.Clone(m), subject, []uint32{source}})
	s.byHash[sum] = id
	s.bytes += len(m)
	// Sessions hold the old list; they must not see it grow.
	s.about[subject] = append(slices.Clip(s.about[subject]), id)
	return finding{s.generation, id, subject, s.about[subject]}, true
}

// at returns a statement; false if the table has started anew since.
func (s *statements) at(generation uint64, id uint32) (statement, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if generation != s.generation {
		return statement{}, false
	}
	return s.list[id], true
}

// told is what a session has told its client. It belongs to one goroutine.
type told struct {
	all        *statements
	generation uint64
	bits       []uint64          // by statement: the client's table has it
	current    map[saying]uint32 // what a source said last, where statements rival
	sources    []uint32          // that have said anything
	displaced  map[uint32][]uint32
}

// A saying is a subject in the words of one source.
type saying struct{ source, subject uint32 }

func newTold(all *statements) *told { return &told{all: all} }

func (t *told) has(id uint32) bool {
	return int(id/64) < len(t.bits) && t.bits[id/64]>>(id%64)&1 == 1
}

func (t *told) mark(id uint32) {
	if n := int(id/64) + 1; n > len(t.bits) {
		t.bits = append(t.bits, make([]uint64, n-len(t.bits))...)
	}
	t.bits[id/64] |= 1 << (id % 64)
}

// tell reports whether a metadata message is to be sent, and takes note that it was.
func (t *told) tell(m []byte, h *wire.RecordHeader, source uint32) bool {
	f, ok := t.all.find(m, h, source)
	if !ok {
		return true
	}
	if f.generation != t.generation {
		t.generation, t.bits, t.current, t.displaced = f.generation, nil, nil, nil
	}
	if !slices.Contains(t.sources, source) {
		t.sources = append(t.sources, source)
	}
	if len(f.rivals) > 1 {
		if t.current == nil {
			t.current = map[saying]uint32{}
		}
		t.current[saying{source, f.subject}] = f.id
	}
	if t.has(f.id) {
		return false
	}
	for _, rival := range f.rivals {
		if rival != f.id && t.has(rival) {
			t.bits[rival/64] &^= 1 << (rival % 64)
			t.displace(rival, f.subject, source)
		}
	}
	t.mark(f.id)
	return true
}

// displace notes for every other source that says so that the client's table does not
// have it any more.
func (t *told) displace(rival, subject, by uint32) {
	st, ok := t.all.at(t.generation, rival)
	if !ok {
		return
	}
	for _, source := range t.sources {
		last, ok := t.current[saying{source, subject}]
		if source == by || ok && last != rival || !ok && !slices.Contains(st.sources, source) {
			continue
		}
		if t.displaced == nil {
			t.displaced = map[uint32][]uint32{}
		}
		if list := t.displaced[source]; !slices.Contains(list, rival) {
			t.displaced[source] = append(list, rival)
		}
	}
}

// again returns the messages that have to be told again before events of a source, and
// their number.
func (t *told) again(source uint32) (messages []byte, count int) {
	list := t.displaced[source]
	if len(list) == 0 {
		return nil, 0
	}
	delete(t.displaced, source)
	for _, id := range list {
		st, ok := t.all.at(t.generation, id)
		if last, said := t.current[saying{source, st.subject}]; !ok || said && last != id {
			continue // the source says something else by now
		}
		messages = append(messages, st.message...)
		count++
	}
	return messages, count
}
