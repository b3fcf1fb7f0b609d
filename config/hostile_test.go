package config

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// TestHostile: files made to use up memory or time are refused, in a few words.
func TestHostile(t *testing.T) {
	bomb := "x-a: &a [" + strings.Repeat("q,", 9) + "q]\n"
	for c := 'b'; c <= 'i'; c++ {
		bomb += fmt.Sprintf("x-%c: &%c [%s*%c]\n", c, c, strings.Repeat(fmt.Sprintf("*%c,", c-1), 9), c-1)
	}
	output := "x-o: &o {name: o, format: json, to: stdout, filter: {devices: [" + strings.Repeat("a,", 10_000) + "a]}}\n"
	for name, data := range map[string]string{
		"too large":        strings.Repeat("#", MaxFile+1),
		"alias bomb":       bomb + "outputs: *i\n",
		"lists of aliases": output + "outputs: [" + strings.Repeat("*o,", 100_000) + "*o]\n",
		"merge bomb":       "x-a: &a {<<: [" + strings.Repeat("{},", 50_000) + "{}]}\noutputs: [{<<: [" + strings.Repeat("*a,", 50_000) + "*a]}]\n",
		"wide merges":      "x-a: &a {" + strings.Repeat("k: 1, ", 1000) + "l: 1}\noutputs: [{<<: [" + strings.Repeat("*a,", 200_000) + "*a]}]\n",
		"many outputs":     "outputs: [" + strings.Repeat("{},", 200_000) + "{}]\n",
		"long lists":       "outputs: [{filter: {types: &t [" + strings.Repeat("x,", 90_000) + "x]}}, {filter: {types: *t}}]\n",
		"alias of itself":  "sources: &s [*s]\noutputs: &o {<<: *o}\nlog: &l {<<: [*l, *l, *l, *l, *l, *l, *l, *l, *l]}\n",
		"deep":             strings.Repeat("[", 20_000),
		"mistakes":         strings.Repeat("- ", 1) + strings.Repeat("a: 1\n  ", 1) + "\n",
		"unknown keys": func() (s string) {
			var b strings.Builder
			for i := range 50_000 {
				fmt.Fprintf(&b, "k%d: 1\n", i)
			}
			return b.String()
		}(),
		"long key":   strings.Repeat("k", 500_000) + ": 1\n",
		"long value": "version: " + strings.Repeat("1", 500_000) + "\n",
	} {
		var err error
		bytes := allocated(func() { _, err = Parse(name, []byte(data)) })
		if bytes > 1<<30 {
			t.Errorf("%s: %d bytes of memory for a file of %d", name, bytes, len(data))
		}
		var problems Problems
		if !errors.As(err, &problems) {
			t.Errorf("%s: found %v", name, err)
			continue
		}
		if text := err.Error(); len(text) > 100_000 || strings.Count(text, "\n") > maxShown {
			t.Errorf("%s: the message has %d bytes in %d lines", name, len(text), strings.Count(text, "\n"))
		}
	}
}

// FuzzParse: whatever the bytes, Parse ends; its messages are lines with a place,
// and what it accepts survives Show.
func FuzzParse(f *testing.F) {
	f.Add([]byte(minimal))
	defaults, err := os.ReadFile("testdata/defaults.yaml")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(defaults)
	names, err := filepath.Glob("testdata/mistakes/*.yaml")
	if err != nil || len(names) == 0 {
		f.Fatal(names, err)
	}
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := Parse("f.yaml", data)
		if err != nil {
			var problems Problems
			if !errors.As(err, &problems) || len(problems) == 0 {
				t.Fatalf("found %v", err)
			}
			for _, p := range problems {
				if text := p.String(); strings.ContainsAny(text, "\n\r\x00") || p.Text == "" || len(text) > 8192 {
					t.Errorf("found %q", text)
				}
				if p.Line == 0 && len(data) <= MaxFile && !strings.HasPrefix(p.Text, "no YAML: ") {
					t.Errorf("no place: %q", p)
				}
			}
			return
		}
		again, text := shownAgain(t, c)
		if changes := Diff(c, again); !changes.None() {
			t.Errorf("different after Show: %v in\n%s", changes.Keys, text)
		}
	})
}

// allocated returns how many bytes f allocates.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}
