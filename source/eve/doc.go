// Package eve turns Suricata's EVE JSON into eStreamer records: from a file that
// is followed over rotation and restarts, or from a socket. Start with Source.
//
// # What becomes of which line
//
//	alert            intrusion event (400), packet (2), extra data (110), rule (66), its references (140)
//	anomaly          intrusion event of generator 116 (decode), 129 (stream) or 3001 (applayer)
//	flow             connection statistics (71)
//	netflow          the same, made of the two lines of a flow
//	http, tls, quic,
//	dns              fields of the flow's connection event
//	drop             what was dropped, and the verdict, of the flow's connection event
//	fileinfo         file event (500)
//	smtp, ssh, smb, krb5, dhcp, rdp, ftp and other protocols
//	                 the flow's protocol; what they say about hosts goes to the network map
//	stats            Stats.Sensor
//
// Lines of other types are counted by type and logged once; lines that are no
// event are counted, and logged now and then with file and offset. Every record
// has the newest layout; the server writes older ones where they are asked for.
//
// An anomaly is an intrusion event because Snort reports the same things in that
// way, and because that is where people who look for them look. Unless told
// otherwise Suricata logs those of application protocols only. Source.Omit leaves
// them out.
//
// Impact is 5 (unknown): a sensor knows no hosts' weaknesses. Bit 0x20 of the
// impact flags and "blocked" are set if Suricata says that it dropped or rejected;
// a sensor that only listens says "allowed" whatever the rule's action is. The
// action of a connection is Allow, Trust (the rule said pass), Block or Block with
// reset, with the reasons Intrusion Block and Intrusion Monitor; access control
// policies and rules are not set, since there are none. A file's disposition is
// "not applicable": nobody asked for one.
//
// # Flow id and community id
//
// All events of a flow carry an instance and a connection counter made from the
// flow id, as those of a managed device do. Alerts, and files where the beginning
// of the flow is known, carry its second as well, which is the first packet's time
// of the connection event. The numbers themselves stand in connection events as
// dynamic attributes of the source ("flow_id=123,community_id=1:..."), and with
// intrusion events as extra data of the types 1001 and 1002, which record 111
// names. There is no room for tunnels' outer addresses, JA3 and JA4 fingerprints.
//
// # Joining
//
// A connection event is made when the end of the flow is reported. Until then what
// other lines say about the flow waits in a table. The first HTTP transaction, TLS
// handshake and DNS question of a flow go into its connection event; each further
// one becomes a connection event of its own with the same instance and counter and
// without bytes and packets, so that sums stay right and nothing is lost. A flow
// whose end nobody reports gets its event when no line of it came for Source.Hold
// (for a minute while no flow's end is reported at all), or when the table is full:
// the flow that was quiet longest goes first. Flows of which only alerts,
// anomalies or files are known get no connection event.
//
// Where both flow and netflow are logged, the one that is complete first counts.
//
// # Exactly once
//
// Every event is handed on exactly once over restarts and crashes, provided the
// caller stores a batch together with its mark and resumes from the last stored
// one. A mark holds the position in the followed file, but has no room for the
// table. The table is a function of the lines alone, their times included, and is
// saved to a file every 30 seconds, so that
//
//	state at a mark = saved state at an earlier position + lines from there to the mark
//
// A Source that starts reads those lines again and makes nothing of them but the
// table. That it arrived at the mark it knows by the number of lines and the
// checksum of the last. What is not a function of the lines is in the mark: how
// many flows were let go, because time passed without a line, since the last line.
//
// The journal may lose the last batches that it took. A saved state therefore
// knows how many batches had been handed on; one that is ahead of the mark is not
// used. Two files are written in turn, so that one of them is 10 seconds or more
// older than the other, and with that older than what a journal may lose. If
// neither can be used, or the lines since are gone, the source goes on at the mark
// with an empty table: no event comes twice, but what was open then lacks what had
// been said about it, and Stats.Forgotten counts it.
//
// A socket has no position: what was received and not stored when the program
// ends is lost. Its open flows survive an orderly end.
//
// # Bounds
//
// Lines have at most 1 MiB, see package follow. The table has at most 65,536 flows
// and about 64 MiB; texts are cut (URL 2,048 bytes, names 255), and six DNS questions
// of a flow wait at a time. Reading allocates nothing per line.
package eve
