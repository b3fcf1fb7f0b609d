package packaging

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"estream/config"
)

// common is what both kinds of package hold, with type, permissions and owner.
var common = []string{
	"-rwxr-xr-x root root /usr/bin/estream",
	"-rw-r--r-- root root /etc/estream/estream.yaml",
	"-rw-r--r-- root root /usr/lib/systemd/system/estream.service",
	"-rw-r--r-- root root /usr/lib/systemd/system/estream-server.service",
	"-rw-r--r-- root root /usr/share/bash-completion/completions/estream",
	"-rw-r--r-- root root /usr/share/fish/vendor_completions.d/estream.fish",
	"-rw-r--r-- root root /usr/share/man/man1/estream.1.gz",
	"-rw-r--r-- root root /usr/share/man/man1/estream-collect.1.gz",
	"-rw-r--r-- root root /usr/share/man/man1/estream-manage.1.gz",
	"-rw-r--r-- root root /usr/share/man/man5/estream.yaml.5.gz",
	"-rw-r--r-- root root /usr/share/man/man7/estream-filters.7.gz",
	"-rw-r--r-- root root /usr/share/doc/estream/copyright",
	"-rw-r--r-- root root /usr/share/doc/estream/changelog.gz",
	"-rw-r--r-- root root /usr/share/doc/estream/examples/estream.yaml",
	"-rw-r--r-- root root /usr/share/doc/estream/troubleshooting.md",
	"-rw-r--r-- root root /usr/share/doc/estream/contrib/wireshark/estreamer.lua",
	"-rw-r--r-- root root /usr/share/doc/estream/contrib/snmp/ESTREAM-ALERT-MIB.txt",
}

func lacks(t *testing.T, listing string, want ...string) {
	t.Helper()
	have := make(map[string]bool)
	for line := range strings.Lines(listing) {
		have[strings.Join(strings.Fields(line), " ")] = true
	}
	for _, line := range want {
		if !have[line] {
			t.Errorf("the package lacks %s\n%s", line, listing)
		}
	}
}

func TestDeb(t *testing.T) {
	deb, _, _ := packages(t)
	// "-rwxr-xr-x root/root  16081058 2025-11-13 02:13 ./usr/bin/estream"
	listing := regexp.MustCompile(`(?m)^(\S+) (\w+)/(\w+) +\d+ \S+ \S+ \.(.*)$`).ReplaceAllString(run(t, "dpkg-deb", "--contents", deb), "$1 $2 $3 $4")
	lacks(t, listing, append(common, "-rw-r--r-- root root /usr/share/zsh/vendor-completions/_estream", "-rw-r--r-- root root /usr/share/lintian/overrides/estream")...)
	for field, want := range map[string]string{"Package": "estream", "Version": packageVersion + "-1", "Architecture": "amd64", "Depends": "adduser", "Recommends": "ca-certificates"} {
		if got := strings.TrimSpace(run(t, "dpkg-deb", "--field", deb, field)); got != want {
			t.Errorf("%s: %s, want %s", field, got, want)
		}
	}
	if got := run(t, "dpkg-deb", "--info", deb, "conffiles"); got != "/etc/estream/estream.yaml\n" {
		t.Errorf("configuration files: %q", got)
	}
}

// TestLintian: no errors, no warnings, and one override only, that of the static binary.
func TestLintian(t *testing.T) {
	t.Parallel()
	deb, _, _ := packages(t)
	args := []string{"--show-overrides", "--fail-on", "none"} // what it says is judged below
	if os.Getuid() == 0 {
		args = append(args, "--allow-root")
	}
	out := run(t, "lintian", append(args, deb)...)
	overridden := 0
	for line := range strings.Lines(out) {
		switch line = strings.TrimSpace(line); {
		case line == "O: estream: statically-linked-binary [usr/bin/estream]":
			overridden++
		case strings.HasPrefix(line, "N:"): // the reason
		default:
			t.Errorf("lintian says: %s", line)
		}
	}
	if overridden != 1 {
		t.Errorf("%d findings are overridden, expected the one of the static binary:\n%s", overridden, out)
	}
}

