package unified2

import (
	"strconv"
	"strings"
)

// A fileKey orders the files of a lane: by stamp, then by number.
type fileKey struct {
	Stamp uint64 // Unix time in the name; 0 for a name without stamp
	N     uint64 // number behind the stamp, from 1; 0 for none
}

func (k fileKey) less(o fileKey) bool {
	return k.Stamp < o.Stamp || k.Stamp == o.Stamp && k.N < o.N
}

// A laneName is what the names of all files of a lane have in common: what
// comes before the stamp, and what comes behind stamp and number.
type laneName struct{ base, ext string }

// String names the lane in messages and is its identity in marks.
func (l laneName) String(stamped bool) string {
	if stamped {
		return l.base + ".*" + l.ext
	}
	return l.base
}

// file returns the name of a file of the lane. It is the inverse of splitName.
func (l laneName) file(k fileKey) string {
	if k.Stamp == 0 {
		return l.base
	}
	s := l.base + "." + strconv.FormatUint(k.Stamp, 10)
	if k.N != 0 {
		s += "." + strconv.FormatUint(k.N, 10)
	}
	return s + l.ext
}

// splitName takes a file name apart. A name without stamp is its own lane.
func splitName(name string) (laneName, fileKey) {
	parts := strings.Split(name, ".")
	for i := len(parts) - 1; i > 0; i-- {
		stamp, ok := number(parts[i], 9, 12)
		if !ok {
			continue
		}
		k := fileKey{Stamp: stamp}
		rest := parts[i+1:]
		if len(rest) > 0 {
			if n, ok := number(rest[0], 1, 9); ok {
				k.N = n
				rest = rest[1:]
			}
		}
		l := laneName{base: strings.Join(parts[:i], ".")}
		if len(rest) > 0 {
			l.ext = "." + strings.Join(rest, ".")
		}
		if l.base == "" {
			break
		}
		return l, k
	}
	return laneName{base: name}, fileKey{}
}

// number parses a positive decimal number of least to most digits without
// leading zero, so that each number has one spelling.
func number(s string, least, most int) (uint64, bool) {
	if len(s) < least || len(s) > most || s[0] < '1' || s[0] > '9' {
		return 0, false
	}
	n, err := strconv.ParseUint(s, 10, 63)
	return n, err == nil
}

// notSpools are endings of files that lie beside spool files and are not read:
// compressed or partial copies, bookmarks of other readers, configuration.
var notSpools = []string{".gz", ".bz2", ".xz", ".zst", ".lz4", ".zip", ".tmp", ".part", ".swp", ".waldo", ".bookmark",
	".conf", ".config", ".map", ".json", ".txt", ".md", ".md5", ".sha256", ".pcap"}

// wanted reports whether a file belongs to the spool. With a prefix it must be
// PREFIX itself or a stamped PREFIX; without one the usual names are taken.
func wanted(name, prefix string) bool {
	l, k := splitName(name)
	if prefix != "" {
		return name == prefix || k.Stamp != 0 && l.base == prefix
	}
	if strings.HasPrefix(name, ".") || strings.HasSuffix(name, "~") {
		return false
	}
	for _, s := range notSpools {
		if strings.HasSuffix(name, s) {
			return false
		}
	}
	if k.Stamp == 0 {
		// unified2.log.1 is a renamed unified2.log and was read under that name.
		last := name[strings.LastIndexByte(name, '.')+1:]
		if _, ok := number(last, 1, 8); ok || last == "0" {
			return false
		}
	}
	switch {
	case strings.HasSuffix(l.base+l.ext, ".u2"), strings.HasPrefix(name, "unified2."), strings.HasSuffix(l.base, "unified2.log"):
		return true
	case l.base == "snort.u2" || l.base == "merged.log":
		return k.Stamp != 0
	}
	return false
}
