package filter

import (
	"time"

	"estream/format/text"
	"estream/meta"
	"estream/wire"
)

// A Matcher tests records. It is not safe for concurrent use; every goroutine has
// its own.
type Matcher struct {
	filter *Filter
	eval   meta.Evaluator
	buf    []byte

	// The record under test.
	decoder  *wire.Decoder
	record   *wire.Record
	view     *wire.View
	snapshot *meta.Snapshot
	plan     *plan // nil for a record of which only the header is known
}

// NewMatcher returns a matcher.
func (f *Filter) NewMatcher() *Matcher {
	return &Matcher{filter: f, eval: meta.Evaluator{Dates: text.Dates{Location: time.UTC}}}
}

// Match reports whether a record fulfils the expression. r comes from d, or from
// another decoder for the same layouts, which has filled at least the fields that
// Wanted names. A record that could not be decoded has its header, and the fields
// of its discovery header if that could be read; all other values are absent. s
// holds the names as they are at the record. Match keeps nothing of its arguments
// and allocates nothing.
func (m *Matcher) Match(d *wire.Decoder, r *wire.Record, s *meta.Snapshot) bool {
	m.decoder, m.record, m.snapshot = d, r, s
	root := m.filter.root
	switch {
	case r.Layout != nil:
		m.plan, m.view = m.filter.plan(r.Layout, false), &r.View
		root = m.plan.root
	case r.Outer.Layout != nil:
		m.plan, m.view = m.filter.plan(r.Outer.Layout, true), &r.Outer
	default:
		m.plan, m.view = nil, nil
	}
	ok := m.run(root)
	m.decoder, m.record, m.view, m.snapshot, m.plan = nil, nil, nil, nil, nil
	return ok
}

func (m *Matcher) run(n *node) bool {
	switch n.kind {
	case nodeAnd:
		for _, kid := range n.kids {
			if !m.run(kid) {
				return false
			}
		}
		return true
	case nodeOr:
		for _, kid := range n.kids {
			if m.run(kid) {
				return true
			}
		}
		return false
	case nodeNot:
		return !m.run(n.kids[0])
	case nodeLeaf:
		return m.leaf(n.leaf)
	}
	return n.kind == nodeTrue
}

// A verdict is what tests of several values add up to.
type verdict struct {
	present bool // there is a value that the test can be made with
	passed  bool
}

func (v *verdict) add(passed bool) {
	v.present = true
	v.passed = v.passed || passed
}

func (v verdict) of(l *leaf) bool {
	if l.negate {
		return v.present && !v.passed
	}
	return v.passed
}

func (m *Matcher) leaf(l *leaf) bool {
	r := m.record
	switch l.name.scope {
	case scopeRecord, scopeCategory:
		return l.typeTest(r.Type, m.filter.names.category(r.Type))
	case scopeBlock:
		return r.Block != 0 && l.numberTest(uint64(r.Block))
	case scopeTime:
		return l.timeTest(&r.RecordHeader)
	}
	var v verdict
	if l.name.scope == scopeDomain {
		v = l.domainTest(r.NetmapID)
		m.name(&v, &l.test, domains, uint64(r.NetmapID))
	}
	if m.plan != nil {
		sources := m.plan.leaves[l.id].sources
		for i := range sources {
			m.test(&v, &l.test, &sources[i])
			if v.passed {
				break
			}
		}
	}
	return v.of(l)
}

// test adds the test of one value, if the record has it and the test can be made.
func (m *Matcher) test(v *verdict, t *test, s *source) {
	switch s.kind {
	case sourceComputed:
		m.computed(v, t, m.eval.Eval(s.op, m.record, m.view, m.snapshot))
		return
	case sourceNested:
		m.nested(v, t, s)
		return
	case sourceDeviceName:
		m.name(v, t, devices, m.view.Uint(s.slot))
		return
	}
	if t.op == opHas {
		if m.view.Has(s.slot) || s.kind == sourceHost && s.other >= 0 {
			v.add(true)
		}
		return
	}
	switch s.kind {
	case sourceNumber:
		if len(t.numbers) > 0 {
			v.add(t.number(m.view.Uint(s.slot), t.numbers))
		}
		return
	case sourceSeconds:
		if len(t.seconds) > 0 {
			v.add(t.number(m.view.Uint(s.slot), t.seconds))
		}
		return
	}
	b := m.view.Bytes(s.slot)
	if b == nil && s.kind == sourceHost && s.other >= 0 {
		b = m.view.Bytes(s.other)
	}
	if b == nil {
		return
	}
	if s.kind == sourceText {
		if len(t.texts.list) > 0 {
			v.add(t.text(m.plain(b), &t.texts))
		}
		return
	}
	m.binary(v, t, s, b)
}
