// Package syslog sends alerts of intrusion events as syslog messages, to the
// system's own socket or to a receiver on the network.
//
// Guarantee: over TCP and TLS at least once into the network: what is not known to
// have left this machine when a connection breaks is sent again, and what the
// receiver accepted and did not process can be lost. Over UDP at most once. The
// local socket has taken a message when sending returns; what the syslog service
// does with it, or loses when it is killed, nobody says. Alerts that package alert
// collects are in memory only until they are sent.
//
// # The message
//
// One line, whose prefix and names are those of the reference client:
//
//	Sourcefire Alert AlertPriority: 2, SourceIp: 192.0.2.7, DestinationIp: 198.51.100.9, sfAlertCount: 1, SourcePort: 4711, DestinationPort: 80, EventMessage: ET TROJAN Beacon
//
// Their order and the punctuation are ours: the documents do not show a whole
// line. The text is last and runs to the end of the line; control characters in it
// are escaped. Where metadata has not named the rule it is "no message known for
// rule GENERATOR:SIGNATURE:REVISION". Ports of ICMP are type and code. A missing
// address is empty.
//
// For an alert that stands for several events sfAlertCount is their number, and
// everything else is that of the last one.
//
// Messages go out as user.notice, what the program logger does without options.
package syslog
