// Package synth makes eStreamer records that no Management Center ever sent.
//
// A [Generator] is a seeded stream of event data messages in a realistic mix: 85
// in 100 are connections, 4 intrusion events, 3 packets of these, the rest file,
// malware, correlation, discovery, user, VPN and indication of compromise
// records, intrusion extra data, impact alerts, and now and then metadata again.
// The metadata comes first, so that nearly all numbers in the events can be
// resolved to names; about one in 250 can not, as happens in real life. Use it for load tests
// and demonstrations.
//
// [Fill] puts random valid values into any layout, lists and nested blocks
// included. Use it for property tests.
//
// # Guarantees
//
// The same options and layouts give the same bytes on every platform and with
// every release of Go. Every message is valid: it decodes to its last byte.
// Without [Options.Duplicates] no two messages are equal. Archive time never
// decreases, and no event carries a time after its archive time. Addresses,
// names and users are invented.
//
// All field values come from tables by field name (fields.go and the files
// after it), so a new block version is filled as far as its names are known;
// fields with unknown names stay 0 or empty.
package synth
