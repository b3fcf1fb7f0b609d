// Package hosts is the network map: what is known of each host, learned from the
// discovery, user and vulnerability records in a journal, and answered as full
// host profiles.
//
// A [Map] is a function of the records it was shown and of nothing else, so that
// showing it the journal from [Map.Seq] on gives the state that it had before a
// crash. [Map.Observe] learns, [Map.Profiles] answers host requests, and
// [Map.Discover] makes the discovery events that a Management Center would send,
// for sensors that only report traffic.
//
// # What a host is
//
// A host is an address within a domain (the netmap id of the record header) and
// an address space ([Options.Space]): two networks may use one private address.
// A Management Center knows hosts with several addresses; here each is a host of
// its own, because the events that would join them do not say so reliably.
//
// # The file
//
// [Map.Save] replaces one file as a whole. Integers are big-endian:
//
//	 0  8 bytes  "esnetmap"
//	 8  uint32   version, 1
//	12  uint32   CRC-32C of everything behind it
//	16  uint64   sequence number in the journal behind the last record learned
//	24  uint64   clock: how often a host was touched
//	32  uint32   number of hosts
//	36  uint32   length of the attribute definitions, then those
//	    for each host: uint32 length, then the host
//
// Definitions and hosts are written and read by the same functions (codec.go). A
// file of a later version is refused. A damaged one is renamed to NAME.damaged
// and reported, and the map starts empty: the journal still holds what it can.
//
// # Bounds
//
// Hosts and their bytes are limited ([Options]), the host that was seen longest
// ago goes first and is counted. Within a host every list and every text has a
// limit of its own (limits.go); what does not fit is counted, too.
package hosts
