package pki

import (
	"bytes"
	"errors"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
)

// Names of the files with which several files are replaced at once.
const (
	stagedSuffix = ".staged" // the content to come, beside each file
	commitFile   = "replace" // the names of those files, one a line: from now on they count
)

// A replacement is the new content of a file of the directory.
type replacement struct {
	name string
	data []byte
}

// replaceFiles gives several files new content so that after a crash either all of
// them have it or none, once finishReplacing has run. The caller holds the lock.
func replaceFiles(dir string, files []replacement) error {
	var names []byte
	for _, f := range files {
		if err := writeFile(filepath.Join(dir, f.name+stagedSuffix), f.data, 0o600); err != nil {
			return err
		}
		names = append(names, f.name+"\n"...)
	}
	// The one write that decides.
	if err := writeFile(filepath.Join(dir, commitFile), names, 0o600); err != nil {
		return err
	}
	return finishReplacing(dir)
}

// replaceable are the files that replaceFiles is used for: a list that was tampered
// with must not name others.
var replaceable = []string{caFile, serverFile, nextFile}

// finishReplacing completes a replacement that a crash cut short, or takes back one
// that was not decided. The caller holds the lock.
func finishReplacing(dir string) error {
	commit := filepath.Join(dir, commitFile)
	names, _, err := readFile(commit, 1<<10)
	if errors.Is(err, fs.ErrNotExist) {
		return dropStaged(dir)
	}
	if err != nil {
		return err
	}
	for name := range bytes.Lines(names) {
		name := strings.TrimSpace(string(name))
		if !slices.Contains(replaceable, name) {
			return errors.New(commit + ": names a file that it should not: " + printable(name) + "; restore the directory from a backup")
		}
		path := filepath.Join(dir, name)
		// What is missing had got its name before the crash.
		if err := (disk{}).Rename(path+stagedSuffix, path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	if err := (disk{}).SyncDir(dir); err != nil {
		return err
	}
	if err := (disk{}).Remove(commit); err != nil {
		return err
	}
	return disk{}.SyncDir(dir)
}

func dropStaged(dir string) error {
	var errs []error
	for _, name := range replaceable {
		if err := (disk{}).Remove(filepath.Join(dir, name+stagedSuffix)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
