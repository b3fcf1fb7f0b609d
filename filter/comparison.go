package filter

import (
	"fmt"
	"regexp"
	"strings"
)

// A named is a name in the expression and what it may be.
type named struct {
	operand
	info *nameInfo
	at   int
}

// reserved are the words that cannot stand where a name is expected.
var reserved = map[string]bool{
	"and": true, "or": true, "not": true, "in": true, "contains": true, "startswith": true,
	"endswith": true, "matches": true, "iequals": true, "icontains": true,
}

func (p *parsing) name() (named, error) {
	t := p.token
	if t.kind != tokenName || reserved[strings.ToLower(t.text)] {
		return named{}, p.unexpected("the name of a field, not, has or (")
	}
	op, info, err := p.names.find(t.text)
	if err != nil {
		return named{}, p.errorf(t.at, "%v", err)
	}
	return named{op, info, t.at}, p.advance()
}

var operators = map[string]operator{
	"==": opIn, "!=": opIn, "in": opIn, "<": opLess, "<=": opLessEqual, ">": opGreater, ">=": opGreaterEqual,
	"contains": opContains, "startswith": opStartsWith, "endswith": opEndsWith,
	"matches": opMatches, "iequals": opMatches, "icontains": opMatches,
}

func (p *parsing) comparison() (*node, error) {
	name, err := p.name()
	if err != nil {
		return nil, err
	}
	negate := p.word("not")
	if negate {
		if err := p.advance(); err != nil {
			return nil, err
		}
	}
	sign := strings.ToLower(p.token.text)
	op, ok := operators[sign]
	if !ok || p.token.kind == tokenValue || negate && p.token.kind == tokenSign {
		if negate {
			return nil, p.unexpected("in, contains, startswith, endswith, matches, iequals or icontains")
		}
		return nil, p.unexpected("a comparison such as == or in; has(" + name.written + ") tests for presence")
	}
	if err := p.advance(); err != nil {
		return nil, err
	}
	var list []token
	if sign == "in" {
		list, err = p.list()
	} else {
		list, err = p.value()
	}
	if err != nil {
		return nil, err
	}
	if err := p.check(&name, op, list); err != nil {
		return nil, err
	}
	pattern, err := p.pattern(sign, list[0])
	if err != nil {
		return nil, err
	}
	l := &leaf{name: name.operand, negate: negate || sign == "!="}
	for i := range list {
		l.literals = append(l.literals, list[i].literal)
	}
	l.test = newTest(op, l.literals, pattern)
	return &node{kind: nodeLeaf, leaf: l}, nil
}

// value reads the one literal of a comparison.
func (p *parsing) value() ([]token, error) {
	t := p.token
	if t.kind != tokenValue {
		if t.kind == tokenName {
			return nil, p.errorf(t.at, "unexpected %s; expected a value; text needs quotes: %q", t.text, t.text)
		}
		return nil, p.unexpected("a value")
	}
	return []token{t}, p.advance()
}

// list reads values in parentheses.
func (p *parsing) list() ([]token, error) {
	if err := p.sign("("); err != nil {
		return nil, err
	}
	var list []token
	for {
		v, err := p.value()
		if err != nil {
			return nil, err
		}
		list = append(list, v...)
		if p.token.kind == tokenSign && p.token.text == ")" {
			return list, p.advance()
		}
		if p.token.kind != tokenSign || p.token.text != "," {
			return nil, p.unexpected(", or )")
		}
		if err := p.advance(); err != nil {
			return nil, err
		}
	}
}

// pattern compiles the regular expression of matches, and those that stand for
// comparisons without regard to case.
func (p *parsing) pattern(sign string, value token) (*regexp.Regexp, error) {
	expr := value.literal.text
	switch sign {
	case "iequals":
		expr = `(?i)\A` + regexp.QuoteMeta(expr) + `\z`
	case "icontains":
		expr = `(?i)` + regexp.QuoteMeta(expr)
	case "matches":
	default:
		return nil, nil
	}
	re, err := regexp.Compile(expr)
	if err != nil {
		return nil, p.errorf(value.at, "%v", err)
	}
	return re, nil
}

// check makes sure that each value can be compared with the name in some layout.
func (p *parsing) check(name *named, op operator, list []token) error {
	for i := range list {
		l := &list[i].literal
		if p.accepts(name, l, op.group()) {
			continue
		}
		msg := fmt.Sprintf("%s is %v; %s", name.written, p.describe(name), needs(op.group(), l, list[i].text))
		return p.errorf(list[i].at, "%s", msg)
	}
	if name.written == "category" && op == opIn {
		for i := range list {
			if !p.names.isCategory(list[i].literal.text) {
				return p.errorf(list[i].at, "no record has the category %s%s", list[i].text, suggest(list[i].literal.text, p.names.categories))
			}
		}
	}
	return nil
}

func needs(g group, l *literal, written string) string {
	switch {
	case g == groupText && !l.quoted:
		return fmt.Sprintf("this comparison needs text in quotes, not %s", written)
	case g == groupText:
		return "this comparison needs a name that is text"
	case g == groupOrder && (l.prefix.IsValid() || l.uuid != "" || l.mac != ""):
		return fmt.Sprintf("there is no order between it and %s", written)
	}
	return fmt.Sprintf("it cannot be compared with %s", written)
}
