// Package backup copies the data directory of a server into one file while the
// server works, and puts it back.
//
// # What a backup holds
//
// Every file of the directory, with the journal as it was at one moment: certificates,
// registrations, settings, network map, positions, and the journal up to its last
// complete batch, which is made durable first. Left out are locks, sockets, temporary
// files and logs (*.log), and of the journal what is made again (indexes) or of no use
// to a program (*.damaged).
//
// Restored, it is the server of that moment: clients' certificates are accepted, the
// sources go on at their marks, and clients that ask for an earlier time get what
// the journal held. The file holds the keys of the certificate authority, so its mode
// is 0600.
//
// # Consistency
//
// Nothing is locked against the server but the registrations, for the time that it
// takes to read them. Segments of the journal only grow at the end of the last one;
// all are opened first, so that what retention deletes meanwhile is still read. Files
// that name positions in the journal (cursors, the network map) are read before it,
// so that the journal reaches at least as far as they do; files that the journal refers
// to (numbers of sources) after it.
//
// # The file
//
// A tar archive, compressed with gzip if that was asked for:
//
//	estream-backup.json   format, release, time
//	data/...              the files, modes as they were
//	manifest.json         last: name, size and SHA-256 of each file, and the journal's range
//
// An archive without its manifest is incomplete and refused. The SHA-256 digests find
// damage, not forgery: whoever can alter the file can alter the manifest.
//
// # Crashes
//
// A backup is written under a temporary name, read back and compared, and gets its name
// when it is durable. A restore happens beside the directory and takes its name when
// everything in it has been checked and is durable. What a killed process leaves
// behind bears ".tmp-" in its name; the next backup to the same file removes it.
package backup
