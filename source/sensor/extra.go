package sensor

import "fmt"

// Types of extra data, as in Snort's unified2 files, for ExtraData.Type.
const (
	ExtraClientIPv4      = 1 // original client address, 4 bytes
	ExtraClientIPv6      = 2 // original client address, 16 bytes
	ExtraSMTPFile        = 5
	ExtraSMTPFrom        = 6
	ExtraSMTPTo          = 7
	ExtraSMTPHeaders     = 8
	ExtraHTTPURI         = 9
	ExtraHTTPHost        = 10
	ExtraNormalizedJS    = 13
	ExtraGzipData        = 4
	ExtraSourceIPv6      = 11
	ExtraDestinationIPv6 = 12
)

// extraTypes names the types of extra data and how each is stored.
var extraTypes = map[uint32][2]string{
	ExtraClientIPv4:      {"Original client address (IPv4)", "IPv4"},
	ExtraClientIPv6:      {"Original client address (IPv6)", "IPv6"},
	3:                    {"Reviewed by", "String"},
	ExtraGzipData:        {"Data after gzip decompression", "String"},
	ExtraSMTPFile:        {"SMTP attachment file name", "String"},
	ExtraSMTPFrom:        {"SMTP sender (MAIL FROM)", "String"},
	ExtraSMTPTo:          {"SMTP recipients (RCPT TO)", "String"},
	ExtraSMTPHeaders:     {"SMTP mail headers", "String"},
	ExtraHTTPURI:         {"HTTP URI", "String"},
	ExtraHTTPHost:        {"HTTP host name", "String"},
	ExtraSourceIPv6:      {"Source address (IPv6)", "IPv6"},
	ExtraDestinationIPv6: {"Destination address (IPv6)", "IPv6"},
	ExtraNormalizedJS:    {"Normalized JavaScript", "String"},
}

// extraTypeName writes record 111.
func (e *Encoder) extraTypeName(typ uint32) {
	if !e.meta.needed(metaKey{record: 111, a: typ}, 0) {
		return
	}
	names, ok := extraTypes[typ]
	if !ok {
		names = [2]string{fmt.Sprintf("Extra data of type %d", typ), "String"}
	}
	f := &e.meta.extraType
	f.Reset()
	f.Num(0, uint64(typ))
	f.Text(1, names[0])
	f.Text(2, names[1])
	e.finish(f)
}
