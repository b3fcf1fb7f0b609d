//go:build !unix

package cli

import "os"

// hangup is a signal that every command ends at: there is no terminal that hangs up.
var hangup = []os.Signal{os.Interrupt}
