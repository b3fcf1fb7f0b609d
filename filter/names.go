package filter

import (
	"fmt"
	"slices"
	"strings"

	"estream/meta"
	"estream/wire"
)

// A scope says what a name may stand for.
type scope uint8

const (
	scopeAny      scope = iota // a field, a computed value, or both
	scopeField                 // ".name"
	scopeComputed              // "@name"
	scopeRecord                // attributes: one constant each
	scopeBlock
	scopeCategory
	scopeDevice
	scopeDomain
	scopeTime
	scopeIP // helpers
	scopePort
)

// attributes are the names that win over fields, and the types of their values.
var attributes = map[string]struct {
	scope scope
	kinds kinds
}{
	"record":   {scopeRecord, kindNumber},
	"block":    {scopeBlock, kindNumber},
	"category": {scopeCategory, kindText},
	"device":   {scopeDevice, kindNumber | kindText},
	"domain":   {scopeDomain, kindNumber | kindText},
	"time":     {scopeTime, kindSeconds},
	"ip":       {scopeIP, kindIP},
	"port":     {scopePort, kindNumber},
}

// An operand is the name in a comparison.
type operand struct {
	written string
	name    string // without '.', '@' and ".data"
	scope   scope
}

// names is what the layouts of a set hold, by name.
type names struct {
	set        *wire.Layouts
	records    map[uint16]*wire.RecordDef
	fields     map[string]*nameInfo // by JSON key, with and without enclosing object, and by name in the layouts
	shown      []string             // JSON keys, for suggestions, sorted
	categories []string             // sorted
	computed   []string             // keys of computed values, sorted; nil before they were asked for
}

// A nameInfo says which types a name has in the usual layouts of records, and in
// which structures it occurs at all.
type nameInfo struct {
	kinds  kinds
	header bool    // the discovery header
	series [3]bool // some block of the series
	types  map[uint16]bool
}

func newNames(set *wire.Layouts) (*names, error) {
	n := &names{set: set, records: map[uint16]*wire.RecordDef{}, fields: map[string]*nameInfo{}}
	src := set.Source()
	header, err := src.DiscoveryHeader()
	if err != nil {
		return nil, fmt.Errorf("filter: names of the discovery header: %w", err)
	}
	for i := range header {
		n.add(&header[i], "", func(info *nameInfo) { info.header = true; info.kinds |= kindOf(&header[i]) })
	}
	for _, series := range []uint8{1, 2} {
		for _, typ := range src.Blocks(series) {
			b, err := src.Block(series, typ)
			if err != nil {
				return nil, fmt.Errorf("filter: names of block %d of series %d: %w", typ, series, err)
			}
			for i := range b.Fields {
				n.add(&b.Fields[i], "", func(info *nameInfo) { info.series[series] = true })
			}
		}
	}
	for _, typ := range src.Records() {
		def, err := src.Record(typ)
		if err != nil {
			return nil, fmt.Errorf("filter: names of record %d: %w", typ, err)
		}
		if err := n.record(def); err != nil {
			return nil, err
		}
	}
	n.shown = slices.Sorted(slices.Values(n.shown))
	n.shown = slices.Compact(n.shown)
	slices.Sort(n.categories)
	n.categories = slices.Compact(n.categories)
	return n, nil
}

func (n *names) record(def *wire.RecordDef) error {
	n.records[def.Type] = def
	if def.Category != "" {
		n.categories = append(n.categories, def.Category)
	}
	for i := range def.Fields {
		n.add(&def.Fields[i], def.EncoreRoot, func(info *nameInfo) {
			info.kinds |= kindOf(&def.Fields[i])
			if info.types == nil {
				info.types = map[uint16]bool{}
			}
			info.types[def.Type] = true
		})
	}
	for _, b := range def.Blocks {
		blk, err := n.set.Source().Block(def.Series, b.Type)
		if err != nil {
			return fmt.Errorf("filter: names of record %d block %d: %w", def.Type, b.Type, err)
		}
		for i := range blk.Fields {
			kind := kindOf(&blk.Fields[i])
			n.add(&blk.Fields[i], def.EncoreRoot, func(info *nameInfo) { info.kinds |= kind })
			n.shown = append(n.shown, blk.Fields[i].Encore)
		}
	}
	return nil
}

