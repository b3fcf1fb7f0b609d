package config

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"unicode"
)

// suggest returns `; did you mean "X"?` for the closest of the known words, or ""
// when none is close. Case, and the choice of - or _, cost nothing.
func suggest(word string, known []string) string {
	if best := closest(word, known); best != "" {
		return fmt.Sprintf("; did you mean %q?", best)
	}
	return ""
}

func closest(word string, known []string) string {
	if !strings.ContainsFunc(word, unicode.IsLetter) {
		return "" // a wrong number is no slip
	}
	best, distance := "", max(2, len(word)/3)+1
	for _, k := range known {
		if d := editDistance(folded(word), folded(k), distance); d < distance {
			best, distance = k, d
		}
	}
	// A word of which nothing is left is no slip of the fingers.
	if best == "" || distance >= len(best) {
		return ""
	}
	return best
}

// instead says which key may have been meant: one of the same section, whose name
// it returns as well, or one in a section below.
func instead(name string, section reflect.Type) (key, advice string) {
	keys := keysOf(section)
	if key = closest(name, keys); key != "" && folded(key) == folded(name) {
		return key, suggest(name, keys)
	}
	for _, f := range fieldsOf(section) {
		t := f.typ
		if t.Kind() == reflect.Pointer {
			t = t.Elem()
		}
		if !isSection(t) || t == secretType {
			continue
		}
		for _, below := range keysOf(t) {
			if word := folded(name); word == below || word == f.key+"_"+below || word == f.key+below {
				return "", fmt.Sprintf("; it belongs into the section %s, as %s", f.key, below)
			}
		}
	}
	if key != "" {
		return key, suggest(name, keys)
	}
	return "", "; expected one of " + strings.Join(keys, ", ")
}

func folded(s string) string { return strings.ReplaceAll(strings.ToLower(s), "-", "_") }

// editDistance counts the bytes to insert, remove, replace or swap with their
// neighbour between a and b. It gives up, with limit, once the result cannot be
// smaller, so that a long word costs nothing.
func editDistance(a, b string, limit int) int {
	if len(a)-len(b) >= limit || len(b)-len(a) >= limit {
		return limit
	}
	before, last, row := []int(nil), []int(nil), make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before, last, row = last, row, make([]int, len(b)+1)
		row[0] = i + 1
		for j := range len(b) {
			cost := last[j]
			if a[i] != b[j] {
				cost = 1 + min(last[j], last[j+1], row[j])
			}
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				cost = min(cost, 1+before[j-1])
			}
			row[j+1] = cost
		}
		if slices.Min(row) > limit {
			return limit
		}
	}
	return min(row[len(b)], limit)
}
