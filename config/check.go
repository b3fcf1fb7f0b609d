package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
)

// maxSocket is the longest path that a Unix socket can have on every system that
// we build for, in bytes.
const maxSocket = 103

// Check looks at what a configuration names: whether files and directories are
// there and can be read, whether secrets can be had and are kept from others,
// whether programs exist. It returns what it finds in the order of places, and
// changes nothing. What is in the files is for those to judge who use them.
func Check(c *Config) []Problem {
	k := &fileChecker{Config: c}
	k.section("", reflect.ValueOf(c).Elem())
	k.stateDir()
	if n := len(c.Monitoring.Socket); n > maxSocket {
		k.wrong("monitoring.socket", "found a path of %d bytes, %q, expected at most %d: sockets have no longer names; name a shorter one, such as /run/estream.sock", n, clip(c.Monitoring.Socket), maxSocket)
	}
	for i := range c.Outputs {
		k.destination(&c.Outputs[i], fmt.Sprintf("outputs[%d].to", i))
	}
	k.problems.sort()
	return k.problems
}

type fileChecker struct {
	*Config
	problems Problems
}

func (k *fileChecker) wrong(key, format string, args ...any) {
	k.problems = append(k.problems, k.Problem(key, format, args...))
}

func (k *fileChecker) warn(key, format string, args ...any) {
	p := k.Problem(key, format, args...)
	p.Warning = true
	k.problems = append(k.problems, p)
}

// section checks the files that the keys of a section name, and those below.
func (k *fileChecker) section(key string, v reflect.Value) {
	for _, f := range fieldsOf(v.Type()) {
		k.value(&f, join(key, f.key), v.Field(f.index))
	}
}

func (k *fileChecker) value(f *field, key string, v reflect.Value) {
	if v.Kind() == reflect.Pointer && !v.IsNil() {
		v = v.Elem()
	}
	switch {
	case v.Type() == secretType:
		k.secret(key, v.Interface().(Secret))
	case isSection(v.Type()):
		k.section(key, v)
	case v.Kind() == reflect.Slice && isSection(v.Type().Elem()):
		for i := range v.Len() {
			k.section(fmt.Sprintf("%s[%d]", key, i), v.Index(i))
		}
	case v.Kind() == reflect.Map && v.Type().Elem() == secretType:
		for _, name := range sortedNames(v) {
			k.secret(join(key, name.String()), v.MapIndex(name).Interface().(Secret))
		}
	case f.class == "path" && v.String() != "":
		k.path(f, key, v.String())
	}
}

// path checks what a key names, each kind in its way.
func (k *fileChecker) path(f *field, key, name string) {
	switch section, own, _ := strings.Cut(key, "]."); {
	case !strings.HasPrefix(section, "sensors["):
	case own == "path":
		k.sensorFile(key, name)
		return
	case own == "rules":
		if _, err := os.ReadDir(name); err != nil {
			k.missing(key, err)
		}
		return
	}
	switch key {
	case "state": // see stateDir
	case "monitoring.socket":
		k.parent(key, name, "the socket")
	case "log.syslog":
		if _, err := os.Stat(name); err != nil {
			k.missing(key, err)
		}
	case "log.file":
		if info, err := os.Stat(name); err == nil && info.IsDir() {
			k.wrong(key, "%s is a directory, expected a file", name)
		} else {
			k.parent(key, name, "the log")
		}
	case "layouts":
		found, err := filepath.Glob(filepath.Join(name, "*.yaml"))
		if _, serr := os.ReadDir(name); serr != nil {
			k.missing(key, serr)
		} else if err != nil || len(found) == 0 {
			k.wrong(key, "%s has no file *.yaml, expected layouts there", name)
		}
	default:
		// A private key or what holds one is for the service alone.
		k.file(key, name, f.key == "key" || f.key == "pkcs12")
	}
}

func (k *fileChecker) secret(key string, s Secret) {
	if s.IsZero() {
		return
	}
	at := key + "." + s.sources()[0]
	if _, err := s.Resolve(); err != nil {
		k.wrong(at, "%v", err)
	} else if s.File != "" {
		k.private(at, s.File)
	}
}

