// Package transcript records sessions in files: every message in both directions,
// with its time, its bytes in hex and what it means. The files are for people who
// write clients in any language, and for those who have to find out which end of a
// session is at fault; docs/recorded-sessions.md describes them, and testdata has
// examples. A [Dir] records the sessions of a server as they run, [ClientConn] one
// of a client, and a [Reader] reads a file back.
//
// # Format
//
// A file is UTF-8 text, one JSON object per line:
//
//	{"format":"estream-session/1","session":1,"client":"198.51.100.7", ...}
//	{"n":1,"at":0.000212,"from":"client","bytes":16,"type":2,"name":"event stream request","meaning":{...},"hex":"00010002..."}
//	{"n":2,"at":0.000390,"from":"server", ...}
//	{"at":12.000871,"end":"client closed the connection", ...}
//
// # Guarantees
//
// What is recorded is what went over the connection, after faults (package fault)
// have changed it. A line is written with one system call when the last byte of
// its message has passed, so a crash costs at most a part of the last
// line, which [Reader] names. Recording never ends or alters a session: a full disk
// or a limit ends the recording and is told when the connection is closed.
package transcript
