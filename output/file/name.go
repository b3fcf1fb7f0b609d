package file

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// tries bounds the search for a name that nobody uses.
const tries = 10000

// expand fills in the pattern of Path for a file that is begun at t. unique is ""
// or stands for the second of Encore's names.
func (o *Options) expand(t time.Time, unique string) (string, error) {
	switch o.Naming {
	case Stamped:
		return strftime(o.Path, t.In(o.Location))
	case Encore:
		if unique == "" {
			unique = strconv.FormatInt(t.Unix(), 10)
		}
		dir, name := filepath.Split(o.Path)
		name, err := braces(name, unique)
		return dir + name, err
	}
	return o.Path, nil
}

// freeName chooses a name for a file that is begun (or, by Renamed, finished) at t.
func (o *Options) freeName(t time.Time) (string, error) {
	name, err := o.expand(t, "")
	if err != nil {
		return "", err
	}
	stem, ext := split(name)
	if o.Naming == Renamed {
		stem += t.UTC().Format("-20060102T150405Z")
	}
	for i := 1; i <= tries; i++ {
		candidate := stem + ext
		switch {
		case i > 1 && o.Naming == Encore:
			candidate, err = o.expand(t, strconv.FormatInt(t.Unix(), 10)+"-"+uuid())
			if err != nil {
				return "", err
			}
		case i > 1:
			candidate = stem + "-" + strconv.Itoa(i) + ext
		}
		taken, err := o.exists(candidate)
		if err == nil && !taken {
			// Compression will want this name.
			taken, err = o.exists(candidate + gzSuffix)
		}
		if err != nil {
			return "", fmt.Errorf("output file: %w", err)
		}
		if !taken {
			return candidate, nil
		}
	}
	return "", fmt.Errorf("output file: %s and %d names like it are taken: move the old files away", stem+ext, tries-1)
}

func (o *Options) exists(name string) (bool, error) {
	_, err := o.FS.Stat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// split cuts a path before its extension. A leading dot starts a hidden file's
// name and no extension.
func split(path string) (stem, ext string) {
	base := filepath.Base(path)
	if ext = filepath.Ext(base); ext == base {
		ext = ""
	}
	return path[:len(path)-len(ext)], ext
}

// strftime fills in the conversions of a Stamped pattern.
func strftime(pattern string, t time.Time) (string, error) {
	var b []byte
	for i := 0; i < len(pattern); i++ {
		if pattern[i] != '%' {
			b = append(b, pattern[i])
			continue
		}
		i++
		verb := byte(0)
		if i < len(pattern) {
			verb = pattern[i]
		}
		switch verb {
		case 'Y':
			b = t.AppendFormat(b, "2006")
		case 'm':
			b = t.AppendFormat(b, "01")
		case 'd':
			b = t.AppendFormat(b, "02")
		case 'H':
			b = t.AppendFormat(b, "15")
		case 'M':
			b = t.AppendFormat(b, "04")
		case 'S':
			b = t.AppendFormat(b, "05")
		case 's':
			b = strconv.AppendInt(b, t.Unix(), 10)
		case '%':
			b = append(b, '%')
		default:
			return "", fmt.Errorf("output file: %q: %q at byte %d is no conversion; expected %%Y %%m %%d %%H %%M %%S %%s or %%%%", pattern, pattern[i-1:min(i+1, len(pattern))], i-1)
		}
	}
	return string(b), nil
}

// braces fills in the placeholder of an eNcore name: {0}, while {{ and }} stand
// for one brace each.
func braces(name, unique string) (string, error) {
	var b strings.Builder
	for i := 0; i < len(name); i++ {
		switch rest := name[i:]; {
		case strings.HasPrefix(rest, "{0}"):
			b.WriteString(unique)
			i += len("{0}") - 1
		case strings.HasPrefix(rest, "{{"), strings.HasPrefix(rest, "}}"):
			b.WriteByte(name[i])
			i++
		case name[i] == '{', name[i] == '}':
			return "", fmt.Errorf("output file: name %q: a brace at byte %d that is not part of {0}; a brace that is meant is written twice", name, i)
		default:
			b.WriteByte(name[i])
		}
	}
	return b.String(), nil
}

// uuid returns a random UUID, version 4 of RFC 9562.
func uuid() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// defaultLedger is a hidden file in the directory of path that has no pattern in
// its name, so that it stays the same when the names change.
func defaultLedger(path string, n Naming) string {
	dir, name := filepath.Split(path)
	if n == Stamped {
		for strings.Contains(dir, "%") {
			var last string
			dir, last = filepath.Split(filepath.Clean(dir))
			name = last + "-" + name
		}
	}
	return filepath.Join(dir, "."+strings.NewReplacer("%", "", "{", "", "}", "").Replace(name)+".files")
}
