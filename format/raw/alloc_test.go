//go:build !race

package raw_test

import (
	"testing"

	"estream/format/flat/flattest"
	"estream/format/raw"
)

func TestNoAllocations(t *testing.T) { flattest.NoAllocations(t, raw.New()) }
