package cli

import (
	"slices"
	"testing"
)

// TestCalledAs: the old names are commands, whatever stands in front of them.
func TestCalledAs(t *testing.T) {
	for _, c := range []struct {
		name string
		want []string
	}{
		{"/opt/eStreamer-eNcore/encore.sh", []string{"encore", "start"}},
		{"./encore.sh", []string{"encore", "start"}},
		{"estream", []string{"start"}},
		{"/usr/bin/estream.exe", []string{"start"}},
		{"", []string{"start"}},
	} {
		if got := calledAs(c.name, []string{"start"}); !slices.Equal(got, c.want) {
			t.Errorf("%q: %q, want %q", c.name, got, c.want)
		}
	}
	for name, command := range links {
		root := (&env{}).root()
		if found, _, err := root.Find([]string{command}); err != nil || found == root {
			t.Errorf("%s means %s, which is no command", name, command)
		}
	}
}
