package cef

import "maps"

// A recordReader reads the members of a record's mapping.
type recordReader struct {
	p            *mappingParser
	line         int
	compat       lineMapping
	fixed        lineMapping     // only what differs
	removed      map[string]bool // keys that fixed leaves out
	hasExtension bool
	given        map[string]bool // members that are there, right or wrong
	like         uint64          // extensionOf
	likeLine     int             // 0 if not given
}

func (r *recordReader) read(n node) {
	members := r.lineMembers(&r.compat)
	members["extension"] = func(n node) {
		r.hasExtension = true
		r.compat.extension = r.extension(n, nil)
	}
	members["extensionOf"] = func(n node) {
		r.likeLine = n.line
		r.p.within("extensionOf", func() {
			if r.p.is(n, "number") {
				r.like, _ = r.p.number(n, n.text, 16)
			}
		})
	}
	members["fixed"] = func(n node) {
		r.p.within("fixed", func() {
			members := r.lineMembers(&r.fixed)
			members["extension"] = func(n node) {
				r.removed = map[string]bool{}
				r.fixed.extension = r.extension(n, r.removed)
			}
			r.p.object(n, "fixed", members)
		})
	}
	r.given = map[string]bool{}
	for _, m := range n.members {
		r.given[m.name] = true
	}
	r.p.object(n, "a record", members)
}

// lineMembers returns the readers of the members in front of the extension.
func (r *recordReader) lineMembers(l *lineMapping) map[string]func(node) {
	template := func(name string, to *[]piece) func(node) {
		return func(n node) {
			r.p.within(name, func() {
				s := r.p.text(n)
				if s == "" && n.kind == "string" {
					r.p.errorf(n.line, "empty; expected text")
					return
				}
				var err error
				if *to, err = parseTemplate(s); err != nil {
					r.p.errorf(n.line, "%w", err)
				}
			})
		}
	}
	return map[string]func(node){
		"signature": template("signature", &l.signature),
		"name":      template("name", &l.name),
		"severity":  func(n node) { r.p.within("severity", func() { l.severity = r.p.severity(n) }) },
	}
}

// extension reads the values by key. Null adds the key to removed, if that is not nil.
func (r *recordReader) extension(n node, removed map[string]bool) map[string]value {
	values := map[string]value{}
	if !r.p.is(n, "object") {
		return values
	}
	for _, m := range n.members {
		r.p.within("key "+m.name, func() {
			if err := checkPath("key", m.name); err != nil {
				r.p.errorf(m.line, "%w", err)
				return
			}
			if m.node.kind == "null" && removed != nil {
				removed[m.name] = true
				return
			}
			s := r.p.text(m.node)
			if m.node.kind != "string" {
				return
			}
			alts, err := parseValue(s)
			if err != nil {
				r.p.errorf(m.node.line, "%w", err)
			}
			values[m.name] = value{line: m.node.line, alts: alts}
		})
	}
	return values
}

// finish makes both lines of the record, once all records are read.
func (r *recordReader) finish(all map[uint16]*recordReader) *recordMapping {
	compat, fixed, removed := r.compat, r.fixed.extension, r.removed
	switch {
	case r.likeLine != 0 && (r.hasExtension || r.fixed.extension != nil):
		r.p.errorf(r.likeLine, "both extension and extensionOf are given; expected one of them")
	case r.likeLine != 0:
		like := all[uint16(r.like)]
		if like == nil || !like.hasExtension {
			r.p.errorf(r.likeLine, "extensionOf is %d; expected the number of a record that has an extension of its own", r.like)
			break
		}
		compat.extension, fixed, removed = like.compat.extension, like.fixed.extension, like.removed
	case r.likeLine == 0 && (!r.hasExtension || len(compat.extension) == 0):
		r.p.errorf(r.line, "no extension; expected \"extension\" with at least one key, or \"extensionOf\"")
	}
	for _, name := range []string{"signature", "name", "severity"} {
		if !r.given[name] {
			r.p.errorf(r.line, "no %s; expected a member of that name", name)
		}
	}
	m := &recordMapping{compat: compat, fixed: compat}
	m.fixed.extension = map[string]value{}
	maps.Copy(m.fixed.extension, compat.extension)
	for key := range removed {
		if _, ok := compat.extension[key]; !ok {
			r.p.errorf(r.line, "fixed: key %s: null removes a key, but extension has none of that name: remove it here", key)
		}
		delete(m.fixed.extension, key)
	}
	maps.Copy(m.fixed.extension, fixed)
	if r.fixed.signature != nil {
		m.fixed.signature = r.fixed.signature
	}
	if r.fixed.name != nil {
		m.fixed.name = r.fixed.name
	}
	if r.fixed.severity.form != severityNone {
		m.fixed.severity = r.fixed.severity
	}
	return m
}

// severity reads how a severity comes about. Its form shows in the members.
func (p *mappingParser) severity(n node) severityMapping {
	s := severityMapping{line: n.line}
	seen := map[string]bool{}
	path := func(to *string, computed bool) func(node) {
		return func(n node) {
			*to = p.text(n)
			name := *to
			if computed && name != "" && name[0] == '@' {
				name = name[1:]
			}
			if err := checkPath("field", name); err != nil && n.kind == "string" {
				p.errorf(n.line, "%w", err)
			}
		}
	}
	members := map[string]func(node){
		"const": func(n node) { s.text = p.severityText(n) },
		"field": path(&s.field, false),
		"tenth": path(&s.field, false),
		"then":  func(n node) { s.low = p.severityText(n) },
		"else":  func(n node) { s.high = p.severityText(n) },
		"below": func(n node) {
			if p.is(n, "number") {
				s.below, _ = p.number(n, n.text, 64)
			}
		},
		"matrix": func(n node) {
			if p.is(n, "list") && len(n.items) != 2 {
				p.errorf(n.line, "matrix has %d items; expected 2: the paths of priority and impact", len(n.items))
			} else if n.kind == "list" {
				path(&s.field, false)(n.items[0])
				path(&s.other, true)(n.items[1])
			}
		},
	}
	errs := len(p.errs)
	p.object(n, "severity", members)
	for _, m := range n.members {
		seen[m.name] = true
	}
	for _, f := range []struct {
		form    severityForm
		members []string
	}{
		{severityConst, []string{"const"}}, {severityTenth, []string{"tenth"}}, {severityMatrix, []string{"matrix"}},
		{severityField, []string{"field"}}, {severityLimit, []string{"field", "below", "then", "else"}},
	} {
		match := len(seen) == len(f.members)
		for _, name := range f.members {
			match = match && seen[name]
		}
		if match {
			s.form = f.form
		}
	}
	if s.form == severityNone && len(p.errs) == errs {
		p.errorf(n.line, "found other members than expected: const, tenth, matrix or field alone, or field with below, then and else")
	}
	return s
}
