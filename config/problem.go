package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// A Problem is one mistake in a configuration file, or a warning about it.
type Problem struct {
	File    string // name of the file as it was given
	Line    int    // from 1 on; 0 if there is no place to point at
	Column  int    // in characters, from 1 on
	Key     string // such as outputs[1].format, counted from 0 on; "" for the file as a whole
	Text    string // what was found, what was expected, what to do; one line, no secrets
	Warning bool   // the configuration works all the same
}

// String returns "FILE:LINE:COLUMN: KEY: TEXT", without what is not known.
// Warnings have the word in front of their text.
func (p Problem) String() string {
	var b strings.Builder
	b.WriteString(p.File)
	if p.Line > 0 {
		fmt.Fprintf(&b, ":%d:%d", p.Line, p.Column)
	}
	b.WriteString(": ")
	if p.Key != "" {
		b.WriteString(p.Key)
		b.WriteString(": ")
	}
	if p.Warning {
		b.WriteString("warning: ")
	}
	b.WriteString(p.Text)
	return b.String()
}

// Problems are all mistakes of a file in the order of their places. Parse and
// Load return them as their error.
type Problems []Problem

// maxShown bounds what Error returns: a file that is no configuration at all can
// have a mistake in every line.
const maxShown = 50

// Error returns a line for each problem, without a final line end; of very many
// only the first ones and the number of the others.
func (p Problems) Error() string {
	lines := make([]string, 0, min(len(p), maxShown)+1)
	for i, problem := range p {
		if i == maxShown {
			lines = append(lines, fmt.Sprintf("%s: and %d more mistakes", problem.File, len(p)-i))
			break
		}
		lines = append(lines, problem.String())
	}
	return strings.Join(lines, "\n")
}

func (p Problems) sort() {
	slices.SortStableFunc(p, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
}

// A place is where a value stands in the file.
type place struct{ line, column int }

// places knows where the value of each key stands.
type places map[string]place

// find returns the place of a key. A key that the file does not have stands
// where the section does that it is missing from.
func (p places) find(key string) place {
	for {
		if at, ok := p[key]; ok {
			return at
		}
		cut := strings.LastIndexAny(key, ".[")
		if cut < 0 {
			return p[""]
		}
		key = key[:cut]
	}
}

// Problem makes a Problem of a key, such as outputs[0].filter.where, for what
// only the caller can judge. The place is that of the value, or of the section
// around it where the key was left to its default.
func (c *Config) Problem(key, format string, args ...any) Problem {
	at := c.places.find(key)
	return Problem{File: c.file, Line: at.line, Column: at.column, Key: key, Text: fmt.Sprintf(format, args...)}
}

// Given reports whether the file has the key, be it with the default's value.
func (c *Config) Given(key string) bool {
	_, ok := c.places[key]
	return ok
}
