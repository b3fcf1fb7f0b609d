package encoreref

import (
	"strconv"
	"strings"
)

// A value is one of
//
//	uint64   a number
//	string   text
//	Bytes    a byte string: printed like text by some formats, equal to no text
//	*Object  a nested block, a list, or the record itself
//	[]any    the elements of a list
//	nil      null

// Bytes is a byte string in lower-case hex. That it is a type of its own is the
// point: as a key it finds no text, and CEF shows the difference.
type Bytes string

// An Object maps names to values and keeps the order in which names first came.
type Object struct {
	Keys   []string
	values map[string]any
}

// NewObject returns an empty object.
func NewObject() *Object { return &Object{values: map[string]any{}} }

// Set gives a name a value. A name that is there already keeps its place.
func (o *Object) Set(name string, v any) {
	if _, ok := o.values[name]; !ok {
		o.Keys = append(o.Keys, name)
	}
	o.values[name] = v
}

// Delete removes a name.
func (o *Object) Delete(name string) {
	if _, ok := o.values[name]; !ok {
		return
	}
	delete(o.values, name)
	for i, k := range o.Keys {
		if k == name {
			o.Keys = append(o.Keys[:i:i], o.Keys[i+1:]...)
			return
		}
	}
}

// Get returns the value of a name.
func (o *Object) Get(name string) (any, bool) {
	v, ok := o.values[name]
	return v, ok
}

// Path follows a dotted path of names and list indexes.
func (o *Object) Path(path string) (any, bool) {
	var v any = o
	for part := range strings.SplitSeq(path, ".") {
		switch in := v.(type) {
		case *Object:
			next, ok := in.Get(part)
			if !ok {
				return nil, false
			}
			v = next
		case []any:
			i, err := strconv.Atoi(part)
			if err != nil || i < 0 || i >= len(in) {
				return nil, false
			}
			v = in[i]
		default:
			return nil, false
		}
	}
	return v, true
}

// empty reports whether a value is what a lookup counts as not found.
func empty(v any) bool {
	switch v := v.(type) {
	case string:
		return v == ""
	case uint64:
		return v == 0
	case []any:
		return len(v) == 0
	}
	return v == nil
}
