// Package print writes records for people to read, several lines each: the output
// "print" of the reference client. It is the one format whose records have more
// than one line, so it is not for destinations that take a line for a record.
//
//	record_type: 22 [Hops Change]
//	record_length: 57
//	netmap_id: 0 [Global]
//	archive_timestamp: 1700000000 [2023-11-14 22:13:20 UTC]
//	device_id: 3 [ftd-1]
//	...
//	======================================================================
//	hops: 2
//	**********************************************************************
//
// First come the fields of the record header, of the discovery header where the
// record has one, and type and length of the data block. Below the line of "=" are
// all fields of the body, in their order on the wire and under the names that
// package layouts gives them. The line of "*" ends the record.
//
// # Values
//
//   - A number, UUID or hash whose meaning is known is followed by it in brackets.
//     Names come from the computed view of package meta in its strict profile, and
//     for fields that the view does not have from the metadata record that names
//     them. Bit fields show the names of their bits.
//   - Times are followed by their text in UTC.
//   - IPv4-mapped addresses are shown as IPv4.
//   - Text is shown as it is, except that what does not print (control characters,
//     terminal escapes, bidirectional overrides, bytes that are not UTF-8) is
//     escaped as in [estream/format/flat.AppendVisible]. NULs at its end are cut.
//   - Packets are shown as their length; so is other binary payload that is not
//     text. With Options.Hex a hex dump follows.
//   - A nested block has its title, its type and its fields below, indented by 4;
//     the blocks of a list are numbered from 1. A string or number in a block of its
//     own follows the number directly. What has no layout is dumped in hex.
//
// Optional fields that are not there are left out. Bytes behind the known fields
// are announced and dumped.
//
// A record that cannot be decoded has what is known of its headers, the reason, and
// a hex dump of at most [MaxDump] bytes, unless Options.Hex asks for all.
//
// [AppendBlock] and [AppendBlockJSON] write a data block that is no part of a
// record: the host profiles of message types 6 and 7.
package print
