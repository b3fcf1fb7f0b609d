//go:build !unix

package encore

import "os"

// alive reports whether process pid runs.
func alive(pid int) bool {
	p, err := os.FindProcess(pid) // opens the process, and fails when it has ended
	if err != nil {
		return false
	}
	return p.Release() == nil
}
