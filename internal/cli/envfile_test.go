package cli

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestParseEnv: the form that systemd reads.
func TestParseEnv(t *testing.T) {
	got, err := parseEnv(strings.Join([]string{
		"# comment", "; comment", "", "PLAIN=a b ", " SPACES = x", `DOUBLE="a \"b\" c"`, "SINGLE='a \"b\" $c'", `MIXED=--eve "/var/log/a b.json"`,
		"LONG=one \\", "  two", "EMPTY=", "CRLF=x\r",
	}, "\n"))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"PLAIN": "a b", "SPACES": "x", "DOUBLE": `a "b" c`, "SINGLE": `a "b" $c`, "MIXED": `--eve "/var/log/a b.json"`, "LONG": "one two", "EMPTY": "", "CRLF": "x",
	} {
		if v, ok := got[name]; !ok || v != want {
			t.Errorf("%s is %q, want %q", name, v, want)
		}
	}
	for text, want := range map[string]string{
		"A=1\nno assignment": "line 2: found \"no assignment\"", "1A=x": "line 1", "=x": "line 1", "A-B=x": "line 1", "A=\"open": "A: found a quote", "\xff=1": "UTF-8",
	} {
		if _, err := parseEnv(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

// TestSplitWords: as a shell splits, without expansions.
func TestSplitWords(t *testing.T) {
	for text, want := range map[string][]string{
		"": nil, "  a  b\t": {"a", "b"}, `--x='a b' c"d e"f`: {"--x=a b", "cd ef"}, `a\ b \\ \"`: {"a b", `\`, `"`}, `"a\n\"" ''`: {`a\n"`, ""}, "é 'ü'": {"é", "ü"},
	} {
		if got, err := splitWords(text); err != nil || !slices.Equal(got, want) {
			t.Errorf("%q: %q, %v; want %q", text, got, err, want)
		}
	}
	for _, text := range []string{"'a", `"a`, `a\`} {
		if got, err := splitWords(text); err == nil {
			t.Errorf("%q: %q, want an error", text, got)
		}
	}
}

// TestServerEnv: a flag goes before the environment, that before the file, and the file
// is where it was said to be, else in the data directory.
func TestServerEnv(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	inData := write("estream.env", "ESTREAM_LISTEN=:1 [::1]:2\nESTREAM_OPTIONS='--eve \"/a b\"'\nESTREAM_DEBUG=yes\nESTREAM_LOG_SYSLOG=no\n")
	other := write("other", "ESTREAM_DATA=/elsewhere\nESTREAM_LISTEN=:3\nESTREAM_LOG_FILE=/var/log/x\n")
	none := func(string) (string, bool) { return "", false }
	set := func(values map[string]string) func(string) (string, bool) {
		return func(name string) (string, bool) { v, ok := values[name]; return v, ok }
	}

	s, err := readServerEnv(dir, "", none)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"serve", "--data", dir, "--log-format", "compat", "--listen", ":1", "--listen", "[::1]:2", "--verbose", "--log-file", filepath.Join(dir, "sfestreamer.log"), "--log-screen", "--eve", "/a b"}
	if got := s.serveArgs(true); s.file != inData || !slices.Equal(got, want) {
		t.Errorf("file %s, command line %q, want %s, %q", s.file, got, inData, want)
	}
	s, err = readServerEnv("", other, set(map[string]string{"ESTREAM_LISTEN": ":4", "ESTREAM_NOHOSTCHECK": "1"}))
	if err != nil {
		t.Fatal(err)
	}
	want = []string{"serve", "--data", "/elsewhere", "--log-format", "compat", "--listen", ":4", "--no-host-check", "--log-file", "/var/log/x"}
	if got := s.serveArgs(false); s.file != other || !slices.Equal(got, want) {
		t.Errorf("file %s, command line %q, want %s, %q", s.file, got, other, want)
	}
	if got := s.environment(none); len(got) != 0 {
		t.Errorf("the server's environment gets %q", got)
	}
	passwords := write("passwords", "ESTREAM_DATA=x\nESTREAM_CA_PASSWORD=hidden\nESTREAM_CA_PASSWORD_FILE=/f\nPATH=/\n")
	env := set(map[string]string{"ESTREAM_CA_PASSWORD_FILE": "/g"})
	if s, err = readServerEnv("", passwords, env); err != nil || !slices.Equal(s.environment(env), []string{"ESTREAM_CA_PASSWORD=hidden"}) {
		t.Errorf("the server's environment gets %q, %v", s.environment(env), err)
	}
	if s, err = readServerEnv("", "", set(map[string]string{"ESTREAM_ENV_FILE": other, "ESTREAM_LOG_SYSLOG": "/run/log"})); err != nil || s.syslogSocket() != "/run/log" || s.data != "/elsewhere" {
		t.Errorf("%+v, %v", s, err)
	}

	var config *configError
	for _, text := range []string{"ESTREAM_DEBUG=maybe\n", "ESTREAM_OPTIONS=x 'y\n", "ESTREAM_OPTIONS\n"} {
		if _, err := readServerEnv(dir, write("bad", text), none); !errors.As(err, &config) {
			t.Errorf("%q: %v, want a mistake in the configuration", text, err)
		}
	}
	if _, err := readServerEnv(dir, filepath.Join(dir, "missing"), none); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a file that was named is missing: %v", err)
	}
	var usage *usageError
	if _, err := readServerEnv("", "", set(map[string]string{"ESTREAM_ENV_FILE": write("empty", "")})); !errors.As(err, &usage) {
		t.Errorf("no data directory: %v", err)
	}
}

// TestEnvironmentDocumented: help and manual name every variable.
func TestEnvironmentDocumented(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "operating-a-server.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range ours {
		if !strings.Contains(envHelp, name) {
			t.Errorf("the help lacks %s", name)
		}
		if !strings.Contains(string(page), name) {
			t.Errorf("docs/operating-a-server.md lacks %s", name)
		}
	}
	for _, v := range verbs {
		if !strings.Contains(string(page), v.name) {
			t.Errorf("docs/operating-a-server.md lacks the verb %s", v.name)
		}
	}
}
