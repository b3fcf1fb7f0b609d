package meta

// maxTables bounds the number of tables, so that a root is a plain array.
const maxTables = 96

// A root is the top of all tables: an array of nodes, one for each Table, nil
// while it is empty. Below it everything is copy-on-write: a node or shard whose
// owner is the current generation belongs to the writer alone and is changed in
// place; any other may be part of a snapshot and is copied first.
type root [maxTables]*node

// A node is one table, divided into shards so that a change copies a small part
// of a large table. The number of shards is a power of two and grows with the
// table.
type node struct {
	owner  uint64
	count  int
	mask   uint64 // number of shards - 1
	shards []*shard
}

// A shard is a hash table with linear probing, at most half full.
type shard struct {
	owner   uint64
	count   int
	mask    uint64 // number of entries - 1
	entries []entry
}

// An entry without value is free. Entries are never removed.
type entry struct {
	key   Key
	value *Value
}

const (
	shardBits = 40  // the shard follows from other hash bits than the place in it
	shardLoad = 256 // average entries in a shard at which shards are divided
	growth    = 16  // into how many
)

// get returns the value stored under k, nil if there is none.
func (r *root) get(t Table, k *Key) *Value {
	n := r[t]
	if n == nil {
		return nil
	}
	h := k.hash()
	s := n.shards[(h>>shardBits)&n.mask]
	for i := h; ; i++ {
		e := &s.entries[i&s.mask]
		if e.value == nil || e.key == *k {
			return e.value
		}
	}
}

// put stores v under k for the generation that owns the writer's copies.
func (r *root) put(generation uint64, t Table, k Key, v *Value) {
	n := r[t]
	switch {
	case n == nil:
		n = newNode(generation, 1)
	case n.owner != generation:
		c := *n
		c.owner, c.shards = generation, append([]*shard(nil), n.shards...)
		n = &c
	}
	r[t] = n
	if n.count >= shardLoad*len(n.shards) {
		n = n.divide(generation)
		r[t] = n
	}
	h := k.hash()
	if n.own(generation, (h>>shardBits)&n.mask).put(h, k, v) {
		n.count++
	}
}

func newNode(generation uint64, shards int) *node {
	n := &node{owner: generation, mask: uint64(shards) - 1, shards: make([]*shard, shards)}
	for i := range n.shards {
		n.shards[i] = newShard(generation, 8)
	}
	return n
}

func newShard(generation uint64, size int) *shard {
	return &shard{owner: generation, mask: uint64(size) - 1, entries: make([]entry, size)}
}

// divide spreads the entries over more shards.
func (n *node) divide(generation uint64) *node {
	wide := newNode(generation, growth*len(n.shards))
	wide.count = n.count
	for _, s := range n.shards {
		for i := range s.entries {
			if e := &s.entries[i]; e.value != nil {
				h := e.key.hash()
				wide.shards[(h>>shardBits)&wide.mask].put(h, e.key, e.value)
			}
		}
	}
	return wide
}

// own returns shard i as one that may be changed.
func (n *node) own(generation, i uint64) *shard {
	s := n.shards[i]
	if s.owner != generation {
		c := *s
		c.owner, c.entries = generation, append([]entry(nil), s.entries...)
		s = &c
		n.shards[i] = s
	}
	return s
}

// put stores v under k, whose hash is h. It reports whether k is new.
func (s *shard) put(h uint64, k Key, v *Value) bool {
	for i := h; ; i++ {
		e := &s.entries[i&s.mask]
		if e.value == nil {
			break
		}
		if e.key == k {
			e.value = v
			return false
		}
	}
	if 2*(s.count+1) > len(s.entries) {
		old := s.entries
		s.mask = uint64(2*len(old)) - 1
		s.entries = make([]entry, 2*len(old))
		for i := range old {
			if old[i].value != nil {
				s.insert(old[i].key.hash(), old[i])
			}
		}
	}
	s.insert(h, entry{k, v})
	s.count++
	return true
}

// insert puts an entry whose key is not there yet into the first free place.
func (s *shard) insert(h uint64, e entry) {
	for s.entries[h&s.mask].value != nil {
		h++
	}
	s.entries[h&s.mask] = e
}
