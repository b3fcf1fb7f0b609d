package dissector

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestReadme: every filter that README.md names exists.
func TestReadme(t *testing.T) {
	page, err := os.ReadFile(filepath.Join(filepath.Dir(script), "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{"estreamer.ports": true, "estreamer.lua": true}
	for line := range strings.Lines(string(runTshark(t, "-G", "fields", "-X", "lua_script:"+script))) {
		if f := strings.Split(line, "\t"); len(f) > 2 {
			known[f[2]] = true
		}
	}
	names := regexp.MustCompile(`estreamer\.[a-z0-9_.]*[a-z0-9_]`).FindAllString(string(page), -1)
	if len(names) < 30 {
		t.Errorf("only %d filters on the page", len(names))
	}
	for _, name := range names {
		if !known[name] {
			t.Errorf("README.md names %s, which is no filter", name)
		}
	}
}

// TestEveryLua: Wireshark comes with Lua 5.2, 5.3 or 5.4. The parts written by hand have
// nothing that one of them lacks, or computes otherwise.
func TestEveryLua(t *testing.T) {
	names, err := filepath.Glob("lua/*.lua")
	if err != nil || len(names) != len(order)-1 {
		t.Fatalf("%d parts, want %d: %v", len(names), len(order)-1, err)
	}
	comment := regexp.MustCompile(`--.*`)
	text := regexp.MustCompile(`"[^"]*"`)
	different := regexp.MustCompile(`//?|<<|>>|[&|^]|\b(goto|unpack|bit|bit32|utf8|loadstring|setfenv|getfenv|table\.(getn|pack|unpack|move)|math\.(pow|type|tointeger))\b|<(const|close)>`)
	for _, name := range names {
		code, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		number := 0
		for line := range strings.Lines(string(code)) {
			number++
			if found := different.FindString(comment.ReplaceAllString(text.ReplaceAllString(line, `""`), "")); found != "" {
				t.Errorf("%s:%d: %q is not the same in every Lua: %s", name, number, found, line)
			}
		}
	}
}
