package filter

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

type tokenKind uint8

const (
	tokenEnd   tokenKind = iota
	tokenName            // a name or a word of the language
	tokenValue           // a literal
	tokenSign            // an operator, parenthesis or comma
)

// A token is one word of an expression.
type token struct {
	kind    tokenKind
	text    string // as written; signs in the form the parser knows
	at      int    // offset in the expression
	literal literal
}

// signs are all operators that are no words, longer ones first.
var signs = [...]string{"==", "!=", "<=", ">=", "&&", "||", "(", ")", ",", "<", ">", "!"}

// A scanner cuts an expression into tokens.
type scanner struct {
	expr string
	at   int
}

func (s *scanner) errorf(at int, format string, args ...any) error {
	return &SyntaxError{Expr: s.expr, Offset: at, Msg: fmt.Sprintf(format, args...)}
}

func (s *scanner) next() (token, error) {
	for s.at < len(s.expr) && strings.IndexByte(" \t\r\n", s.expr[s.at]) >= 0 {
		s.at++
	}
	t := token{at: s.at}
	rest := s.expr[s.at:]
	if rest == "" {
		return t, nil
	}
	if c := rest[0]; c == '"' || c == '\'' {
		text, n, err := s.quoted(rest)
		s.at += n
		t.kind, t.text, t.literal = tokenValue, rest[:n], quotedLiteral(text)
		return t, err
	}
	for _, sign := range signs {
		if strings.HasPrefix(rest, sign) {
			s.at += len(sign)
			t.kind, t.text = tokenSign, sign
			return t, nil
		}
	}
	n := 0
	for n < len(rest) && isWordByte(rest[n]) {
		n++
	}
	if n == 0 {
		r, _ := utf8.DecodeRuneInString(rest)
		switch {
		case r == '=':
			return t, s.errorf(s.at, "unexpected =; write == to compare")
		case r == '&' || r == '|':
			return t, s.errorf(s.at, "unexpected %c; write %c%c, or the word", r, r, r)
		}
		return t, s.errorf(s.at, "unexpected %q; expected a name, a value in quotes, an operator or a parenthesis", r)
	}
	t.text = rest[:n]
	s.at += n
	if isName(t.text) {
		t.kind = tokenName
		return t, nil
	}
	lit, err := bareLiteral(t.text)
	if err != nil {
		return t, s.errorf(t.at, "%v", err)
	}
	t.kind, t.literal = tokenValue, lit
	return t, nil
}

func isWordByte(c byte) bool {
	return isNameByte(c) || strings.IndexByte(".:/@-%+", c) >= 0
}

func isNameByte(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z'
}

// isName reports whether a word is a name: parts joined by periods, none of which
// begins with a digit, with an optional '.' or '@' in front.
func isName(word string) bool {
	if word[0] == '@' || word[0] == '.' {
		word = word[1:]
	}
	for part := range strings.SplitSeq(word, ".") {
		if part == "" || part[0] >= '0' && part[0] <= '9' {
			return false
		}
		for i := range len(part) {
			if !isNameByte(part[i]) {
				return false
			}
		}
	}
	return true
}

// quoted reads the text in quotes at the start of rest, and how long it is
// with its quotes. In '...' every character stands for itself.
func (s *scanner) quoted(rest string) (text string, n int, err error) {
	quote := rest[0]
	var b []byte
	for i := 1; i < len(rest); i++ {
		c := rest[i]
		switch {
		case c == quote:
			return string(b), i + 1, nil
		case c != '\\' || quote == '\'':
			b = append(b, c)
			continue
		}
		if i++; i == len(rest) {
			break
		}
		size := 0
		switch rest[i] {
		case '\\', '"', '\'':
			b = append(b, rest[i])
		case 'n':
			b = append(b, '\n')
		case 'r':
			b = append(b, '\r')
		case 't':
			b = append(b, '\t')
		case 'x':
			size = 2
		case 'u':
			size = 4
		default:
			r, _ := utf8.DecodeRuneInString(rest[i:])
			return "", i, s.errorf(s.at+i-1, `unknown escape \%c; expected \\ \" \' \n \r \t \xHH or \uHHHH; in single quotes a backslash stands for itself`, r)
		}
		if size == 0 {
			continue
		}
		digits := rest[i+1 : min(i+1+size, len(rest))]
		u, err := strconv.ParseUint(digits, 16, 32)
		if err != nil || len(digits) != size || u >= 0xd800 && u < 0xe000 {
			return "", i, s.errorf(s.at+i-1, `\%c needs %d hex digits that make a character`, rest[i], size)
		}
		b = utf8.AppendRune(b, rune(u))
		i += size
	}
	return "", len(rest), s.errorf(s.at, "text in quotes does not end; expected %c", quote)
}
