package config

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// TestCheckWarnsOfOpenSecrets: what every user of the machine can read.
func TestCheckWarnsOfOpenSecrets(t *testing.T) {
	if runtime.GOOS == "windows" {
		return // no permission bits there
	}
	data, dir := onDisk(t)
	c := parsed(t, string(data))
	for _, f := range []struct{ file, key string }{
		{"fmc-a.pkcs12", "sources[0].pkcs12"}, {"fmc-a.password", "sources[0].password.file"}, {"fmc-b.key", "sources[1].key"},
		{"collector.key", "outputs[1].tls.key"}, {"lake.password", "outputs[4].http.password.file"}, {"lake.key", "outputs[4].http.secret_headers.X-Api-Key.file"},
	} {
		name := filepath.Join(dir, f.file)
		if err := os.Chmod(name, 0o644); err != nil {
			t.Fatal(err)
		}
		found := Check(c)
		if len(found) != 1 || !found[0].Warning || found[0].Key != f.key || found[0].Line == 0 || !strings.Contains(found[0].Text, "chmod o= "+name) {
			t.Errorf("%s: found %v", f.key, found)
		}
		if err := os.Chmod(name, 0o640); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if found := Check(c); len(found) != 1 || found[0].Key != "state" || !found[0].Warning {
		t.Errorf("found %v", found)
	}
}

// TestCheckFiles: what can be wrong with a path.
func TestCheckFiles(t *testing.T) {
	data, dir := onDisk(t)
	empty := filepath.Join(dir, "empty")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "sub"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ from, to, key, want string }{
		{dir + "/fmc-a.pkcs12", dir, "sources[0].pkcs12", "is a directory, expected a file"},
		{dir + "/fmc-a.pkcs12", empty, "sources[0].pkcs12", "is empty"},
		{dir + "/fmc-a.password", empty, "sources[0].password.file", "its first line is empty"},
		{dir + "/siem-ca.pem", dir + "/gone", "outputs[1].tls.ca", "make it, or correct the path"},
		{dir + "/layouts", dir + "/sub", "layouts", "has no file *.yaml"},
		{"state: " + dir, "state: " + empty, "state", "is a file, expected a directory"},
		{dir + "/estream.log", dir + "/sub", "log.file", "is a directory"},
		{"\n    to: file:" + dir + "/events.json", "\n    to: file:" + dir + "/sub", "outputs[0].to", "is a directory"},
		{"\n    to: file:" + dir + "/events.json", "\n    to: file:" + empty + "/x.json", "outputs[0].to", "is a file, expected a directory"},
		{dir + "/enrich", dir + "/nothing", "outputs[6].to", "expected a program"},
		{dir + "/estream.sock", dir + "/" + strings.Repeat("s", 120), "monitoring.socket", "expected at most 103"},
	} {
		text := strings.Replace(string(data), c.from, c.to, 1)
		found := Check(parsed(t, text))
		if len(found) != 1 || found[0].Key != c.key || !strings.Contains(found[0].Text, c.want) || found[0].Warning {
			t.Errorf("%s for %s: found %v, expected %q", c.to, c.from, found, c.want)
		}
	}
	// Directories that can be made are fine, unless they are not to be made.
	text := strings.Replace(string(data), "\n    to: file:"+dir+"/events.json", "\n    to: file:"+dir+"/a/b/events.json", 1)
	if found := Check(parsed(t, text)); len(found) != 0 {
		t.Errorf("found %v", found)
	}
	text = strings.Replace(text, "make_directories: true", "make_directories: false", 1)
	if found := Check(parsed(t, text)); len(found) != 1 || found[0].Key != "outputs[0].to" {
		t.Errorf("found %v", found)
	}
	// Nothing was made by looking.
	if _, err := os.Stat(filepath.Join(dir, "a")); err == nil {
		t.Error("Check made a directory")
	}
}

