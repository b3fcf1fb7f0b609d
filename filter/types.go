package filter

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"estream/wire"
)

// Types returns a filter for records of the types in a list: numbers and names of
// categories, separated by commas, as in "71,400,intrusion". A number without
// layout is allowed, since such records are kept raw. The error is a *SyntaxError
// with the position in the list, or one of the layouts.
func Types(set *wire.Layouts, list string) (*Filter, error) {
	return NewParser(set).Types(list)
}

// Types is like the function Types.
func (p *Parser) Types(list string) (*Filter, error) {
	if len(list) > MaxExpression {
		return nil, &SyntaxError{Expr: list, Offset: MaxExpression, Msg: fmt.Sprintf("the list has %d bytes, the limit is %d", len(list), MaxExpression)}
	}
	if p.names == nil {
		names, err := newNames(p.set)
		if err != nil {
			return nil, err
		}
		p.names = names
	}
	var numbers, categories []string
	at := 0
	for item := range strings.SplitSeq(list, ",") {
		word := strings.TrimSpace(item)
		offset := at + strings.Index(item, word)
		at += len(item) + 1
		if word == "" {
			return nil, &SyntaxError{Expr: list, Offset: offset, Msg: "expected a record type or a category here"}
		}
		if n, err := strconv.ParseUint(word, 10, 16); err == nil {
			numbers = append(numbers, strconv.FormatUint(n, 10))
			continue
		} else if strings.Trim(word, "0123456789") == "" {
			return nil, &SyntaxError{Expr: list, Offset: offset, Msg: fmt.Sprintf("record type %s is too large; expected 0 to 65535", word)}
		}
		if !p.names.isCategory(word) {
			return nil, &SyntaxError{Expr: list, Offset: offset, Msg: fmt.Sprintf("%q is no record type and no category%s; categories are %s",
				word, strings.TrimSuffix(suggest(word, p.names.categories), "?"), strings.Join(p.names.categories, ", "))}
		}
		categories = append(categories, strconv.Quote(word))
	}
	var parts []string
	if len(numbers) > 0 {
		parts = append(parts, "record in ("+strings.Join(slices.Compact(numbers), ", ")+")")
	}
	if len(categories) > 0 {
		parts = append(parts, "category in ("+strings.Join(slices.Compact(categories), ", ")+")")
	}
	return p.Parse(strings.Join(parts, " or "))
}