func TestRPM(t *testing.T) {
	_, rpm, _ := packages(t)
	query := func(args ...string) string {
		return run(t, "rpm", append([]string{"--dbpath", t.TempDir(), "--nosignature", "--query", "--package", rpm}, args...)...)
	}
	listing := query("--queryformat", `[%{FILEMODES:perms} %{FILEUSERNAME} %{FILEGROUPNAME} %{FILENAMES}\n]`)
	lacks(t, listing, append(common, "drwxr-x--- root estream /etc/estream", "-rw-r--r-- root root /usr/share/zsh/site-functions/_estream", "-rw-r--r-- root root /usr/share/doc/estream/LICENSE")...)
	if strings.Contains(listing, "lintian") {
		t.Errorf("files for Debian only:\n%s", listing)
	}
	if got := query("--queryformat", `%{NAME} %{VERSION} %{RELEASE} %{ARCH} %{LICENSE} %{BUILDTIME}`); got != "estream "+packageVersion+" 1 x86_64 Apache-2.0 1763000000" {
		t.Errorf("the package calls itself %s", got)
	}
	// CONFIG is 1, NOREPLACE 16: an upgrade leaves what the administrator has changed.
	if got := query("--queryformat", `[%{FILENAMES} %{FILEFLAGS}\n]`); !strings.Contains(got, "/etc/estream/estream.yaml 17\n") {
		t.Errorf("estream.yaml is not a configuration file that upgrades leave alone:\n%s", got)
	}
}

func TestScripts(t *testing.T) {
	_, _, root := packages(t)
	scripts, err := filepath.Glob("*/p*")
	if err != nil || len(scripts) != 7 {
		t.Fatalf("scripts %q, %v; expected 3 of the deb and 4 of the rpm", scripts, err)
	}
	for _, name := range scripts {
		run(t, "sh", "-n", name)
	}
	run(t, "sh", "-n", "copyright.sh")
	run(t, "bash", "-n", filepath.Join(root, "usr/share/bash-completion/completions/estream"))
	// What the completion asks of the program.
	if out := run(t, filepath.Join(root, "usr/bin/estream"), "__complete", "collect", "--exit-w"); !strings.Contains(out, "--exit-when-idle") {
		t.Errorf("completing collect --exit-w offers:\n%s", out)
	}
}

// TestInstalledConfiguration: as it is installed, "config check" names what has to be filled in and nothing
// else, and with the first # of the lines with keys removed it is the reference.
func TestInstalledConfiguration(t *testing.T) {
	_, _, root := packages(t)
	name := filepath.Join(root, "etc/estream/estream.yaml")
	out, err := output(t, filepath.Join(root, "usr/bin/estream"), "config", "check", "-c", name)
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 78 {
		t.Errorf("config check: %v; expected exit status 78", err)
	}
	var missing []string
	for line := range strings.Lines(out) {
		if _, says, found := strings.Cut(line, "estream.yaml:1:1: "); found {
			key, _, _ := strings.Cut(says, ": missing; expected ")
			missing = append(missing, key)
		}
	}
	if got := strings.Join(missing, " "); got != "version sources outputs" {
		t.Errorf("config check asks for %q:\n%s", got, out)
	}

	installed, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	keys := regexp.MustCompile(`(?m)^#( *(?:- )?[A-Za-z][A-Za-z0-9_-]*:(?: |$))`)
	_, body, _ := strings.Cut(string(installed), "\n\n") // without the three lines that only the installed file has
	_, body, _ = strings.Cut(body, "\n\n")               // nor the example at the head of the reference
	filled, err := config.Parse(name, []byte(keys.ReplaceAllString(body, "$1")))
	if err != nil {
		t.Fatal(err)
	}
	reference, err := config.Parse(name, config.Reference)
	if err != nil {
		t.Fatal(err)
	}
	if changes := config.Diff(reference, filled); !changes.None() {
		t.Errorf("uncommented, the installed file differs from the reference in %q", changes.Keys)
	}
}

// TestCopyright: the notices of every module that is linked into the program come with it.
func TestCopyright(t *testing.T) {
	_, _, root := packages(t)
	text, err := os.ReadFile(filepath.Join(root, "usr/share/doc/estream/copyright"))
	if err != nil {
		t.Fatal(err)
	}
	info := run(t, "go", "version", "-m", filepath.Join(root, "usr/bin/estream"))
	modules := regexp.MustCompile(`(?m)^\tdep\t(\S+)`).FindAllStringSubmatch(info, -1)
	if len(modules) == 0 {
		t.Fatalf("no modules in the program:\n%s", info)
	}
	for _, m := range modules {
		_, licence, found := strings.Cut(string(text), "\n\n"+m[1]+"\n\n")
		if first, _, _ := strings.Cut(licence, "\n"); !found || first == "" {
			t.Errorf("nothing about %s", m[1])
		}
	}
}
