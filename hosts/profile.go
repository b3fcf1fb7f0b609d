package hosts

import (
	"fmt"
	"net/netip"
)

// A Profile is what is known of one host. It is the readable form of a full host
// profile, and what the map keeps. Numbers are those of the protocol; metadata
// records name them (the comments say which).
type Profile struct {
	Address netip.Addr `json:"address"`          // IPv4 addresses are unmapped
	Space   uint32     `json:"space,omitempty"`  // see Options.Space; not on the wire
	Netmap  uint16     `json:"netmap,omitempty"` // domain; not in profiles on the wire
	Device  uint32     `json:"device,omitempty"` // managed device that spoke of it last (record 123); not in profiles on the wire

	// MoreAddresses are further addresses, in profiles of a Management Center.
	MoreAddresses []SeenAddress `json:"more_addresses,omitempty"`

	FirstSeen   Second `json:"first_seen,omitempty"` // not in profiles on the wire
	LastSeen    Second `json:"last_seen,omitempty"`
	Hops        uint8  `json:"hops"`
	Secondary   uint8  `json:"secondary,omitempty"`   // 1: not in the device's primary network
	Type        uint32 `json:"type"`                  // 0 host, 1 router, 2 bridge
	Criticality uint16 `json:"criticality,omitempty"` // 0 none, 1 low, 2 medium, 3 high (record 58)
	Mobile      bool   `json:"mobile,omitempty"`
	Jailbroken  bool   `json:"jailbroken,omitempty"`
	VLAN        VLAN   `json:"vlan,omitzero"`
	NetBIOS     string `json:"netbios,omitempty"`   // or another host name, where a sensor saw one
	NameSeen    Second `json:"name_seen,omitempty"` // when the name was; not in profiles on the wire
	Notes       string `json:"notes,omitempty"`     // text of the host attribute "Notes"

	MACs               []MACAddress    `json:"macs,omitempty"`
	Fingerprints       []Fingerprint   `json:"fingerprints,omitempty"`
	NetworkProtocols   []uint16        `json:"network_protocols,omitempty"`   // ethertypes (record 59)
	TransportProtocols []uint16        `json:"transport_protocols,omitempty"` // IP protocols
	Servers            []Server        `json:"servers,omitempty"`
	Clients            []Client        `json:"clients,omitempty"`
	Users              []User          `json:"users,omitempty"` // not in profiles on the wire
	Vulnerabilities    []Vulnerability `json:"vulnerabilities,omitempty"`
	Attributes         []Attribute     `json:"attributes,omitempty"`
	IOCs               []IOC           `json:"iocs,omitempty"`
}

// A SeenAddress is an address of a host and when it was last seen.
type SeenAddress struct {
	Address  netip.Addr `json:"address"`
	LastSeen Second     `json:"last_seen,omitempty"`
}

// A VLAN is the tag of a host's frames; the zero value is none.
type VLAN struct {
	Present  bool   `json:"present,omitempty"`
	ID       uint16 `json:"id"`
	Type     uint8  `json:"type,omitempty"`
	Priority uint8  `json:"priority,omitempty"`
	Seen     Second `json:"seen,omitempty"` // not in profiles on the wire
}

// A MACAddress is a MAC address of a host, or of the router before it (TTL).
type MACAddress struct {
	Address  MAC    `json:"address"`
	TTL      uint8  `json:"ttl,omitempty"`
	Primary  bool   `json:"primary,omitempty"`
	LastSeen Second `json:"last_seen,omitempty"`
}

// A Fingerprint is an operating system that a host may have, by the way in which
// it was found.
type Fingerprint struct {
	Class         Class  `json:"class"`
	UUID          UUID   `json:"uuid"` // record 54
	Type          uint32 `json:"type,omitempty"`
	SourceType    uint32 `json:"source_type,omitempty"` // 0 detected, 1 user, 2 scanner, 3 application (record 90)
	SourceID      uint32 `json:"source_id,omitempty"`   // record 91
	LastSeen      Second `json:"last_seen,omitempty"`
	TTLDifference uint8  `json:"ttl_difference,omitempty"`
	Confidence    uint32 `json:"confidence,omitempty"`    // percent; in profiles up to 4.8 only
	Device        string `json:"mobile_device,omitempty"` // of a mobile device
	Mobile        bool   `json:"mobile,omitempty"`
	Jailbroken    bool   `json:"jailbroken,omitempty"`
	Vendor        string `json:"vendor,omitempty"` // given by a user; not in profiles on the wire
	Product       string `json:"product,omitempty"`
	Version       string `json:"version,omitempty"`
}

// A Class is a list of fingerprints in a host profile.
type Class uint8

// The classes, in the order of the profile.
const (
	Derived Class = iota
	ServerPrint
	ClientPrint
	SMBPrint
	DHCPPrint
	UserPrint
	ScannerPrint
	ApplicationPrint
	ConflictPrint
	MobilePrint
	IPv6ServerPrint
	IPv6ClientPrint
	IPv6DHCPPrint
	UserAgentPrint
	classes // how many there are
)

