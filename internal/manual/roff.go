package manual

import (
	"bytes"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// width is where lines of running text break. mandoc's lint wants 80 at most; the rest is for escapes.
const width = 72

// A writer collects the source of one page.
type writer struct{ bytes.Buffer }

// begin opens a page with the preamble and the section NAME.
func (r Release) begin(name string, section int, summary string) *writer {
	w := new(writer)
	w.line(".Dd", r.Date.UTC().Format("January 2, 2006"))
	w.line(".Dt", strings.ToUpper(name), fmt.Sprint(section))
	w.line(".Os")
	w.section("NAME")
	w.line(".Nm", macroArg(name))
	w.line(".Nd", escape(strings.TrimSuffix(summary, ".")))
	return w
}

func (w *writer) page(name string, section int) Page { return Page{name, section, w.Bytes()} }

// line writes a request; its arguments are escaped already.
func (w *writer) line(parts ...string) { w.WriteString(strings.Join(parts, " ") + "\n") }

func (w *writer) section(title string)    { w.line(".Sh", escape(strings.ToUpper(title))) }
func (w *writer) subsection(title string) { w.line(".Ss", escape(title)) }

// Characters that roff takes for its own, or shows as typographic ones where a shell needs the plain one.
var special = map[rune]string{'\\': `\e`, '\'': `\(aq`, '`': `\(ga`, '^': `\(ha`, '~': `\(ti`}

// escape makes s stand for itself in a line of text.
func escape(s string) string {
	var b strings.Builder
	for _, c := range s {
		switch with, found := special[c]; {
		case found:
			b.WriteString(with)
		case c >= utf8.RuneSelf:
			fmt.Fprintf(&b, `\[u%04X]`, c)
		default:
			b.WriteRune(c)
		}
	}
	return b.String()
}

// code is escape for what can be copied into a shell or a file: hyphens stay minus signs.
func code(s string) string { return strings.ReplaceAll(escape(s), "-", `\-`) }

// macroArg makes s one argument of a macro that stands for itself, although it looks like a macro or
// like punctuation.
func macroArg(s string) string {
	end := ""
	if strings.ContainsAny(s[max(len(s)-1, 0):], ".,:;()[]?!|") {
		end = `\&`
	}
	return `"\&` + strings.ReplaceAll(code(s), `"`, `\(dq`) + end + `"`
}

// sentence makes a sentence of the words with which a line of the help describes something.
func sentence(s string) string {
	first, size := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(first)) + strings.TrimSuffix(s[size:], ".") + "."
}

// guard keeps a line from being read as a request.
func guard(line string) string {
	if strings.HasPrefix(line, ".") {
		return `\&` + line
	}
	return line
}

// fill writes running text that is escaped already: lines of a readable length, and a new one for each
// sentence, which is how roff knows where a sentence ends.
func (w *writer) fill(text string) {
	line := ""
	flush := func() {
		if line != "" {
			w.line(guard(line))
		}
		line = ""
	}
	for word := range strings.FieldsSeq(text) {
		if line != "" && len(line)+1+len(word) > width {
			flush()
		}
		if line != "" {
			line += " "
		}
		line += word
		if strings.HasSuffix(word, "...") {
			line += `\&` // and so on, in the middle of a sentence
			continue
		}
		if end := strings.TrimRight(word, `)]"`); strings.HasSuffix(end, ".") || strings.HasSuffix(end, "!") || strings.HasSuffix(end, "?") {
			flush()
		}
	}
	flush()
}

// literal writes lines as they are, without the indentation that all of them share.
func (w *writer) literal(lines []string) {
	indent := -1
	for _, l := range lines {
		if own := len(l) - len(strings.TrimLeft(l, " ")); strings.TrimSpace(l) != "" && (indent < 0 || own < indent) {
			indent = own
		}
	}
	w.line(".Bd -literal -offset indent")
	for _, l := range lines {
		w.line(guard(code(strings.TrimRight(l[min(max(indent, 0), len(l)):], " "))))
	}
	w.line(".Ed")
}

// prose writes text of the kind that help texts and comments are made of: paragraphs with a blank line
// between them, and indented lines, which stay as they are. Spell escapes the running text.
func (w *writer) prose(text string, spell func(string) string) {
	var running, indented []string
	paragraphs := 0
	flush := func() {
		if len(running) > 0 {
			if paragraphs > 0 {
				w.line(".Pp")
			}
			w.fill(spell(strings.Join(running, " ")))
			paragraphs++
		}
		for len(indented) > 0 && strings.TrimSpace(indented[len(indented)-1]) == "" {
			indented = indented[:len(indented)-1]
		}
		if len(indented) > 0 {
			w.literal(indented)
			paragraphs++
		}
		running, indented = nil, nil
	}
	for line := range strings.SplitSeq(text, "\n") {
		switch blank := strings.TrimSpace(line) == ""; {
		case blank && len(indented) > 0:
			indented = append(indented, "") // perhaps the block goes on below
		case blank:
			flush()
		case line[0] == ' ':
			if len(running) > 0 {
				flush()
			}
			indented = append(indented, line)
		default:
			if len(indented) > 0 {
				flush()
			}
			running = append(running, line)
		}
	}
	flush()
}

// A reference names another page.
type reference struct {
	name    string
	section int
}

// seeAlso writes the section with the references, in the order mandoc asks for: by section, then name.
func (w *writer) seeAlso(refs []reference) {
	w.section("SEE ALSO")
	for i, r := range refs {
		end := ""
		if i < len(refs)-1 {
			end = " ,"
		}
		w.line(".Xr", r.name, fmt.Sprint(r.section)+end)
	}
}
