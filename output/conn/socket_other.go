//go:build !linux

package conn

import (
	"syscall"
	"time"
)

type probe struct{}

func (*probe) init() {}

// Unsent returns how many bytes the peer's kernel has not acknowledged, and
// whether that is known.
func (c *Conn) Unsent() (bytes int, known bool) { return 0, false }

// peerGone reports whether the kernel knows of the end of the connection. Here
// only the reading goroutine learns of it.
func (c *Conn) peerGone() bool { return false }

// limitSilence has no counterpart here: writes and waits have limits of their own.
func limitSilence(syscall.RawConn, time.Duration) error { return nil }
