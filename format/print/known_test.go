package print

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"estream/layouts"
	"estream/meta"
	"estream/wire"
)

// everyLayout returns the layouts of all records, forms and nested blocks.
func everyLayout(t *testing.T) (list []*wire.Layout) {
	t.Helper()
	set := layouts.Default()
	add := func(l *wire.Layout, err error) {
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, l)
	}
	for l, err := range layouts.All(set) {
		add(l, err)
	}
	for l, err := range layouts.Forms(set) {
		add(l, err)
	}
	for series := range uint8(2) {
		for _, typ := range set.Source().Blocks(series + 1) {
			add(set.Nested(series+1, typ))
		}
	}
	return list
}

// TestTimes: the fields shown with a date are those that the glossary calls Unix time.
func TestTimes(t *testing.T) {
	glossary, err := layouts.Glossary()
	if err != nil {
		t.Fatal(err)
	}
	for name, meaning := range glossary {
		if strings.Contains(meaning, "Unix time") != times[name] {
			t.Errorf("%s: %q, shown with a date: %v", name, meaning, times[name])
		}
	}
	for name := range times {
		if glossary[name] == "" {
			t.Errorf("no field is called %s", name)
		}
	}
}

// unnamed are fields that metadata records name, but package meta has no table for.
var unnamed = set("client_application_type_id", "type_id", "scan_type", "vuln_id", "vulnerability_id")

// TestResolved: each field that the glossary says a metadata record names has a way to its name.
func TestResolved(t *testing.T) {
	glossary, err := layouts.Glossary()
	if err != nil {
		t.Fatal(err)
	}
	ways := map[string]int{}
	for _, l := range everyLayout(t) {
		p := compile(l)
		for _, o := range slices.Concat(p.header, p.body) {
			ways[o.field.Name] += len(o.names)
		}
	}
	for name, meaning := range glossary {
		if strings.Contains(meaning, "resolved by record") && (ways[name] == 0) != unnamed[name] {
			t.Errorf("%s (%s): %d ways to a name in all layouts", name, meaning, ways[name])
		}
	}
}

// TestNamesAreUsed: every entry of the lists means a field that exists, and every
// rule a table that exists and a key that can be made in some layout.
func TestNamesAreUsed(t *testing.T) {
	type use struct {
		list string
		rule int
	}
	used := map[use]bool{}
	fields := map[string]bool{}
	for _, l := range everyLayout(t) {
		block := ""
		if l.Block != nil {
			block = l.Block.Name
			fields[block] = true
		}
		p := compile(l)
		for _, o := range slices.Concat(p.header, p.body) {
			f := o.field
			fields[f.Name] = true
			fields[block+"."+f.Name] = true
			for list, rules := range map[string][]knownRule{f.Name: known[f.Name], block + "." + f.Name: inBlock[block+"."+f.Name], "": userProtocol} {
				for i := range rules {
					one := fieldOp{field: f, slot: o.slot}
					if one.addTable(l, rules[i:i+1]); len(one.names) == 1 {
						used[use{list, i}] = true
					}
				}
			}
		}
	}
	lists := maps.Clone(known)
	maps.Copy(lists, inBlock)
	for name, rules := range lists {
		for i, r := range rules {
			if _, ok := meta.TableNamed(r.table); !ok {
				t.Errorf("%s: no table %s", name, r.table)
			}
			if !used[use{name, i}] {
				t.Errorf("%s: no layout can make a key of table %s", name, r.table)
			}
		}
	}
	names := slices.Collect(maps.Keys(lists))
	for _, m := range []map[string]bool{numberedAddresses, addresses, uuids, padded, packets, qualifiers, inlined} {
		names = slices.AppendSeq(names, maps.Keys(m))
	}
	names = slices.AppendSeq(names, maps.Keys(protocolNames))
	names = slices.AppendSeq(names, maps.Keys(bitNames))
	names = append(names, systems...)
	for _, c := range counted {
		names = append(names, c.field)
	}
	for _, name := range names {
		if !fields[name] {
			t.Errorf("nothing is called %s", name)
		}
	}
}

// TestMembers: no block has two members of one name in JSON.
func TestMembers(t *testing.T) {
	for _, l := range everyLayout(t) {
		if l.Record != nil {
			continue
		}
		members := map[string]bool{"block_type": true, "block_name": true}
		for _, o := range compile(l).body {
			for _, name := range []string{o.field.Name, o.field.Name + "_name"} {
				if members[name] {
					t.Errorf("%v: member %s twice", l, name)
				}
				members[name] = true
			}
		}
	}
}
