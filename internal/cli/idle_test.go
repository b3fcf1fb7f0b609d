package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"

	"estream/internal/recordtest"
	"estream/layouts"
)

// idleChild tells a child of TestHelpIsIdle that it is one: its value is a file
// with a message to decode.
const idleChild = "ESTREAM_TEST_IDLE_CHILD"

// TestHelpIsIdle: what only explains itself reads no layouts and no rules of the
// computed view, neither in a command nor in the initialisation of a package. A
// child process that has run nothing else looks at its own memory profile, which
// with a rate of 1 has the stack of every allocation since the process began.
func TestHelpIsIdle(t *testing.T) {
	if file := os.Getenv(idleChild); file != "" {
		idle(t, file)
		return
	}
	file := filepath.Join(t.TempDir(), "device.bin")
	message := recordtest.Message(t, layouts.Default(), 123, 0, recordtest.Fields{"id": 3, "name": "edge"})
	if err := os.WriteFile(file, message, 0o600); err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self, "-test.run=^TestHelpIsIdle$", "-test.v")
	cmd.Env = append(os.Environ(), "GODEBUG=memprofilerate=1", idleChild+"="+file)
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "--- PASS: TestHelpIsIdle") {
		t.Errorf("%v\n%s", err, out)
	}
}

// idle is the child's part.
func idle(t *testing.T, file string) {
	if err := readers(); err != nil {
		t.Fatalf("before any command: %v", err)
	}
	run := func(args ...string) int {
		return Main(t.Context(), args, strings.NewReader(""), io.Discard, io.Discard)
	}
	quiet := [][]string{{}, {"--version"}, {"version"}, {"nonsense"}, {"decode", "--nonsense"}, {"completion", "bash"}, {"__complete", "decode", "--f"}}
	for _, c := range commands((&env{}).root()) {
		path := strings.Fields(c.CommandPath())[1:]
		quiet = append(quiet, append(slices.Clone(path), "--help"), append([]string{"help"}, path...))
	}
	// One look for many commands: a profile of so many allocations takes a while to read.
	for group := range slices.Chunk(quiet, 64) {
		for _, args := range group {
			run(args...)
		}
		if err := readers(); err != nil {
			t.Fatalf("one of estream %q: %v", group, err)
		}
	}
	// The method must be able to see what it looks for.
	if status := run("decode", file); status != exitOK {
		t.Fatalf("decode ends with status %d", status)
	}
	err := readers()
	for _, pkg := range []string{"estream/layouts", "estream/meta"} {
		if err == nil || !strings.Contains(err.Error(), pkg) {
			t.Errorf("decode of a record shows %v, want a function of %s", err, pkg)
		}
	}
}

// ownInit are functions that every program runs which imports the packages.
var ownInit = regexp.MustCompile(`\.init(\.\d+)?$`)

// readers names the functions of layouts and meta that have allocated memory.
func readers() error {
	runtime.GC()
	runtime.GC() // a profile may be two cycles old
	var records []runtime.MemProfileRecord
	for n, ok := runtime.MemProfile(nil, true); !ok; {
		records = make([]runtime.MemProfileRecord, n+100)
		n, ok = runtime.MemProfile(records, true)
		records = records[:min(n, len(records))]
	}
	var found []error
	seen := map[string]bool{}
	for _, r := range records {
		frames := runtime.CallersFrames(r.Stack())
		for more := true; more; {
			var f runtime.Frame
			f, more = frames.Next()
			pkg := strings.HasPrefix(f.Function, "estream/layouts.") || strings.HasPrefix(f.Function, "estream/meta.")
			if pkg && !ownInit.MatchString(f.Function) && !seen[f.Function] {
				seen[f.Function] = true
				found = append(found, fmt.Errorf("%s has run", f.Function))
			}
		}
	}
	return errors.Join(found...)
}
