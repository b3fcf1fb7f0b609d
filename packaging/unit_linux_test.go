package packaging

import (
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestUnits: systemd finds no mistake in the units, and little that they would allow without need.
func TestUnits(t *testing.T) {
	_, _, root := packages(t)
	for unit, expected := range map[string][]string{
		"estream.service":        {"run -c /etc/estream/estream.yaml", "reload -c /etc/estream/estream.yaml"},
		"estream-server.service": {"sfestreamer --nodaemon", "manage reload"},
	} {
		t.Run(unit, func(t *testing.T) { checkUnit(t, root, unit, expected) })
	}
}

// checkUnit looks at a unit that runs the given commands of the program.
func checkUnit(t *testing.T, root, name string, expected []string) {
	unit, err := os.ReadFile(filepath.Join(root, "usr/lib/systemd/system", name))
	if err != nil {
		t.Fatal(err)
	}
	// The program is looked for, and is not installed here. Credentials are an example until somebody needs them.
	text := strings.ReplaceAll(string(unit), "/usr/bin/estream", filepath.Join(root, "usr/bin/estream"))
	text = strings.ReplaceAll(text, "\n#LoadCredential=", "\nLoadCredential=")
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if out := run(t, "systemd-analyze", "verify", "--man=no", file); strings.Contains(out, "estream") {
		t.Error(out)
	}
	// Tenths, of 10.0 at most: 1.2 when this was written.
	if out, err := output(t, "systemd-analyze", "security", "--no-pager", "--offline=true", "--threshold=15", file); err != nil {
		t.Errorf("%v\n%s", err, out)
	}

	// The pages that the unit names are in the package, and the commands it runs are the program's.
	for _, m := range regexp.MustCompile(`man:([a-z.-]+)\((\d)\)`).FindAllStringSubmatch(string(unit), -1) {
		if _, err := os.Stat(filepath.Join(root, "usr/share/man/man"+m[2], m[1]+"."+m[2]+".gz")); err != nil {
			t.Error(err)
		}
	}
	var commands []string
	for _, m := range regexp.MustCompile(`(?m)^Exec\w+=/usr/bin/estream (.*)$`).FindAllStringSubmatch(string(unit), -1) {
		commands = append(commands, m[1])
		var names []string
		for _, word := range strings.Fields(m[1]) {
			switch {
			case strings.HasPrefix(word, "-"):
				if out := run(t, filepath.Join(root, "usr/bin/estream"), append(names, "--help")...); !strings.Contains(out, word) {
					t.Errorf("%s knows no %s:\n%s", strings.Join(names, " "), word, out)
				}
			case !strings.Contains(word, "/"):
				names = append(names, word)
			}
		}
		if out := run(t, filepath.Join(root, "usr/bin/estream"), append(names, "--help")...); !strings.Contains(out, "estream "+strings.Join(names, " ")+" ") {
			t.Errorf("%s:\n%s", m[1], out)
		}
	}
	if !slices.Equal(commands, expected) {
		t.Errorf("it runs %q, expected %q", commands, expected)
	}
}

// TestManualPages: mandoc finds nothing to say about the pages in the package, and those they name are there.
func TestManualPages(t *testing.T) {
	_, _, root := packages(t)
	compressed, err := filepath.Glob(filepath.Join(root, "usr/share/man/man*/*.gz"))
	if err != nil || len(compressed) < 20 {
		t.Fatalf("%d pages, %v", len(compressed), err)
	}
	dir := t.TempDir()
	args := []string{"-T", "lint"}
	there := make(map[string]bool)
	for _, name := range compressed {
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		r, err := gzip.NewReader(f)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		page := strings.TrimSuffix(filepath.Base(name), ".gz")
		there[page] = true
		if err := os.WriteFile(filepath.Join(dir, page), text, 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(args, filepath.Join(dir, page))
	}
	out, _ := output(t, "mandoc", args...) // its status tells of pages that are not installed as of mistakes
	elsewhere := regexp.MustCompile(`STYLE: referenced manual not found: Xr (\S+) (\d)`)
	for line := range strings.Lines(out) {
		if m := elsewhere.FindStringSubmatch(line); m == nil || !there[m[1]+"."+m[2]] {
			t.Errorf("mandoc says: %s", line)
		}
	}
}
