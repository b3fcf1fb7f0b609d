package encoreref

import (
	"encoding/json"
	"strconv"
	"strings"
)

// A cache holds what metadata records have stored: by table, then by key. A key of
// two parts is an array of both; a part is a number, text or a byte string, and
// these three are never equal.
type cache map[string]map[any]any

// newCache returns the tables as they are before any metadata.
func newCache(t *tables) cache {
	c := cache{}
	for name, defaults := range t.enums.Tables {
		c[name] = map[any]any{}
		for key, v := range defaults.Values {
			if members, ok := v.(map[string]any); ok {
				o := NewObject()
				for member, text := range members {
					o.Set(member, text) // read by member only, so the order is of no account
				}
				v = o
			}
			if defaults.KeyType == "number" {
				n, err := strconv.ParseUint(key, 10, 64)
				if err != nil {
					panic(err)
				}
				c[name][n] = v
			} else {
				c[name][key] = v
			}
		}
	}
	return c
}

// fill stores what a record teaches. A missing source ends it without an error.
func (c cache) fill(stores []store, r *Object) {
	for _, s := range stores {
		if strings.HasPrefix(s.Effect, "none") {
			continue
		}
		parts := make([]any, len(s.Key))
		for i, raw := range s.Key {
			v, ok := source(raw, r)
			if !ok {
				return
			}
			parts[i] = v
		}
		v, ok := source(s.Value, r)
		if !ok {
			return
		}
		if c[s.Table] == nil {
			c[s.Table] = map[any]any{}
		}
		c[s.Table][join(parts)] = v
	}
}

// source evaluates a path, {"text": x}, {"const": x}, or an object of paths.
func source(raw json.RawMessage, r *Object) (any, bool) {
	var path string
	if json.Unmarshal(raw, &path) == nil {
		return r.Path(path)
	}
	var members map[string]string
	if err := json.Unmarshal(raw, &members); err != nil {
		panic(err)
	}
	for _, literal := range []string{"text", "const"} {
		if text, ok := members[literal]; ok {
			return text, true
		}
	}
	o := NewObject()
	for name, path := range members {
		v, ok := r.Path(path)
		if !ok {
			return nil, false
		}
		o.Set(name, v)
	}
	return o, true
}

// join makes one map key of the parts of a key.
func join(parts []any) any {
	switch len(parts) {
	case 1:
		return parts[0]
	case 2:
		return [2]any{parts[0], parts[1]}
	}
	panic("encoreref: a table key with " + strconv.Itoa(len(parts)) + " parts")
}

// lookup finds an entry. Empty text and 0 count as not found.
func (c cache) lookup(table string, parts []any, member string) (any, bool) {
	v, ok := c[table][join(parts)]
	if ok && member != "" {
		o, isObject := v.(*Object)
		if !isObject {
			return nil, false
		}
		v, ok = o.Get(member)
	}
	return v, ok && !empty(v)
}
