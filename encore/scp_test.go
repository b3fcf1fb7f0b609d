//go:build unix

package encore

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"estream/encore/conf"
	"estream/estreamtest"
)

// TestSCP: finished files are copied with the right arguments and deleted; the one
// that is being written stays; a copy that fails is tried again.
func TestSCP(t *testing.T) {
	center := estreamtest.Start(t)
	r := newRoom(t, center, "estreamer-3.5.4.conf", func(d *conf.Document) {
		d.Set("scp://user@[::1]:2222/:in/events{0}.json", "handler", "outputters", 0, "stream", "uri")
		d.Set(2, "handler", "outputters", 0, "stream", "options", "maxLogs")
		d.Set("id", "handler", "outputters", 0, "stream", "options", "scpKeyFilepath")
	})
	there := t.TempDir()
	program := filepath.Join(there, "scp")
	// Fails once, then copies to where it says what it was told.
	script := "#!/bin/sh\ncd " + there + "\necho \"$@\" >> args\ntest -e failed || { touch failed; echo 'no route' >&2; exit 1; }\nfor last; do from=$to; to=$last; done\ncp \"$from\" copy-$(basename \"$from\")\n"
	if err := os.WriteFile(program, []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	scpProgram = program
	t.Cleanup(func() { scpProgram = "scp" })
	r.write("events-mine.json", "not an event\n")
	center.Next(probing())
	center.Next(asks(t, 0), estreamtest.Send(batch(t, 71, second0, 5)), estreamtest.Stall(nil))
	stop := r.start(r.client("secret\n"))
	r.screen.wait(t, "no route; the file stays here and is copied later", 1)
	awaitBookmark(t, r, second0+4)
	var copies []string
	for range 6000 {
		if copies, _ = filepath.Glob(filepath.Join(there, "copy-*")); len(copies) == 2 && len(left(t, r)) == 1 {
			break
		}
		pause(t.Context(), 10e6)
	}
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	lines := 0
	for _, name := range copies {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		lines += strings.Count(string(data), "\n")
	}
	if lines != 4 || len(left(t, r)) != 1 {
		t.Errorf("%d lines were copied, %d files stay", lines, len(left(t, r)))
	}
	args, err := os.ReadFile(filepath.Join(there, "args"))
	if err != nil {
		t.Fatal(err)
	}
	first, _, _ := strings.Cut(string(args), "\n")
	words := strings.Fields(first)
	local := filepath.Base(words[len(words)-2])
	want := []string{"-q", "-B", "-o", "StrictHostKeyChecking=accept-new", "-P", "2222", "-i", filepath.Join(r.dir, "id"), "--", filepath.Join(r.dir, local), "user@[::1]:in/" + local}
	if !slices.Equal(words, want) {
		t.Errorf("got %q\nwant %q", words, want)
	}
	if r.read("events-mine.json") != "not an event\n" {
		t.Error("a file of somebody else was touched")
	}
}

// left returns the files of the output that are still here.
func left(t *testing.T, r *room) []string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(r.dir, "events[0-9]*.json"))
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func TestSCPNames(t *testing.T) {
	if _, err := openSCP(Destination{Path: "/dir/same.json", Host: "h"}); err == nil || !strings.Contains(err.Error(), "has no {0}") {
		t.Errorf("%v", err)
	}
	for path, want := range map[string]string{"/dir/x{0}": "h:/dir/x1", "/x{0}": "h:/x1", "/:x{0}": "h:x1", "/:/a/b/x{0}": "h:a/b/x1"} {
		s := &scpOutput{d: Destination{Path: path, Host: "h", Port: 22}}
		if args := s.args("/w/x1"); args[len(args)-1] != want {
			t.Errorf("%s: %s, want %s", path, args[len(args)-1], want)
		}
	}
}
