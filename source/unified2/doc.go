// Package unified2 reads the spool files that Snort and Suricata write in the
// unified2 format and turns them into eStreamer records and metadata.
//
// Start with Source: it follows a directory, converts what it finds and hands
// on batches of wire messages, each with the mark to resume from. Spool is the
// part that follows files, Reader the part that splits one file into records,
// Maps holds the names of rules and classifications.
//
// # Guarantee
//
// Every record that a sensor wrote completely is handed on exactly once, in
// the order of each writer's files, provided the caller stores a batch together
// with its mark and resumes from the last stored one. What cannot be kept is
// never dropped silently: it is counted by reason (Stats.Skipped) and logged
// with file and offset. A file that vanished before it was opened is among these
// reasons; nobody can read it any more. The next files of each lane are opened as
// soon as they are seen, so that an archiver may move or delete them at any time.
//
// # The format
//
// A file is a sequence of records without file header, all integers big-endian:
//
//	0  uint32  record type
//	4  uint32  length of the data in bytes, this header not included
//	8  ...     data
//
// Readers skip types they do not know. A writer appends whole records; a short
// last record means that the rest is not written yet, and is an error only once
// a newer file shows that the writer has left this one.
//
// Layouts: Snort 2.9 and Snort 3 headers (unified2.h), Suricata 4
// (alert-unified2-alert.h).
//
// # Which files
//
// Files are named PREFIX.STAMP, STAMP being the Unix time at which the file was
// begun; PREFIX.STAMP.N and PREFIX.STAMP.u2 are understood, too. All files of
// one prefix form a lane, which is read in the order of stamp and N. A file
// without stamp is a lane of its own that may be replaced, renamed away or
// rewritten in place, as Snort 3 does by default when it restarts. It may also be
// renamed to PREFIX.STAMP: the lane of these files goes on where it was read, and
// comes before what is under the name by then. Otherwise lanes are independent of
// each other, so that several sensor processes can share a directory.
//
// # Sensors
//
// Each Source is one sensor with a device of its own (Sensor). Several of them in
// one process need different devices, or their equal event numbers collide; a
// device with a name and no number gets one derived from the name.
package unified2
