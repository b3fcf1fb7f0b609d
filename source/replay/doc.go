// Package replay is the source that hands on a file of recorded messages, as it
// is and in its order.
//
// The file is a concatenation of wire messages with version 1 headers, as
// received from a Management Center or written by package synth, plain or
// compressed by gzip (told apart by the first bytes). Event data messages are
// handed on whatever is in them: a replay is also the means to show other
// programs what a peer once sent. Other messages are session business; they are
// skipped and counted.
//
// # Guarantee
//
// In the first round no byte changes. Every event data message is handed on
// exactly once per round, in order, provided the caller stores each batch
// together with its mark and resumes from the last stored one. A message whose
// body is malformed is handed on all the same, counted, and logged with its
// offset (the first few of them). Where the framing is broken nothing more can
// be told apart: everything before is handed on, and Run ends with an error that
// names file and offset.
//
// # Rounds
//
// With Source.Loop the file is repeated. So that the repetitions are new events
// and archive time goes on, round n (from 0) moves all times by n times the span
// of the file: latest minus earliest archive second plus one. That goes for the
// archive timestamp and for the times of day inside the records, nested blocks
// included; see times.go. A time of 0 means none and stays 0. Records without
// known layout, and malformed ones, have only their archive timestamp moved.
package replay
