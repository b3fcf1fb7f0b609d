package manual

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

var release = Release{Date: time.Date(2026, 11, 5, 23, 0, 0, 0, time.UTC)}

// sample has all that a command can have, with text that roff would take for its own.
var sample = Command{
	Path: "estream", Short: "do what is asked", Args: "",
	Long: `estream starts. "Quoted" and 'single' text, a back\slash, ~/file^2.
.Sh stays in its line, as does é. No? Yes!

  .TH is literal here
    deeper - than the first

Then text again.`,
	Example: "  estream sub 'a b' --flag=\"x\\n\"\n  .hidden",
	Flags:   []Flag{{Name: "config", Short: "c", Arg: "FILE", Usage: "read FILE", Default: ".x"}, {Name: "help", Usage: "help."}},
	Commands: []Command{{
		Path: "estream sub", Args: "HOST[:PORT] [N...] [FILE|-] [-c FILE] --data DIR", Short: "a part", Long: "sub is a part.", Example: "  estream sub",
		Flags:  []Flag{{Name: "where", Arg: "EXPRESSION", Usage: "such as 'a == \"b\"'"}},
		Global: []Flag{{Name: "quiet", Short: "q", Usage: "say nothing"}},
	}},
}

func pages(t *testing.T) []Page {
	t.Helper()
	reference, err := os.ReadFile("../../config/estream.yaml")
	if err != nil {
		t.Fatal(err)
	}
	configuration, err := release.Configuration(reference)
	if err != nil {
		t.Fatal(err)
	}
	markdown, err := os.ReadFile("../../docs/filters.md")
	if err != nil {
		t.Fatal(err)
	}
	filters, err := release.Filters(markdown)
	if err != nil {
		t.Fatal(err)
	}
	return append(release.Pages(sample, "0\tfine\n1\tnot\n"), configuration, filters)
}

// rendered is a page as a terminal shows it, without bold and underlined characters.
func rendered(t *testing.T, p Page) string {
	t.Helper()
	cmd := exec.Command("mandoc", "-T", "utf8", "-O", "width=200")
	cmd.Stdin = bytes.NewReader(p.Text)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("mandoc (Debian package mandoc): %v", err)
	}
	var plain []rune
	for _, c := range string(out) {
		if c == '\b' {
			plain = plain[:len(plain)-1]
		} else {
			plain = append(plain, c)
		}
	}
	return string(plain)
}

// TestLint: mandoc finds nothing to say about any page, down to style. It looks for other pages in the system's
// directories; those that are made here do exist.
func TestLint(t *testing.T) {
	dir := t.TempDir()
	args := []string{"-T", "lint"}
	ours := "estream-collect 1, estream-decode 1"
	for _, p := range pages(t) {
		name := filepath.Join(dir, fmt.Sprintf("%s.%d", p.Name, p.Section))
		if err := os.WriteFile(name, p.Text, 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(args, name)
		ours += fmt.Sprintf(", %s %d", p.Name, p.Section)
	}
	out, err := exec.Command("mandoc", args...).CombinedOutput()
	if errors.Is(err, exec.ErrNotFound) {
		t.Fatalf("%v (Debian package mandoc)", err)
	}
	for line := range strings.Lines(string(out)) {
		_, page, missing := strings.Cut(strings.TrimSpace(line), "referenced manual not found: Xr ")
		page, _, _ = strings.Cut(page, " (")
		if !missing || !slices.Contains(strings.Split(ours, ", "), page) {
			t.Error(line)
		}
	}
}

func TestCommandPage(t *testing.T) {
	all := release.Pages(sample, "0\tfine\n1\tnot\n")
	if len(all) != 2 || all[0].Name != "estream" || all[1].Name != "estream-sub" {
		t.Fatalf("%d pages, the first is %s", len(all), all[0].Name)
	}
	for i, wants := range [][]string{
		{
			"ESTREAM(1)", "November 5, 2026",
			"estream – do what is asked", "estream COMMAND [option ...]", `'single' text, a back\slash, ~/file^2.`, ".Sh stays in its line, as does é.",
			"\n           .TH is literal here\n             deeper - than the first\n", "estream-sub(1)\n", "A part.", "-c, --config FILE\n", "Read FILE.  Default: .x.",
			"0       Fine.", "           estream sub 'a b' --flag=\"x\\n\"\n", "           .hidden\n", "estream-sub(1), estream.yaml(5), estream-filters(7)",
		},
		{
			"ESTREAM-SUB(1)", "estream sub HOST[:PORT] [N...] [FILE|-] [-c FILE] --data DIR [option ...]", "--where EXPRESSION\n", `Such as 'a == "b"'.`,
			"Options of all commands", "-q, --quiet\n", "estream(1), estream-filters(7)",
		},
	} {
		text := rendered(t, all[i])
		for _, want := range wants {
			if !strings.Contains(text, want) {
				t.Errorf("%s lacks %q", all[i].Name, want)
			}
		}
		if t.Failed() {
			t.Log(text)
		}
	}
}
