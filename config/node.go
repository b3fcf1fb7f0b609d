package config

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// An entry is a key with its value, merged ones included.
type entry struct{ key, value *yaml.Node }

// maxMerges bounds how deep << may lead; each level is one the user wrote.
const maxMerges = 8

// entries lists the entries of a mapping: its own first, then those that << adds.
// A key that is there twice is a mistake, as the second would be lost in silence.
func (d *decoder) entries(key string, n *yaml.Node) []entry {
	var found []entry
	d.collect(key, n, 0, &found, map[string]bool{})
	return found
}

func (d *decoder) collect(key string, n *yaml.Node, depth int, found *[]entry, known map[string]bool) {
	if !d.visit(n, key, len(n.Content)/2) {
		return
	}
	lines := map[string]int{}
	var merged []*yaml.Node
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		if k.Kind == yaml.AliasNode {
			k = k.Alias
		}
		switch {
		case k.Kind != yaml.ScalarNode:
			d.report(k, key, "found %s in place of a key, expected text", kindName(k))
			continue
		case k.ShortTag() == "!!merge":
			merged = append(merged, v)
			continue
		case lines[k.Value] > 0:
			d.report(k, join(key, k.Value), "the key is here a second time, and first on line %d; remove one of them", lines[k.Value])
			continue
		}
		lines[k.Value] = k.Line
		if !known[k.Value] {
			*found = append(*found, entry{k, v})
			known[k.Value] = true
		}
	}
	for len(merged) > 0 {
		m := merged[0]
		merged = merged[1:]
		if !d.visit(m, key, 1) {
			return
		}
		from := m
		if m.Kind == yaml.AliasNode {
			from = m.Alias
		}
		switch {
		case from.Kind == yaml.MappingNode && depth < maxMerges:
			d.collect(key, from, depth+1, found, known)
		case from.Kind == yaml.SequenceNode && from == m && depth < maxMerges:
			merged = append(slices.Clone(from.Content), merged...)
		default:
			d.report(m, key, "found %s behind <<, expected an alias of a section, or a list of such, at most %d deep", kindName(from), maxMerges)
		}
	}
}

// scalar decodes a value that is neither section nor list.
func (d *decoder) scalar(f *field, key string, n *yaml.Node, v reflect.Value) {
	if n.Kind != yaml.ScalarNode || isNull(n) {
		d.wrong(f, key, n)
		return
	}
	text, tag := n.Value, n.ShortTag()
	switch isWord := f.none && tag == "!!str" && text == f.word; {
	case isWord:
	case !slices.Contains([]string{"!!str", "!!int", "!!float", "!!bool", "!!timestamp"}, tag):
		d.report(n, key, "found a value with the tag %s, expected %s; remove the tag", clip(tag), f.describe())
		return
	case v.Kind() == reflect.Bool:
		if text = strings.ToLower(text); tag != "!!bool" {
			text = ""
		}
	case tag == "!!bool" && v.Kind() == reflect.String && !v.Type().Implements(enumType):
		d.report(n, key, "found %s, which YAML takes for a truth value, expected %s; put it in quotes", clip(n.Value), f.describe())
		return
	case v.Kind() == reflect.Int && tag != "!!int" && !isScalar(v.Type()):
		text = ""
	}
	if err := f.set(v, text); err != nil {
		d.report(n, key, "%s", d.explain(f, "", n, err))
	}
}

// wrong reports a value of the wrong type.
func (d *decoder) wrong(f *field, key string, n *yaml.Node) {
	d.report(n, key, "%s", d.explain(f, "", n, errForm))
}

// explain says what was found and what was expected, and what may have been meant.
func (d *decoder) explain(f *field, what string, n *yaml.Node, err error) string {
	if !errors.Is(err, errForm) {
		return err.Error()
	}
	found := kindName(n)
	if what == "" && n.Kind == yaml.ScalarNode && !isNull(n) && f.rule != "header" && !d.hide {
		found = shown(n)
	} else if what != "" {
		found = fmt.Sprintf("%s %q", what, clip(n.Value))
	}
	return fmt.Sprintf("found %s, expected %s%s", found, f.describe(), d.hint(f, n))
}

// shown is a scalar as a message shows it: text in quotes.
func shown(n *yaml.Node) string {
	if n.ShortTag() != "!!str" {
		return clip(n.Value)
	}
	return fmt.Sprintf("%q", clip(n.Value))
}

// hint adds the cure where the mistake is a common one.
func (d *decoder) hint(f *field, n *yaml.Node) string {
	t, scalar := f.typ, n.Kind == yaml.ScalarNode && !isNull(n)
	switch {
	case d.hide:
		return ""
	case t.Kind() == reflect.Slice && scalar:
		return fmt.Sprintf("; write [%s]", clip(n.Value))
	case !scalar:
		return ""
	case t.Implements(enumType):
		return suggest(n.Value, reflect.Zero(t).Interface().(enumeration).values())
	case t.Kind() == reflect.Bool && n.ShortTag() == "!!str":
		switch strings.ToLower(n.Value) {
		case "yes", "on", "y", "true":
			return "; write true"
		case "no", "off", "n", "false":
			return "; write false"
		}
	case t == durationType && n.ShortTag() == "!!int":
		return fmt.Sprintf("; a unit is missing: %ss are seconds", clip(n.Value))
	case t.Kind() == reflect.Int && n.ShortTag() == "!!str" && n.Value != "" && strings.Trim(n.Value, "0123456789") == "":
		return "; remove the quotes"
	}
	return ""
}

func isNull(n *yaml.Node) bool {
	return n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null"
}

// kindName names the type of a node for a message that does not show its value.
func kindName(n *yaml.Node) string {
	switch {
	case n.Kind == yaml.MappingNode:
		return "a section"
	case n.Kind == yaml.SequenceNode:
		return "a list"
	case n.Kind == yaml.AliasNode:
		return "an alias"
	case isNull(n):
		return "nothing"
	}
	return "text that is not shown here"
}
