package meta

import (
	"estream/wire"
)

// Limits on what the metadata of one stream can make a Tables hold. A large
// Management Center sends some 50,000 names, mostly intrusion rules.
const (
	// MaxEntries is the largest number of entries in all tables together.
	MaxEntries = 1 << 20
	// MaxBytes is the memory, in bytes, beyond which no new keys are taken.
	// Existing keys are still updated; updates that would more than double it
	// make the entry count as absent instead.
	MaxBytes = 96 << 20
)

// Tables is what the metadata records of one stream have taught so far, on top of
// the values that tables hold from the start. One goroutine at a time may use it;
// its snapshots are free for all.
type Tables struct {
	rules      *compiled
	root       root
	generation uint64    // owner mark of copies that no snapshot has seen
	snapshot   *Snapshot // the state as it is, nil after a change
	entries    int       // learned keys; those that have a value from the start not counted
	bytes      int       // taken by learned values
	maxEntries int       // MaxEntries and MaxBytes, lower in tests
	maxBytes   int
	refused    [maxTables]uint64
	plans      []*fillPlan // by Layout.ID
	pending    []change
}

// A change is a value that a record would store.
type change struct {
	table Table
	key   Key
	old   *Value
	src   source
}

// NewTables returns tables that hold their initial values only.
func NewTables() *Tables {
	c := loaded()
	return &Tables{rules: c, root: c.base, generation: 1, maxEntries: MaxEntries, maxBytes: MaxBytes}
}

// Apply stores what a metadata record teaches and reports whether that changed
// anything; other records teach nothing. Repeating what is known allocates
// nothing. The record is not kept.
func (t *Tables) Apply(r *wire.Record) (changed bool) {
	if t.stage(r) == 0 {
		return false
	}
	t.commit()
	return true
}

// Snapshot returns the present state. It is immutable and safe for concurrent
// use, also while Tables goes on changing. Without a change since the last call
// it returns the same snapshot again.
func (t *Tables) Snapshot() *Snapshot {
	if t.snapshot == nil {
		t.snapshot = &Snapshot{root: t.root}
		t.generation++
	}
	return t.snapshot
}

// Entries returns the number of learned entries and the memory they take, in
// bytes, roughly.
func (t *Tables) Entries() (entries, bytes int) { return t.entries, t.bytes }

// Refused returns for each table how many values were not stored because of
// MaxEntries or MaxBytes. It is empty while all is well.
func (t *Tables) Refused() map[string]uint64 {
	m := map[string]uint64{}
	for i, n := range t.refused[:len(t.rules.tables)] {
		if n != 0 {
			m[t.rules.tables[i].name] = n
		}
	}
	return m
}

// stage finds out what r would change and remembers it for commit. It returns
// the bits of the tables concerned, 0 if nothing changes.
func (t *Tables) stage(r *wire.Record) (mask uint64) {
	t.pending = t.pending[:0]
	if r.Layout == nil || r.Layout.Record == nil || !t.rules.info(r.Layout.Record.Type).learns {
		return 0
	}
	fills := t.plan(r.Layout).fills
	for i := range fills {
		f := &fills[i]
		c := change{table: f.table, key: f.key.of(&r.View), src: f.source(&r.View)}
		c.old = t.root.get(c.table, &c.key)
		if c.old != nil && c.old.src.equal(&c.src) {
			continue
		}
		t.pending = append(t.pending, c)
		mask |= t.rules.tables[f.table].bit
	}
	return mask
}

// commit stores what stage has found. The record must still be valid.
func (t *Tables) commit() {
	for i := range t.pending {
		c := &t.pending[i]
		v := newValue(c.src)
		size := v.size()
		switch {
		case c.old == nil && (t.entries >= t.maxEntries || t.bytes+size > t.maxBytes):
			t.refused[c.table]++
			continue
		case c.old != nil && t.bytes+size-c.old.size() > 2*t.maxBytes:
			// A wrong name would be worse than none.
			t.refused[c.table]++
			v = new(Value)
			size = v.size()
		}
		if c.old == nil {
			t.entries++
		} else {
			size -= c.old.size()
		}
		t.bytes += size
		t.root.put(t.generation, c.table, c.key, v)
		t.snapshot = nil
	}
}

// A Snapshot is the state of all tables at one point of a stream. It is immutable.
type Snapshot struct{ root root }

// Initial returns the state before any metadata has arrived.
func Initial() *Snapshot { return &Snapshot{root: loaded().base} }

// Get returns the entry of a table, nil if there is none or if its text is empty
// or its number 0.
func (s *Snapshot) Get(t Table, k Key) *Value {
	if v := s.root.get(t, &k); v != nil && v.present() {
		return v
	}
	return nil
}

// TableNamed returns the table of that name, as it stands in data/view.json; a
// member of a table of objects is written TABLE.MEMBER.
func TableNamed(name string) (Table, bool) {
	t, ok := loaded().number[name]
	return t, ok
}
