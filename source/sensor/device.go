package sensor

import "cmp"

// A Device says how a sensor appears in the records made from its data. Names
// are UTF-8 of at most 4,096 bytes; what is longer is cut.
type Device struct {
	// ID is the number of the managed device in the records, unique among the
	// sensors of one server: 0 derives it from the UUID (with the top bit set).
	ID uint32
	// Name is the name of the managed device; "" means "sensor".
	Name string
	// UUID identifies the device in rights and in the UUIDs of its interfaces. All
	// zeros derive it from the name. The device's own records carry ID and name only.
	UUID [16]byte

	// Names of interfaces and zones; "" leaves the fields of the events at zero.
	// What an input says about its interface goes before IngressInterface.
	IngressInterface, EgressInterface string
	IngressZone, EgressZone           string

	// Domain is the name of the domain that the device belongs to; "" is the global
	// one. Netmap is the domain's number, 1 to 32767; if both are set, a record of
	// type 350 names it. Records carry no netmap id: the server adds it for
	// clients that ask for it.
	Domain string
	Netmap uint16
}

// DefaultName is the name of a device without one.
const DefaultName = "sensor"

// DeviceName returns the name that the records use.
func (d *Device) DeviceName() string { return cutText(cmp.Or(d.Name, DefaultName)) }

// Identifier returns the device's UUID, derived from its name if none is set.
func (d *Device) Identifier() [16]byte {
	if d.UUID != [16]byte{} {
		return d.UUID
	}
	return DeriveUUID("device:" + d.DeviceName())
}

// Number returns the device's id in the records, never 0.
func (d *Device) Number() uint32 {
	if d.ID != 0 {
		return d.ID
	}
	u := d.Identifier()
	return DeriveID(u[:])
}

// InterfaceUUID returns the UUID of an interface of the device; that of no
// interface ("") is all zeros.
func (d *Device) InterfaceUUID(name string) [16]byte {
	if name == "" {
		return [16]byte{}
	}
	u := d.Identifier()
	return DeriveUUID("interface:" + string(u[:]) + ":" + name)
}

// ZoneUUID returns the UUID of a zone, which devices of one domain share; that of
// no zone ("") is all zeros.
func (d *Device) ZoneUUID(name string) [16]byte {
	if name == "" {
		return [16]byte{}
	}
	return DeriveUUID("zone:" + d.Domain + ":" + name)
}
