package filter

import (
	"slices"
	"sync"
	"sync/atomic"

	"estream/meta"
	"estream/wire"
)

type nodeKind uint8

const (
	nodeLeaf nodeKind = iota
	nodeAnd
	nodeOr
	nodeNot
	nodeTrue // only in plans
	nodeFalse
)

// A node is one step of the expression. Nodes are immutable once parsed.
type node struct {
	kind nodeKind
	kids []*node
	leaf *leaf
}

// A leaf is one comparison.
type leaf struct {
	id       int // index in Filter.leaves and plan.leaves
	name     operand
	negate   bool // != and not: true if there is a value and none passes the test
	literals []literal
	test     test
}

// A plan is the expression for the records of one layout: what the layout decides
// is folded away. It is immutable and shared.
type plan struct {
	layout *wire.Layout
	root   *node
	leaves []leafPlan // by leaf.id
	slots  []bool     // which slots are read
}

// A leafPlan says where the values of a leaf come from in one layout.
type leafPlan struct {
	sources []source
}

type sourceKind uint8

const (
	sourceNumber sourceKind = iota
	sourceSeconds
	sourceText
	sourceIPv4
	sourceIPv4Little
	sourceIPv6
	sourceHost // discovery header: IPv6, or the IPv4 address in slot other
	sourceUUID
	sourceMAC
	sourceBytes
	sourceOther // only its presence counts
	sourceComputed
	sourceNested     // computed from the block nested in slot
	sourceDeviceName // the name of the device whose id is in slot
)

// A source is one value of a record.
type source struct {
	kind  sourceKind
	used  bool // an address that is unspecified counts as absent
	slot  int
	other int
	op    *meta.Op // sourceComputed; sourceNested: the operation of the block
	key   string   // sourceNested
}

// plans keeps the plan of each layout. Looking one up takes no lock.
type plans struct {
	mu   sync.Mutex
	done atomic.Pointer[[]*plan] // by Layout.ID; replaced, never modified
}

// plan returns the plan for l, making it at its first use. raw is for records
// without layout, of which l is the layout of their header.
func (f *Filter) plan(l *wire.Layout, raw bool) *plan {
	cache := &f.plans
	if raw {
		cache = &f.rawPlans
	}
	if done := cache.done.Load(); done != nil && l.ID < len(*done) {
		if p := (*done)[l.ID]; p != nil && p.layout == l {
			return p
		}
	}
	cache.mu.Lock()
	defer cache.mu.Unlock()
	var old []*plan
	if done := cache.done.Load(); done != nil {
		old = *done
	}
	done := slices.Grow(slices.Clone(old), max(0, l.ID+1-len(old)))[:max(len(old), l.ID+1)]
	done[l.ID] = f.newPlan(l, raw)
	cache.done.Store(&done)
	return done[l.ID]
}

func (f *Filter) newPlan(l *wire.Layout, raw bool) *plan {
	p := &plan{layout: l, root: f.root, leaves: make([]leafPlan, len(f.leaves)), slots: make([]bool, len(l.Fields))}
	c := planner{layout: l, names: meta.NamesOf(l)}
	if !raw {
		c.view = meta.Compile(l, meta.Strict)
	}
	for i, leaf := range f.leaves {
		p.leaves[i].sources = c.sources(leaf)
	}
	if !raw {
		p.root = p.fold(f.root)
	}
	p.mark(p.root)
	return p
}

// mark notes the slots that what is left of the expression reads.
func (p *plan) mark(n *node) {
	for _, kid := range n.kids {
		p.mark(kid)
	}
	if n.kind != nodeLeaf {
		return
	}
	for _, s := range p.leaves[n.leaf.id].sources {
		if s.op != nil {
			for slot := range p.slots {
				p.slots[slot] = p.slots[slot] || s.op.Uses(slot)
			}
			continue
		}
		p.slots[s.slot] = true
		if s.other >= 0 {
			p.slots[s.other] = true
		}
	}
}

var (
	alwaysTrue  = &node{kind: nodeTrue}
	alwaysFalse = &node{kind: nodeFalse}
)

// fold replaces what is the same for all records of the layout by its result.
func (p *plan) fold(n *node) *node {
	switch n.kind {
	case nodeLeaf:
		return p.foldLeaf(n)
	case nodeNot:
		kid := p.fold(n.kids[0])
		switch kid.kind {
		case nodeTrue:
			return alwaysFalse
		case nodeFalse:
			return alwaysTrue
		}
		return &node{kind: nodeNot, kids: []*node{kid}}
	}
	decides, neutral := nodeFalse, nodeTrue // of "and"
	if n.kind == nodeOr {
		decides, neutral = nodeTrue, nodeFalse
	}
	out := &node{kind: n.kind}
	for _, k := range n.kids {
		kid := p.fold(k)
		switch kid.kind {
		case decides:
			return kid
		case neutral:
		default:
			out.kids = append(out.kids, kid)
		}
	}
	switch len(out.kids) {
	case 0:
		return constant(neutral == nodeTrue)
	case 1:
		return out.kids[0]
	}
	return out
}

func constant(b bool) *node {
	if b {
		return alwaysTrue
	}
	return alwaysFalse
}

func (p *plan) foldLeaf(n *node) *node {
	l := n.leaf
	switch l.name.scope {
	case scopeRecord, scopeCategory:
		return constant(l.typeTest(p.layout.Record.Type, p.layout.Record.Category))
	case scopeBlock:
		if p.layout.Block == nil {
			return constant(false)
		}
		return constant(l.numberTest(uint64(p.layout.Block.Type)))
	case scopeTime, scopeDomain:
		return n // the record header has them
	}
	if len(p.leaves[l.id].sources) == 0 {
		return alwaysFalse
	}
	return n
}
