// Package wire is the eStreamer wire format: messages and their headers on one
// side, the layouts of records and data blocks on the other.
//
// Messages: [Header], the types of the session ([EventStreamRequest],
// [StreamingInformation], [Bundle], ...), each with Parse and Append.
//
// Records: a [Source] hands out definitions as data; [Layouts] compiles them into
// programs; a [Decoder] turns an event data message into a [Record], one slot per
// field, without copying or allocating; [AppendRecord] and [Builder] go the other
// way. Records and blocks without layout stay available as raw bytes.
//
// Integers are big-endian and lengths stay unsigned until they are checked. No
// bytes of a peer make this package panic, loop or allocate more than the
// message that carried them. Decoders and builders belong to one goroutine,
// everything else may be shared. Only the standard library is imported.
package wire
