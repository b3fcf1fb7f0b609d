//go:build unix

package cli

import (
	"os"
	"syscall"
)

// hangup is the signal besides those of every command at which ssl_test.pl ends.
var hangup = []os.Signal{syscall.SIGHUP}
