package docs

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"estream/format/catalog"
)

// columns of the tables in docs/encore-differences.md.
var columns = []string{"id", "records, formats", "eNcore", "compat", "fixed", "strict", "others"}

// TestEncoreDifferences: each of the 35 known differences has one row that says
// what eNcore and each profile do.
func TestEncoreDifferences(t *testing.T) {
	data, err := os.ReadFile(filepath.Join(root, "docs", "encore-differences.md"))
	if err != nil {
		t.Fatal(err)
	}
	page := string(data)
	rows := map[string]int{}
	for n, line := range strings.Split(page, "\n") {
		if !strings.HasPrefix(line, "| D-") && !strings.HasPrefix(line, "| id") {
			continue
		}
		cells := strings.Split(strings.Trim(line, "|"), "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		if len(cells) != len(columns) {
			t.Errorf("line %d has %d columns, want %d: %s", n+1, len(cells), len(columns), line)
			continue
		}
		if cells[0] == "id" {
			if got := strings.Join(cells, "|"); got != strings.Join(columns, "|") {
				t.Errorf("line %d: columns are %s", n+1, got)
			}
			continue
		}
		rows[cells[0]]++
		for i, c := range cells {
			if c == "" || c == "-" {
				t.Errorf("%s: column %s is %q", cells[0], columns[i], c)
			}
		}
	}
	for i := 1; i <= 35; i++ {
		id := fmt.Sprintf("D-%02d", i)
		if rows[id] != 1 {
			t.Errorf("%s has %d rows, want 1", id, rows[id])
		}
		delete(rows, id)
	}
	for id := range rows {
		t.Errorf("row %s is none of D-01 to D-35", id)
	}
	for _, name := range catalog.Names() {
		if !regexp.MustCompile(`\b` + name + `\b`).MatchString(page) {
			t.Errorf("the page does not speak of format %s", name)
		}
	}
}
