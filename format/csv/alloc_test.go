//go:build !race

package csv_test

import (
	"testing"

	"estream/format/csv"
	"estream/format/flat/flattest"
)

func TestNoAllocations(t *testing.T) { flattest.NoAllocations(t, csv.New(csv.Options{})) }
