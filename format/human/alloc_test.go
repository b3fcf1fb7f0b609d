//go:build !race

package human_test

import (
	"testing"

	"estream/format/flat/flattest"
	"estream/format/human"
)

func TestNoAllocations(t *testing.T) { flattest.NoAllocations(t, human.New(human.Options{})) }
