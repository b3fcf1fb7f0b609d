//go:build !race

package kvpair_test

import (
	"testing"

	"estream/format/flat/flattest"
	"estream/format/kvpair"
)

func TestNoAllocations(t *testing.T) { flattest.NoAllocations(t, kvpair.New(kvpair.Options{})) }
