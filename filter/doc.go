// Package filter chooses records by an expression:
//
//	category == "connection" and ip in (10.0.0.0/8, 2001:db8::/32) and port == 443
//
// [Parse] checks names and types against the layouts, so that a mistake is an
// error with its position and not a filter that never matches. docs/filters.md
// is the language on one page.
//
// A [Filter] is immutable and shared. It takes part in pruning: [Filter.Wanted]
// names the fields it reads in a layout, and [Filter.Skips] rules records out by
// their header, before they are decoded. A [Matcher] is one goroutine's use of
// it; it allocates nothing per record.
//
// # Values
//
// A name stands for an attribute of the record header (record, block, category,
// device, domain, time), for a helper (ip, port), for a field by its JSON key or
// its name in the layouts, or for a computed value. ".name" is the field and
// nothing else, "@name" the computed value in the strict profile. A plain name
// that is both stands for both: text in quotes is compared with each that is
// text or can be read from it, numbers and addresses with the field alone.
//
// A comparison is false where the record has no such value, or one of another
// type: also with "!=" and "not in". Only "not (...)" turns that around. Of a
// name with several values one has to fulfil the comparison; with "!=" and "not"
// none may be equal.
//
// Text is compared as JSON shows it: without NULs, in hex digits where it is no
// valid UTF-8; addresses, UUIDs and byte strings as they are printed, in lower
// case.
//
// # Limits
//
// An expression has at most [MaxExpression] bytes and [MaxDepth] levels. Regular
// expressions are RE2 and take linear time.
//
// # Why not a library
//
// Expression languages such as expr and CEL evaluate boxed values from maps or
// structs. They know neither layouts, of which a name's meaning depends here, nor
// what they will read, which decoding has to know beforehand.
package filter
