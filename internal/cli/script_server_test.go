package cli

import (
	"context"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"

	"estream/internal/control"
	"estream/internal/serverstatus"
)

// stopServers ends the servers in the background that a script has left running below
// dir, as one does that fails halfway.
func stopServers(dir string) {
	_ = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.Name() != socketName {
			return nil // what is no server needs no end
		}
		answer, err := control.Dial(path).Get(context.Background(), "/status")
		var s serverstatus.Status
		if err != nil || json.Unmarshal(answer, &s) != nil {
			return nil
		}
		if p, err := os.FindProcess(s.PID); err == nil {
			_ = p.Kill()
		}
		return nil
	})
}
