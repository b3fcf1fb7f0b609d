package eve

import (
	"bytes"
	"strconv"
)

// appNames holds what Suricata's names of application protocols are called
// elsewhere, where putting them in capitals would not do.
var appNames = map[string]string{
	"http2": "HTTP/2", "ftp-data": "FTP Data", "ftp_data": "FTP Data", "bittorrent-dht": "BitTorrent", "bittorrent_dht": "BitTorrent", "modbus": "Modbus", "telnet": "Telnet",
	"krb5": "Kerberos", "websocket": "WebSocket", "pgsql": "PostgreSQL", "enip": "EtherNet/IP", "doh2": "DNS over HTTPS", "tls": "TLS",
}

// appendAppName appends the name of an application protocol in records: "HTTP"
// for "http". TLS on the web's port is "HTTPS".
func appendAppName(dst, app []byte, serverPort uint16) []byte {
	if serverPort == 443 && string(app) == "tls" {
		return append(dst, "HTTPS"...)
	}
	if n, ok := appNames[string(app)]; ok {
		return append(dst, n...)
	}
	if len(app) > 6 {
		return append(dst, app...)
	}
	for _, c := range app {
		if c >= 'a' && c <= 'z' {
			c -= 'a' - 'A'
		}
		dst = append(dst, c)
	}
	return dst
}

// A numbered is a value of a table with what is said about it.
type numbered struct {
	id                uint16
	name, description string
}

// dnsTypes holds the types of DNS records (RFC 1035 and later), by name.
var dnsTypes = byName([]numbered{
	{1, "A", "IPv4 address"}, {2, "NS", "name server"}, {5, "CNAME", "canonical name"}, {6, "SOA", "start of a zone of authority"},
	{10, "NULL", "anything"}, {12, "PTR", "pointer to a name"}, {13, "HINFO", "host information"}, {15, "MX", "mail exchange"},
	{16, "TXT", "text"}, {17, "RP", "responsible person"}, {18, "AFSDB", "AFS cell database"}, {24, "SIG", "signature"},
	{25, "KEY", "key"}, {28, "AAAA", "IPv6 address"}, {29, "LOC", "location"}, {33, "SRV", "service"}, {35, "NAPTR", "naming authority pointer"},
	{37, "CERT", "certificate"}, {39, "DNAME", "redirection of a subtree"}, {41, "OPT", "option"}, {43, "DS", "delegation signer"},
	{44, "SSHFP", "SSH key fingerprint"}, {46, "RRSIG", "signature of a record set"}, {47, "NSEC", "next secure record"},
	{48, "DNSKEY", "key of a zone"}, {50, "NSEC3", "next secure record, hashed"}, {51, "NSEC3PARAM", "parameters of NSEC3"},
	{52, "TLSA", "TLS certificate association"}, {64, "SVCB", "service binding"}, {65, "HTTPS", "service binding for HTTPS"},
	{99, "SPF", "sender policy"}, {249, "TKEY", "secret key"}, {250, "TSIG", "transaction signature"}, {251, "IXFR", "incremental zone transfer"},
	{252, "AXFR", "zone transfer"}, {255, "ANY", "all records"}, {256, "URI", "address of a resource"}, {257, "CAA", "permitted certification authorities"},
})

// dnsCodes holds the response codes of DNS (RFC 1035, 2136, 2845), by name.
var dnsCodes = byName([]numbered{
	{0, "NOERROR", "no error"}, {1, "FORMERR", "format error"}, {2, "SERVFAIL", "server failure"}, {3, "NXDOMAIN", "no such name"},
	{4, "NOTIMP", "not implemented"}, {5, "REFUSED", "query refused"}, {6, "YXDOMAIN", "name exists when it should not"},
	{7, "YXRRSET", "record set exists when it should not"}, {8, "NXRRSET", "record set does not exist that should"},
	{9, "NOTAUTH", "not authoritative or not authorized"}, {10, "NOTZONE", "name not in the zone"}, {16, "BADVERS", "bad version or signature"},
	{17, "BADKEY", "key not recognized"}, {18, "BADTIME", "signature out of time"},
})

// tlsVersions holds the numbers of TLS versions; the record that names them is
// theirs alone, no document fixes them.
var tlsVersions = byName([]numbered{
	{1, "SSLv2", ""}, {2, "SSLv3", ""}, {3, "TLSv1.0", ""}, {4, "TLSv1.1", ""}, {5, "TLSv1.2", ""}, {6, "TLSv1.3", ""},
})

func byName(list []numbered) map[string]*numbered {
	m := make(map[string]*numbered, len(list))
	for i := range list {
		m[list[i].name] = &list[i]
	}
	return m
}

// lookup returns the entry for a name; for "TYPE123", or just a number, one that
// has this as its name.
func lookup(table map[string]*numbered, name []byte) (n uint16, entry *numbered) {
	if e := table[string(name)]; e != nil {
		return e.id, e
	}
	t := bytes.TrimPrefix(name, []byte("TYPE"))
	if v, err := strconv.ParseUint(string(t), 10, 16); err == nil {
		return uint16(v), nil
	}
	return 0, nil
}

