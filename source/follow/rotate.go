package follow

import (
	"bytes"
	"cmp"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// A rotated file is one that was under the followed name before, by its own name.
type rotated struct {
	path string
	info fs.FileInfo
}

// maxListings is how often a directory is listed again because it changed in the
// meantime: a listing during a rotation may miss a file or show it twice.
const maxListings = 5

// rotations returns the rotated files, the oldest first.
func (r *run) rotations() []rotated {
	list, err := rotations(r.f.Path)
	for range maxListings {
		again, againErr := rotations(r.f.Path)
		if equal(list, again) {
			break
		}
		list, err = again, againErr
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		r.once(ReasonUnreadable, err, "rotated files cannot be looked for, trying again")
	}
	return list
}

// still reports whether the rotated files are the same as before, under the same
// names: what was not found among them is not there.
func (r *run) still(list []rotated) bool { return equal(list, r.rotations()) }

func equal(a, b []rotated) bool {
	return slices.EqualFunc(a, b, func(a, b rotated) bool { return a.path == b.path && os.SameFile(a.info, b.info) })
}

func rotations(path string) ([]rotated, error) {
	dir, base := filepath.Split(path)
	entries, err := os.ReadDir(filepath.Clean(cmp.Or(dir, ".")))
	var all []rotated
	plain := make(map[string]bool)
	for _, e := range entries {
		if !isRotation(base, e.Name()) {
			continue
		}
		fi, err := os.Stat(dir + e.Name())
		if err != nil || !fi.Mode().IsRegular() || fi.Size() == 0 {
			continue // gone by now, or nothing to read
		}
		all = append(all, rotated{dir + e.Name(), fi})
		plain[dir+e.Name()] = true
	}
	// While a file is being compressed it is there twice, once incomplete.
	all = slices.DeleteFunc(all, func(f rotated) bool {
		name := f.path[:len(f.path)-len(compression(f.path))]
		return name != f.path && plain[name]
	})
	slices.SortFunc(all, func(a, b rotated) int {
		return cmp.Or(a.info.ModTime().Compare(b.info.ModTime()), compareRotations(a.path, b.path))
	})
	return all, err
}

// compression returns the ending that says how a file is compressed, "" for none.
func compression(name string) string {
	ext := filepath.Ext(name)
	if unpacker(name) != nil || slices.Contains(unreadable, ext) {
		return ext
	}
	return ""
}

// isRotation reports whether name is what rotation makes of base: base with a
// number, time or word behind it, or with a date before its extension; each with
// or without compression.
func isRotation(base, name string) bool {
	name = strings.TrimSuffix(name, compression(name))
	if rest, ok := strings.CutPrefix(name, base); ok && len(rest) > 1 && strings.ContainsRune(".-_", rune(rest[0])) {
		rest = rest[1:]
		return rest == "old" || rest == "bak" || rest == "prev" || digits(rest) > 0
	}
	ext := filepath.Ext(base)
	middle, ok := strings.CutPrefix(name, strings.TrimSuffix(base, ext))
	if !ok || ext == "" || len(middle) <= len(ext) || !strings.HasSuffix(middle, ext) || !strings.ContainsRune(".-_", rune(middle[0])) {
		return false
	}
	// Six digits and more are a date; NAME.1.EXT may be the file of another thread.
	return digits(middle[:len(middle)-len(ext)]) >= 6
}

// digits counts the digits of a text that has nothing but digits and what stands
// between them in dates: 0 for others.
func digits(s string) (n int) {
	for _, c := range s {
		switch {
		case c >= '0' && c <= '9':
			n++
		case !strings.ContainsRune("-_.:+TZ", c):
			return 0
		}
	}
	return n
}

// compareRotations orders files of one modification time by their names: of
// counted ones (NAME.2, NAME.1) the greater number is the older, dates ascend.
func compareRotations(a, b string) int {
	a, b = strings.TrimSuffix(a, compression(a)), strings.TrimSuffix(b, compression(b))
	x, y := filepath.Ext(a), filepath.Ext(b)
	if digits(x) > 0 && digits(y) > 0 && digits(x) < 6 && digits(y) < 6 {
		return cmp.Or(cmp.Compare(len(y), len(x)), cmp.Compare(y, x))
	}
	return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b))
}

// begins reports whether the file, which was not read yet, begins with one of the
// heads.
func (f *file) begins(heads []head) (bool, error) {
	n, err := f.readAt(f.tmp[:], 0)
	if err != nil {
		return false, err
	}
	return slices.ContainsFunc(heads, func(h head) bool { return h.n > 0 && n >= h.n && headOf(f.tmp[:h.n]) == h }), nil
}

// copies reports whether the file may become a copy of another one: neither was
// read yet, and what it begins with is there, too. The copy is never longer.
func (f *file) copies(of *file) bool {
	n, err := f.readAt(f.tmp[:], 0)
	m, ofErr := of.readAt(of.tmp[:], 0)
	return err == nil && ofErr == nil && n <= m && bytes.Equal(f.tmp[:n], of.tmp[:n])
}
