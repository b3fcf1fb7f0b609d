package filter

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// A SyntaxError says what is wrong with an expression and where. Parse and Types
// return it for every expression they refuse.
type SyntaxError struct {
	Expr   string
	Offset int    // in bytes from the start of Expr, where the mistake begins
	Msg    string // what was found and what was expected
}

// Error returns one line. The column counts characters from 1 on; in an
// expression of several lines the line stands before it.
func (e *SyntaxError) Error() string {
	line, column, _ := e.place()
	if strings.Contains(e.Expr, "\n") {
		return fmt.Sprintf("filter: line %d, column %d: %s", line, column, e.Msg)
	}
	return fmt.Sprintf("filter: column %d: %s", column, e.Msg)
}

// place returns line and column, both from 1 on, and where the line starts.
func (e *SyntaxError) place() (line, column, start int) {
	before := e.Expr[:min(e.Offset, len(e.Expr))]
	start = strings.LastIndexByte(before, '\n') + 1
	return strings.Count(before, "\n") + 1, utf8.RuneCountInString(before[start:]) + 1, start
}

// Caret shows the place in two lines: the part of the expression around it, and
// a caret below the mistake. What a terminal would not show is written as a space.
func (e *SyntaxError) Caret() string {
	const left, width = 50, 76
	_, column, start := e.place()
	text, _, _ := strings.Cut(e.Expr[start:], "\n")
	line := []rune(text)
	at := column - 1
	first := max(0, at-left)
	line = line[min(first, len(line)):min(first+width, len(line))]
	for i, r := range line {
		if r < ' ' || r == utf8.RuneError || r >= 0x7f && r < 0xa0 {
			line[i] = ' '
		}
	}
	return string(line) + "\n" + strings.Repeat(" ", at-first) + "^"
}

// suggest returns "; did you mean X?" for the closest of the known words, or ""
// when none is close.
func suggest(word string, known []string) string {
	best, distance := "", max(2, len(word)/3)+1
	for _, k := range known {
		if d := editDistance(strings.ToLower(word), strings.ToLower(k), distance); d < distance {
			best, distance = k, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf("; did you mean %s?", best)
}

// editDistance counts the bytes to insert, remove or replace between a and b. It
// gives up, with limit, once the result cannot be smaller.
func editDistance(a, b string, limit int) int {
	if len(a)-len(b) >= limit || len(b)-len(a) >= limit {
		return limit
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost = 1 + min(diagonal, row[j], row[j+1])
			}
			diagonal, row[j+1] = row[j+1], cost
		}
		if slices.Min(row) >= limit {
			return limit
		}
	}
	return min(row[len(b)], limit)
}
