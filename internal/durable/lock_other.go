//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd || windows)

package durable

import (
	"errors"
	"fmt"
	"io"
)

// Lock implements [FS]. This platform has no file lock that ends with the
// process, and a lock that survives it would have to be removed by hand.
func (OS) Lock(name string) (io.Closer, error) {
	return nil, fmt.Errorf("lock %s: %w", name, errors.ErrUnsupported)
}
