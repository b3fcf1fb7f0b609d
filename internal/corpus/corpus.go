// Package corpus reads the recorded examples in internal/testdata/corpus, whose
// README says what they are. It is for tests and benchmarks only: the files are
// found in the source tree and are no part of the program.
package corpus

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// Messages is the file with the event data messages, one after another.
const Messages = "dev.bin.gz"

// Read returns the unpacked content of a file of the corpus, some 10 MB at most,
// in memory of its own. The test ends when the file is missing or damaged.
func Read(t testing.TB, name string) []byte {
	t.Helper()
	packed, err := find(filepath.Join("internal", "testdata", "corpus", name))
	if err != nil {
		t.Fatal(err)
	}
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatalf("corpus %s: %v", name, err)
	}
	data, err := io.ReadAll(z)
	if err != nil {
		t.Fatalf("corpus %s: %v", name, err)
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
