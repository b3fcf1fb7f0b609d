package pki

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

func TestReadPassword(t *testing.T) {
	long := strings.Repeat("x", maxPassword)
	tests := []struct {
		text, want string
		warnings   int
		fails      string
	}{
		{"secret", "secret", 0, ""},
		{"secret\n", "secret", 0, ""},
		{"secret\r\nmore\n", "secret", 0, ""},
		{" with spaces \n", " with spaces ", 0, ""},
		{"\nsecret", "", 0, ""},
		{"", "", 1, ""},
		{"pässwörd\n", "pässwörd", 0, ""},
		{long, long, 0, ""},
		{long + "\r\n", long, 0, ""},
		{long + "y\n", "", 0, "longer"},
		{strings.Repeat("x", 1<<20), "", 0, "longer"},
		{"a\xffb", "", 0, "UTF-8"},
		{"a\x00b", "", 0, "zero byte"},
	}
	path := filepath.Join(t.TempDir(), "password")
	for _, test := range tests {
		write(t, path, test.text)
		got, warnings, err := ReadPassword(path)
		if test.fails != "" {
			if err == nil || !strings.Contains(err.Error(), test.fails) {
				t.Errorf("%.20q: %v, want %q", test.text, err, test.fails)
			}
			continue
		}
		if err != nil || got != test.want || len(warnings) != test.warnings {
			t.Errorf("%.20q: %q, %q, %v; want %q and %d warnings", test.text, got, warnings, err, test.want, test.warnings)
		}
	}
	if _, _, err := ReadPassword(path + ".missing"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing file: %v", err)
	}
	if runtime.GOOS == "windows" {
		return
	}
	write(t, path, "secret\n")
	for _, mode := range []os.FileMode{0o640, 0o604, 0o644} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		if got, warnings, err := ReadPassword(path); got != "secret" || err != nil || len(warnings) != 1 || !strings.Contains(warnings[0], "chmod 600") {
			t.Errorf("mode %#o: %q, %q, %v; want one warning", mode, got, warnings, err)
		}
	}
}
