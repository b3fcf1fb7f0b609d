package human

import (
	"strings"

	"estream/format/flat"
)

// A part is a piece of the line: constant text and references in turn.
type part struct {
	key  string // "name=" in front of a single reference, whose value is then quoted as needed
	text []string
	refs [][]ref // text[i] stands before refs[i], the last text behind them all
}

// A ref names a value: a role, or else a name.
type ref struct {
	role flat.Role
	flow bool
	name string
}

var roles = map[string]flat.Role{
	"HOST": flat.Host, "PROTOCOL": flat.Protocol, "APPLICATION": flat.Application, "ACTION": flat.Action, "IMPACT": flat.Impact, "BLOCKED": flat.Blocked,
	"USER": flat.User, "DOMAIN": flat.Domain, "POLICY": flat.Policy, "RULE": flat.Rule, "MESSAGE": flat.Message,
	"PRIORITY": flat.Priority, "FILE": flat.File, "HASH": flat.Hash, "DISPOSITION": flat.Disposition, "URL": flat.URL,
}

type compiled struct {
	label string
	parts []part
}

var (
	compiledTemplates = func() map[uint16]*compiled {
		m := make(map[uint16]*compiled, len(templates))
		for typ, t := range templates {
			m[typ] = &compiled{t.label, parse(t.parts)}
		}
		return m
	}()
	generalParts = parse(general)
)

// parse reads the parts of a template. The templates are part of the program and a
// test checks every reference, so there is nothing to report.
func parse(s string) (parts []part) {
	for piece := range strings.SplitSeq(s, "  ") {
		var p part
		before, rest, found := strings.Cut(piece, "{")
		if strings.HasSuffix(before, "=") && strings.Count(rest, "{") == 0 {
			p.key, before = before, ""
		}
		for found {
			var names string
			names, rest, _ = strings.Cut(rest, "}")
			var alternatives []ref
			for name := range strings.SplitSeq(names, "|") {
				alternatives = append(alternatives, ref{role: roles[name], flow: name == "FLOW", name: name})
			}
			p.text, p.refs = append(p.text, before), append(p.refs, alternatives)
			before, rest, found = strings.Cut(rest, "{")
		}
		p.text = append(p.text, before)
		parts = append(parts, p)
	}
	return parts
}
