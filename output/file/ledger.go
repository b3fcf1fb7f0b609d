package file

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"estream/internal/durable"
)

const (
	ledgerVersion = 1
	maxLedger     = 64 << 20 // bytes; about 500,000 files
)

// A ledger is a file that lists files which an output made: those begun since the
// last commit, so that they can be undone, and those that wait for compression
// or deletion. It is replaced as a whole, before a file gets its name, so that
// after a crash no file of ours has a name that is not in it:
//
//	{"version":1,"safe":7,"files":[{"seq":7,"name":"/var/log/e-20260131T235959Z.json","time":"2026-01-31T23:59:59Z"}]}
//
// It is safe for concurrent use.
type ledger struct {
	fsys durable.FS
	path string

	mu sync.Mutex
	ledgerData
}

type ledgerData struct {
	Version int     `json:"version"`
	Safe    uint64  `json:"safe,omitempty"` // files before this one are committed, with their state stored: nothing undoes them
	Files   []entry `json:"files"`          // in the order of Seq
}

// An entry is one file. By Renamed a file is listed when it is finished, otherwise
// when it is begun.
type entry struct {
	Seq  uint64    `json:"seq"`
	Name string    `json:"name"` // absolute path, without the suffix of compression
	Time time.Time `json:"time"`
	Gz   bool      `json:"gz,omitempty"` // it has been compressed
}

// file is the path that holds the entry's bytes.
func (e entry) file() string {
	if e.Gz {
		return e.Name + gzSuffix
	}
	return e.Name
}

func loadLedger(fsys durable.FS, path string) (*ledger, error) {
	l := &ledger{fsys: fsys, path: path, ledgerData: ledgerData{Version: ledgerVersion}}
	f, err := fsys.OpenFile(path, os.O_RDONLY, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return l, nil
	}
	if err != nil {
		return nil, fmt.Errorf("output file: list of files: %w", err)
	}
	b, err := io.ReadAll(io.LimitReader(f, maxLedger+1))
	if err = errors.Join(err, f.Close()); err == nil {
		l.ledgerData, err = parseLedger(b)
	}
	if err != nil {
		return nil, fmt.Errorf("output file: list of files %s: %w; if it is moved away, the output begins a new list, and lines written after the last commit may be in the files twice", path, err)
	}
	return l, nil
}

func parseLedger(b []byte) (ledgerData, error) {
	var d ledgerData
	if len(b) > maxLedger {
		return d, fmt.Errorf("longer than %d bytes", maxLedger)
	}
	if err := json.Unmarshal(b, &d); err != nil {
		return d, err
	}
	if d.Version != ledgerVersion {
		return d, fmt.Errorf("version %d; expected %d", d.Version, ledgerVersion)
	}
	for i, e := range d.Files {
		if e.Name == "" || i > 0 && e.Seq <= d.Files[i-1].Seq {
			return d, fmt.Errorf("file %d has number %d and name %q; expected rising numbers and names", i, e.Seq, e.Name)
		}
	}
	return d, nil
}

// update replaces the list by what f makes of a copy. On an error the list in
// memory is the old one, and the next update replaces whatever is on the device.
func (l *ledger) update(f func(d *ledgerData)) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	d := l.ledgerData
	d.Files = slices.Clone(d.Files)
	f(&d)
	b, err := json.Marshal(d)
	if err == nil {
		err = durable.ReplaceFile(l.fsys, l.path, append(b, '\n'), 0o600)
	}
	if err != nil {
		return fmt.Errorf("output file: list of files: %w", err)
	}
	l.ledgerData = d
	return nil
}

// sweep removes what a crash during update left behind. Only the owner of the
// list calls it, before the first update.
func (l *ledger) sweep() error {
	dir, base := filepath.Split(l.path)
	entries, err := l.fsys.ReadDir(filepath.Clean(dir))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), base+".tmp-") {
			err = errors.Join(err, l.fsys.Remove(dir+e.Name()))
		}
	}
	if err != nil {
		return fmt.Errorf("output file: list of files: %w", err)
	}
	return nil
}

// put enters a file, replacing what had its number.
func (d *ledgerData) put(e entry) {
	d.drop(e.Seq)
	d.Files = append(d.Files, e)
	slices.SortFunc(d.Files, func(a, b entry) int {
		if a.Seq < b.Seq {
			return -1
		}
		return 1
	})
}

// drop takes out files by number.
func (d *ledgerData) drop(seq ...uint64) {
	d.Files = slices.DeleteFunc(d.Files, func(e entry) bool { return slices.Contains(seq, e.Seq) })
}

// finished returns the files before number seq.
func (l *ledger) finished(seq uint64) []entry {
	l.mu.Lock()
	defer l.mu.Unlock()
	var done []entry
	for _, e := range l.Files {
		if e.Seq < seq {
			done = append(done, e)
		}
	}
	return done
}

// last returns the highest number; 0 when there is none.
func (l *ledger) last() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.Files) == 0 {
		return 0
	}
	return l.Files[len(l.Files)-1].Seq
}
