package manual

import (
	"fmt"
	"strings"
)

// Filters returns estream-filters(7), made from docs/filters.md. It knows what that page uses of Markdown:
// headings of two levels, paragraphs, indented code, tables, code and strong text within a line.
func (r Release) Filters(markdown []byte) (Page, error) {
	w := r.begin("estream-filters", 7, "expressions that choose records")
	title, body, _ := strings.Cut(string(markdown), "\n")
	if !strings.HasPrefix(title, "# ") {
		return Page{}, fmt.Errorf("the page on filters begins with %q; expected a heading, # and its title", title)
	}
	w.section("DESCRIPTION")
	// Blocks are what stands between blank lines; code may have some of its own.
	var text []string
	flush := func() {
		w.prose(strings.Join(text, "\n"), inline)
		text = nil
	}
	first := true // in its section
	for block := range strings.SplitSeq(strings.Trim(body, "\n"), "\n\n") {
		block = strings.Trim(block, "\n")
		switch {
		case block == "":
			continue
		case strings.HasPrefix(block, "## "):
			flush()
			heading, rest, _ := strings.Cut(block, "\n")
			if rest != "" {
				return Page{}, fmt.Errorf("%q: expected a blank line below the heading", heading)
			}
			if heading == "## Names" {
				heading = "## Names of fields" // NAMES alone looks like the section NAME, mistyped
			}
			w.section(heading[3:])
			first = true
			continue
		case block[0] == '|':
			flush()
			if err := w.table(block); err != nil {
				return Page{}, err
			}
			first = false
			continue
		case block[0] == '#' || block[0] == '-' || block[0] == '>' || strings.HasPrefix(block, "```"):
			return Page{}, fmt.Errorf("the page on filters has a block of a kind that no rule is there for: %.40q", block)
		}
		if len(text) == 0 && !first {
			w.line(".Pp")
		}
		text, first = append(text, block, ""), false
	}
	flush()
	w.seeAlso([]reference{{"estream", 1}, {"estream-collect", 1}, {"estream-decode", 1}, {"estream.yaml", 5}})
	return w.page("estream-filters", 7), nil
}

// table writes a table as a list: the first column is what the others speak of. The head of the table says
// so to readers of a grid only, and is left out.
func (w *writer) table(block string) error {
	rows := strings.Split(block, "\n")
	if len(rows) < 3 || !strings.HasPrefix(rows[1], "|---") {
		return fmt.Errorf("a table begins with %q; expected its head, a line of hyphens and its rows", rows[0])
	}
	w.line(".Bl -tag -width Ds")
	for _, row := range rows[2:] {
		cells := strings.Split(strings.Trim(row, "| "), " | ")
		if len(cells) < 2 {
			return fmt.Errorf("a row of a table has %d cells, expected 2 or more: %q", len(cells), row)
		}
		w.line(".It", inline(cells[0]))
		for _, cell := range cells[1:] {
			w.fill(inline(strings.TrimSpace(cell) + "."))
		}
	}
	w.line(".El")
	return nil
}

// inline escapes a line of Markdown: code and strong text become bold.
func inline(s string) string {
	var b strings.Builder
	for i, part := range strings.Split(s, "`") {
		if i%2 == 1 {
			b.WriteString(`\fB` + code(part) + `\fR`)
			continue
		}
		for j, strong := range strings.Split(part, "**") {
			if j%2 == 1 {
				strong = `\fB` + escape(strong) + `\fR`
			} else {
				strong = escape(strong)
			}
			b.WriteString(strong)
		}
	}
	return b.String()
}
