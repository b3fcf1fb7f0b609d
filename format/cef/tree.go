package cef

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

// A node is a JSON value with the line it stands in, so that whatever is wrong
// with it can be found in an editor. A value has one of text, members and items.
type node struct {
	line    int
	kind    string // object, list, string, number, true or false, null
	text    string // of a string or number
	members []member
	items   []node
}

type member struct {
	name string
	line int
	node node
}

// A treeReader makes nodes of JSON text. It finds member names that come twice,
// which encoding/json passes over.
type treeReader struct {
	data   []byte
	dec    *json.Decoder
	offset int64 // up to which lines are counted
	line   int
	errs   []error
}

// readTree reads one JSON value. The error names the line.
func readTree(data []byte) (node, error) {
	var whole json.RawMessage
	if err := json.Unmarshal(data, &whole); err != nil {
		var syntax *json.SyntaxError
		if !errors.As(err, &syntax) {
			return node{}, err
		}
		line := 1 + bytes.Count(data[:min(max(syntax.Offset-1, 0), int64(len(data)))], []byte{'\n'})
		return node{}, fmt.Errorf("line %d: JSON expected: %w", line, err)
	}
	t := &treeReader{data: data, dec: json.NewDecoder(bytes.NewReader(data)), line: 1}
	t.dec.UseNumber()
	n, err := t.value()
	return n, errors.Join(append(t.errs, err)...)
}

func (t *treeReader) value() (node, error) {
	tok, err := t.dec.Token()
	if err != nil {
		return node{}, err
	}
	n := node{line: t.here()}
	switch tok := tok.(type) {
	case json.Delim:
		return n, t.compound(&n, tok)
	case string:
		n.kind, n.text = "string", tok
	case json.Number:
		n.kind, n.text = "number", tok.String()
	case bool:
		n.kind = "true or false"
	default:
		n.kind = "null"
	}
	return n, nil
}

// compound reads the rest of an object or a list.
func (t *treeReader) compound(n *node, open json.Delim) error {
	n.kind = "list"
	if open == '{' {
		n.kind = "object"
	}
	lines := map[string]int{}
	for t.dec.More() {
		if open == '[' {
			item, err := t.value()
			if err != nil {
				return err
			}
			n.items = append(n.items, item)
			continue
		}
		tok, err := t.dec.Token()
		if err != nil {
			return err
		}
		m := member{line: t.here()}
		m.name, _ = tok.(string) // JSON has no other names
		if first, twice := lines[m.name]; twice {
			t.errs = append(t.errs, fmt.Errorf("line %d: %q is there twice, first in line %d: remove one", m.line, m.name, first))
		}
		lines[m.name] = m.line
		if m.node, err = t.value(); err != nil {
			return err
		}
		n.members = append(n.members, m)
	}
	_, err := t.dec.Token() // the closing delimiter
	return err
}

// here is the line of the token that was just read.
func (t *treeReader) here() int {
	end := t.dec.InputOffset()
	t.line += bytes.Count(t.data[t.offset:end], []byte{'\n'})
	t.offset = end
	return t.line
}
