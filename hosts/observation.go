package hosts

import (
	"net/netip"
	"time"
)

// An Observation is what a sensor saw of a host. Fields that are zero were not
// seen; any of the others may come together. Names are the sensor's own: numbers
// for them are derived, the same in every run, and metadata records explain them.
type Observation struct {
	Time time.Time  // when it was seen
	Host netip.Addr // without it, or if it is no host's (multicast, loopback, ...), nothing happens

	Source  uint32 // number of the source in the journal, see Options.Space
	Netmap  uint16 // domain of the sensor
	Archive uint32 // archive time of the records; 0: Time

	// Known reports whether the journal holds an equal metadata record of this source
	// already. Nil: Discover only remembers what it made itself. It is called with the
	// map locked and must not call it.
	Known func(message []byte) bool

	MAC       MAC    // of the host itself, not of a router before it
	Network   uint16 // ethertype; 0: that of the address
	Transport uint8  // IP protocol
	VLAN      uint16
	HostName  string // NetBIOS, DHCP or DNS name of the host

	Service SeenService
	Client  SeenClient
	OS      SeenOS
	User    SeenUser
}

// A SeenService is a server on the host. Protocol 0: none.
type SeenService struct {
	Protocol uint8  // 6 TCP or 17 UDP; others are not servers to the protocol
	Port     uint16 //
	Name     string // application protocol: "ssh"; "" while it is not recognised
	Vendor   string
	Version  string
	Banner   string // its first bytes; what is beyond 256 bytes is cut
}

// A SeenClient is a client application on the host. Name "": none.
type SeenClient struct {
	Name     string // "curl"
	Version  string
	Protocol string // application protocol: "http"
}

// A SeenOS is an operating system. Name "": none.
type SeenOS struct {
	Vendor, Name, Version string
}

// A SeenUser is somebody who logged in on the host. Name "": none.
type SeenUser struct {
	Name     string
	Domain   string
	Protocol string // application protocol by which the login was seen: "smb"
}

// isHost reports whether an address can be that of a host.
func isHost(a netip.Addr) bool {
	return a.IsValid() && !a.IsUnspecified() && !a.IsMulticast() && !a.IsLoopback() && a != broadcast
}

var broadcast = netip.AddrFrom4([4]byte{255, 255, 255, 255})
