//go:build !unix

package exec

import (
	"errors"
	"os"
	osexec "os/exec"
)

// group does nothing: there are no process groups that could be signalled.
func group(*osexec.Cmd) {}

// terminate ends the program at once: there is no way to ask.
func terminate(cmd *osexec.Cmd) error { return kill9(cmd) }

func kill9(cmd *osexec.Cmd) error {
	if err := cmd.Process.Kill(); !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	return nil
}
