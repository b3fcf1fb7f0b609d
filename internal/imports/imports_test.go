// Package imports holds no code, only the test that keeps the packages' import lists as the architecture
// wants them: arrows point one way, the core needs nothing but the standard library, and every module from
// outside has one owner and a reason to be here.
package imports

import (
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "estream"

// confined lists the packages that may import only what is named here, beside the standard library. A rule
// for a package that does not exist yet holds nothing back and waits for it.
var confined = []struct {
	pkg     string
	allowed []string // patterns, relative to the module
	why     string
}{
	{"wire", nil, "the wire format is usable, and can be read, on its own"},
	{"internal/durable", nil, "everything that has to survive a crash rests on it"},
	{"journal", []string{"internal/durable"}, "a journal stores batches of bytes and knows neither the protocol nor formats"},
	{"filter", []string{"wire", "meta", "format/text"}, "formats use filters, so filters know none of them"},
	{"hosts", []string{"wire", "internal/durable"}, "the network map learns from wire records and knows nobody who asks for it"},
	{"transcript", []string{"wire"}, "recordings are made and read at either end, by those who know no server and no client"},
	{"server/access", []string{"wire"}, "rights are plain values that administration and server share"},
	{"source/unified2", []string{"..."}, "a sensor's files need no library: the format is ours to read"},
	{"cmd/estream", []string{"internal/cli"}, "main is a screenful; tests call the command line directly"},
}

// owners names, for each module from outside, the packages that may import it and what it is there for.
// A module that is missing here may be imported by nobody: add it with its reason here and one line in
// ARCHITECTURE.md. Test files are free, but a module that only they need is not for the product.
var owners = []struct {
	path string
	pkgs []string // patterns, relative to the module
	why  string
}{
	{"go.yaml.in/yaml/v4", []string{"layouts", "config"}, "layouts and configuration are YAML; the core gets them as plain values"},
	{"github.com/spf13/cobra", []string{"internal/cli"}, "sub-commands, their help and shell completion"},
	{"github.com/spf13/pflag", []string{"internal/cli"}, "comes with cobra, whose flags it parses"},
	{"gopkg.in/natefinch/lumberjack.v2", []string{"internal/cli"}, "the log file of the service rotates by size"},
	{"github.com/prometheus/client_golang", []string{"monitor"}, "metrics in the forms that Prometheus reads"},
	{"github.com/gosnmp/gosnmp", []string{"request/snmp/..."}, "SNMP v2c and v3 traps"},
	{"golang.org/x/crypto", []string{"capture"}, "ChaCha20-Poly1305, which captures of TLS may need"},
	{"software.sslmate.com/src/go-pkcs12", []string{"pki", "estreamtest"}, "PKCS#12 files; the test server makes its own, so that it can put pki to the test"},
}

// forbidden lists arrows within the module that would point the wrong way. Import cycles are Go's to refuse;
// these would compile.
var forbidden = []struct {
	from, to []string // patterns, relative to the module
	why      string
}{
	{
		[]string{"wire", "layouts", "meta/...", "format/...", "journal", "session", "pki", "source/...", "output/...", "request/...", "capture"},
		[]string{"server/...", "collect/...", "service/...", "web/...", "internal/cli/...", "cmd/..."},
		"the parts do not know who puts them together",
	},
	{
		[]string{"server/...", "collect/...", "service/...", "web/..."},
		[]string{"internal/cli/...", "cmd/..."},
		"the command line is one way to start the program, tests are another",
	},
	{
		[]string{"source/..."},
		[]string{"output/...", "format/...", "collect/..."},
		"sources and outputs meet in the journal and nowhere else",
	},
	{
		[]string{"output/..."},
		[]string{"source/...", "session", "server/..."},
		"sources and outputs meet in the journal and nowhere else",
	},
	{
		[]string{"session", "wire", "layouts", "journal"},
		[]string{"format/...", "meta/..."},
		"the protocol and the journal work without knowing any output format",
	},
	{
		[]string{"..."},
		[]string{"estreamtest/..."},
		"the test server is for tests, ours and our users'",
	},
}

// matches reports whether pkg, relative to the module, is covered by one of the patterns: a package, or with
// "/..." the packages below as well; "..." is every package.
func matches(pkg string, patterns []string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool {
		if p == "..." {
			return true
		}
		root, below := strings.CutSuffix(p, "/...")
		return pkg == root || below && strings.HasPrefix(pkg, root+"/")
	})
}

