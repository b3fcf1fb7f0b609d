package pki

import (
	"io/fs"
	"os"
	"time"
)

// A seen file is one that was read, so that a change by another process can be told
// by a stat.
type seen struct {
	info fs.FileInfo
	at   time.Time // before it was read
}

// settled is the age at which a file's time can be trusted to tell a later change
// apart: file systems count in steps of up to two seconds.
const settled = 3 * time.Second

// current reports whether the file that info describes is the one that was read. A
// file that was changed shortly before it was read counts as changed: the next
// write could have given it the same time, size and inode.
func (s seen) current(info fs.FileInfo) bool {
	return s.info != nil && os.SameFile(s.info, info) && s.info.ModTime().Equal(info.ModTime()) &&
		s.info.Size() == info.Size() && s.at.Sub(info.ModTime()) > settled
}

// readSeen is readFile, and remembers what it read.
func readSeen(path string, limit int64) ([]byte, seen, error) {
	at := time.Now()
	data, info, err := readFile(path, limit)
	return data, seen{info, at}, err
}
