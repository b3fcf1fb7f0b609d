// Package docs makes the reference pages below docs/ that can be derived: what
// is there always says what the program does. It is no part of the program; its
// tests hold the pages against it and, with -update, write them:
//
//	go generate ./internal/docs
//
// docs/records.md is made altogether. docs/encore-differences.md is written by
// hand; a test checks that it speaks of every known difference.
package docs

//go:generate go test -count=1 -run ^TestRecords$ -update .
