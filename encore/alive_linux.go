package encore

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// alive reports whether process pid runs and is a client: numbers are used again,
// so another program that has it now must not be taken for one, let alone stopped.
func alive(pid int) bool {
	line, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	if err != nil {
		return false
	}
	// An interpreter's first argument is the program.
	for i, arg := range bytes.Split(line, []byte{0}) {
		name := filepath.Base(string(arg))
		if i < 3 && (name == "estream" || strings.HasPrefix(name, "encore.") || bytes.Contains(arg, []byte("estreamer/"))) {
			return true
		}
	}
	return false
}
