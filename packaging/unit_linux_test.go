package packaging

import (
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestUnit: systemd finds no mistake in the unit, and little that it would allow without need.
func TestUnit(t *testing.T) {
	_, _, root := packages(t)
	unit, err := os.ReadFile(filepath.Join(root, "usr/lib/systemd/system/estream.service"))
	if err != nil {
		t.Fatal(err)
	}
	// The program is looked for, and is not installed here. Credentials are an example until somebody needs them.
	text := strings.ReplaceAll(string(unit), "/usr/bin/estream", filepath.Join(root, "usr/bin/estream"))
	text = strings.ReplaceAll(text, "\n#LoadCredential=", "\nLoadCredential=")
	name := filepath.Join(t.TempDir(), "estream.service")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if out := run(t, "systemd-analyze", "verify", "--man=no", name); strings.Contains(out, "estream") {
		t.Error(out)
	}
	// Tenths, of 10.0 at most: 1.2 when this was written.
	if out, err := output(t, "systemd-analyze", "security", "--no-pager", "--offline=true", "--threshold=15", name); err != nil {
		t.Errorf("%v\n%s", err, out)
	}

	// The pages that the unit names are in the package, and the commands it runs are the program's.
	for _, m := range regexp.MustCompile(`man:([a-z.]+)\((\d)\)`).FindAllStringSubmatch(string(unit), -1) {
		if _, err := os.Stat(filepath.Join(root, "usr/share/man/man"+m[2], m[1]+"."+m[2]+".gz")); err != nil {
			t.Error(err)
		}
	}
	commands := regexp.MustCompile(`(?m)^Exec\w+=/usr/bin/estream (\w+) `).FindAllStringSubmatch(string(unit), -1)
	if len(commands) != 2 {
		t.Errorf("%d commands, expected run and reload", len(commands))
	}
	for _, m := range commands {
		if out := run(t, filepath.Join(root, "usr/bin/estream"), m[1], "--help"); !strings.Contains(out, "estream "+m[1]+" ") || !strings.Contains(out, "-c, --config") {
			t.Errorf("%s:\n%s", m[1], out)
		}
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
