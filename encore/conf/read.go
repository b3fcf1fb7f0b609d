package conf

import (
	"encoding/json"
	"fmt"
	"math"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"
)

func joinHostPort(host string, port int) string {
	return net.JoinHostPort(strings.Trim(host, "[]"), strconv.Itoa(port))
}

// A reader takes the values out of an object, remembers which keys it was asked
// for, and warns of all others. Each has a default, so reading never fails.
type reader struct {
	path   string
	object map[string]any
	known  map[string]bool
	warn   func(path, format string, args ...any)
}

func newReader(path string, object map[string]any, warn func(path, format string, args ...any)) *reader {
	return &reader{path: path, object: object, known: map[string]bool{}, warn: warn}
}

func (r *reader) at(key string) string { return r.path + "." + key }

// get returns the value of a key; null counts as absent.
func (r *reader) get(key string) (any, bool) {
	r.known[key] = true
	v, ok := r.object[key]
	return v, ok && v != nil
}

func (r *reader) wrong(key string, found any, expected string, used any) {
	r.warn(r.at(key), "found %s, expected %s; %v is used", short(found), expected, used)
}

// boolean reads a switch. Text is a common mistake; eNcore takes any text for
// true, "false" too, which nobody means.
func (r *reader) boolean(key string, byDefault bool) bool {
	v, ok := r.get(key)
	if !ok {
		return byDefault
	}
	switch v := v.(type) {
	case bool:
		return v
	case string:
		if b, err := strconv.ParseBool(strings.ToLower(v)); err == nil {
			r.warn(r.at(key), "found the text %q, expected %v without quotes; it is taken as %v", v, b, b)
			return b
		}
	case json.Number:
		if v == "0" || v == "1" {
			return v == "1"
		}
	}
	r.wrong(key, v, "true or false", byDefault)
	return byDefault
}

// number reads a number from least to most, in quotes or not.
func (r *reader) number(key string, byDefault, least, most float64) float64 {
	v, ok := r.get(key)
	if !ok {
		return byDefault
	}
	text := ""
	switch v := v.(type) {
	case json.Number:
		text = v.String()
	case string:
		text = strings.TrimSpace(v)
	}
	n, err := strconv.ParseFloat(text, 64)
	if err != nil || !(n >= least && n <= most) {
		r.wrong(key, v, fmt.Sprintf("a number from %v to %v", least, most), byDefault)
		return byDefault
	}
	return n
}

func (r *reader) integer(key string, byDefault, least, most int) int {
	n := r.number(key, float64(byDefault), float64(least), float64(most))
	if n != math.Trunc(n) {
		r.wrong(key, r.object[key], "a whole number", byDefault)
		return byDefault
	}
	return int(n)
}

// seconds reads a duration, whole seconds or not.
func (r *reader) seconds(key string, byDefault time.Duration, least, most float64) time.Duration {
	return time.Duration(r.number(key, byDefault.Seconds(), least, most) * float64(time.Second))
}

func (r *reader) text(key, byDefault string) string {
	v, ok := r.get(key)
	if !ok {
		return byDefault
	}
	if s, ok := v.(string); ok {
		return s
	}
	r.wrong(key, v, "text in quotes", strconv.Quote(byDefault))
	return byDefault
}

// choice reads one of several words, in exact case as eNcore compares them.
func (r *reader) choice(key, byDefault string, words ...string) string {
	s := r.text(key, byDefault)
	if slices.Contains(words, s) {
		return s
	}
	r.wrong(key, s, "one of "+strings.Join(words, ", "), byDefault)
	return byDefault
}

// child returns a reader for an object, an empty one if there is none.
func (r *reader) child(key string) *reader {
	v, ok := r.get(key)
	object, isObject := v.(map[string]any)
	if ok && !isObject {
		r.wrong(key, v, "an object {...}", "its defaults")
	}
	return newReader(r.at(key), object, r.warn)
}

// list returns the members of an array.
func (r *reader) list(key string) []any {
	v, ok := r.get(key)
	if !ok {
		return nil
	}
	list, isList := v.([]any)
	if !isList {
		r.wrong(key, v, "a list [...]", "an empty one")
	}
	return list
}

// types reads a list of record types.
func (r *reader) types(key string) []uint16 {
	var types []uint16
	for i, v := range r.list(key) {
		n, err := strconv.ParseUint(strings.Trim(fmt.Sprint(v), `" `), 10, 16)
		if err != nil {
			r.warn(fmt.Sprintf("%s[%d]", r.at(key), i), "found %s, expected the number of a record type, 0 to 65535; it is left out", short(v))
			continue
		}
		types = append(types, uint16(n))
	}
	return types
}

// end warns of the keys that nobody asked for. Keys with "@comment" in them are
// eNcore's comments; so are those that only begin or end a comment.
func (r *reader) end() {
	for key := range r.object {
		if r.known[key] || IsComment(key) {
			continue
		}
		like := ""
		for k := range r.known {
			if strings.EqualFold(k, key) {
				like = fmt.Sprintf("; upper and lower case count: did you mean %q?", k)
			}
		}
		r.warn(r.at(key), "this key is not known and has no effect%s", like)
	}
}

// IsComment reports whether a key holds a comment.
func IsComment(key string) bool {
	if strings.Contains(key, "@comment") {
		return true
	}
	return strings.HasPrefix(key, "@") && strings.HasSuffix(key, "Comment")
}

// short shows a value in a message.
func short(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprintf("%T", v) // values come from a JSON decoder
	}
	if len(b) > 60 {
		return strings.ToValidUTF8(string(b[:60]), "") + "..."
	}
	return string(b)
}
