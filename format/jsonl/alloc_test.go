//go:build !race

package jsonl_test

import (
	"testing"

	"estream/internal/formattest"
)

func TestNoAllocations(t *testing.T) {
	for _, p := range profiles {
		t.Run(p.String(), func(t *testing.T) { formattest.NoAllocations(t, profile(p)) })
	}
}