// classFields are the names of the lists, by class.
var classFields = [classes]string{
	"derived_fingerprints", "server_fingerprints", "client_fingerprints", "smb_fingerprints", "dhcp_fingerprints",
	"user_fingerprints", "scanner_fingerprints", "application_fingerprints", "conflict_fingerprints",
	"mobile_device_fingerprints", "ipv6_server_fingerprints", "ipv6_client_fingerprints", "ipv6_dhcp_fingerprints",
	"user_agent_fingerprints",
}

// String returns the name of the list in the profile, without "_fingerprints".
func (c Class) String() string {
	if c >= classes {
		return fmt.Sprintf("class %d", uint8(c))
	}
	return classFields[c][:len(classFields[c])-len("_fingerprints")]
}

// MarshalText implements [encoding.TextMarshaler].
func (c Class) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText implements [encoding.TextUnmarshaler].
func (c *Class) UnmarshalText(text []byte) error {
	for i := range classes {
		if i.String() == string(text) {
			*c = i
			return nil
		}
	}
	return fmt.Errorf("fingerprint class %q: expected %q to %q", text, Derived, UserAgentPrint)
}

// A Server is a service on a TCP or UDP port.
type Server struct {
	Protocol   uint8      `json:"protocol"` // 6 TCP, 17 UDP
	Port       uint16     `json:"port"`
	Hits       uint32     `json:"hits,omitempty"`
	LastUsed   Second     `json:"last_used,omitempty"`
	Confidence uint32     `json:"confidence,omitempty"` // percent
	Banner     Bytes      `json:"banner,omitempty"`
	Identities []Identity `json:"identities,omitempty"`
	Web        []uint32   `json:"web_applications,omitempty"` // record 109
}

// An Identity is what one source says about a server.
type Identity struct {
	SourceType  uint32      `json:"source_type,omitempty"` // as Fingerprint.SourceType
	SourceID    uint32      `json:"source_id,omitempty"`
	Application uint32      `json:"application"` // application protocol (record 63)
	Vendor      string      `json:"vendor,omitempty"`
	Version     string      `json:"version,omitempty"`
	LastUsed    Second      `json:"last_used,omitempty"`
	Sub         []SubServer `json:"sub_servers,omitempty"`
}

// A SubServer is a part of a server, such as the TLS library of a web server.
type SubServer struct {
	Name    string `json:"name"`
	Vendor  string `json:"vendor,omitempty"`
	Version string `json:"version,omitempty"`
}

// A Client is a client application that runs on the host.
type Client struct {
	Protocol    uint32   `json:"protocol"`    // application protocol (record 63)
	Application uint32   `json:"application"` // client application (record 55)
	Version     string   `json:"version,omitempty"`
	Hits        uint32   `json:"hits,omitempty"`
	LastUsed    Second   `json:"last_used,omitempty"`
	Web         []uint32 `json:"web_applications,omitempty"` // record 109
}

// A User is somebody who logged in on the host.
type User struct {
	ID       uint32 `json:"id"` // record 98
	Name     string `json:"name,omitempty"`
	Domain   string `json:"domain,omitempty"`
	Protocol uint32 `json:"protocol,omitempty"` // application protocol by which the login was seen
	LastSeen Second `json:"last_seen,omitempty"`
	Reported string `json:"reported_by,omitempty"`
}

// Where a vulnerability is known from.
const (
	NativeVulnerability   uint8 = iota // the system's own database (record 57)
	ScanVulnerability                  // a scanner, by the number in that database
	ScannersVulnerability              // a scanner, by its own number (record 106)
)

// A Vulnerability is one that a host, or a server on it, may have.
type Vulnerability struct {
	Kind     uint8  `json:"kind"` // NativeVulnerability, ...
	ID       uint32 `json:"id"`
	Invalid  uint8  `json:"invalid,omitempty"` // not 0: does not apply to the host
	Type     uint32 `json:"type,omitempty"`
	Protocol uint8  `json:"protocol,omitempty"` // of the server; 0: the host
	Port     uint16 `json:"port,omitempty"`
}

// An Attribute is the value of a host attribute (record 60).
type Attribute struct {
	ID      uint32 `json:"id"`
	Type    uint32 `json:"type,omitempty"`
	Integer uint32 `json:"integer,omitempty"`
	Text    string `json:"text,omitempty"`
}

// An IOC is an indication of compromise (record 161).
type IOC struct {
	ID       uint32   `json:"id"`
	Disabled bool     `json:"disabled,omitempty"`
	First    IOCEvent `json:"first,omitzero"`
	Last     IOCEvent `json:"last,omitzero"`
}

// An IOCEvent names the event that set an indication of compromise.
type IOCEvent struct {
	Seen       Second `json:"seen,omitempty"`
	EventID    uint32 `json:"event_id,omitempty"`
	Device     uint32 `json:"device,omitempty"`
	Instance   uint16 `json:"instance,omitempty"`
	Connection Second `json:"connection_time,omitempty"`
	Counter    uint16 `json:"counter,omitempty"`
}
