package encore

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"estream/internal/durable"
)

// A State is what the client is doing, as in its status file.
type State int

// The states and their numbers are eNcore's.
const (
	StateError    State = -1
	StateStopped  State = 0
	StateRunning  State = 1
	StateStarting State = 2
	StateStopping State = 3
)

func (s State) String() string {
	switch s {
	case StateError:
		return "Error"
	case StateStopped:
		return "Stopped"
	case StateRunning:
		return "Running"
	case StateStarting:
		return "Starting"
	case StateStopping:
		return "Stopping"
	}
	return fmt.Sprintf("State %d", int(s))
}

// stateJSON is the form of a state in the status file and the details line.
type stateJSON struct {
	ID          int    `json:"id"`
	Description string `json:"description"`
}

func (s State) json() stateJSON { return stateJSON{int(s), s.String()} }

// writeStatus replaces the status file.
func writeStatus(fsys durable.FS, path string, s State) error {
	text := fmt.Appendf(nil, `{"state": {"id": %d, "description": "%s"}}`, int(s), s)
	if err := durable.ReplaceFile(fsys, path, text, 0o644); err != nil {
		return fmt.Errorf("status file: %w", err)
	}
	return nil
}

// readStatus returns what the status file says; a file that is missing or that
// nobody can read is a client that is stopped.
func readStatus(fsys durable.FS, path string) stateJSON {
	data, err := readSmall(fsys, path)
	var file struct {
		State *stateJSON `json:"state"`
	}
	if err != nil || json.Unmarshal(data, &file) != nil || file.State == nil || file.State.Description == "" {
		return StateStopped.json()
	}
	return *file.State
}

// readFull fills p as far as r goes.
func readFull(r io.Reader, p []byte) (int, error) {
	n, err := io.ReadFull(r, p)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = nil
	}
	return n, err
}

// removeIfThere removes a file that may be missing.
func removeIfThere(fsys durable.FS, path string) error {
	if err := fsys.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
