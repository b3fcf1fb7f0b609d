// Package journal keeps batches of messages in append-only files until every
// consumer has taken them. It is the one place where estream makes data
// durable: sources append to it, and outputs and sessions read from it, each
// from a position of its own.
//
// # Guarantees
//
//   - [Journal.Append] returns once a batch is in bounded memory and visible
//     to readers. It is durable, together with the source's mark stored in it,
//     when [Journal.WaitDurable] of its position returns: a crash at any moment
//     after that leaves it in place, in order, exactly once.
//   - Batches become durable in the order of Append, without holes: when a
//     batch survived, all before it did.
//   - A write that fails (disk full, input/output error) loses nothing and
//     repeats nothing: what is not yet durable stays in memory, Append blocks,
//     and the journal tries again until it can go on.
//   - A crash may leave a torn tail, which was never reported durable. It is
//     cut on open. Damage to durable data is reported with file and offset,
//     set aside as a copy, and skipped; nothing behind it is lost.
//   - Messages are dropped in one case only, retention, which deletes whole
//     segments from the oldest on, never past a required cursor. A reader that
//     comes too late is told what it missed ([GoneError]).
//
// The journal never looks into payloads. Its unit of order is the sequence
// number: messages are numbered from 0 on as they are appended, and a
// [Position] names the first message not yet consumed.
//
// # Files
//
// A journal is a directory (mode 0700, files 0600) that one process has open:
//
//	LOCK                                 held by the process, holds its id
//	SEQUENCE-GENERATION.seg              a segment: SEQUENCE is its first sequence number, 20 digits
//	SEQUENCE-GENERATION.idx              index of a closed segment; can be deleted, is made again
//	SEQUENCE-GENERATION.seg.N.damaged    copy of damaged bytes of a segment, from offset N on (N-2 for the
//	                                     second one from there); for a person to look at and delete
//	cursors/NAME.cursor                  position of a consumer
//
// GENERATION, 4 digits, is above 0 when a segment replaces one whose fsync
// failed. Segments are in order of sequence, then generation. A batch counts
// only if its sequence number is below the first one of the next segment;
// what is left behind by a failed fsync is superseded that way without having
// to be erased from a disk that just refused to work.
//
// Integers are big-endian, checksums are CRC-32C (Castagnoli), times are
// nanoseconds since 1970 UTC, archive times are seconds since then, 0 for none.
//
// A segment starts with a header of 48 bytes and the table of sources:
//
//	 0  [8]byte  magic "estrmjnl"
//	 8  uint32   format version, 1
//	12  uint32   length of the header with its table, in bytes
//	16  uint32   checksum of the header with its table, this field left out
//	20  uint32   number of sources in the table
//	24  uint64   salt, random, the same in all segments of a journal
//	32  uint64   sequence number of the first message
//	40  int64    time of creation
//
// The first 20 bytes keep their meaning in every later version, so that an
// older program can tell a newer journal from a damaged one. The table repeats
// for each source what would otherwise have to be searched in older segments:
//
//	0   uint32   source
//	4   uint32   highest archive time
//	8   uint16   length of the mark
//	10  bytes    mark of the last batch
//
// Batches follow without padding. The first batch of a segment is a snapshot
// of what readers have to know to understand the rest (see
// [Options.Snapshot]); snapshots have no sequence number of their own.
//
//	 0  uint32   magic "esjb"
//	 4  uint16   length of this header with the mark, in bytes
//	 6  uint16   flags: 1 snapshot
//	 8  uint64   salt of the segment; keeps a payload that looks like a batch from being taken for one
//	16  uint32   length of the payload
//	20  uint32   checksum of the payload
//	24  uint64   sequence number of the first message
//	32  uint32   number of messages; 0 for a snapshot
//	36  uint32   source
//	40  int64    arrival time
//	48  uint32   lowest archive time
//	52  uint32   highest archive time
//	56  uint64   all messages below this sequence number were durable when the batch was appended
//	64  uint32   zero
//	68  uint32   checksum of this header with the mark, this field left out
//	72  bytes    mark: position of the source behind this batch, at most 512 bytes
//	    bytes    payload
//
// The field at 56 is what tells a torn tail from damage: a crash may lose any
// of the bytes that were not yet synced, also some in the middle of good ones.
// A bad batch in the last segment that no later batch proves to have been
// durable is torn, and everything behind it goes with it: the sources ask for
// that again, as their marks lie before it.
package journal
