//go:build !race

package print_test

import (
	"testing"

	"estream/format/flat/flattest"
	"estream/format/print"
)

func TestNoAllocations(t *testing.T) { flattest.NoAllocations(t, print.New(print.Options{})) }
