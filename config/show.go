package config

import (
	"fmt"
	"io"
	"net/netip"
	"reflect"
	"strconv"
	"strings"
	"time"
	"unicode"

	"go.yaml.in/yaml/v4"
)

// Show writes the configuration that is in effect, as YAML: every key that counts
// with its value, defaults included. Of secrets it writes where they are kept, as
// the file does; there is no other way to configure one, so it has none to hide.
// Parse reads the same configuration from it.
func (c *Config) Show(w io.Writer) error {
	enc := yaml.NewEncoder(w)
	enc.SetIndent(2)
	if err := enc.Encode(section(reflect.ValueOf(c).Elem())); err != nil {
		return fmt.Errorf("show configuration: %w", err)
	}
	if err := enc.Close(); err != nil {
		return fmt.Errorf("show configuration: %w", err)
	}
	return nil
}

// section makes a mapping of what a struct holds.
func section(v reflect.Value) *yaml.Node {
	n := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
	for _, f := range fieldsOf(v.Type()) {
		value := v.Field(f.index)
		if value.Kind() == reflect.String && value.String() == "" && !f.none {
			continue // such as the framing of something that needs none
		}
		if value := f.node(value); value != nil {
			n.Content = append(n.Content, textNode(f.key), value)
		}
	}
	return n
}

// node makes the node of one value; nil if it means nothing where it stands.
func (f *field) node(v reflect.Value) *yaml.Node {
	if v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return nil
		}
		v = v.Elem()
		if v.Kind() == reflect.String {
			return textNode(v.String()) // "" is a value of its own here
		}
	}
	switch {
	case isSection(v.Type()):
		if n := section(v); len(n.Content) > 0 {
			return n
		}
		return nil
	case v.Kind() == reflect.Slice:
		n := &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq"}
		e := f.element(v.Type().Elem())
		if !isSection(e.typ) {
			n.Style = yaml.FlowStyle
		}
		for i := range v.Len() {
			n.Content = append(n.Content, e.node(v.Index(i)))
		}
		if len(n.Content) == 0 {
			return nil
		}
		return n
	case v.Kind() == reflect.Map:
		n := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
		e := f.element(v.Type().Elem())
		for _, name := range sortedNames(v) {
			n.Content = append(n.Content, textNode(name.String()), e.node(v.MapIndex(name)))
		}
		if len(n.Content) == 0 {
			return nil
		}
		return n
	}
	text, tag := f.text(v)
	if tag == "!!str" {
		return textNode(text)
	}
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: tag, Value: text}
}

// text writes a single value as the file would have it, with its YAML tag.
func (f *field) text(v reflect.Value) (text, tag string) {
	if f.none && v.IsZero() {
		return f.word, "!!str"
	}
	switch x := v.Interface().(type) {
	case time.Duration:
		return formatDuration(x), "!!str"
	case Size:
		if text := x.String(); strings.Trim(text, "0123456789") != "" {
			return text, "!!str"
		}
		return x.String(), "!!int"
	case netip.Addr:
		return x.String(), "!!str"
	case fmt.Stringer:
		return x.String(), "!!str"
	}
	switch v.Kind() {
	case reflect.Bool:
		return strconv.FormatBool(v.Bool()), "!!bool"
	case reflect.Int:
		return strconv.FormatInt(v.Int(), 10), "!!int"
	}
	return v.String(), "!!str"
}

// textNode makes a text that is read as the same text again.
func textNode(text string) *yaml.Node {
	n := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: text}
	if strings.ContainsFunc(text, func(r rune) bool { return r != '\n' && !unicode.IsPrint(r) }) {
		n.Style = yaml.DoubleQuotedStyle
	}
	return n
}
