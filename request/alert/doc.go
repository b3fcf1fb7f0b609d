// Package alert is what the outputs that raise alerts share, syslog messages and
// SNMP traps: what an alert says of an intrusion event, and when it is sent.
//
// An event of priority 1 or 2, or without a known priority, is sent at once. All
// others are collected: one alert for each rule (generator and signature id) with
// the number of events, 120 seconds after the first of them. Everything else that
// such an alert says - addresses, ports, protocol, revision, priority, time - is
// that of the rule's last event.
//
// [Reader] makes an [Alert] of an event in any version, [Batch] collects, and
// [Collector] is both, with the methods of an output of the reference client.
package alert