// file: it must be one, not be empty, and we must be able to read it.
func (k *fileChecker) file(key, name string, private bool) {
	f, err := os.Open(name)
	if err != nil {
		k.missing(key, err)
		return
	}
	defer f.Close()
	switch info, err := f.Stat(); {
	case err != nil:
		k.missing(key, err)
	case info.IsDir():
		k.wrong(key, "%s is a directory, expected a file", name)
	case info.Mode().IsRegular() && info.Size() == 0:
		k.wrong(key, "%s is empty, expected a file with content", name)
	case private:
		k.private(key, name)
	}
}

// private warns of a secret that every user of the machine can read. Windows has
// no such bits; access there follows from the directory.
func (k *fileChecker) private(key, name string) {
	info, err := os.Stat(name)
	if err == nil && runtime.GOOS != "windows" && info.Mode().Perm()&0o007 != 0 {
		k.warn(key, "%s can be read or changed by every user of this machine (mode %04o); run: chmod o= %s", name, info.Mode().Perm(), name)
	}
}

// stateDir: the directory of the journal is made when it is missing.
func (k *fileChecker) stateDir() {
	info, err := os.Stat(k.State)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		k.parent("state", k.State, "the directory")
	case err != nil:
		k.missing("state", err)
	case !info.IsDir():
		k.wrong("state", "%s is a file, expected a directory", k.State)
	case runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0:
		k.warn("state", "%s can be entered by others (mode %04o), and the journal in it holds every event; run: chmod 700 %s", k.State, info.Mode().Perm(), k.State)
	}
}

// sensorFile: a sensor may make its files later, but only where there is a directory.
func (k *fileChecker) sensorFile(key, name string) {
	_, err := os.Stat(name)
	if errors.Is(err, fs.ErrNotExist) {
		if info, perr := os.Stat(filepath.Dir(name)); perr == nil && info.IsDir() {
			k.warn(key, "%s does not exist yet; it is read once it does", name)
			return
		}
	}
	if err != nil {
		k.missing(key, err)
	}
}

// parent: something can only be made in a directory that exists, or where one can be made.
func (k *fileChecker) parent(key, name, what string) {
	for dir := filepath.Dir(name); ; dir = filepath.Dir(dir) {
		info, err := os.Stat(dir)
		switch {
		case err == nil && info.IsDir():
			return
		case err == nil:
			k.wrong(key, "%s cannot be made at %s: %s is a file, expected a directory", what, name, dir)
			return
		case !errors.Is(err, fs.ErrNotExist) || dir == filepath.Dir(dir):
			k.missing(key, err)
			return
		}
	}
}

func (k *fileChecker) missing(key string, err error) {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		k.wrong(key, "%v; make it, or correct the path", err)
	case errors.Is(err, fs.ErrPermission):
		k.wrong(key, "%v; let the user that the service runs as read it", err)
	default:
		k.wrong(key, "%v", err)
	}
}

func (k *fileChecker) destination(o *Output, key string) {
	switch o.To.Kind {
	case ToExec:
		if _, err := exec.LookPath(o.To.Path); err != nil {
			k.wrong(key, "%v; expected a program that the service can run", err)
		}
	case ToFile, ToRelFile:
		dir := filepath.Dir(o.To.Path)
		switch info, err := os.Stat(dir); {
		case strings.ContainsAny(dir, "%{") && o.File.Naming != "renamed":
			// Made from a pattern.
		case err == nil && !info.IsDir():
			k.wrong(key, "%s is a file, expected a directory", dir)
		case err != nil && o.File.MakeDirs:
			k.parent(key, o.To.Path, "the file")
		case err != nil:
			k.missing(key, err)
		default:
			if info, err := os.Stat(o.To.Path); err == nil && info.IsDir() {
				k.wrong(key, "%s is a directory, expected the path of a file", o.To.Path)
			}
		}
	}
}
