package dissector

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"estream/layouts"
)

var update = flag.Bool("update", false, "write contrib/wireshark/estreamer.lua")

// script is the file that users get.
var script = filepath.Join("..", "..", "contrib", "wireshark", "estreamer.lua")

// TestGenerated holds the file against the layouts and the parts written by hand.
func TestGenerated(t *testing.T) {
	want, err := Lua(layouts.Default())
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(script, want, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	got, err := os.ReadFile(script)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("contrib/wireshark/estreamer.lua is stale (%d bytes, should have %d); run: go generate ./internal/dissector", len(got), len(want))
	}
}
