// Package text writes the primitive values of the output formats: numbers, hex,
// addresses, dates, and text under the escaping rules of JSON and CEF.
//
// All functions append to a buffer that the caller owns and keep nothing. They
// accept any bytes: what a peer sends is never trusted to be valid UTF-8. Except
// for [Dates] they hold no state and are safe for concurrent use.
//
// The rules are those of eNcore 5.2.11, so that the lines agree with its lines
// byte for byte. One term comes from there: bytes that are not valid UTF-8 are a
// "byte string" and print as lower-case hex; NUL bytes are removed from text.
package text
