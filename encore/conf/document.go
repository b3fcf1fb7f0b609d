package conf

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// A Document is a configuration file as it stands: with comments, keys that are
// not known, and numbers in their own notation.
type Document struct{ root map[string]any }

// ParseDocument reads a JSON object. The error names line and column.
func ParseDocument(data []byte) (*Document, error) {
	if len(data) > MaxBytes {
		return nil, fmt.Errorf("more than %d bytes found: this is no estreamer.conf", MaxBytes)
	}
	data = bytes.TrimPrefix(data, []byte("\ufeff")) // Windows editors write it
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	var v any
	err := dec.Decode(&v)
	if err == nil {
		if _, more := dec.Token(); more != io.EOF {
			return nil, fmt.Errorf("%s: something follows the closing brace of the settings; remove it", place(data, int(dec.InputOffset())))
		}
	}
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &syntax):
		return nil, fmt.Errorf("%s: %w; often a comma is missing or too many near here", place(data, int(syntax.Offset)-1), err)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return nil, fmt.Errorf("%s: the file ends too early; a closing brace is missing", place(data, len(data)))
	case err != nil:
		return nil, err
	}
	root, ok := v.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("found %s, expected an object {...} with settings", short(v))
	}
	return &Document{root}, nil
}

// place names line and column of an offset.
func place(data []byte, offset int) string {
	before := data[:max(0, min(offset, len(data)))]
	line := bytes.Count(before, []byte("\n"))
	column := utf8.RuneCount(before[bytes.LastIndexByte(before, '\n')+1:])
	return fmt.Sprintf("line %d, column %d", line+1, column+1)
}

// Set gives the value at a path of object keys (string) and list indexes (int),
// creating objects and lists that are missing. A value in the way that is neither
// is replaced. Values are what encoding/json takes.
func (d *Document) Set(value any, path ...any) {
	d.root, _ = set(d.root, value, path).(map[string]any)
}

func set(node, value any, path []any) any {
	if len(path) == 0 {
		return value
	}
	switch key := path[0].(type) {
	case string:
		object, _ := node.(map[string]any)
		if object == nil {
			object = map[string]any{}
		}
		object[key] = set(object[key], value, path[1:])
		return object
	case int:
		list, _ := node.([]any)
		for len(list) <= key {
			list = append(list, nil)
		}
		list[key] = set(list[key], value, path[1:])
		return list
	}
	panic(fmt.Sprintf("conf: path element %T; string or int expected", path[0]))
}

// Bytes returns the file as eNcore's tools write it: four spaces for each level,
// keys sorted, ASCII only, no line end at the end.
func (d *Document) Bytes() []byte { return appendValue(nil, d.root, "\n") }

// appendValue appends a value; indent is a line break and the spaces in front.
func appendValue(dst []byte, v any, indent string) []byte {
	inner := indent + "    "
	switch v := v.(type) {
	case map[string]any:
		if len(v) == 0 {
			return append(dst, "{}"...)
		}
		dst = append(dst, '{')
		for i, key := range slices.Sorted(maps.Keys(v)) {
			dst = appendSeparator(dst, i, inner)
			dst = append(appendText(dst, key), ": "...)
			dst = appendValue(dst, v[key], inner)
		}
		return append(append(dst, indent...), '}')
	case []any:
		if len(v) == 0 {
			return append(dst, "[]"...)
		}
		dst = append(dst, '[')
		for i := range v {
			dst = appendSeparator(dst, i, inner)
			dst = appendValue(dst, v[i], inner)
		}
		return append(append(dst, indent...), ']')
	case string:
		return appendText(dst, v)
	case nil:
		return append(dst, "null"...)
	}
	return fmt.Append(dst, v) // booleans and numbers
}

func appendSeparator(dst []byte, i int, indent string) []byte {
	if i > 0 {
		dst = append(dst, ',')
	}
	return append(dst, indent...)
}

// appendText appends a string in quotes with the escapes that Python uses.
func appendText(dst []byte, s string) []byte {
	const short = "n\nr\rt\tb\bf\f" // letters, each in front of what it stands for
	dst = append(dst, '"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			dst = append(dst, '\\', byte(r))
		case r < ' ' && strings.ContainsRune(short, r):
			dst = append(dst, '\\', short[strings.IndexRune(short, r)-1])
		case r >= ' ' && r < 0x7f:
			dst = append(dst, byte(r))
		case r >= 0x10000:
			hi, lo := utf16.EncodeRune(r)
			dst = fmt.Appendf(dst, `\u%04x\u%04x`, hi, lo)
		default:
			dst = fmt.Appendf(dst, `\u%04x`, r)
		}
	}
	return append(dst, '"')
}
