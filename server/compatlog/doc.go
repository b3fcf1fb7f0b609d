// Package compatlog writes the log of a server in the wording that operators know
// from a Management Center, so that their searches and alerts go on working:
//
//	Jun  3 07:22:14 fmc SF-IMS[7414]: [7414] Event Streamer:ConnectionHandler [INFO] Accepted IPv4 connection from 10.48.26.47:46538/tcp
//
// Times are UTC. Lines about a connection bear its session number where a
// Management Center has the process id of a child, since a session is no process
// here. In debug mode the text follows the place in our source that said it, as
// FILE:LINE:FUNCTION().
//
// Two kinds of lines go into one log: what a [server.Trace] tells, in the wording of
// the documents, and everything else, which arrives through log/slog and has no
// such wording.
//
// # Errors
//
// The documents tell operators to look for errors with
//
//	grep -i estreamer FILE | grep -i error
//
// and their own lines about refused clients have only one of the two words. Here the
// search finds exactly the lines of level ERROR: one that lacks the first word gets it
// in parentheses behind the documented text, together with what the text does not
// say, the session and the reason; and a line of another level that happens to have
// both words, because of a client's name for example, has the second one hyphenated.
//
// # Guarantees
//
// Lines are written in the order of the calls, each with one write. A line that could
// not be written is lost; how many were is in the log as soon as it can be written
// again. Names that come from peers are made printable and cut. More than
// [SessionBurst] connections at once that show no valid certificate are not listed
// one by one.
package compatlog
