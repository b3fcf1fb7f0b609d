// Package cef writes ArcSight's Common Event Format as eNcore 5.2.11 does, one
// line per record. Others than the record types of the mapping have no line, nor
// have messages that cannot be decoded: the caller counts both. CEF as the
// standard wants it, for all records, is package estream/format/cef/strict.
//
// # Profiles
//
// [meta.Compat] gives the lines of eNcore's adapter "cef" ([CEF]) or "cef2"
// ([CEF2]), byte for byte, including what CEF would have wanted otherwise: header
// fields without escapes, "None" for what is missing, quotes around values with an
// equals sign, computed objects in Python's notation. Two things differ. CR and LF
// inside a value are written as \r and \n, because raw they break the line. And
// a record on which eNcore fails has the line that the mapping gives: act (400) is
// the number of a value without name, packets (2) have a line in cef2 as well,
// without the payload if they are text to eNcore.
//
// [meta.Fixed] is compat with these mended:
//
//   - user names and SHA names (suser, duser of 112 and 125; cs2 of 125) are
//     names, where eNcore prints a dictionary or nothing
//   - cn3 of 400 is the internal number of the rule, beside the signature id (cs6)
//   - cs2 of 71 and 400 names the rule when it is the policy's default action
//   - a bar or backslash in signature and name has a backslash in front; CR and
//     LF there are spaces, because CEF has line breaks in extension values only
//   - VPN logins and logoffs (170, 171) have severity 3, not "None"
//   - the severity of 125, 500 and 502 in the old layouts that have no threat
//     score, on which eNcore fails, is 0.0 and not "None" either
//   - logins and logoffs also have the details that eNcore only writes the labels of: cs1
//     device, cs2 VPN type, cs3 client system, cs4 client application, cs5
//     connection profile; besides src or c6a2 (client address), in, out, cn1
//     connection duration in seconds, cs6 group policy, requestClientApplication
//     and vpnProfile. A detail that the record does not have is left out
//   - deviceNtDomain is the name of the domain that the device belongs to, on
//     every event, or its number if the name is not known. Of the keys of the CEF
//     dictionary that qualify the device it is the one for a domain that is not of
//     the DNS; all custom strings are taken in record 400. The device is dvchost
//
// Everything else stays, what parsers are only presumed to stumble over included:
// quotes around values, escapes of quote, bracket and bar in values, severities
// with a fraction (125, 500, 502), dvcpid=None (170, 171), numbers where a name
// would be possible (proto and suser of 71).
//
// # Prefix
//
// A line begins with a syslog header of the time of writing and the name of this
// host, or with a fixed text. The time is that of at most 64 lines before.
//
// # Mapping
//
// [Options].Mapping replaces the built-in mapping, which [BuiltIn] returns. It is
// one JSON object:
//
//	{
//	 "actions": ["Alerted", "Blocked"],
//	 "severities": {"1": {"1": "10", "2": "9"}},
//	 "records": {
//	  "29": {
//	   "signature": "RNA:29:{deviceId}",
//	   "name": "{@recordTypeDescription}",
//	   "severity": {"const": "2"},
//	   "extension": {
//	    "dvchost": "@sensor | deviceId",
//	    "rt": "milliseconds(eventSecond)",
//	    "src": "ipv4(ipAddress)",
//	    "c6a2": "ipv6(ipAddress)",
//	    "cs1Label": "'change'",
//	    "cs1": "@eventDescription | eventSubtype? | 'unknown'"
//	   },
//	   "fixed": {"extension": {"deviceNtDomain": "@domain", "cs1": null, "cs1Label": null}}
//	  }
//	 }
//	}
//
// "records" has a member for each record type that has a line. "signature" and
// "name" are text with names in braces. Names are those of the json format:
//
//	PATH         a field; periods lead into objects: clientUrl.data
//	@KEY         a computed value, a member of @computed there
//	BLOCK.@KEY   a value computed from a nested block: userLogin.vpnSession.@vpnType
//
// In "extension" a key has one or more alternatives with " | " between them. The
// first that counts is written; a value that is empty or 0 leaves the key out.
//
//	@KEY         counts if it has a value, so has BLOCK.@KEY, or a PATH into a nested block
//	PATH?        counts if the layout of the record has the field
//	F(PATH)      the same, written by a function
//	PATH         always counts; None if the layout has no such field
//	'TEXT'       always counts; two quotes in it stand for one
//
// The functions are milliseconds (a time in seconds), ipv4 and ipv6 (an address if
// it is of that family), action (the entry of "actions" with that number),
// packet and payload (a packet as a whole, and what follows its IP header, 1022
// characters or hex digits at most).
//
// "extensionOf" with the number of another record stands for that one's extension.
// "severity" has one of these forms:
//
//	{"const": "5"}                       always the same
//	{"field": PATH}                      a number
//	{"tenth": PATH}                      a number divided by ten, one decimal
//	{"matrix": [PATH, PATH or "@KEY"]}   by "severities": priority, then impact; 5 if there is no entry
//	{"field": PATH, "below": 4, "then": "3", "else": "7"}
//
// "fixed" overrides signature, name, severity and single keys in profile fixed;
// null leaves a key out.
//
// Members of other names are mistakes, except "about" at the top, for a comment.
// Keys are letters, digits, underscores and periods; they are written in the order
// of their bytes. A key that CEF's dictionary does not know is passed on as it is.
package cef
