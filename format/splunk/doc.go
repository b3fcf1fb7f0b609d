// Package splunk writes one line of key=value pairs per record, as eNcore's
// adapter "splunk" does and as Splunk's add-ons for it read them:
//
//	rec_type=123 event_sec=1700000000 id=3 name=ftd-1 rec_type_category=SENSOR rec_type_desc="Managed Device Metadata"
//
// Which fields a record type has and what they are called is a table
// (mapping.json) that [Options].Mapping can replace. A computed value, such as a
// name found through metadata, stands in the place of the number that it explains.
// Every record has a line; [meta.Profile] decides what is in it.
//
// compat gives eNcore 5.2.11's lines byte for byte: text with a space or an equals
// sign is wrapped in quotes and nothing in it is escaped, LF becomes \n, CR is
// dropped.
//
// fixed and strict quote whatever could end a value early and escape quotes and
// backslashes inside quotes, for KV_MODE = auto_escaped in props.conf. In quotes
// LF and CR are written as \n and \r. Text that needs no quotes is written as it
// is, backslashes included. Nothing prints as a Python dictionary. rec_type_simple
// stands beside rec_type_category, and domain names the domain; the user's domain
// of VPN logins and logoffs (170, 171), called domain by compat, is user_domain.
//
// strict adds to fixed the fields that eNcore's table misses, right spellings
// beside the misspelt names that published content reads, the time of the event as
// event_time in UTC, and canonical IPv6 addresses (RFC 5952). A record type without
// table shows its fields under the protocol's names.
package splunk
