//go:build !race

package raw_test

import (
	"testing"

	"estream/format/raw"
	"estream/internal/formattest"
)

func TestNoAllocations(t *testing.T) { formattest.NoAllocations(t, raw.New()) }
