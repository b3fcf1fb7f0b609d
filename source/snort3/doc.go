// Package snort3 reads the alerts that Snort 3 writes as JSON lines (its logger
// alert_json) and turns them into eStreamer records and metadata.
//
// # Guarantee
//
// Every line is converted exactly once, provided the caller stores a batch
// together with its mark and resumes from the last stored one; see package follow
// for what that holds over. A line that is no alert is counted by reason
// (Stats.Skipped) and logged with file and offset.
//
// # What a line says
//
// Which fields there are is the sensor's setting (alert_json.fields); every one
// may be missing. They become
//
//	seconds, timestamp      event time. "seconds" gives the second. "timestamp" has
//	                        microseconds, the sensor's local time or (with -U) UTC, and a
//	                        year only with -y; without "seconds" it decides, by TimeZone and
//	                        the year in which it is nearest to now
//	rule, or gid sid rev    rule identity; msg is the rule's name, else the maps know it
//	class, priority         classification by short name or description ("none" is none);
//	                        without a priority that of the classification or the rule
//	src_ap, dst_ap, or      addresses and ports
//	src_addr, src_port, ...
//	icmp_type, icmp_code    in the place of the ports, as the protocol has it
//	proto                   "ICMP" with IPv6 addresses is ICMPv6; "IP", ARP and others
//	                        have no protocol number in the line and get 0
//	action                  see below
//	vlan, mpls              likewise
//	service                 application protocol, unless "unknown"
//	iface                   ingress interface, unless the device's is configured
//	flowstart_time          start of the connection
//	b64_data                a packet record
//
// No field of an intrusion event has room for the others: dir, eth_*, ip_*, tcp_*,
// udp_len, icmp_id, icmp_seq, tos, ttl, target, service bytes and packets, pkt_*,
// sgt, geneve_vni.
//
// # Packets
//
// b64_data is what follows the packet's headers. The line has many of their
// values, but not all (fragment bits, TCP options, checksums); a packet made up
// around the payload would hold bytes that were never on the wire. So the record
// has the payload alone, with the link type for data without headers
// (sensor.LinkTypePayload), as for the reassembled buffers in unified2 files.
//
// # Verdict
//
// "allow", "trust" and the like are not blocked. "drop", "block", "reset" and
// their "force_" forms are blocked, with the bit of the impact flags that says so;
// "would_" forms would have been, "cant_" forms could not be. "rewrite" has values
// of its own. Nothing is known about hosts, so the impact is unknown.
//
// # Event numbers
//
// A line has no event number. Alerts are numbered in the order of reading, from
// 1; the number goes on over restarts, since it is part of the mark.
package snort3
