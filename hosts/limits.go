package hosts

import "unicode/utf8"

// Limits within one host, so that no peer can make one of them large. They lie
// far above what a host has in earnest: a scanned machine with a tarpit on every
// port is the case they are for.
const (
	maxServers         = 256 // ports per host
	maxIdentities      = 8   // what is known of one server, by source
	maxSubServers      = 8
	maxWeb             = 16 // web applications of one server or client
	maxClients         = 256
	maxUsers           = 32
	maxMACs            = 16
	maxFingerprints    = 32
	maxProtocols       = 64
	maxVulnerabilities = 1024
	maxAttributes      = 64
	maxIOCs            = 64
	maxMoreAddresses   = 16

	maxText   = 255  // bytes of a name or version
	maxBanner = 256  // bytes; guide: a banner is the first bytes of a packet, at most 256
	maxNotes  = 4096 // bytes
)

// Limits of one record that a user's input makes: it may name ranges of
// addresses, each of which is compared with every host.
const (
	maxRanges     = 64
	maxAddedHosts = 256 // hosts that one record adds
)

// maxDefinitions bounds the attribute definitions kept.
const maxDefinitions = 1024

// cut returns a text of at most most bytes without trailing NULs, in memory of
// its own, and not cut within a character.
func cut(b []byte, most int) string {
	for len(b) > 0 && b[len(b)-1] == 0 {
		b = b[:len(b)-1]
	}
	if len(b) > most {
		n := most
		for n > most-utf8.UTFMax && !utf8.RuneStart(b[n]) {
			n--
		}
		b = b[:n]
	}
	return string(b)
}
