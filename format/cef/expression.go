package cef

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// An alternative is one parsed source of an extension value.
type alternative struct {
	text     string // as it stands in the mapping
	constant string
	block    string // path of the nested block that path or computed is in, see split
	path     string
	computed string // key of a computed value
	function string
	optional bool // not None if the record has no such field
}

// always reports whether an alternative counts whatever the record is.
func (a *alternative) always() bool {
	return a.constant != "" || a.path != "" && !a.optional && a.function == ""
}

// parseValue parses alternatives separated by bars.
func parseValue(s string) (alts []alternative, err error) {
	for {
		var a alternative
		s = strings.TrimLeft(s, " ")
		term, rest := s, ""
		more := false
		if strings.HasPrefix(s, "'") {
			if a.constant, rest, err = cutConstant(s); err != nil {
				return nil, err
			}
			term = s[:len(s)-len(rest)]
			if rest = strings.TrimLeft(rest, " "); rest != "" {
				if rest, more = strings.CutPrefix(rest, "|"); !more {
					return nil, fmt.Errorf("%q follows %s; expected \" | \" and another alternative, or nothing", rest, term)
				}
			}
		} else {
			term, rest, more = strings.Cut(s, "|")
			term = strings.TrimRight(term, " ")
			if err := a.parse(term); err != nil {
				return nil, err
			}
		}
		a.text = term
		if n := len(alts); n > 0 && alts[n-1].always() {
			return nil, fmt.Errorf("%s is never reached, because %s always counts: change their order, or remove one", term, alts[n-1].text)
		}
		alts = append(alts, a)
		if !more {
			return alts, nil
		}
		s = rest
	}
}

// cutConstant cuts the text in single quotes at the start of s. Two quotes inside
// stand for one.
func cutConstant(s string) (text, rest string, err error) {
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] != '\'':
			text += s[i : i+1]
		case i+1 < len(s) && s[i+1] == '\'':
			text += "'"
			i++
		case text == "":
			return "", "", errors.New("'' is empty; expected text between the quotes: to leave a key out, leave it out of the mapping")
		default:
			return text, s[i+1:], nil
		}
	}
	return "", "", fmt.Errorf("%s has no closing quote: add one", s)
}

// functions of the mapping. On a field of a kind that it is not made for a
// function gives nothing, as if the field were missing.
var functions = map[string]bool{"milliseconds": true, "action": true, "ipv4": true, "ipv6": true, "payload": true, "packet": true}

func (a *alternative) parse(term string) error {
	if key, ok := strings.CutPrefix(term, "@"); ok {
		a.computed = key
		return checkPath("computed value", key)
	}
	if block, key, ok := strings.Cut(term, ".@"); ok {
		a.block, a.computed = block, key
		return errors.Join(checkPath("block", block), checkPath("computed value", key))
	}
	if function, path, ok := strings.Cut(term, "("); ok {
		if !functions[function] {
			return fmt.Errorf("function is %q; expected one of %s", function, strings.Join(slices.Sorted(maps.Keys(functions)), ", "))
		}
		path, ok = strings.CutSuffix(path, ")")
		if !ok {
			return fmt.Errorf("%s does not end in a closing parenthesis: add one", term)
		}
		a.function, a.path = function, path
		return checkPath("field", path)
	}
	a.path, a.optional = strings.CutSuffix(term, "?")
	return checkPath("field", a.path)
}

// checkPath refuses what can be no name: letters, digits and underscores, joined
// by periods.
func checkPath(what, path string) error {
	for name := range strings.SplitSeq(path, ".") {
		if name == "" || !plainName(name) {
			return fmt.Errorf("%s is %q; expected names of letters, digits and underscores, joined by periods", what, path)
		}
	}
	return nil
}

func plainName(s string) bool {
	for _, c := range []byte(s) {
		if c != '_' && (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'z') {
			return false
		}
	}
	return true
}

// A piece of a template is constant text, a field, or a computed value.
type piece struct {
	text           string
	path, computed string
}

// parseTemplate parses text with fields and computed values in braces.
func parseTemplate(s string) (pieces []piece, err error) {
	for s != "" {
		text, rest, found := strings.Cut(s, "{")
		if strings.Contains(text, "}") {
			return nil, fmt.Errorf("%q has a closing brace without an opening one: braces only stand around a name", text)
		}
		if text != "" {
			pieces = append(pieces, piece{text: text})
		}
		if !found {
			break
		}
		path, after, closed := strings.Cut(rest, "}")
		if !closed {
			return nil, fmt.Errorf("\"{%s\" has no closing brace: add one", rest)
		}
		p := piece{path: path}
		if key, ok := strings.CutPrefix(path, "@"); ok {
			p = piece{computed: key}
			err = checkPath("computed value", key)
		} else {
			err = checkPath("field", path)
		}
		if err != nil {
			return nil, err
		}
		pieces = append(pieces, p)
		s = after
	}
	return pieces, nil
}
