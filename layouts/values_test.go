package layouts

import (
	"fmt"
	"regexp"
	"slices"
	"testing"

	"estream/wire"
)

// everyField goes through the fields of all records, blocks and the discovery header.
func everyField(t *testing.T) []wire.Field {
	t.Helper()
	src := Default().Source()
	all, err := src.DiscoveryHeader()
	if err != nil {
		t.Fatal(err)
	}
	all = slices.Clone(all)
	counts := func(fields []wire.Field) []wire.Field {
		// A field that counts a text says so by that: it needs no entry.
		return slices.DeleteFunc(slices.Clone(fields), func(f wire.Field) bool {
			return slices.ContainsFunc(fields, func(g wire.Field) bool { return g.LengthOf == f.Name })
		})
	}
	for _, typ := range src.Records() {
		d, err := src.Record(typ)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, counts(d.Fields)...)
		for _, f := range d.Forms {
			all = append(all, counts(f.Fields)...)
		}
	}
	for _, series := range []uint8{1, 2} {
		for _, typ := range src.Blocks(series) {
			d, err := src.Block(series, typ)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, counts(d.Fields)...)
		}
	}
	return all
}

// TestGlossary: every field has a meaning, and every meaning belongs to a field.
func TestGlossary(t *testing.T) {
	meanings, err := Glossary()
	if err != nil {
		t.Fatal(err)
	}
	used := map[string]bool{}
	for _, f := range everyField(t) {
		if meanings[f.Name] == "" && !used[f.Name] {
			t.Errorf("%v: field %s has no entry in fields.yaml", f.Pos, f.Name)
		}
		used[f.Name] = true
	}
	for name := range meanings {
		if !used[name] {
			t.Errorf("fields.yaml explains %s, which no record or block has", name)
		}
	}
}

// TestValues: the tables are well formed, and what they and the glossary refer
// to exists.
func TestValues(t *testing.T) {
	tables, special, err := Values()
	if err != nil {
		t.Fatal(err)
	}
	if len(special) == 0 {
		t.Error("no special values")
	}
	src := Default().Source()
	known := map[string]bool{}
	for _, tab := range tables {
		if known[tab.Name] {
			t.Errorf("table %s appears twice", tab.Name)
		}
		known[tab.Name] = true
		if !slices.Contains([]string{"value", "bits", "rule", "event"}, tab.Kind) {
			t.Errorf("table %s: kind %q", tab.Name, tab.Kind)
		}
		if !slices.Contains([]string{"high", "medium", "low"}, tab.Confidence) {
			t.Errorf("table %s: confidence %q", tab.Name, tab.Confidence)
		}
		if tab.Fields == "" || len(tab.Values) == 0 && tab.Note == "" {
			t.Errorf("table %s does not say where it is used, or has neither values nor a note", tab.Name)
		}
		if tab.Record != 0 {
			if d, err := src.Record(tab.Record); err != nil || !d.IsMetadata() {
				t.Errorf("table %s: record %d is no metadata record (%v)", tab.Name, tab.Record, err)
			}
		}
		seen := map[string]bool{}
		for _, v := range tab.Values {
			key := fmt.Sprint(v.Value, v.Subtype)
			if seen[key] || v.Text == "" {
				t.Errorf("table %s: value %d (subtype %d) appears twice or has no text", tab.Name, v.Value, v.Subtype)
			}
			seen[key] = true
			if v.Record != 0 {
				if d, err := src.Record(v.Record); err != nil || !d.Discovery {
					t.Errorf("table %s: record %d has no discovery header (%v)", tab.Name, v.Record, err)
				}
			}
			if tab.Kind == "bits" && v.Value&(v.Value-1) != 0 {
				t.Errorf("table %s: %#x is no single bit", tab.Name, v.Value)
			}
		}
	}
	meanings, err := Glossary()
	if err != nil {
		t.Fatal(err)
	}
	ref := regexp.MustCompile(`see enums ([a-z0-9_]+)`)
	record := regexp.MustCompile(`resolved by records? (\d+)`)
	for name, text := range meanings {
		for _, m := range ref.FindAllStringSubmatch(text, -1) {
			if !known[m[1]] {
				t.Errorf("fields.yaml: %s refers to value table %s, which values.yaml does not have", name, m[1])
			}
		}
		for _, m := range record.FindAllStringSubmatch(text, -1) {
			var n uint16
			fmt.Sscan(m[1], &n)
			if _, err := src.Record(n); err != nil {
				t.Errorf("fields.yaml: %s refers to record %s: %v", name, m[1], err)
			}
		}
	}
}