// add notes a field under all of its names.
func (n *names) add(f *wire.Field, root string, note func(*nameInfo)) {
	list := []string{f.Encore, f.Name}
	if f.Encore == f.Name {
		list = list[:1]
	}
	if root != "" {
		list = append(list, root+"."+f.Encore)
	}
	for _, name := range list {
		info := n.fields[name]
		if info == nil {
			info = new(nameInfo)
			n.fields[name] = info
		}
		note(info)
	}
}

// keys returns the names of all computed values. Finding them compiles all layouts,
// so it is only done for an expression that fields alone do not explain.
func (n *names) keys() []string {
	if n.computed != nil {
		return n.computed
	}
	seen := map[string]bool{}
	var eval meta.Evaluator
	for _, def := range n.records {
		for _, block := range usual(def) {
			l, err := n.set.Layout(def.Type, block)
			if err != nil {
				continue // the decoder reports it when such a record arrives
			}
			for op := range operations(n.set, &eval, meta.Compile(l, meta.Strict)) {
				seen[op.Key] = true
			}
		}
	}
	n.computed = []string{}
	for key := range seen {
		n.computed = append(n.computed, key)
	}
	slices.Sort(n.computed)
	return n.computed
}

// usual lists the block types that a record is known to carry, 0 for one whose
// body is plain fields.
func usual(def *wire.RecordDef) (list []uint32) {
	switch {
	case def.Unknown:
		return nil
	case def.Series == 0:
		return []uint32{0}
	}
	for _, b := range def.Blocks {
		list = append(list, b.Type)
	}
	return list
}

// operations goes through the operations of a view, and for blocks nested in the
// record through those of the usual block.
func operations(set *wire.Layouts, eval *meta.Evaluator, v *meta.View) func(yield func(*meta.Op) bool) {
	return func(yield func(*meta.Op) bool) {
		for i := range v.Ops {
			op := &v.Ops[i]
			if op.Kind != meta.OpNested {
				if !yield(op) {
					return
				}
				continue
			}
			l, err := set.Nested(v.Layout.Block.Series, v.Layout.Fields[op.From.Slot].Element)
			if err != nil {
				continue // nothing is known of the block
			}
			ops := eval.Nested(op, l)
			for j := range ops {
				if !yield(&ops[j]) {
					return
				}
			}
		}
	}
}

func (n *names) isComputed(key string) bool {
	_, ok := slices.BinarySearch(n.keys(), key)
	return ok
}

func (n *names) isCategory(name string) bool {
	_, ok := slices.BinarySearch(n.categories, name)
	return ok
}

// find explains a name of an expression.
func (n *names) find(written string) (operand, *nameInfo, error) {
	o := operand{written: written, name: written}
	if a, ok := attributes[written]; ok {
		o.scope = a.scope
		return o, &nameInfo{kinds: a.kinds}, nil
	}
	switch written[0] {
	case '@':
		o.scope, o.name = scopeComputed, written[1:]
		if !n.isComputed(o.name) {
			return o, nil, fmt.Errorf("there is no computed value %s%s", written, suggest(o.name, n.keys()))
		}
		return o, new(nameInfo), nil
	case '.':
		o.scope, o.name = scopeField, written[1:]
	}
	info := n.fields[o.name]
	if base, ok := strings.CutSuffix(o.name, ".data"); ok && info == nil && n.fields[base] != nil && n.fields[base].kinds&kindText != 0 {
		o.name, info = base, n.fields[base]
	}
	if info != nil && info.kinds != 0 {
		return o, info, nil
	}
	if o.scope == scopeAny && n.isComputed(o.name) {
		return o, new(nameInfo), nil
	}
	known := n.shown
	if o.scope == scopeAny {
		known = slices.Concat(n.shown, n.keys())
		for name := range attributes {
			known = append(known, name)
		}
		slices.Sort(known) // the same suggestion each time
	}
	return o, nil, fmt.Errorf("no record has a field %s%s", written, suggest(o.name, known))
}

// accepts reports whether the name has, in some layout, a value that the literal
// can be compared with.
func (p *parsing) accepts(n *named, l *literal, g group) bool {
	for k := kindNumber; k <= kindOther && k != 0; k <<= 1 {
		if n.info.kinds&k != 0 && l.fits(k, g) {
			return true
		}
	}
	switch {
	case n.scope == scopeComputed, n.scope == scopeAny && p.names.isComputed(n.name):
		return l.quoted || g != groupText
	}
	return false
}

// describe names the types of a name for an error.
func (p *parsing) describe(n *named) string {
	if n.info.kinds != 0 {
		return n.info.kinds.String()
	}
	return "a computed value"
}
