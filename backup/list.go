package backup

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"estream/internal/durable"
)

// maxDepth ends the search where links of directories form a loop.
const maxDepth = 16

// before are the files that name positions in the journal, see the package comment:
// cursors, the network map, the open flows of EVE files. They are patterns of
// [path.Match]; those without a slash are for the last part of a name.
var before = []string{"journal/cursors/*", "networkmap*", "*.flows.[01]"}

// A listing sorts the files of a data directory by when they have to be read.
type listing struct {
	before, after, pki []string // relative, with slashes
	segments           []string // names, in order
}

// list finds the files of the data directory dir.
func list(fsys durable.FS, dir string) (*listing, error) {
	l := new(listing)
	if err := l.walk(fsys, dir, "", 0); err != nil {
		return nil, err
	}
	// The names of segments sort as their batches do, see package journal.
	slices.Sort(l.segments)
	return l, nil
}

func (l *listing) walk(fsys durable.FS, dir, rel string, depth int) error {
	if depth > maxDepth {
		return fmt.Errorf("%s: more than %d directories deep; is there a link to a directory above?", filepath.Join(dir, filepath.FromSlash(rel)), maxDepth)
	}
	entries, err := fsys.ReadDir(filepath.Join(dir, filepath.FromSlash(rel)))
	if err != nil {
		return err
	}
	for _, e := range entries {
		name := path.Join(rel, e.Name())
		if transient(name) {
			continue
		}
		// Stat follows links: a journal may lie on a disk of its own.
		info, err := fsys.Stat(filepath.Join(dir, filepath.FromSlash(name)))
		if errors.Is(err, fs.ErrNotExist) {
			continue // it was, or its target
		}
		if err != nil {
			return err
		}
		switch {
		case info.IsDir():
			if err := l.walk(fsys, dir, name, depth+1); err != nil {
				return err
			}
		case info.Mode().IsRegular():
			l.add(name)
		}
	}
	return nil
}

// transient reports whether a file or directory is of no use in a backup.
func transient(name string) bool {
	base := path.Base(name)
	switch {
	case strings.Contains(base, ".tmp-"), strings.HasSuffix(base, ".log"), strings.HasSuffix(base, ".sock"), strings.HasSuffix(base, ".pid"):
		return true
	case strings.EqualFold(base, "lock"), strings.HasSuffix(base, ".lock"):
		return true
	}
	return path.Dir(name) == journalDir && (strings.HasSuffix(base, ".idx") || strings.HasSuffix(base, ".damaged"))
}

func (l *listing) add(name string) {
	matches := func(pattern string) bool {
		part := name
		if !strings.Contains(pattern, "/") {
			part = path.Base(name)
		}
		ok, err := path.Match(pattern, part)
		return ok && err == nil
	}
	switch {
	case path.Dir(name) == journalDir && strings.HasSuffix(name, ".seg"):
		l.segments = append(l.segments, path.Base(name))
	case strings.HasPrefix(name, "pki/"):
		l.pki = append(l.pki, name)
	case slices.ContainsFunc(before, matches):
		l.before = append(l.before, name)
	default:
		l.after = append(l.after, name)
	}
}
