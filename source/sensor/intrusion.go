package sensor

import "net/netip"

// An Intrusion is what a sensor says about an intrusion event (record 400, block
// 85). Byte slices are copied. Zero values mean that the sensor does not say.
type Intrusion struct {
	EventID     uint32 // unique for the device and second
	Second      uint32 // Unix time of the event
	Microsecond uint32

	GeneratorID, SignatureID, Revision uint32
	ClassificationID, Priority         uint32

	Source, Destination         [16]byte // IPv4 as ::ffff:a.b.c.d
	SourcePort, DestinationPort uint16   // or ICMP type and code
	Protocol                    uint8    // IANA number
	VLAN                        uint16
	MPLS                        uint32

	ImpactFlags uint8 // bit 0x20: the device dropped the session
	Impact      uint8 // 1 to 5, see ImpactUnknown; 0 as well means unknown
	Blocked     uint8 // one of the Blocked constants

	Application, ClientApplication, WebApplication uint32 // named by Encoder.Named

	// Interfaces by Encoder.Interface; zeros mean those of the device. Zones are
	// always those of the device.
	Ingress, Egress [16]byte

	ConnectionSecond                     uint32 // start of the connection, Unix time
	ConnectionInstance, ConnectionNumber uint16 // tell connections of one second apart

	HTTPResponse                        uint32   // status code
	SnortVersion                        uint8    // 2 or 3; 0 for other sensors
	OriginalClient                      [16]byte // address behind a proxy
	HTTPHost, HTTPURI                   []byte
	SMTPFrom, SMTPTo, SMTPHeaders, Mime []byte // Mime: names of attachments
}

// ImpactUnknown is the impact level of a sensor that knows no hosts.
const ImpactUnknown = 5

// ImpactDropped is the bit of the impact flags that says that the device dropped
// the session.
const ImpactDropped = 0x20

// What happened to the packet, for Intrusion.Blocked.
const (
	NotBlocked     = 0
	Blocked        = 1
	WouldBlock     = 2 // configuration did not allow it
	CannotBlock    = 3 // was to be dropped, but could not be
	Rewritten      = 13
	WouldBeRewrite = 14
)

// A Packet is a packet that belongs to an event (record 2).
type Packet struct {
	EventID, EventSecond uint32 // of the event
	Second, Microsecond  uint32 // time of capture, Unix time
	LinkType             uint32 // as in pcap files (LINKTYPE_...), or LinkTypePayload
	Data                 []byte // copied; from the link layer header on
}

// LinkTypePayload is the link type given to data without packet headers, as
// sensors write payloads and reassembled streams: the first of pcap's link types
// for private use.
const LinkTypePayload = 147

// ExtraData is data that a sensor attached to an event (record 110).
type ExtraData struct {
	EventID, EventSecond uint32 // of the event
	Type                 uint32 // one of the Extra constants
	Data                 []byte // copied; text, or an address of 4 or 16 bytes
}

// Address returns an address in the form of the records' fields: IPv4 mapped into
// IPv6, all zeros for none. Zones are dropped.
func Address(a netip.Addr) [16]byte {
	if !a.IsValid() {
		return [16]byte{}
	}
	return a.As16()
}

// Intrusion adds an intrusion event. What it refers to must have been named
// before, by the encoder's methods; priority and device are named here.
func (e *Encoder) Intrusion(v *Intrusion) {
	e.Priority(v.Priority)
	f := &e.event
	f.Reset()
	f.Num(evDevice, uint64(e.device))
	f.Num(evID, uint64(v.EventID))
	f.Num(evSecond, uint64(v.Second))
	f.Num(evMicrosecond, uint64(v.Microsecond))
	f.Num(evRule, uint64(v.SignatureID))
	f.Num(evGenerator, uint64(v.GeneratorID))
	f.Num(evRevision, uint64(v.Revision))
	f.Num(evClassification, uint64(v.ClassificationID))
	f.Num(evPriority, uint64(v.Priority))
	f.Num(evSourcePort, uint64(v.SourcePort))
	f.Num(evDestinationPort, uint64(v.DestinationPort))
	f.Num(evProtocol, uint64(v.Protocol))
	f.Num(evImpactFlags, uint64(v.ImpactFlags))
	f.Num(evImpact, uint64(v.Impact))
	f.Num(evBlocked, uint64(v.Blocked))
	f.Num(evMPLS, uint64(v.MPLS))
	f.Num(evVLAN, uint64(v.VLAN))
	f.Num(evApplication, uint64(v.Application))
	f.Num(evClient, uint64(v.ClientApplication))
	f.Num(evWeb, uint64(v.WebApplication))
	f.Num(evConnectionSecond, uint64(v.ConnectionSecond))
	f.Num(evConnectionInstance, uint64(v.ConnectionInstance))
	f.Num(evConnectionCounter, uint64(v.ConnectionNumber))
	f.Num(evHTTPResponse, uint64(v.HTTPResponse))
	f.Num(evSnortVersion, uint64(v.SnortVersion))
	f.Data(evSource, v.Source[:])
	f.Data(evDestination, v.Destination[:])
	f.Data(evOriginalClient, v.OriginalClient[:])
	ingress, egress := &v.Ingress, &v.Egress
	if *ingress == [16]byte{} {
		ingress = &e.uuids.ingress
	}
	if *egress == [16]byte{} {
		egress = &e.uuids.egress
	}
	f.Data(evIngress, ingress[:])
	f.Data(evEgress, egress[:])
	f.Data(evIngressZone, e.uuids.ingressZone[:])
	f.Data(evEgressZone, e.uuids.egressZone[:])
	f.optional(evHTTPHost, v.HTTPHost)
	f.optional(evHTTPURI, v.HTTPURI)
	f.optional(evSMTPFrom, v.SMTPFrom)
	f.optional(evSMTPTo, v.SMTPTo)
	f.optional(evSMTPHeaders, v.SMTPHeaders)
	f.optional(evAttachments, v.Mime)
	e.counts.Events++
	e.append(f)
}

// optional sets a text that most records do not have.
func (f *Form) optional(field int, p []byte) {
	if len(p) > 0 {
		f.TextBytes(field, p)
	}
}

// Packet adds a packet.
func (e *Encoder) Packet(p *Packet) {
	e.deviceRecords()
	f := &e.packet
	f.Reset()
	f.Num(pkDevice, uint64(e.device))
	f.Num(pkEvent, uint64(p.EventID))
	f.Num(pkEventSecond, uint64(p.EventSecond))
	f.Num(pkSecond, uint64(p.Second))
	f.Num(pkMicrosecond, uint64(p.Microsecond))
	f.Num(pkLinkType, uint64(p.LinkType))
	f.Data(pkData, p.Data)
	e.counts.Packets++
	e.append(f)
}

// ExtraData adds extra data, after the record that names its type.
func (e *Encoder) ExtraData(x *ExtraData) {
	e.deviceRecords()
	e.extraTypeName(x.Type)
	f := &e.extra
	f.Reset()
	f.Num(exDevice, uint64(e.device))
	f.Num(exEvent, uint64(x.EventID))
	f.Num(exEventSecond, uint64(x.EventSecond))
	f.Num(exType, uint64(x.Type))
	f.Data(exBlob, x.Data)
	e.counts.ExtraData++
	e.append(f)
}
