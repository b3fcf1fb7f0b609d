package cef

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"estream/meta"
	"estream/wire"
)

// checkNames makes sure that each name in a mapping is known to at least one
// layout of its record, and that it is something that a line can hold. Layouts of
// other versions may lack it.
func checkNames(m *mapping, set *wire.Layouts, profile meta.Profile) error {
	var errs []error
	for _, typ := range slices.Sorted(maps.Keys(m.records)) {
		complain := func(format string, args ...any) {
			errs = append(errs, fmt.Errorf("record %d: %w", typ, fmt.Errorf(format, args...)))
		}
		k, err := newChecker(set, typ, profile)
		if err != nil {
			complain("%w: expected a record type with known layout", err)
			continue
		}
		line := m.line(typ, profile)
		for _, t := range []struct {
			name   string
			pieces []piece
		}{{"signature", line.signature}, {"name", line.name}} {
			for _, p := range t.pieces {
				if problem := k.alternative(alternative{path: p.path, computed: p.computed}); problem != "" {
					complain("%s: %s", t.name, problem)
				}
			}
		}
		for _, problem := range k.severity(&line.severity) {
			complain("line %d: severity: %s", line.severity.line, problem)
		}
		for _, key := range slices.Sorted(maps.Keys(line.extension)) {
			for _, a := range line.extension[key].alts {
				if problem := k.alternative(a); problem != "" {
					complain("line %d: key %s: %s", line.extension[key].line, key, problem)
				}
			}
		}
	}
	if len(errs) == 0 {
		return nil
	}
	return fmt.Errorf("mapping: %w", errors.Join(errs...))
}

// A checker knows all layouts of a record type.
type checker struct {
	set       *wire.Layouts
	compilers []*compiler
	eval      meta.Evaluator
}

func newChecker(set *wire.Layouts, typ uint16, p meta.Profile) (*checker, error) {
	def, err := set.Source().Record(typ)
	if err != nil {
		return nil, err
	}
	blocks := []uint32{0}
	if def.Series != 0 {
		blocks = blocks[:0]
		for _, b := range def.Blocks {
			blocks = append(blocks, b.Type)
		}
	}
	k := &checker{set: set}
	for _, block := range blocks {
		l, err := set.Layout(typ, block)
		if err != nil {
			return nil, err
		}
		k.compilers = append(k.compilers, newCompiler(l, p))
	}
	return k, nil
}

// alternative says what is wrong with one, "" if nothing. The verdict of the
// newest layout that knows the name counts.
func (k *checker) alternative(a alternative) (problem string) {
	name := a.path
	switch {
	case a.path == "" && a.computed == "":
		return "" // constant
	case a.block != "":
		name = a.block + ".@" + a.computed
	case a.computed != "":
		name = "@" + a.computed
	}
	problem = fmt.Sprintf("no layout of the record has %s; expected the name of a field as the json format writes it, or @ and a key of its @computed", name)
	for _, c := range k.compilers {
		from := a
		if nested := c.nested(a); nested != nil {
			if c, from = k.inside(c, nested), nested.from; c == nil {
				continue
			}
		}
		if from.computed != "" {
			if from.block == "" && c.view.Find(from.computed) != nil {
				problem = ""
			}
			continue
		}
		ref, ok := c.names.Find(from.path)
		if !ok {
			continue
		}
		kind := c.layout.Fields[ref.Slot].Kind
		switch {
		case a.function != "" && c.function(a.function, ref) == nil:
			problem = fmt.Sprintf("%s is of kind %v, which %s does not take", name, kind, a.function)
		case c.plainWriter(ref) == writeNothing:
			problem = fmt.Sprintf("%s is of kind %v; expected a single value", name, kind)
		default:
			problem = ""
		}
	}
	return problem
}

// inside returns the compiler for the usual layout of a nested block, nil if that
// is not known.
func (k *checker) inside(c *compiler, n *nestedSource) *compiler {
	series := c.layout.Record.Series
	if c.layout.Block != nil {
		series = c.layout.Block.Series
	}
	l, err := k.set.Nested(series, c.layout.Fields[n.slot].Element)
	if err != nil {
		return nil
	}
	inner := &compiler{layout: l, names: meta.NamesOf(l), view: &meta.View{Layout: l}, plain: c.plain}
	if n.op != nil {
		inner.view.Ops = k.eval.Nested(n.op, l)
	}
	return inner
}

// severity checks the names that a severity is made of: all of them are numbers.
func (k *checker) severity(m *severityMapping) (problems []string) {
	for _, path := range []string{m.field, m.other} {
		if path == "" {
			continue
		}
		if path[0] == '@' {
			if problem := k.alternative(alternative{computed: path[1:]}); problem != "" {
				problems = append(problems, problem)
			}
			continue
		}
		if problem := k.alternative(alternative{path: path}); problem != "" {
			problems = append(problems, problem)
		} else if !slices.ContainsFunc(k.compilers, func(c *compiler) bool { _, ok := c.number(path); return ok }) {
			problems = append(problems, path+" is no number; expected a field with one")
		}
	}
	return problems
}