func TestResolve(t *testing.T) {
	dir := t.TempDir()
	write := func(name, content string) string {
		name = filepath.Join(dir, name)
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return name
	}
	t.Setenv("CREDENTIALS_DIRECTORY", dir)
	t.Setenv("A_SECRET", "from env")
	t.Setenv("EMPTY", "")
	write("token", "from credential\n")
	for _, c := range []struct {
		secret Secret
		want   string // "" for an error
	}{
		{Secret{File: write("a", "hunter2\nsecond line\n")}, "hunter2"},
		{Secret{File: write("b", "hunter2\r\n")}, "hunter2"},
		{Secret{File: write("c", " with blanks ")}, " with blanks "},
		{Secret{File: write("d", "\nhunter2")}, ""},
		{Secret{File: write("e", "")}, ""},
		{Secret{File: write("f", strings.Repeat("x", maxSecret))}, strings.Repeat("x", maxSecret)},
		{Secret{File: write("g", strings.Repeat("x", maxSecret+1))}, ""},
		{Secret{File: filepath.Join(dir, "gone")}, ""},
		{Secret{Env: "A_SECRET"}, "from env"},
		{Secret{Env: "EMPTY"}, ""},
		{Secret{Env: "NO_SUCH_VARIABLE"}, ""},
		{Secret{Credential: "token"}, "from credential"},
		{Secret{Credential: "gone"}, ""},
		{Secret{}, ""},
	} {
		got, err := c.secret.Resolve()
		if got != c.want || (err == nil) != (c.want != "") {
			t.Errorf("%.60s: found %.20q, %v, expected %.20q", strings.Join(c.secret.sources(), ""), got, err, c.want)
		}
		if err != nil && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("a secret is in %v", err)
		}
	}
	t.Setenv("CREDENTIALS_DIRECTORY", "")
	if _, err := (Secret{Credential: "token"}).Resolve(); err == nil || !strings.Contains(err.Error(), "LoadCredential=token") {
		t.Errorf("found %v", err)
	}
}

// TestLoad: relative paths begin at the directory of the file.
func TestLoad(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "estream.yaml")
	data := strings.NewReplacer("to: stdout", "to: relfile:///data/x.json\n  - {name: p, format: json, to: 'exec:bin/p'}\n  - {name: q, format: json, to: 'exec:cat'}\n  - {name: h, format: json, to: 'http://h/x', http: {secret_headers: {X: {file: x.key}}}}",
		"version: 1", "version: 1\nstate: state", "pkcs12: fmc.pkcs12", "pkcs12: fmc.pkcs12\n    password: {file: ../pw}").Replace(minimal)
	if err := os.WriteFile(name, []byte(data), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := Load(name)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range []struct{ got, want string }{
		{c.State, filepath.Join(dir, "state")}, {c.Monitoring.Socket, filepath.Join(dir, "state", "estream.sock")},
		{c.Sources[0].PKCS12, filepath.Join(dir, "fmc.pkcs12")}, {c.Sources[0].Password.File, filepath.Join(filepath.Dir(dir), "pw")},
		{c.Outputs[0].To.String(), "file:" + filepath.Join(dir, "data", "x.json")}, {c.Outputs[1].To.Path, filepath.Join(dir, "bin", "p")},
		{c.Outputs[2].To.Path, "cat"}, {c.Outputs[3].HTTP.SecretHeaders["X"].File, filepath.Join(dir, "x.key")}, {c.Layouts, ""}, {c.File(), name},
	} {
		if p.got != p.want {
			t.Errorf("found %s, expected %s", p.got, p.want)
		}
	}
	again, _ := shownAgain(t, c)
	if changes := Diff(c, again); !changes.None() {
		t.Errorf("different after Show: %v", changes.Keys)
	}
	if _, err := Load(filepath.Join(dir, "gone.yaml")); err == nil || !strings.Contains(err.Error(), "gone.yaml") {
		t.Errorf("found %v", err)
	}
	if err := os.WriteFile(name, []byte("versio: 1"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(name); err == nil || !strings.HasPrefix(err.Error(), name+`:1:1: versio: unknown key; did you mean "version"?`) {
		t.Errorf("found %v", err)
	}
}
