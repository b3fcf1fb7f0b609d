package cli

import (
	"os"
	"strings"
	"unsafe"
)

// wipeArgument overwrites an argument of this process, or what stands behind its "=",
// and returns what it was: the list of processes shows the memory that os.Args consists
// of to every user.
func wipeArgument(secret string) string {
	kept := strings.Clone(secret)
	for i, arg := range os.Args {
		if i == 0 || kept == "" || arg != kept && !strings.HasSuffix(arg, "="+kept) {
			continue
		}
		b := unsafe.Slice(unsafe.StringData(arg), len(arg))
		for j := len(arg) - len(kept); j < len(arg); j++ {
			b[j] = '*'
		}
	}
	return kept
}
