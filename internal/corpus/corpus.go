// Package corpus reads the recorded examples in internal/testdata/corpus, whose
// README says what they are, and other files of the source tree. It is for tests
// and benchmarks only: the files are no part of the program.
package corpus

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
)

// Messages is the file with the event data messages, one after another.
const Messages = "dev.bin.gz"

// Read returns the unpacked content of a file of the corpus, some 10 MB at most,
// in memory of its own. The test ends when the file is missing or damaged.
func Read(t testing.TB, name string) []byte {
	t.Helper()
	return File(t, path.Join("internal/testdata/corpus", name))
}

// File returns the content of a file of the source tree, unpacked if its name ends
// in .gz, in memory of its own. The name starts at the root of the module and has
// slashes. The test ends when the file is missing or damaged.
func File(t testing.TB, name string) []byte {
	t.Helper()
	data, err := find(filepath.FromSlash(name))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasSuffix(name, ".gz") {
		return data
	}
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	if data, err = io.ReadAll(z); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return data
}

// find reads path below the directory that holds go.mod: a test runs in the
// directory of its package, which is there or further down.
func find(path string) ([]byte, error) {
	for dir := "."; ; dir = filepath.Join(dir, "..") {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return os.ReadFile(filepath.Join(dir, path))
		} else if !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		if abs, err := filepath.Abs(dir); err != nil || abs == filepath.Dir(abs) {
			return nil, errors.Join(err, errors.New("corpus: no go.mod in the working directory or above it"))
		}
	}
}
