//go:build !linux

package notify

import "time"

// Only systemd asks for this clock, and systemd is on Linux.
func monotonic() (time.Duration, bool) { return 0, false }
