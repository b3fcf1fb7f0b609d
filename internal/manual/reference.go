package manual

import (
	"fmt"
	"regexp"
	"strings"
)

// A key is one key of the reference configuration with the comment above it.
type key struct {
	path    string // outputs[].to
	comment string
}

// keyLine matches the lines of the reference that begin a key: indentation, a hyphen for the first key of
// a list's element, name, value.
var keyLine = regexp.MustCompile(`^( *)(- )?([A-Za-z0-9_.-]+):( .*)?$`)

// ownNames is how the reference says that the keys below a section are not ours but the reader's.
const ownNames = "names of your choice"

// keys takes the reference apart: the comment at its head, and each key where it is explained. Keys that
// are only used once more, in a second example, have no comment there and are left out.
func keys(file string) (head string, found []key, err error) {
	type level struct {
		indent  int
		path    string
		comment string
	}
	var (
		stack   []level
		comment []string
		seen    = make(map[string]bool)
	)
	for n, line := range strings.Split(file, "\n") {
		text := strings.TrimSpace(line)
		switch {
		case text == "":
			if head == "" {
				head = strings.Join(comment, "\n")
			}
			comment = nil
			continue
		case text[0] == '#':
			comment = append(comment, strings.TrimPrefix(text[1:], " "))
			continue
		}
		m := keyLine.FindStringSubmatch(line)
		if m == nil {
			return "", nil, fmt.Errorf("line %d of the reference is neither a comment nor a key: %q", n+1, text)
		}
		indent := len(m[1]) + len(m[2])
		for len(stack) > 0 && stack[len(stack)-1].indent >= indent {
			stack = stack[:len(stack)-1]
		}
		path, name := "", m[3]
		if len(stack) > 0 {
			above := stack[len(stack)-1]
			if strings.Contains(above.comment, ownNames) {
				name = "NAME"
			}
			path = above.path
			if m[2] != "" && !strings.HasSuffix(path, "[]") {
				path += "[]"
				stack[len(stack)-1].path = path // the keys that follow are an element's, too
			}
			path += "."
		}
		path += name
		k := key{path, strings.Join(comment, "\n")}
		comment = nil
		stack = append(stack, level{indent, path, k.comment})
		if k.comment != "" && !seen[path] {
			seen[path] = true
			found = append(found, k)
		}
	}
	if head == "" || len(found) == 0 {
		return "", nil, fmt.Errorf("the reference has a head of %d bytes and %d keys; expected both", len(head), len(found))
	}
	return head, found, nil
}

// Configuration returns estream.yaml(5), made from the reference configuration.
func (r Release) Configuration(yaml []byte) (Page, error) {
	head, all, err := keys(string(yaml))
	if err != nil {
		return Page{}, err
	}
	w := r.begin("estream.yaml", 5, "configuration of the collector")
	w.section("DESCRIPTION")
	w.prose(head, escape)
	w.section("KEYS")
	w.fill(escape("Names are those of the sections around a key, with a dot between them; [] stands for each element of a list."))
	part := ""
	for _, k := range all {
		if here := heading(k.path); here != part {
			if part != "" {
				w.line(".El")
			}
			part = here
			w.subsection(part)
			w.line(".Bl -tag -width Ds")
		}
		w.line(".It Ic", macroArg(k.path))
		w.prose(k.comment, escape)
	}
	w.line(".El")
	w.section("FILES")
	w.line(".Bl -tag -width Ds")
	for _, f := range [][2]string{
		{"/etc/estream/estream.yaml", "The configuration of the service."},
		{"/usr/share/doc/estream/examples/estream.yaml", "The reference: every key with an example value, explained as above."},
	} {
		w.line(".It Pa", macroArg(f[0]))
		w.fill(escape(f[1]))
	}
	w.line(".El")
	w.seeAlso([]reference{{"estream", 1}, {"estream-filters", 7}})
	return w.page("estream.yaml", 5), nil
}

// heading names the part of the page in which the key at path stands.
func heading(path string) string {
	top, _, _ := strings.Cut(path, ".")
	switch top = strings.TrimSuffix(top, "[]"); top {
	case "version", "state", "layouts":
		return "Of the whole"
	}
	return top
}
