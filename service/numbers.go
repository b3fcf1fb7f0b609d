package service

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"estream/internal/durable"
)

// numbers remembers which number in the journal belongs to which source, by
// name, so that sources may come, go and change places in the configuration. A
// number is never given twice. It is safe for concurrent use.
type numbers struct {
	mu   sync.Mutex
	fs   durable.FS
	path string
	file numbersFile
}

type numbersFile struct {
	Version int               `json:"version"`
	Last    uint32            `json:"last"` // highest number ever given
	Sources map[string]uint32 `json:"sources"`
}

const (
	numbersVersion = 1
	maxNumbersFile = 1 << 20
)

// openNumbers reads sources.json in the state directory dir.
func openNumbers(fsys durable.FS, dir string) (*numbers, error) {
	if fsys == nil {
		fsys = durable.OS{}
	}
	n := &numbers{fs: fsys, path: filepath.Join(dir, "sources.json"), file: numbersFile{Version: numbersVersion, Sources: map[string]uint32{}}}
	data, err := durable.ReadFile(fsys, n.path, maxNumbersFile)
	if errors.Is(err, fs.ErrNotExist) {
		return n, nil
	}
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(data, &n.file); err != nil {
		return nil, fmt.Errorf("%s: %w; it holds the numbers of the sources in the journal: restore it from a backup, or start with an empty state directory", n.path, err)
	}
	if n.file.Version != numbersVersion {
		return nil, fmt.Errorf("%s: found version %d, expected %d: a newer estream wrote it", n.path, n.file.Version, numbersVersion)
	}
	if n.file.Sources == nil {
		n.file.Sources = map[string]uint32{}
	}
	for _, number := range n.file.Sources {
		n.file.Last = max(n.file.Last, number)
	}
	return n, nil
}

// of returns the number of a source, a new one for a new name. The source
// without name is number 1, as in journals that know only one. A new name gets the
// number wish, if that is not 0 and nobody has it.
func (n *numbers) of(name string, wish uint32) (uint32, error) {
	if name == "" {
		return 1, nil
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if number, ok := n.file.Sources[name]; ok {
		return number, nil
	}
	last := n.file.Last
	number := last + 1
	if wish != 0 && !slices.Contains(slices.Collect(maps.Values(n.file.Sources)), wish) {
		number = wish
	}
	n.file.Last = max(last, number)
	n.file.Sources[name] = number
	data, err := json.MarshalIndent(n.file, "", "  ")
	if err != nil {
		return 0, err
	}
	if err := durable.ReplaceFile(n.fs, n.path, append(data, '\n'), os.FileMode(0o600)); err != nil {
		delete(n.file.Sources, name)
		n.file.Last = last
		return 0, fmt.Errorf("remember the number of source %s: %w", name, err)
	}
	return number, nil
}

// name returns the source that has a number, "" if none has.
func (n *numbers) name(number uint32) string {
	n.mu.Lock()
	defer n.mu.Unlock()
	for name, has := range n.file.Sources {
		if has == number {
			return name
		}
	}
	return ""
}

// SourceName returns the name of the source that has a number in the journal, ""
// if none has, or the Service does not run.
func (c *Service) SourceName(number uint32) string {
	c.mu.Lock()
	r := c.running
	c.mu.Unlock()
	if r == nil {
		return ""
	}
	return r.numbers.name(number)
}

// SourceNumbers returns the numbers that the sources of a Service with the state
// directory dir have in its journal, by name.
func SourceNumbers(fsys durable.FS, dir string) (map[string]uint32, error) {
	n, err := openNumbers(fsys, dir)
	if err != nil {
		return nil, err
	}
	return n.file.Sources, nil
}
