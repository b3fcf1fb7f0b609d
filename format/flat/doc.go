// Package flat lists everything that is known about a record as one sequence of
// names and values without nesting, for the formats that have no nesting: kvpair,
// csv and text. It always uses the strict view: device and domain name where they
// are known, times in UTC with offset, addresses as in RFC 5952.
//
// # Names
//
// A record begins with time (of the event, else the archive time; absent where
// there is neither), recordType, recordName and recordCategory, and where they
// exist blockType and archiveTimestamp. The fields follow under the names that the
// json format gives them, then the computed values under theirs, except
// eventSecond, eventDateTime and eventMicrosecond, which time stands for, and
// originalPacket, which equals packetData.
//
//   - A computed value whose name is that of a field gets the suffix "_name": in an
//     intrusion event blocked is the number, blocked_name its text.
//   - A field whose name is one of the first six gets the suffix "_raw", which
//     concerns time of record 9.
//   - Fields of a nested block have its name and a period in front, those of blocks
//     in a list also their index from 0: hostProfile.tcpServers.0.port. The first of
//     them is blockType. Computed values of a nested block stand beside its fields,
//     with the suffix "_name". A block without layout has blockType and data, its
//     content in hex.
//   - String blocks are their content. Type and length of blocks inside a record
//     are not shown, and absent fields are not there.
//
// A message that cannot be decoded has recordType, blockType and archiveTimestamp,
// the fields of the discovery header if there is a readable one, rawRecord (base64
// of what follows the record header) and rawReason. If not even the record header
// can be read it has only rawMessage (base64 of the whole message) and rawReason.
//
// # Values
//
// Text is what arrived, be it valid UTF-8 or not; only NULs at its end, which pad
// it, are cut. Packets and other binary fields are lower-case hex.
package flat
