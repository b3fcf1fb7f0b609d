// Package snmp sends alerts of intrusion events as SNMP traps, version 2c or 3.
//
// Guarantee: at most once. A trap is one UDP datagram that nobody confirms. What
// this machine could not send, and what it was told (by ICMP) that nobody took, is
// counted as lost and not repeated; that word of ICMP comes with the next trap, if
// at all. Only if a trap cannot leave this machine because the name does not
// resolve or there is no network, sending it is an error, and it can be offered
// again. Alerts that package alert collects are in memory only until they are sent.
//
// # The trap
//
// A trap sfEvent holds sysUpTime.0 and snmpTrapOID.0, then the fourteen variables
// in [Objects], whose names are those of the reference client. The number under
// which Sourcefire registered them is in none of the documents, so [DefaultRoot] is
// below net-snmp's playpen, which is there for experiments. A site that needs the
// numbers of an older installation, or has an enterprise number of its own, sets
// [Options].Root. The MIB file is contrib/snmp/ESTREAM-ALERT-MIB.txt.
//
// Numbers are Unsigned32. sfAlertDateAndTime is a DateAndTime of 11 octets, the time
// of the event in UTC. sfSourceIP and sfDestinationIP are the octets of the address,
// 4 or 16, since IpAddress has no room for IPv6; the objects with String in their
// names are the same as text. Both are empty where an event has no address. Ports
// of ICMP are type and code. For an alert that stands for several events
// sfAlertCount is their number, and everything else is that of the last one.
//
// # Version 3
//
// The sender of a trap is the authoritative engine: receivers have to know its
// engine id, with which keys are made, and refuse traps whose boots or time went
// back. Engine id and boots live in a state file, so that they survive a restart.
// Two outputs must not share one; a lock file beside it (name.lock) sees to that.
package snmp
