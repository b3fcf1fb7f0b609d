// Package follow reads lines from where sensors write them: a file that grows and
// is rotated (Follower), or a socket (Stream). Both are an Input.
//
// # Guarantee of a Follower
//
// Every line that ends with a newline is handed on exactly once, in the order of
// writing, provided the caller stores what it makes of a batch together with the
// batch's mark and resumes from the last stored one. This holds over
//
//   - rotation by renaming (NAME.1, NAME.1700000000, NAME-20240131, also
//     NAME-20240131.EXT for NAME.EXT), whether the writer goes on in the renamed
//     file for a while or not, several times between two looks at the directory
//     or while nobody reads, and with the old file compressed (.gz, .bz2);
//   - copying and truncating: what the copy holds beyond the position is read
//     from the copy. Lines that the rotating tool itself loses, between its copy
//     and its truncation, are lost to everybody;
//   - deletion: a file that is open is read to its end.
//
// What cannot be read is never dropped silently: it is counted by reason
// (Stats.Skipped) and logged with file and offset. These are lines longer than
// MaxLine, files that vanished or were cut short before their end was read, and
// files that cannot be read.
//
// A last line without newline is handed on only when the writer has left the
// file, as far as can be told: when its successor has content.
//
// # Identity
//
// A file is known by device and inode, and by a hash of its first bytes, up to
// 1 KiB of what has been read. The content decides: a copy with the same
// beginning is the same file, another beginning under the same inode is another
// one. Sensors begin every line with a time, so that no two files begin alike.
//
// The files between the one being read and the one under the name are found by
// their modification times, in the directory of the file: rotated files must stay
// there until they are read. The beginnings of the last files
// that were read are part of the mark, so that none of them is read again.
//
// # Guarantee of a Stream
//
// A socket has no position: a line is handed on at most once. What was received
// and not yet stored when the program ends is lost. A slow caller slows the
// sender down, whose buffers decide what happens then.
package follow