// tlsVersion returns the number of a version as Suricata writes it, 0 for none.
func tlsVersion(t []byte) uint8 {
	switch string(t) {
	case "SSLv2":
		return 1
	case "SSLv3":
		return 2
	case "TLSv1", "TLS 1.0":
		return 3
	case "TLS 1.1":
		return 4
	case "TLS 1.2":
		return 5
	}
	if bytes.HasPrefix(t, []byte("TLS 1.3")) {
		return 6
	}
	return 0
}

// magics holds how the descriptions of libmagic begin, and the names that a
// Management Center has for such files.
var magics = []struct{ begin, name string }{
	{"PE32", "MSEXE"}, {"MS-DOS executable", "MSEXE"}, {"PDF document", "PDF"}, {"HTML document", "HTML"}, {"Zip archive", "ZIP"},
	{"Java archive", "JAR"}, {"RAR archive", "RAR"}, {"7-zip archive", "7Z"}, {"gzip compressed", "GZIP"}, {"bzip2 compressed", "BZ"},
	{"XZ compressed", "XZ"}, {"POSIX tar", "POSIX_TAR"}, {"Microsoft Cabinet", "MSCAB"}, {"JPEG image", "JPEG"}, {"PNG image", "PNG"},
	{"GIF image", "GIF"}, {"Macromedia Flash", "SWF"}, {"ELF ", "ELF"}, {"Mach-O", "MACHO"}, {"Composite Document File", "MSOLE2"},
	{"CDF V2", "MSOLE2"}, {"OLE 2", "MSOLE2"}, {"Microsoft Word 2007", "NEW_OFFICE"}, {"Microsoft Excel 2007", "NEW_OFFICE"},
	{"Microsoft PowerPoint 2007", "NEW_OFFICE"}, {"Microsoft OOXML", "NEW_OFFICE"}, {"Rich Text", "RTF"}, {"XML ", "XML"},
	{"ISO 9660", "ISO"}, {"MS Windows shortcut", "LNK"}, {"ISO Media", "MOV"}, {"MPEG", "MPEG"}, {"RIFF", "RIFF"}, {"SMTP mail", "EML"},
}

// appendFileType appends the name of a file's type: from what libmagic said about
// its content, else from the ending of its name; nothing for none.
func appendFileType(dst, magic, name []byte) []byte {
	for i := range magics {
		if m := &magics[i]; len(magic) >= len(m.begin) && string(magic[:len(m.begin)]) == m.begin {
			return append(dst, m.name...)
		}
	}
	if len(magic) > 0 {
		if i := bytes.IndexByte(magic, ','); i > 0 {
			magic = magic[:i]
		}
		return append(dst, cut(magic, maxShort)...)
	}
	if i := bytes.IndexByte(name, '?'); i >= 0 {
		name = name[:i]
	}
	i := bytes.LastIndexByte(name, '.')
	if i <= 0 || len(name)-i-1 > 5 || len(name)-i-1 < 2 {
		return dst
	}
	start := len(dst)
	for _, c := range name[i+1:] {
		switch {
		case c >= 'a' && c <= 'z':
			c -= 'a' - 'A'
		case c >= 'A' && c <= 'Z', c >= '0' && c <= '9':
		default:
			return dst[:start]
		}
		dst = append(dst, c)
	}
	return dst
}

// A browser is known by a mark in its user agent.
type browser struct{ mark, name []byte }

// browsers are in such an order that those that carry the mark of another one
// come first.
var browsers = func(marks ...[2]string) (list []browser) {
	for _, m := range marks {
		list = append(list, browser{[]byte(m[0]), []byte(m[1])})
	}
	return list
}([][2]string{
	{"Edg/", "Edge"}, {"Edge/", "Edge"}, {"OPR/", "Opera"}, {"SamsungBrowser/", "Samsung Browser"}, {"YaBrowser/", "Yandex Browser"},
	{"Vivaldi/", "Vivaldi"}, {"HeadlessChrome/", "Chrome"}, {"Chrome/", "Chrome"}, {"CriOS/", "Chrome"}, {"FxiOS/", "Firefox"},
	{"Firefox/", "Firefox"}, {"MSIE ", "Internet Explorer"}, {"Trident/7.0", "Internet Explorer"},
}...)

var (
	safari        = []byte("Safari")
	safariMark    = []byte("Safari/")
	safariVersion = []byte("Version/")
)

// product returns the name and version of the program behind a user agent: a
// browser by its mark, anything else by the first word. Both borrow agent or are
// constant.
func product(agent []byte) (name, version []byte) {
	for i := range browsers {
		b := &browsers[i]
		if k := bytes.Index(agent, b.mark); k >= 0 {
			return b.name, cut(token(agent[k+len(b.mark):]), maxShort)
		}
	}
	if bytes.Contains(agent, safariMark) {
		if k := bytes.Index(agent, safariVersion); k >= 0 {
			version = cut(token(agent[k+len(safariVersion):]), maxShort)
		}
		return safari, version
	}
	name = token(agent)
	if rest := agent[len(name):]; len(rest) > 0 && rest[0] == '/' {
		version = token(rest[1:])
	}
	return cut(name, maxShort), cut(version, maxShort)
}

// token returns what precedes the first separator.
func token(t []byte) []byte {
	for i, c := range t {
		if c <= ' ' || c == '/' || c == ';' || c == '(' || c == ')' || c == ',' {
			return t[:i]
		}
	}
	return t
}
