package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
)

// MaxFile is the size in bytes above which a file is no configuration.
const MaxFile = 1 << 20

// Load reads the configuration file of that name. Relative paths in it are taken
// relative to the directory of the file and made absolute, so that it means the
// same whatever the working directory. The error is Problems where the content is
// at fault; nothing is returned beside an error.
func Load(name string) (*Config, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("configuration: %w", err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, MaxFile+1))
	if err != nil {
		return nil, fmt.Errorf("configuration: %w", err)
	}
	c, err := Parse(name, data)
	if err != nil {
		return nil, err
	}
	dir, err := filepath.Abs(filepath.Dir(name))
	if err != nil {
		return nil, fmt.Errorf("configuration: %w", err)
	}
	eachPath(reflect.ValueOf(c).Elem(), func(path string) string { return absolute(dir, path) })
	return c, nil
}

// Parse reads a configuration. Name is that of the file, for messages; paths stay
// as they are. The error is Problems: all mistakes, sorted by place. Parse looks at
// nothing but data, which it does not keep; it allocates in proportion to data,
// which may have MaxFile bytes.
func Parse(name string, data []byte) (*Config, error) {
	c, found := parse(name, data)
	var mistakes Problems
	for _, p := range found {
		if p.Warning {
			c.Warnings = append(c.Warnings, p)
		} else {
			mistakes = append(mistakes, p)
		}
	}
	if len(mistakes) > 0 {
		return nil, mistakes
	}
	return c, nil
}

// parse returns what could be made of a file, and everything that is to be said of it.
func parse(name string, data []byte) (*Config, Problems) {
	d := &decoder{file: name, places: places{}, bad: map[string]bool{}}
	c := &Config{State: defaultState(), file: name, places: d.places}
	root, err := document(data)
	if err != nil {
		return c, Problems{{File: name, Line: err.line, Column: err.column, Text: err.text}}
	}
	v := reflect.ValueOf(c).Elem()
	defaults(v)
	d.value(&field{typ: v.Type()}, "", root, v)
	(&checker{c, d}).verify()
	c.complete()
	d.problems.sort()
	return c, d.problems
}

// A syntaxError is what keeps a file from being read as YAML.
type syntaxError struct {
	place
	text string
}

func broken(line, column int, format string, args ...any) *syntaxError {
	return &syntaxError{place{line, column}, fmt.Sprintf(format, args...)}
}

// document returns the content of the one YAML document in data.
func document(data []byte) (*yaml.Node, *syntaxError) {
	if len(data) > MaxFile {
		return nil, broken(0, 0, "found more than %d bytes, expected a configuration of at most so many", MaxFile)
	}
	if err := characters(data); err != nil {
		return nil, err
	}
	dec := yaml.NewDecoder(bytes.NewReader(data))
	var doc yaml.Node
	if err := dec.Decode(&doc); errors.Is(err, io.EOF) || err == nil && len(doc.Content) == 0 {
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null", Line: 1, Column: 1}, nil // nothing, or comments only
	} else if err != nil {
		return nil, loadError(err)
	}
	var more yaml.Node
	switch err := dec.Decode(&more); {
	case errors.Is(err, io.EOF):
	case err != nil:
		return nil, loadError(err)
	default:
		return nil, broken(max(more.Line, 1), max(more.Column, 1), "found a second document, expected one; remove the line with ---")
	}
	return doc.Content[0], nil
}

// characters refuses what is no text, with its line: the YAML reader has none to give.
func characters(data []byte) *syntaxError {
	line, column := 1, 1
	for i := 0; i < len(data); {
		r, n := utf8.DecodeRune(data[i:])
		switch {
		case r == utf8.RuneError && n == 1:
			return broken(line, column, "found the byte 0x%02x, expected text in UTF-8", data[i])
		case r < ' ' && r != '\n' && r != '\t' && r != '\r' || r == 0x7f:
			return broken(line, column, "found the control character 0x%02x, expected text; in double quotes it is written \\x%02x", r, r)
		}
		column++
		if r == '\n' {
			line, column = line+1, 1
		}
		i += n
	}
	return nil
}

func loadError(err error) *syntaxError {
	var load *yaml.LoadError
	if !errors.As(err, &load) {
		return broken(0, 0, "no YAML: %v", err)
	}
	text := "no YAML: " + clip(load.Message)
	switch load.Message {
	case "mapping values are not allowed in this context":
		text += "; a text with a colon needs quotes, and keys of one section begin in one column"
	case "found character that cannot start any token":
		text += "; indent with spaces, not tabs, and put text that begins with @, % or ` in quotes"
	}
	return broken(load.Mark.Line, max(load.Mark.Column, 1), "%s", text)
}

// eachPath replaces every path of a configuration by what f makes of it.
func eachPath(v reflect.Value, f func(string) string) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			eachPath(v.Elem(), f)
		}
	case reflect.Slice:
		for i := range v.Len() {
			eachPath(v.Index(i), f)
		}
	case reflect.Map:
		if v.Type().Elem() != secretType {
			return
		}
		for _, name := range v.MapKeys() {
			s := v.MapIndex(name).Interface().(Secret)
			eachPath(reflect.ValueOf(&s), f)
			v.SetMapIndex(name, reflect.ValueOf(s))
		}
	case reflect.Struct:
		if to, ok := v.Addr().Interface().(*Destination); ok {
			to.mapPath(f)
			return
		}
		if v.Type() == addrType || isScalar(v.Type()) {
			return
		}
		for _, key := range fieldsOf(v.Type()) {
			field := v.Field(key.index)
			if key.class == "path" && field.String() != "" {
				field.SetString(f(field.String()))
			} else {
				eachPath(field, f)
			}
		}
	}
}

func absolute(dir, path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(dir, path)
}
