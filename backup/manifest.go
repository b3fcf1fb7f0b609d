package backup

import (
	"errors"
	"fmt"
	"time"
)

// format is the version of the archive's form.
const format = 1

const (
	headName     = "estream-backup.json"
	dataPrefix   = "data/"
	manifestName = "manifest.json"
	journalDir   = "journal"
	// maxManifest bounds the two JSON files, in bytes: some 300,000 files.
	maxManifest = 64 << 20
)

// A Manifest says what is in a backup.
type Manifest struct {
	Format  int       `json:"format"`  // 1
	Estream string    `json:"estream"` // the release that wrote it
	Made    time.Time `json:"made"`    // when it was begun, UTC
	Files   []File    `json:"files"`   // in the order of the archive
	Journal *Range    `json:"journal,omitempty"`
}

// A File is one file of a backup.
type File struct {
	Name   string `json:"name"` // below the data directory, with slashes
	Size   int64  `json:"size"` // bytes
	Mode   uint32 `json:"mode"` // permission bits
	SHA256 string `json:"sha256"`
}

// A Range says which messages of the journal are in a backup, by their sequence
// numbers.
type Range struct {
	First    uint64 `json:"first"` // of the oldest message
	End      uint64 `json:"end"`   // behind the newest
	Segments int    `json:"segments"`
}

// Bytes returns the length of all files together.
func (m *Manifest) Bytes() (total int64) {
	for _, f := range m.Files {
		total += f.Size
	}
	return total
}

// What the errors of Verify and Restore are for errors.Is, beside those of the file
// system.
var (
	ErrNotBackup  = errors.New("no backup of estream")
	ErrIncomplete = errors.New("backup is incomplete")
	ErrDamaged    = errors.New("backup is damaged")
	// ErrNotEmpty is returned by Restore for a directory with something in it.
	ErrNotEmpty = errors.New("directory is not empty")
	// ErrRunning is returned by Create when another backup of the directory is made.
	ErrRunning = errors.New("another backup of this directory is being made")
)

// A FormatError is returned for a backup that a newer release wrote.
type FormatError struct{ Found int }

func (e *FormatError) Error() string {
	return fmt.Sprintf("backup has format %d, this release reads format %d: restore it with the release that wrote it or a newer one", e.Found, format)
}
