package dissector

import (
	"fmt"
	"slices"
	"strings"
)

// quote writes a Lua string.
func quote(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, c := range []byte(s) {
		switch {
		case c == '"' || c == '\\':
			b.WriteByte('\\')
			b.WriteByte(c)
		case c < ' ' || c == 0x7f:
			fmt.Fprintf(&b, "\\%03d", c)
		default:
			b.WriteByte(c)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// keywords are the words that Lua, from 5.1 to 5.4, takes for no name.
var keywords = []string{
	"and", "break", "do", "else", "elseif", "end", "false", "for", "function", "goto", "if", "in", "local", "nil", "not", "or",
	"repeat", "return", "then", "true", "until", "while",
}

// key writes a key of a Lua table.
func key(name string) string {
	if slices.Contains(keywords, name) {
		return "[" + quote(name) + "]"
	}
	return name
}
