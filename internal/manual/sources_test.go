package manual

import (
	"os"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"
)

// TestEveryKey reads the reference a second time, as YAML, and looks for each key on the page. Below a
// section in which names are the reader's own, the page calls them NAME.
func TestEveryKey(t *testing.T) {
	reference, err := os.ReadFile("../../config/estream.yaml")
	if err != nil {
		t.Fatal(err)
	}
	page, err := release.Configuration(reference)
	if err != nil {
		t.Fatal(err)
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(reference, &doc); err != nil {
		t.Fatal(err)
	}
	own := map[string]bool{"outputs[].http.headers": true, "outputs[].http.secret_headers": true, "alarms.quiet.devices": true, "alarms.quiet.categories": true}
	// Sections that say nothing beyond their name, but their keys are there.
	silent := map[string]bool{"log": true, "monitoring": true}
	found := 0
	var walk func(path string, n *yaml.Node)
	walk = func(path string, n *yaml.Node) {
		switch n.Kind {
		case yaml.SequenceNode:
			for _, item := range n.Content {
				if item.Kind == yaml.MappingNode {
					walk(path+"[]", item)
				}
			}
		case yaml.MappingNode:
			for i := 0; i < len(n.Content); i += 2 {
				name := n.Content[i].Value
				if own[path] {
					name = "NAME"
				}
				below := strings.TrimPrefix(path+"."+name, ".")
				if !silent[below] && !strings.Contains(string(page.Text), ".It Ic "+macroArg(below)+"\n") {
					t.Errorf("the page does not speak of %s", below)
				}
				found++
				walk(below, n.Content[i+1])
			}
		}
	}
	walk("", doc.Content[0])
	if found < 100 {
		t.Errorf("only %d keys were looked for", found)
	}
}

func TestNoReference(t *testing.T) {
	for text, want := range map[string]string{
		"":                                      "a head of 0 bytes and 0 keys",
		"# head\n\n# comment\nkey: 1\n- item\n": `line 5 of the reference is neither a comment nor a key: "- item"`,
		"# comment\nkey: 1\n":                   "a head of 0 bytes",
		"# head\n\nkey: 1\n":                    "and 0 keys",
	} {
		if _, err := release.Configuration([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v does not say %q", text, err, want)
		}
	}
}

// TestMarkdown: nothing that a rule is missing for gets onto the page unnoticed.
func TestMarkdown(t *testing.T) {
	page, err := release.Filters([]byte("# T\n\n`a-b` is **so**.\n\n## Part\n\n| x | is |\n|---|---|\n| `x` | one | two |\n\nAfter.\n\n    code\n\n    more\n"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"\n" + `\fBa\-b\fR is \fBso\fR.` + "\n",
		"\n.Sh PART\n.Bl -tag -width Ds\n" + `.It \fBx\fR` + "\none.\ntwo.\n.El\n.Pp\nAfter.\n",
		"\n.Bd -literal -offset indent\ncode\n\nmore\n.Ed\n",
	} {
		if !strings.Contains(string(page.Text), want) {
			t.Errorf("the page lacks %q:\n%s", want, page.Text)
		}
	}
	for text, want := range map[string]string{
		"Filters\n":                     `begins with "Filters"`,
		"# T\n\n## A\ntext\n":           "expected a blank line",
		"# T\n\n- item\n":               "no rule is there for",
		"# T\n\n### Deep\n":             "no rule is there for",
		"# T\n\n```\ncode\n```\n":       "no rule is there for",
		"# T\n\n| a | b |\n| c | d |\n": "a line of hyphens",
		"# T\n\n| a |\n|---|\n| c |\n":  "has 1 cells",
	} {
		if _, err := release.Filters([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v does not say %q", text, err, want)
		}
	}
}
