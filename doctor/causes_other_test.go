//go:build !linux

package doctor

import (
	"errors"
	"io"
	"testing"
)

// elsewhere are the causes that only namespaces and mounts can produce.
var elsewhere = []Cause{AddressOrRevoke, Behind, ConnectFailed, DirOpen, DiskFull, NoRoute, PortFiltered, ReadOnly}

func systemScenes(*testing.T) []scene { return nil }

func agent(io.Reader, io.Writer) error { return errors.New("no network namespaces here") }
