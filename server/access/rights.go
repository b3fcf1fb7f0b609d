package access

import (
	"fmt"
	"slices"
	"strings"
)

// A Role is what kind of server this is.
type Role uint8

const (
	// Center is a Management Center: it has every check box.
	Center Role = iota
	// Device is a managed device: it streams intrusion data only.
	Device
)

// Boxes returns the check boxes that the role offers.
func (r Role) Boxes() Boxes {
	if r == Device {
		return Intrusion | Packets | ExtraData
	}
	return AllBoxes
}

// String returns "center" or "device".
func (r Role) String() string {
	if r == Device {
		return "device"
	}
	return "center"
}

// ParseRole is the reverse of String.
func ParseRole(name string) (Role, error) {
	for _, r := range []Role{Center, Device} {
		if name == r.String() {
			return r, nil
		}
	}
	return 0, fmt.Errorf("role %q is not known; expected %s or %s", name, Center, Device)
}

// Global is the domain that contains all others.
const Global = "Global"

// Rights is what one client may have. The zero value is nothing; [All] is everything.
// Where a client may connect from is no part of it: that is checked before anybody
// asks for rights.
type Rights struct {
	// Boxes are the event types, server wide, already cut to the server's role.
	Boxes Boxes
	// Domain is the domain of the client: it sees the devices of this domain and of
	// those below. "" or Global is every domain.
	Domain string
	// Devices are names or UUIDs of managed devices, the only ones whose events the
	// client gets; nil means all of its domain, empty none.
	Devices []string
	// NetmapID puts the netmap id of the domain, and the bit for the extended header,
	// into the record type word. Clients that compare the whole word, as eNcore does,
	// do not understand that.
	NetmapID bool
}

// All returns the rights to everything, with a plain record type word.
func All() Rights { return Rights{Boxes: AllBoxes} }

// Restricted reports whether some device's events are kept from the client.
func (r *Rights) Restricted() bool {
	return r.Devices != nil || r.Domain != "" && r.Domain != Global
}

// Equal reports whether the two allow the same.
func (r *Rights) Equal(o *Rights) bool {
	return r.Boxes == o.Boxes && domain(r.Domain) == domain(o.Domain) && r.NetmapID == o.NetmapID &&
		(r.Devices == nil) == (o.Devices == nil) && slices.Equal(r.Devices, o.Devices)
}

func domain(name string) string {
	if name == "" {
		return Global
	}
	return name
}

// InDomain reports whether the client sees what belongs to a domain; "" is Global.
// Below a domain are those whose names begin with its own and a backslash, as a
// Management Center writes them: "Global \ Europe \ Berlin".
func (r *Rights) InDomain(name string) bool {
	own, name := domain(r.Domain), domain(name)
	if own == Global || own == name {
		return true
	}
	rest, ok := strings.CutPrefix(name, own)
	return ok && strings.HasPrefix(strings.TrimLeft(rest, " "), `\`)
}

// HasDevice reports whether the client may have events of a device that goes by any
// of these names: its name, its UUID in text form. Letter case counts in names.
func (r *Rights) HasDevice(names ...string) bool {
	if r.Devices == nil {
		return true
	}
	for _, name := range names {
		if name != "" && slices.Contains(r.Devices, name) {
			return true
		}
	}
	return false
}
