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

// differences reads the rows of docs/encore-differences.md: by number, then by column.
func differences(t *testing.T) map[string]map[string]string {
	t.Helper()
	rows := map[string]map[string]string{}
	for n, line := range strings.Split(differencesPage(t), "\n") {
		if !strings.HasPrefix(line, "| D-") && !strings.HasPrefix(line, "| id") {
			continue
		}
		cells := strings.Split(strings.Trim(line, "|"), "|")
		if len(cells) != len(columns) {
			t.Errorf("line %d has %d columns, want %d: %s", n+1, len(cells), len(columns), line)
			continue
		}
		row := map[string]string{}
		for i, c := range cells {
			row[columns[i]] = strings.TrimSpace(c)
		}
		id := row["id"]
		if id == "id" {
			for column, title := range row {
				if column != title {
					t.Errorf("line %d: column %s is called %s", n+1, column, title)
				}
			}
			continue
		}
		if rows[id] != nil {
			t.Errorf("line %d: %s has a second row", n+1, id)
		}
		rows[id] = row
	}
	return rows
}

func differencesPage(t *testing.T) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(root, "docs", "encore-differences.md"))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// TestEncoreDifferences: each of the 35 known differences has one row that says
// what eNcore and each profile do.
func TestEncoreDifferences(t *testing.T) {
	rows := differences(t)
	for id, row := range rows {
		for column, c := range row {
			if c == "" || c == "-" {
				t.Errorf("%s: column %s is %q", id, column, c)
			}
		}
	}
	for i := 1; i <= 35; i++ {
		id := fmt.Sprintf("D-%02d", i)
		if rows[id] == nil {
			t.Errorf("%s has no row", id)
		}
		delete(rows, id)
	}
	for id := range rows {
		t.Errorf("row %s is none of D-01 to D-35", id)
	}
	page := differencesPage(t)
	for _, name := range catalog.Names() {
		if !regexp.MustCompile(`\b` + name + `\b`).MatchString(page) {
			t.Errorf("the page does not speak of format %s", name)
		}
	}
}
