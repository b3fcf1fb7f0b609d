// Package manual writes the manual pages: one for each command, estream.yaml(5)
// and estream-filters(7). They are derived, from the commands' own help, the
// reference configuration and docs/filters.md, so that they say what the program
// does. The form is mdoc(7), which mandoc and groff read.
//
// It is no part of the program: packaging/manpages calls it when packages are
// built. Everything it reads is ours, so it stops at what it does not understand
// rather than to guess.
package manual

import "time"

// A Page is one finished manual page.
type Page struct {
	Name    string // without section: estream-collect
	Section int
	Text    []byte // mdoc
}

// A Release is what all pages of one build have in common.
type Release struct {
	Date time.Time // shown as a day, in UTC
}
