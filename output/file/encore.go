package file

import (
	"fmt"
	"path/filepath"
	"strings"
)

// encoreLines is eNcore's number of lines in a file when "maxLogs" is not given.
const encoreLines = 10000

// ParseEncoreURI returns the options of an output that names, fills and changes
// its files as eNcore does for a "stream" of its configuration:
//
//	file:///dir/name{0}.ext     an absolute path (file:///C:/dir/name{0} on Windows)
//	file:///:dir/name{0}.ext    relative to dir
//	relfile:///dir/name{0}.ext  relative to dir; may climb with ../
//
// {0} is the Unix second in which the file is begun; query and fragment are
// ignored; an empty name is log{0}. With rotate the file changes after maxLogs
// lines (0: 10000), without it there is one file for each run; an output begins a
// file with its first line. Missing directories are created. A name without {0}
// is one file that lines are appended to, where eNcore overwrites what it wrote
// before. New files and directories get eNcore's modes, 0666 and 0777 less the umask:
// whoever reads them today goes on reading them.
func ParseEncoreURI(uri string, rotate bool, maxLogs int, dir string) (Options, error) {
	fail := func(format string, args ...any) (Options, error) {
		return Options{}, fmt.Errorf("output file: stream %q: "+format, append([]any{uri}, args...)...)
	}
	scheme, rest, ok := strings.Cut(uri, "://")
	if !ok {
		return fail("there is no \"://\" in it; expected file:///DIR/NAME{0}.EXT or relfile:///DIR/NAME{0}.EXT")
	}
	if i := strings.IndexAny(rest, "?#"); i >= 0 {
		rest = rest[:i]
	}
	path, ok := strings.CutPrefix(rest, "/")
	if !ok && rest != "" {
		return fail("%q stands where a host name would; write three slashes, %s:///%s", rest, scheme, rest)
	}
	switch strings.ToLower(scheme) {
	case "relfile":
		path = "./" + path
	case "file":
		if rel, ok := strings.CutPrefix(path, ":"); ok {
			path = "./" + strings.TrimPrefix(rel, "/")
		} else if !drive(path) {
			path = "/" + path
		}
	default:
		return fail("%q is not a scheme of files; expected file or relfile", scheme)
	}
	if strings.HasSuffix(path, "/") {
		path += "log{0}"
	}
	if maxLogs < 0 {
		return fail("maxLogs is %d; expected 1 or more, 0 for %d", maxLogs, encoreLines)
	}
	o := Options{Path: filepath.FromSlash(path), MakeDirs: true, Mode: 0o666, DirMode: 0o777}
	if strings.HasPrefix(path, "./") {
		o.Path = filepath.Join(dir, o.Path)
	}
	base := filepath.Base(o.Path)
	one, err := braces(base, "0")
	if err != nil {
		return fail("%w", err)
	}
	two, err := braces(base, "1")
	if err != nil {
		return fail("%w", err)
	}
	if one == two {
		o.Path = filepath.Join(filepath.Dir(o.Path), one)
		return o, nil
	}
	o.Naming, o.NewAtStart = Encore, true
	if rotate {
		if o.MaxLines = int64(maxLogs); maxLogs == 0 {
			o.MaxLines = encoreLines
		}
	}
	return o, nil
}

// drive reports whether path starts with a drive of Windows, such as C:/.
func drive(path string) bool {
	return len(path) >= 3 && path[1] == ':' && path[2] == '/' &&
		(path[0]|0x20 >= 'a' && path[0]|0x20 <= 'z')
}
