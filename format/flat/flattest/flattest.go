// Package flattest is formattest and recordtest under older names, for the tests of
// the flat formats.
package flattest

import (
	"testing"

	"estream/internal/formattest"
	"estream/internal/recordtest"
	"estream/layouts"
	"estream/wire"
)

// See the functions of the same names in formattest and recordtest.
var (
	Corpus        = formattest.Corpus
	Random        = formattest.Random
	Damaged       = formattest.Damaged
	Lines         = formattest.Lines
	Record        = formattest.Record
	NoAllocations = formattest.NoAllocations
	Benchmark     = formattest.Benchmark
	Message       = recordtest.Message
)

// Layouts returns the built-in layouts.
func Layouts(testing.TB) *wire.Layouts { return layouts.Default() }
