// Package strict writes ArcSight's Common Event Format as its standard asks for
// it (version 0), one line per record, for every record type:
//
//	PREFIX CEF:0|Cisco|Firepower|VERSION|SIGNATURE|NAME|SEVERITY| KEY=VALUE KEY=VALUE ...
//
// Package cef writes what eNcore writes instead.
//
// # What a line holds
//
// Every field of the record, and every name that metadata gives. Fields with a
// meaning of their own in the standard's dictionary go there (mapping.json); all
// others go into custom keys: the vendor and product name in front of the field's
// name, as the standard asks for, such as CiscoFirepowerWebApplication. Lists are
// JSON text, in which text has no NULs and is hex if it is not UTF-8, beside their
// count. The device's name is in dvchost, the domain's in CiscoFirepowerDomain.
//
// A key that has both a name and a number shows the name, and the number where
// there is no name; text that the record itself brings comes before a name. Left
// out are absent fields, empty text, UUIDs of 16 zero bytes (references that are
// not set), and padding; numbers are kept when they are 0. The last two keys of
// each line are CiscoFirepowerBlockType, if the record has a block, and
// CiscoFirepowerRecordType.
//
// A dictionary key takes what fits its type: an integer up to 2^31-1 (2^63-1 for
// a long), text up to so many bytes, never a part of a character. What does not
// fit is also in the custom key of its field, complete; a number that does not
// fit is only there. Times in the dictionary's keys are milliseconds since 1970,
// others are written as 2006-01-02T15:04:05+00:00. Addresses are in the form of
// RFC 5952, IPv4-mapped ones as IPv4 in the keys for IPv4. Binary content is
// written as hex digits; the content of a blob block as text if it is UTF-8
// without control characters.
//
// # Characters
//
// NULs at the end of a text are removed. Each other control character (U+0000 to
// U+001F, U+007F to U+009F) and each byte that is no valid UTF-8 becomes U+FFFD,
// except that in the extension a tab stays and CR and LF become \r and \n, and in
// the header the three become a space. Backslash and, in the extension, the
// equals sign, in the header the bar, get a backslash. Spaces are kept at both
// ends of a value: the standard counts all spaces before a key but one to the
// value in front of it. No line ends in a space.
//
// The extension starts with a space, which the standard leaves open. liblognorm
// 2.0.6 drops the first character after the header's last bar without looking at
// it; with a space there it reads the first key right. It also refuses a line that
// ends in an empty value, which no line of ours does.
//
// # Records that cannot be decoded
//
// They get a line, too: rawEvent holds the record in base64, reason says what is
// wrong, and what the record header and discovery header say is there.
//
// # Prefix
//
// Unless told otherwise a line begins with priority 13 (user, notice), the time
// of writing as RFC 3339 in UTC and the host's name. The classic form of syslog
// has neither year nor zone; the standard fixes no form for what precedes it.
package strict
