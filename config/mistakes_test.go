package config

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestMistakes compares the messages about files full of mistakes, warnings included.
func TestMistakes(t *testing.T) {
	names, err := filepath.Glob("testdata/mistakes/*.yaml")
	if err != nil || len(names) < 10 {
		t.Fatalf("%d files, %v", len(names), err)
	}
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		_, found := parse(filepath.Base(name), data)
		var got string
		for _, p := range found {
			got += p.String() + "\n"
		}
		if _, err := Parse(name, data); err == nil {
			t.Errorf("%s: no mistake", name)
		}
		if strings.Contains(got, "hunter2") {
			t.Errorf("%s: a secret is in a message", name)
		}
		golden := strings.TrimSuffix(name, ".yaml") + ".txt"
		if *update {
			if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if got != string(want) {
			t.Errorf("%s: found\n%s\nexpected\n%s", name, got, want)
		}
	}
}

// TestProblem: what others find wrong is reported at the right place as well.
func TestProblem(t *testing.T) {
	c, err := Parse("e.yaml", []byte(minimal+"    filter:\n      where: |\n        record == 1\n"))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range []struct{ key, want string }{
		{"outputs[0].filter.where", "e.yaml:11:14: outputs[0].filter.where: found x"},
		{"outputs[0].when_full.policy", "e.yaml:7:5: outputs[0].when_full.policy: found x"}, // left to its default
		{"outputs[0].filter.sample", "e.yaml:11:7: outputs[0].filter.sample: found x"},
		{"journal.retain_size", "e.yaml:1:1: journal.retain_size: found x"},
	} {
		if got := c.Problem(p.key, "found %s", "x").String(); got != p.want {
			t.Errorf("found %s, expected %s", got, p.want)
		}
	}
	if !c.Given("outputs[0].filter.where") || c.Given("outputs[0].filter.sample") || c.Given("journal") {
		t.Error("given keys are mixed up")
	}
}

func TestProblems(t *testing.T) {
	var all Problems
	for i := range maxShown + 5 {
		all = append(all, Problem{File: "f", Line: maxShown + 5 - i, Column: 1, Key: fmt.Sprint("k", i), Text: "t"})
	}
	all.sort()
	lines := strings.Split(all.Error(), "\n")
	if len(lines) != maxShown+1 || lines[0] != fmt.Sprintf("f:1:1: k%d: t", maxShown+4) || lines[maxShown] != "f: and 5 more mistakes" {
		t.Errorf("found %d lines, from %s to %s", len(lines), lines[0], lines[len(lines)-1])
	}
	if got := (Problem{File: "f", Text: "t", Warning: true}).String(); got != "f: warning: t" {
		t.Errorf("found %s", got)
	}
}
