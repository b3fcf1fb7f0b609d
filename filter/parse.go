package filter

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"estream/wire"
)

const (
	// MaxExpression is the length of the longest expression, in bytes.
	MaxExpression = 64 << 10
	// MaxDepth is how deep parentheses and "not" may be nested.
	MaxDepth = 100
)

// Parse compiles an expression over the records that set has layouts for. The
// error is a *SyntaxError, or one of the layouts: Parse reads all of them.
func Parse(set *wire.Layouts, expr string) (*Filter, error) {
	return NewParser(set).Parse(expr)
}

// A Parser parses expressions over one set of layouts and remembers what the
// layouts hold. It is not safe for concurrent use.
type Parser struct {
	set   *wire.Layouts
	names *names // nil before the first expression
}

// NewParser returns a parser. It reads no layouts yet.
func NewParser(set *wire.Layouts) *Parser { return &Parser{set: set} }

// Parse compiles an expression. Errors are those of the function Parse.
func (p *Parser) Parse(expr string) (*Filter, error) {
	if len(expr) > MaxExpression {
		return nil, &SyntaxError{Expr: expr, Offset: MaxExpression, Msg: fmt.Sprintf("the expression has %d bytes, the limit is %d", len(expr), MaxExpression)}
	}
	if n := invalidUTF8(expr); n >= 0 {
		return nil, &SyntaxError{Expr: expr, Offset: n, Msg: "the expression is no valid UTF-8 here"}
	}
	if p.names == nil {
		names, err := newNames(p.set)
		if err != nil {
			return nil, err
		}
		p.names = names
	}
	run := parsing{scanner: scanner{expr: expr}, names: p.names}
	if err := run.advance(); err != nil {
		return nil, err
	}
	root, err := run.or()
	if err != nil {
		return nil, err
	}
	if run.token.kind != tokenEnd {
		return nil, run.unexpected("and, or, or the end of the expression")
	}
	return newFilter(p.names, expr, root), nil
}

func invalidUTF8(s string) int {
	for i, r := range s {
		if r == utf8.RuneError && !strings.HasPrefix(s[i:], "\uFFFD") {
			return i
		}
	}
	return -1
}

// A parsing is one run of the parser: recursive descent with one token ahead.
type parsing struct {
	scanner
	names *names
	token token
	depth int
}

func (p *parsing) advance() (err error) {
	p.token, err = p.next()
	return err
}

// word reports whether the next token is a word of the language, which may be
// written in lower or upper case, or one of the signs that mean the same.
func (p *parsing) word(word string, signs ...string) bool {
	switch p.token.kind {
	case tokenName:
		return p.token.text == word || p.token.text == strings.ToUpper(word)
	case tokenSign:
		for _, s := range signs {
			if p.token.text == s {
				return true
			}
		}
	}
	return false
}

func (p *parsing) unexpected(expected string) error {
	found := fmt.Sprintf("unexpected %s", p.token.text)
	if p.token.kind == tokenEnd {
		found = "the expression ends here"
	}
	return p.errorf(p.token.at, "%s; expected %s", found, expected)
}

func (p *parsing) sign(sign string) error {
	if p.token.kind != tokenSign || p.token.text != sign {
		return p.unexpected(sign)
	}
	return p.advance()
}

func (p *parsing) or() (*node, error) {
	return p.chain(nodeOr, p.and, "or", "||")
}

func (p *parsing) and() (*node, error) {
	return p.chain(nodeAnd, p.not, "and", "&&")
}

// chain reads one or more operands joined by one operator as one flat node, so
// that a long chain is not deep.
func (p *parsing) chain(kind nodeKind, operand func() (*node, error), word, sign string) (*node, error) {
	n, err := operand()
	if err != nil || !p.word(word, sign) {
		return n, err
	}
	n = &node{kind: kind, kids: []*node{n}}
	for p.word(word, sign) {
		if err := p.advance(); err != nil {
			return nil, err
		}
		kid, err := operand()
		if err != nil {
			return nil, err
		}
		n.kids = append(n.kids, kid)
	}
	return n, nil
}

func (p *parsing) enter() error {
	if p.depth++; p.depth > MaxDepth {
		return p.errorf(p.token.at, "nested deeper than %d levels", MaxDepth)
	}
	return p.advance()
}

func (p *parsing) not() (*node, error) {
	switch {
	case p.word("not", "!"):
		if err := p.enter(); err != nil {
			return nil, err
		}
		n, err := p.not()
		p.depth--
		return &node{kind: nodeNot, kids: []*node{n}}, err
	case p.token.kind == tokenSign && p.token.text == "(":
		if err := p.enter(); err != nil {
			return nil, err
		}
		n, err := p.or()
		if err != nil {
			return nil, err
		}
		p.depth--
		return n, p.sign(")")
	case p.word("has"):
		return p.has()
	}
	return p.comparison()
}

func (p *parsing) has() (*node, error) {
	if err := p.advance(); err != nil {
		return nil, err
	}
	if err := p.sign("("); err != nil {
		return nil, err
	}
	name, err := p.name()
	if err != nil {
		return nil, err
	}
	l := &leaf{name: name.operand, test: test{op: opHas}}
	return &node{kind: nodeLeaf, leaf: l}, p.sign(")")
}
