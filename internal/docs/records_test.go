package docs

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write docs/records.md")

const root = "../.."

// TestRecords holds docs/records.md against the layouts and formats.
func TestRecords(t *testing.T) {
	want, err := Records(root)
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(root, "docs", "records.md")
	if *update {
		if err := os.WriteFile(name, want, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	got, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("docs/records.md is stale: %s; run: go generate ./internal/docs", difference(got, want))
	}
}

// difference shows the first line that differs.
func difference(got, want []byte) string {
	g, w := strings.Split(string(got), "\n"), strings.Split(string(want), "\n")
	for i := range w {
		if i >= len(g) || g[i] != w[i] {
			have := "nothing"
			if i < len(g) {
				have = fmt.Sprintf("%q", g[i])
			}
			return fmt.Sprintf("line %d is %s, should be %q", i+1, have, w[i])
		}
	}
	return fmt.Sprintf("it has %d lines, should have %d", len(g), len(w))
}

// TestLinks: every link within the page has its target, and every target is
// there once.
func TestLinks(t *testing.T) {
	page, err := Records(root)
	if err != nil {
		t.Fatal(err)
	}
	targets := map[string]int{}
	for _, m := range regexp.MustCompile(`<a id="([^"]+)">`).FindAllSubmatch(page, -1) {
		targets[string(m[1])]++
	}
	for _, m := range regexp.MustCompile(`(?m)^## (.+)$`).FindAllSubmatch(page, -1) {
		if id := strings.ToLower(strings.ReplaceAll(string(m[1]), " ", "-")); targets[id] == 0 {
			targets[id]++ // the headings that Markdown gives a target itself
		}
	}
	for id, n := range targets {
		if n != 1 {
			t.Errorf("target %s appears %d times", id, n)
		}
	}
	links := regexp.MustCompile(`\]\(#([^)]+)\)`).FindAllSubmatch(page, -1)
	if len(links) < 1000 {
		t.Errorf("only %d links", len(links))
	}
	for _, m := range links {
		if targets[string(m[1])] == 0 {
			t.Errorf("link to #%s, which is nowhere", m[1])
		}
	}
	for _, foreign := range []string{"NOTES", "see enums", "/work/"} {
		if i := bytes.Index(page, []byte(foreign)); i >= 0 {
			t.Errorf("%q is on the page: ...%s...", foreign, page[max(0, i-80):i+40])
		}
	}
}

// TestComplete: every record, block and value table has its section, and the
// tables of the outputs' texts agree with ours.
func TestComplete(t *testing.T) {
	page, err := Records(root)
	if err != nil {
		t.Fatal(err)
	}
	s, err := load(root)
	if err != nil {
		t.Fatal(err)
	}
	section := func(id string) {
		if !bytes.Contains(page, []byte(`<a id="`+id+`"></a>`)) {
			t.Errorf("no section %s", id)
		}
	}
	for _, d := range s.records {
		section(fmt.Sprintf("r%d", d.Type))
	}
	for _, d := range s.blocks {
		section(fmt.Sprintf("b%d-%d", d.Series, d.Type))
	}
	for _, v := range s.tables {
		section("v-" + v.Name)
		if v.Output == "" {
			continue
		}
		texts := s.texts[v.Output]
		if len(texts) == 0 {
			t.Errorf("table %s: meta/data/values.json has no table %s", v.Name, v.Output)
		}
		if len(texts) > len(v.Values) {
			continue // ours names the common ones only
		}
		ours := map[string]bool{}
		for _, x := range v.Values {
			ours[fmt.Sprint(uint32(x.Value))] = true
		}
		for n := range texts {
			if !ours[n] {
				t.Errorf("table %s lacks %s, which %s of meta/data/values.json has", v.Name, n, v.Output)
			}
		}
	}
}
