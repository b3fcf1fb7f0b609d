package eve

// A kind is what a line is, as far as conversion is concerned.
type kind uint8

const (
	kindOther kind = iota // a type that this program does not know
	kindAlert
	kindAnomaly
	kindDHCP
	kindDNS
	kindDrop
	kindFile
	kindFlow
	kindHTTP
	kindKrb5
	kindMDNS
	kindNetflow
	kindProtocol // an application protocol whose name is all that is used
	kindQUIC
	kindRDP
	kindSMB
	kindSMTP
	kindSSH
	kindStats
	kindTLS
)

// kinds holds the event types, by the name in the line.
var kinds = map[string]kind{
	"alert": kindAlert, "anomaly": kindAnomaly, "dhcp": kindDHCP, "dns": kindDNS, "drop": kindDrop, "fileinfo": kindFile,
	"flow": kindFlow, "http": kindHTTP, "krb5": kindKrb5, "mdns": kindMDNS, "netflow": kindNetflow, "quic": kindQUIC,
	"rdp": kindRDP, "smb": kindSMB, "smtp": kindSMTP, "ssh": kindSSH, "stats": kindStats, "tls": kindTLS,

	"bittorrent_dht": kindProtocol, "dcerpc": kindProtocol, "dnp3": kindProtocol, "enip": kindProtocol, "ftp": kindProtocol,
	"ftp_data": kindProtocol, "http2": kindProtocol, "ike": kindProtocol, "ikev2": kindProtocol, "ldap": kindProtocol,
	"modbus": kindProtocol, "mqtt": kindProtocol, "nfs": kindProtocol, "ntp": kindProtocol, "pgsql": kindProtocol,
	"pop3": kindProtocol, "rfb": kindProtocol, "sip": kindProtocol, "snmp": kindProtocol, "telnet": kindProtocol,
	"tftp": kindProtocol, "websocket": kindProtocol,
}

// speaks reports whether lines of a kind are named after the application protocol.
func (k kind) speaks() bool {
	switch k {
	case kindDHCP, kindDNS, kindHTTP, kindKrb5, kindMDNS, kindProtocol, kindQUIC, kindRDP, kindSMB, kindSMTP, kindSSH, kindTLS:
		return true
	}
	return false
}
