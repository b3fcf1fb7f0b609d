// Package request is the reference client: one session with an eStreamer server, whose
// records go to one output. It asks what the ssl_test.pl of Cisco's SDK asks (Plugins),
// keeps the same bookmark file (Bookmark), requests host profiles (ParseHosts,
// Session.Hosts), and ends where that script ends: with the connection, a count, a time,
// or a signal. It never connects a second time; package estream/source/fmc is the
// collector that does.
//
//	ReadBatch ──► names ──► decode, filter ──► Output ──► Flush ──► Bookmark ──► Ack
//
// Outputs are packages below this one: csv, pcap, snmp, syslog. Lines makes one of every
// line format, and the output print of format/print.
package request
