package docs

import (
	"fmt"
	"slices"
	"strings"

	"estream/format"
	"estream/format/catalog"
	"estream/meta"
	"estream/wire"
)

// output is one format of the catalogue in all its profiles.
type output struct {
	name     string
	title    string
	profiles []profiled
	every    bool // writes every record of the page in every profile
}

// profiled is a format in one profile. The name is empty for a format that has
// no profiles.
type profiled struct {
	profile string
	format.Format
}

// outputs builds every format of the catalogue. A format that takes no other
// profile than the zero one has none.
func outputs() ([]output, error) {
	var list []output
	for _, name := range catalog.Names() {
		o := output{name: name, title: catalog.Title(name)}
		for _, p := range []meta.Profile{meta.Compat, meta.Fixed, meta.Strict} {
			f, err := catalog.New(name, catalog.Options{Profile: p})
			switch {
			case err == nil:
				o.profiles = append(o.profiles, profiled{p.String(), f})
			case p == meta.Compat:
				return nil, fmt.Errorf("format %s: %w", name, err)
			}
		}
		if len(o.profiles) == 1 {
			o.profiles[0].profile = ""
		}
		list = append(list, o)
	}
	return list, nil
}

// judge notes which formats write every layout: they need no mention at each record.
func judge(formats []output, all []*wire.Layout) {
	for i := range formats {
		formats[i].every = !slices.ContainsFunc(formats[i].profiles, func(p profiled) bool {
			return slices.ContainsFunc(all, func(l *wire.Layout) bool { return !p.Writes(l) })
		})
	}
}

// writers says which other formats write a record with the given layouts, and in
// which profiles and versions if not in all of them.
func writers(formats []output, versions []*wire.Layout) string {
	var names []string
	for _, o := range formats {
		if o.every {
			continue
		}
		var parts []string
		all := true
		for _, p := range o.profiles {
			blocks, n := "", 0
			for _, l := range versions {
				if p.Writes(l) {
					n++
					if l.Block != nil {
						blocks += fmt.Sprintf(" %d", l.Block.Type)
					}
				}
			}
			switch {
			case n == 0:
				all = false
			case n < len(versions):
				all = false
				parts = append(parts, strings.TrimSpace(p.profile+" with block"+blocks))
			default:
				parts = append(parts, p.profile)
			}
		}
		switch {
		case all:
			names = append(names, o.name)
		case len(parts) > 0:
			names = append(names, fmt.Sprintf("%s (%s)", o.name, strings.Join(parts, ", ")))
		}
	}
	return strings.Join(names, ", ")
}
