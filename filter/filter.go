package filter

import (
	"estream/wire"
)

// A Filter is an expression over the records of one set of layouts. It is
// immutable and safe for concurrent use.
type Filter struct {
	names  *names
	expr   string
	root   *node
	leaves []*leaf
	types  [typesDense]typeVerdict

	plans    plans
	rawPlans plans
}

// newFilter takes a tree of its own: it numbers the leaves.
func newFilter(n *names, expr string, root *node) *Filter {
	f := &Filter{names: n, expr: expr, root: root}
	f.collect(root)
	f.decideTypes()
	return f
}

func (f *Filter) collect(n *node) {
	if n.kind == nodeLeaf {
		n.leaf.id = len(f.leaves)
		f.leaves = append(f.leaves, n.leaf)
	}
	for _, kid := range n.kids {
		f.collect(kid)
	}
}

// String returns the expression as it was written; that of And joins two with
// "and". Parse understands it.
func (f *Filter) String() string { return f.expr }

// Wanted reports whether Match reads a slot of records with this layout. It has
// the form of wire.Wanted.
func (f *Filter) Wanted(l *wire.Layout, slot int) bool {
	if l.Record == nil {
		return true // a nested block is always decoded whole
	}
	return f.plan(l, false).slots[slot]
}

// And returns a filter for the records that match both. A nil filter stands for
// all records; of two nil filters the result is nil. Both must be for the same
// set of layouts.
func And(a, b *Filter) *Filter {
	switch {
	case a == nil:
		return b
	case b == nil:
		return a
	}
	root := &node{kind: nodeAnd, kids: []*node{a.root.clone(), b.root.clone()}}
	return newFilter(a.names, "("+a.expr+") and ("+b.expr+")", root)
}

// clone copies a tree down to its leaves, whose tests are shared.
func (n *node) clone() *node {
	c := &node{kind: n.kind}
	if n.leaf != nil {
		l := *n.leaf
		c.leaf = &l
	}
	for _, kid := range n.kids {
		c.kids = append(c.kids, kid.clone())
	}
	return c
}
