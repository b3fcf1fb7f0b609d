// Package human writes the format "text": one readable line per record, for eyes
// and grep rather than for programs.
//
//	2023-11-14 22:13:20Z ftd-1  INTRUSION  [1:2024897:3] ET TROJAN Beacon  10.1.2.3:1234 -> 10.2.3.4:80  TCP  Blocked  prio=high
//
// A line is the time of the event in UTC, the managed device ("-" where it is not
// known), the kind of record and what matters about it, each part after two spaces.
// What matters is a template for the main event types (templates.go). For all other
// record types it is the description, the connection and then every field that says
// something as name=value: no zeros, empty texts, lengths of texts, or numbers whose
// names follow. At most [MaxDetails] of them are shown, then how many are left out. Of one value at most
// [MaxValue] bytes are shown, then how many are left out in the form ...(+1000).
//
// Nothing that a record holds can reach beyond its line or steer a terminal:
// control and format characters, bidirectional overrides among them, and bytes that
// are not valid UTF-8 are written as \n, \r, \t and \xNN. The values of name=value
// pairs that need it are in double quotes, in which \" and \\ are escaped as well;
// text without a name in front stands as it is otherwise.
//
// Every message has a line. One that cannot be decoded says UNDECODED, the record
// type, the reason and its size.
package human
