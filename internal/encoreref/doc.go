// Package encoreref is a second, deliberately simple implementation of what
// eNcore 5.2.11 does with event data messages: decode, store metadata, compute the
// view, print as json, splunk, cef and cef2. It exists to test the product's
// formats on streams for which nobody has recorded eNcore's own output.
//
// It interprets the tables in testdata record by record, with maps and values of
// type any, and shares no code with the packages that it is compared with: no
// other package of this module is imported, and no optimization of theirs is
// repeated. Where eNcore fails, so does this package, with a [Failure] that says
// where; lines hold CR and LF as eNcore writes them.
//
// The dev corpus holds it to eNcore itself: every line of the four reference files
// must come out equal, and every failure as a failure.
//
// It is for tests only. A [Client] belongs to one goroutine.
package encoreref
