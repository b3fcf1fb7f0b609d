package cef

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"estream/format/text"
)

// parseMapping reads the text of a mapping. The error tells of all mistakes, one a
// line, each with its line in the text, the record and the key.
func parseMapping(data []byte) (*mapping, error) {
	root, err := readTree(data)
	if err != nil {
		return nil, fmt.Errorf("mapping: %w", err)
	}
	p := &mappingParser{m: &mapping{records: map[uint16]*recordMapping{}}}
	p.object(root, "the mapping", map[string]func(node){
		"about":      func(n node) { p.text(n) },
		"severities": p.severities,
		"actions":    p.actions,
		"records":    p.records,
	})
	if len(p.m.records) == 0 && len(p.errs) == 0 {
		p.errorf(root.line, `no records; expected "records" with an object for each record type`)
	}
	if len(p.errs) > 0 {
		return nil, fmt.Errorf("mapping: %w", errors.Join(p.errs...))
	}
	return p.m, nil
}

// A mappingParser turns nodes into a mapping and collects what is wrong.
type mappingParser struct {
	m     *mapping
	where string // "record 71: key act: ", in front of each mistake
	errs  []error
}

func (p *mappingParser) errorf(line int, format string, args ...any) {
	p.errs = append(p.errs, fmt.Errorf("line %d: %s%w", line, p.where, fmt.Errorf(format, args...)))
}

// within runs f with a longer place in front of its mistakes.
func (p *mappingParser) within(place string, f func()) {
	old := p.where
	p.where += place + ": "
	f()
	p.where = old
}

// is reports whether n is of a kind, and complains if not.
func (p *mappingParser) is(n node, kind string) bool {
	if n.kind == kind {
		return true
	}
	found := n.kind
	if n.text != "" {
		found += " " + strconv.Quote(n.text)
	}
	p.errorf(n.line, "found %s; expected %s", found, kind)
	return false
}

func (p *mappingParser) text(n node) string {
	if !p.is(n, "string") {
		return ""
	}
	return n.text
}

func (p *mappingParser) number(n node, text string, bits int) (uint64, bool) {
	v, err := strconv.ParseUint(text, 10, bits)
	if err != nil {
		p.errorf(n.line, "found %q; expected a whole number of 0 to %d", text, ^uint64(0)>>(64-bits))
	}
	return v, err == nil
}

// object hands each member to the function of its name.
func (p *mappingParser) object(n node, what string, members map[string]func(node)) {
	if !p.is(n, "object") {
		return
	}
	for _, m := range n.members {
		read, ok := members[m.name]
		if !ok {
			p.errorf(m.line, "%q is no member of %s; expected one of %s", m.name, what, strings.Join(slices.Sorted(maps.Keys(members)), ", "))
			continue
		}
		read(m.node)
	}
}

func (p *mappingParser) severities(n node) {
	p.m.severities = map[uint64]map[uint64]string{}
	p.numbered(n, "severities", func(priority uint64, n node) {
		row := map[uint64]string{}
		p.numbered(n, fmt.Sprintf("priority %d", priority), func(impact uint64, n node) {
			row[impact] = p.severityText(n)
		})
		p.m.severities[priority] = row
	})
}

// numbered reads an object whose member names are numbers.
func (p *mappingParser) numbered(n node, place string, read func(uint64, node)) {
	p.within(place, func() {
		if !p.is(n, "object") {
			return
		}
		for _, m := range n.members {
			if v, ok := p.number(m.node, m.name, 32); ok {
				read(v, m.node)
			}
		}
	})
}

func (p *mappingParser) actions(n node) {
	p.within("actions", func() {
		if !p.is(n, "list") {
			return
		}
		for _, item := range n.items {
			p.m.actions = append(p.m.actions, string(text.AppendCEF(nil, []byte(p.text(item)))))
		}
	})
}

// severityText reads a severity: what CEF knows (0 to 10, Low, Very-High), or
// another word. It stands in the header, so bars and the like are refused.
func (p *mappingParser) severityText(n node) string {
	s := p.text(n)
	if n.kind == "string" && !plainName(strings.NewReplacer("-", "", ".", "").Replace(s)) || s == "" {
		p.errorf(n.line, "severity is %q; expected 0 to 10, Low, Medium, High, Very-High or Unknown", s)
	}
	return s
}

func (p *mappingParser) records(n node) {
	if !p.is(n, "object") {
		return
	}
	of := map[uint16]*recordReader{}
	for _, m := range n.members {
		typ, ok := p.number(node{line: m.line}, m.name, 16)
		if !ok {
			continue
		}
		p.within("record "+m.name, func() {
			r := &recordReader{p: p, line: m.line}
			r.read(m.node)
			of[uint16(typ)] = r
		})
	}
	for _, typ := range slices.Sorted(maps.Keys(of)) {
		p.within(fmt.Sprintf("record %d", typ), func() { p.m.records[typ] = of[typ].finish(of) })
	}
}
