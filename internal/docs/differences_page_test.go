package docs

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"estream/format/catalog"
	"estream/layouts"
)

// TestDifferencesAreShown: each row has examples in every format that it names, in
// every profile. Where a cell says that a profile is as another one, both have the
// same claims, and where it says something else, they have not.
func TestDifferencesAreShown(t *testing.T) {
	l := &lab{t, layouts.Default()}
	pieces := map[string]map[string][]string{} // by row, then by format and profile
	for _, e := range l.examples() {
		if pieces[e.id] == nil {
			pieces[e.id] = map[string][]string{}
		}
		for _, c := range e.claims {
			c.each(func(format, profile string) {
				key := format + " " + profile
				for _, p := range c.pieces {
					pieces[e.id][key] = append(pieces[e.id][key], e.name+": "+p)
				}
			})
		}
	}
	for id, cells := range differences(t) {
		shown := pieces[id]
		delete(pieces, id)
		compared := map[string]bool{} // profiles that a format of the row has
		differ := map[string]bool{}   // those whose claims differ from the ones they are compared with
		for _, name := range formatsOf(cells["records, formats"]) {
			for _, p := range profilesOf(name) {
				if len(shown[name+" "+p]) == 0 {
					t.Errorf("%s has no example for %s %s", id, name, p)
				}
			}
			for profile, than := range map[string]string{"fixed": "compat", "strict": strictAs(cells)} {
				a, b := shown[name+" "+profile], shown[name+" "+than]
				slices.Sort(a)
				slices.Sort(b)
				if a == nil {
					continue
				}
				if compared[profile] = true; slices.Equal(a, b) {
					continue
				}
				if differ[profile] = true; cells[profile] == "as "+than {
					t.Errorf("%s: %s %s is as %s on the page, the examples differ:\n%q\n%q", id, name, profile, than, a, b)
				}
			}
		}
		if cells[others] != "no CEF" && !slices.ContainsFunc([]string{"kvpair", "csv", "text"}, func(f string) bool { return len(shown[f+" "+others]) > 0 }) {
			t.Errorf("%s has no example for the column %s", id, others)
		}
		for _, p := range []string{"fixed", "strict"} {
			if !compared[p] {
				continue
			}
			if same := strings.HasPrefix(cells[p], "the same") || cells[p] == "as compat" || cells[p] == "as fixed"; !same && !differ[p] {
				t.Errorf("%s: %s is %q on the page, its examples are those of the profile before", id, p, cells[p])
			}
		}
	}
	for id := range pieces {
		t.Errorf("examples for %s, which is not on the page", id)
	}
}

// strictAs is the profile that a row compares strict with.
func strictAs(cells map[string]string) string {
	if cells["strict"] == "as compat" {
		return "compat"
	}
	return "fixed"
}

// formatsOf finds names of formats in a cell. What concerns all shows in json.
func formatsOf(cell string) (names []string) {
	if _, list, ok := strings.Cut(cell, ";"); ok {
		cell = list
	}
	words := strings.FieldsFunc(cell, func(r rune) bool { return r == ' ' || r == ',' })
	if slices.Contains(words, "four") {
		return []string{"json", "splunk", "cef", "cef2"}
	}
	for _, name := range catalog.Names() {
		if slices.Contains(words, name) {
			names = append(names, name)
		}
	}
	if names == nil {
		return []string{"json"}
	}
	return names
}

func profilesOf(name string) (list []string) {
	for _, p := range catalog.Profiles(name) {
		list = append(list, p.String())
	}
	if len(list) == 1 {
		return []string{others}
	}
	return list
}

// TestFormatsOf holds the reading of cells, on which TestDifferencesAreShown rests.
func TestFormatsOf(t *testing.T) {
	for cell, want := range map[string]string{
		"112, 125; all four":         "[json splunk cef cef2]",
		"71; json, splunk":           "[json splunk]",
		"2; json after cef":          "[json cef]",
		"all addresses":              "[json]",
		"all; kvpair, csv, pretty":   "[kvpair csv]",
		"18, 71 (block 168), 106":    "[json]",
		"170, 171 and more; cef, ce": "[cef]",
	} {
		if got := fmt.Sprint(formatsOf(cell)); got != want {
			t.Errorf("%q has %s, want %s", cell, got, want)
		}
	}
}
