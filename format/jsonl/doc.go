// Package jsonl writes one JSON object per record and line, with all fields of the
// record under eNcore's names and the computed view in the member "@computed".
// In the profile compat lines are equal to those of eNcore 5.2.11 with its adapter "json", byte for
// byte. They are ASCII and never hold CR or LF before their end.
//
// Records that eNcore cannot read follow the same rules; members whose fields it
// has no name for get the camel case of the protocol's name. A message that cannot
// be decoded at all is written with what its record header says, the fields of its
// discovery header if there is a readable one, and the members "rawRecord" (base64
// of the body) and "rawReason". One whose record header is unreadable has
// "rawMessage" in place of all but "rawReason".
//
// The profile fixed differs in the computed view, see package meta, and in the IPv4
// addresses of correlation events, which are dotted quads instead of integers. The
// profile strict differs from fixed, apart from its view, in these points: dates
// are UTC and end in +00:00; addresses are as in RFC 5952, IPv4-mapped ones plain
// IPv4, and so are those that eNcore shows as hex digits; a single nested block is
// an object or null where eNcore makes it a list; the member "blockType" is never 0
// where there is a block. Names of members are the same in all profiles, eNcore's
// spelling included, and so is text: without NULs, hex if it is not valid UTF-8.
package jsonl
