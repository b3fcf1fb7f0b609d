package docs

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"estream/layouts"
	"estream/wire"
)

// source is all that the page of records is made from.
type source struct {
	header   []wire.Field
	records  []*wire.RecordDef // ascending
	blocks   []*wire.BlockDef  // series 1, then series 2, ascending
	set      *wire.Layouts
	meanings map[string]string // of fields, by name
	tables   []layouts.ValueTable
	special  []layouts.SpecialValue
	texts    map[string]map[string]string // texts of the outputs: table, number
	formats  []output

	carriers map[blockID][]uint16  // records whose body is the block
	parents  map[blockID][]blockID // blocks with a list or field for it
}

type blockID struct {
	series uint8
	typ    uint32
}

// load reads everything. root is the directory with go.mod.
func load(root string) (*source, error) {
	s := &source{set: layouts.Default(), carriers: map[blockID][]uint16{}, parents: map[blockID][]blockID{}}
	src := s.set.Source()
	var errs [4]error
	s.header, errs[0] = src.DiscoveryHeader()
	s.meanings, errs[1] = layouts.Glossary()
	s.tables, s.special, errs[2] = layouts.Values()
	s.formats, errs[3] = outputs()
	if err := errors.Join(errs[:]...); err != nil {
		return nil, err
	}
	for _, typ := range src.Records() {
		d, err := src.Record(typ)
		if err != nil {
			return nil, fmt.Errorf("record %d: %w", typ, err)
		}
		s.records = append(s.records, d)
		for _, b := range d.Blocks {
			id := blockID{d.Series, b.Type}
			s.carriers[id] = append(s.carriers[id], d.Type)
		}
	}
	for _, series := range []uint8{1, 2} {
		for _, typ := range src.Blocks(series) {
			d, err := src.Block(series, typ)
			if err != nil {
				return nil, fmt.Errorf("block %d of series %d: %w", typ, series, err)
			}
			s.blocks = append(s.blocks, d)
			s.addParent(d)
		}
	}
	data, err := os.ReadFile(filepath.Join(root, "meta", "data", "values.json"))
	if err != nil {
		return nil, err
	}
	var values struct{ Tables map[string]map[string]any }
	if err := json.Unmarshal(data, &values); err != nil {
		return nil, fmt.Errorf("meta/data/values.json: %w", err)
	}
	s.texts = map[string]map[string]string{}
	for name, table := range values.Tables {
		s.texts[name] = map[string]string{}
		for number, v := range table {
			if text, ok := v.(string); ok { // operating systems are objects, which no field of a value table has
				s.texts[name][number] = text
			}
		}
	}
	return s, nil
}

// addParent notes which blocks d has inside it.
func (s *source) addParent(d *wire.BlockDef) {
	seen := map[uint32]bool{}
	for i := range d.Fields {
		f := &d.Fields[i]
		if (f.Kind == wire.KindList || f.Kind == wire.KindBlock) && f.Element != 0 && !seen[f.Element] {
			seen[f.Element] = true
			id := blockID{d.Series, f.Element}
			s.parents[id] = append(s.parents[id], blockID{d.Series, d.Type})
		}
	}
}

// block returns the definition of id, nil if there is none.
func (s *source) block(id blockID) *wire.BlockDef {
	for _, b := range s.blocks {
		if b.Series == id.series && b.Type == id.typ {
			return b
		}
	}
	return nil
}

// layouts returns the compiled layouts of a record type: one for each block
// version, or a single one where the body is plain fields.
func (s *source) layouts(d *wire.RecordDef) ([]*wire.Layout, error) {
	if d.Unknown {
		return nil, nil
	}
	blocks := d.Blocks
	if d.Series == 0 {
		blocks = []wire.RecordBlock{{}}
	}
	var list []*wire.Layout
	for _, b := range blocks {
		l, err := s.set.Layout(d.Type, b.Type)
		if err != nil {
			return nil, fmt.Errorf("record %d block %d: %w", d.Type, b.Type, err)
		}
		list = append(list, l)
	}
	return list, nil
}

// plural joins a number with its noun.
func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// cell makes a text fit into a cell of a table.
func cell(s string) string { return strings.ReplaceAll(s, "|", `\|`) }