// complaint says what is wrong with pkg importing imp, or "" when nothing is. Pkg is relative to the module,
// imp is as written in the file.
func complaint(pkg, imp string) string {
	local, isLocal := strings.CutPrefix(imp, module+"/")
	first, _, _ := strings.Cut(imp, "/")
	switch {
	case imp == "C":
		return "cgo: the product is one static binary in pure Go"
	case !isLocal && !strings.Contains(first, "."):
		return "" // the standard library
	}
	for _, c := range confined {
		if pkg == c.pkg && !(isLocal && matches(local, c.allowed)) {
			allowed := strings.Join(append([]string{"the standard library"}, c.allowed...), ", ")
			return fmt.Sprintf("%s may import only %s: %s", c.pkg, allowed, c.why)
		}
	}
	if isLocal {
		for _, f := range forbidden {
			if matches(pkg, f.from) && !matches(pkg, f.to) && matches(local, f.to) {
				return f.why
			}
		}
		return ""
	}
	for _, o := range owners {
		if imp == o.path || strings.HasPrefix(imp, o.path+"/") {
			if matches(pkg, o.pkgs) {
				return ""
			}
			return fmt.Sprintf("only %v may import this (%s)", o.pkgs, o.why)
		}
	}
	return "a module from outside that has no owner: add it to the table in this test, with its reason"
}

// TestImports reads the import lists of all files that are not tests. The files are parsed rather than asked
// of the go command, so that those for other platforms are held to the same rules.
func TestImports(t *testing.T) {
	root := filepath.Join("..", "..")
	if _, err := os.Stat(filepath.Join(root, "go.mod")); err != nil {
		t.Fatalf("this test belongs two levels below the module's root: %v", err)
	}
	seen := 0
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			return enter(root, name, d)
		}
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		seen++
		rel, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		return checkFile(t, name, filepath.ToSlash(rel))
	})
	if err != nil {
		t.Fatal(err)
	}
	if seen == 0 {
		t.Error("no Go file found: nothing was checked")
	}
}

// enter skips the directories that hold none of the module's packages, as the go command does.
func enter(root, name string, d fs.DirEntry) error {
	if name == root {
		return nil
	}
	if d.Name() == "testdata" || strings.HasPrefix(d.Name(), ".") || strings.HasPrefix(d.Name(), "_") {
		return filepath.SkipDir
	}
	if _, err := os.Stat(filepath.Join(name, "go.mod")); err == nil {
		return filepath.SkipDir // a module of its own
	}
	return nil
}

func checkFile(t *testing.T, name, rel string) error {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
	if err != nil {
		return err
	}
	for _, spec := range file.Imports {
		imp, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return fmt.Errorf("%s: import %s: %w", rel, spec.Path.Value, err)
		}
		if why := complaint(path.Dir(rel), imp); why != "" {
			t.Errorf("%s imports %s: %s", rel, imp, why)
		}
	}
	return nil
}

// TestComplaint shows that the rules can be broken.
func TestComplaint(t *testing.T) {
	tests := []struct {
		pkg, imp string
		want     string // part of the complaint, "" for none
	}{
		{"wire", "encoding/binary", ""},
		{"wire", "estream/layouts", "wire may import only the standard library:"},
		{"wire", "go.yaml.in/yaml/v4", "wire may import only the standard library:"},
		{"journal", "estream/internal/durable", ""},
		{"journal", "estream/wire", "journal may import only the standard library, internal/durable:"},
		{"internal/durable", "estream/journal", "internal/durable may import"},
		{"source/unified2", "estream/wire", ""},
		{"source/unified2", "estream/output/file", "meet in the journal"},
		{"source/unified2", "github.com/klauspost/compress/gzip", "source/unified2 may import"},
		{"layouts", "go.yaml.in/yaml/v4", ""},
		{"session", "go.yaml.in/yaml/v4", "only [layouts"},
		{"internal/cli", "github.com/spf13/cobra", ""},
		{"internal/cli", "github.com/spf13/cobra/doc", ""},
		{"server", "github.com/spf13/cobra", "only [internal/cli]"},
		{"server", "software.sslmate.com/src/go-pkcs12", "only [pki estreamtest]"},
		{"monitor", "github.com/prometheus/client_golang/prometheus", ""},
		{"service", "github.com/prometheus/client_golang/prometheus", "only [monitor]"},
		{"server", "github.com/nobody/knows", "no owner"},
		{"server", "estream/internal/cli", "one way to start"},
		{"format/json", "estream/collect", "who puts them together"},
		{"session", "estream/format/text", "without knowing any output format"},
		{"server", "estream/estreamtest", "for tests"},
		{"estreamtest/script", "estream/estreamtest", ""},
		{"wire", "C", "pure Go"},
		{"transcript", "estream/wire", ""},
		{"transcript", "estream/session", "transcript may import only"},
		{"cmd/estream", "estream/internal/cli", ""},
		{"cmd/estream", "estream/wire", "cmd/estream may import"},
	}
	for _, tt := range tests {
		got := complaint(tt.pkg, tt.imp)
		if got == "" != (tt.want == "") || !strings.Contains(got, tt.want) {
			t.Errorf("%s imports %s: got complaint %q, want one with %q", tt.pkg, tt.imp, got, tt.want)
		}
	}
}
