package packaging

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// debianPackage names where a command comes from that not every machine has; tools/needs.sh installs them.
var debianPackage = map[string]string{
	"systemd-analyze": "systemd", "mandoc": "mandoc", "lintian": "lintian", "dpkg-deb": "dpkg", "rpm": "rpm",
}

// output runs a command and returns what it prints, standard error included, and how it ended.
func output(t *testing.T, name string, args ...string) (string, error) {
	t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		t.Fatalf("%v (Debian package %s)", err, debianPackage[name])
	}
	cmd := exec.Command(name, args...)
	cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8", "TZ=UTC")
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// run is output for commands that have to succeed.
func run(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := output(t, name, args...)
	if err != nil {
		t.Fatalf("%s: %v\n%s", name, err, out)
	}
	return out
}

const (
	version        = "v1.2.3-rc.1-4-g0123abc"
	packageVersion = "1.2.3~rc.1+4.g0123abc"
)

// copySource copies the source tree from one directory to another, without its history and what was built.
// The copy is its owner's alone, as under a umask of 077, which the packages must not show.
func copySource(from, to string) error {
	return filepath.WalkDir(from, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		path, err := filepath.Rel(from, name)
		switch {
		case err != nil:
			return err
		case path == ".git" || path == "bin" || path == "dist":
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		case d.IsDir():
			return os.MkdirAll(filepath.Join(to, path), 0o700)
		case !d.Type().IsRegular():
			return nil
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		data, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(to, path), data, info.Mode().Perm()&0o700)
	})
}

// build makes the packages of source in dir, with a version and a time of their own. Env adds to the environment.
func build(source, dir string, env ...string) error {
	cmd := exec.Command("bash", filepath.Join(source, "packaging", "build.sh"), dir)
	cmd.Env = append(os.Environ(), "VERSION="+version, "SOURCE_DATE_EPOCH=1763000000", "KINDS=", "ARCH=amd64", "MAINTAINER=", "DEBFULLNAME=", "DEBEMAIL=")
	cmd.Env = append(cmd.Env, env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("packaging/build.sh: %w\n%s", err, out)
	}
	return nil
}

// made is what all tests look at: both packages, the deb unpacked, and the source they were made from, which
// nobody edits in the meantime.
var made struct {
	once sync.Once
	dir  string
	err  error
}

func TestMain(m *testing.M) {
	status := m.Run()
	if made.dir != "" {
		if err := os.RemoveAll(made.dir); err != nil && status == 0 {
			status = 1
		}
	}
	os.Exit(status)
}

func packages(t *testing.T) (deb, rpm, root string) {
	t.Helper()
	made.once.Do(func() {
		if made.dir, made.err = os.MkdirTemp("", "estream-packages"); made.err == nil {
			made.err = copySource("..", filepath.Join(made.dir, "source"))
		}
		if made.err == nil {
			made.err = build(filepath.Join(made.dir, "source"), made.dir)
		}
		if made.err == nil {
			run(t, "dpkg-deb", "--extract", filepath.Join(made.dir, "estream_"+packageVersion+"-1_amd64.deb"), filepath.Join(made.dir, "root"))
		}
	})
	if made.err != nil {
		t.Fatal(made.err)
	}
	return filepath.Join(made.dir, "estream_"+packageVersion+"-1_amd64.deb"),
		filepath.Join(made.dir, "estream-"+packageVersion+"-1.x86_64.rpm"), filepath.Join(made.dir, "root")
}

// TestReproducible builds both packages a second time, from another directory and in other surroundings.
func TestReproducible(t *testing.T) {
	t.Parallel()
	deb, rpm, _ := packages(t)
	again, source := t.TempDir(), filepath.Join(t.TempDir(), "elsewhere")
	if err := copySource(filepath.Join(made.dir, "source"), source); err != nil {
		t.Fatal(err)
	}
	if err := build(source, again, "TZ=Asia/Kolkata", "LC_ALL=C", "HOSTNAME=other", "TMPDIR="+t.TempDir()); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{deb, rpm} {
		first, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		second, err := os.ReadFile(filepath.Join(again, filepath.Base(name)))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(first, second) {
			t.Errorf("two builds of %s differ (%d and %d bytes)", filepath.Base(name), len(first), len(second))
		}
	}
}

// TestVersions: what git says becomes what orders right in both kinds of package.
func TestVersions(t *testing.T) {
	script, err := os.ReadFile("build.sh")
	if err != nil {
		t.Fatal(err)
	}
	_, part, found := strings.Cut(string(script), "\ncase $VERSION in\n")
	part, _, end := strings.Cut(part, "\nesac\n")
	if !found || !end {
		t.Fatal("build.sh has no place where PACKAGE_VERSION is made")
	}
	before := "0" // each of these is newer than the one before it
	for _, c := range [][2]string{
		{"0123abc", "0~git.0123abc"},
		{"v1.2.3-rc.1", "1.2.3~rc.1"},
		{"v1.2.3-rc.1-4-g0123abc", "1.2.3~rc.1+4.g0123abc"},
		{"v1.2.3", "1.2.3"},
		{"v1.2.3-dirty", "1.2.3+dirty"},
		{"v1.2.3-4-g0123abc-dirty", "1.2.3+4.g0123abc.dirty"},
		{"v1.2.4", "1.2.4"},
	} {
		got := run(t, "bash", "-euc", "VERSION=$1; case $VERSION in\n"+part+"\nesac; printf %s \"$PACKAGE_VERSION\"", "bash", c[0])
		if got != c[1] {
			t.Errorf("%s becomes %s, want %s", c[0], got, c[1])
		}
		if before != "0" && before != "1.2.3+dirty" {
			run(t, "dpkg", "--compare-versions", before, "lt", got)
		}
		before = got
	}
}
