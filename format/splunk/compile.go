package splunk

import (
	"slices"
	"strconv"

	"estream/meta"
	"estream/wire"
)

// compile makes the plan for a layout.
func (f *splunkFormat) compile(l *wire.Layout) *plan {
	if l.Record == nil {
		return &plan{}
	}
	c := compiler{format: f, layout: l, names: meta.NamesOf(l), profile: f.options.Profile, at: map[string]int{}}
	c.fields()
	if c.profile == meta.Strict && !c.mapped() {
		c.header()
		c.unmapped()
	}
	view := meta.Compile(l, c.profile)
	c.computed(view.Ops)
	c.aliases(view)
	if _, named := c.at["rec_type_desc"]; !named && c.profile == meta.Strict {
		// eNcore has no name for this record type, the protocol does.
		c.entry("rec_type_desc").pair = pair{write: writeConstant, constant: string(appendPlain(nil, l.Record.Name, c.profile))}
	}
	return c.plan(view)
}

// compileOuter makes the plan for the discovery header of a raw record. What
// metadata explains is left out: a raw record is written without tables.
func (f *splunkFormat) compileOuter(l *wire.Layout) *plan {
	c := compiler{format: f, layout: l, names: meta.NamesOf(l), profile: f.options.Profile, at: map[string]int{}, outer: true}
	c.fields()
	if !c.mapped() {
		c.header()
	}
	view := meta.Compile(l, c.profile)
	c.computed(slices.DeleteFunc(slices.Clone(view.Ops), func(op meta.Op) bool {
		switch op.Kind {
		case meta.OpText, meta.OpEventSecond, meta.OpEventMicrosecond:
			return false
		}
		return true
	}))
	return c.plan(view)
}

// A compiler makes the plan for one layout.
type compiler struct {
	format  *splunkFormat
	layout  *wire.Layout
	names   *meta.Names
	profile meta.Profile
	outer   bool // only the discovery header is there

	entries []compiled
	at      map[string]int // index in entries by name
	sources []computedSource
}

// A compiled is a pair under construction.
type compiled struct {
	to string
	pair
	dropped bool
}

// A computedSource is an entry of the table whose source is a computed value.
type computedSource struct{ to, key string }

func (c *compiler) mapped() bool {
	lists := c.format.mapping.lists[c.layout.Record.Type]
	return lists != nil && len(lists[c.profile]) > 0
}

// entry returns the place of a name, a new one at the end if there is none yet.
func (c *compiler) entry(to string) *compiled {
	i, ok := c.at[to]
	if !ok {
		i = len(c.entries)
		c.at[to] = i
		c.entries = append(c.entries, compiled{to: to})
	}
	return &c.entries[i]
}

// plan puts the pairs together.
func (c *compiler) plan(view *meta.View) *plan {
	p := &plan{head: "rec_type=" + strconv.Itoa(int(c.layout.Record.Type))}
	if c.profile == meta.Strict {
		p.time = eventTime{view.Find("eventSecond"), view.Find("eventMicrosecond")}
	}
	for i := range c.entries {
		e := &c.entries[i]
		if e.dropped {
			continue
		}
		e.name = " " + e.to + "="
		// A constant computed value is written once, here.
		if n := len(e.ops); n > 0 && e.ops[n-1].Constant() != nil {
			e.write, e.constant = writeConstant, string(appendValue(nil, e.ops[n-1].Constant(), c.profile))
			e.ops = nil
		}
		if e.to == "event_sec" {
			p.second = &e.pair
			continue
		}
		// Neighbouring constants are written at once.
		if last := len(p.pairs) - 1; e.write == writeConstant && last >= 0 && p.pairs[last].write == writeConstant {
			p.pairs[last].constant += e.name + e.constant
			continue
		}
		p.pairs = append(p.pairs, e.pair)
	}
	return p
}
