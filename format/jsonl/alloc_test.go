//go:build !race

package jsonl_test

import (
	"testing"

	"estream/format/flat/flattest"
)

func TestNoAllocations(t *testing.T) {
	for _, p := range profiles {
		t.Run(p.String(), func(t *testing.T) { flattest.NoAllocations(t, profile(p)) })
	}
}
