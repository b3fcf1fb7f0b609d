// Package pcap writes the packets of intrusion events (record type 2) as capture files.
//
// [Output] writes classic pcap, version 2.4, as the SDK's pcap plugin does; [NG] writes
// pcapng, whose comments say to which event a packet belongs. Both are written by hand:
// classic pcap is two small headers, and a library's pcapng writer would cut blocks at
// the end of its buffer, allocate for each comment and fix the times to nanoseconds.
//
// Times are those of the packet, not of the event that it belongs to. Integers are
// little-endian.
//
// Guarantee: what Flush has returned for is with the writer, in the order of the
// records. Only whole packets and blocks are handed to the writer, so that the file can
// be read while it grows and after the process was killed. Nothing is repeated or
// skipped after an error.
package pcap
