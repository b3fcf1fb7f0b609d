package unified2

import (
	"fmt"

	"estream/wire"
)

// Fields of the three event records that are filled in; the index is a constant.
var (
	eventFields = []string{"device_id", "event_id", "event_second", "event_microsecond", "rule_id", "generator_id",
		"rule_revision", "classification_id", "priority_id", "source_ip_address", "destination_ip_address",
		"source_port_or_icmp_type", "destination_port_or_icmp_code", "ip_protocol_id", "impact_flags", "impact", "blocked",
		"mpls_label", "vlan_id", "application_id", "snort_version"}
	packetFields = []string{"device_id", "event_id", "event_second", "packet_second", "packet_microsecond", "link_type", "packet_data"}
	extraFields  = []string{"device_id", "event_id", "event_second", "type", "blob"}
)

const (
	evDevice = iota
	evID
	evSecond
	evMicrosecond
	evRule
	evGenerator
	evRevision
	evClassification
	evPriority
	evSource
	evDestination
	evSourcePort
	evDestinationPort
	evProtocol
	evImpactFlags
	evImpact
	evBlocked
	evMPLS
	evVLAN
	evApplication
	evSnortVersion
)

const (
	pkDevice = iota
	pkEvent
	pkEventSecond
	pkSecond
	pkMicrosecond
	pkLinkType
	pkData
)

const (
	exDevice = iota
	exEvent
	exEventSecond
	exType
	exBlob
)

// A form is a builder together with the slots of the fields that are filled in.
type form struct {
	*wire.Builder
	slot []int
}

func newForm(set *wire.Layouts, record uint16, block uint32, fields []string) (form, error) {
	b, err := set.NewBuilder(record, block)
	if err != nil {
		return form{}, fmt.Errorf("unified2: layout of record %d block %d: %w", record, block, err)
	}
	f := form{b, make([]int, len(fields))}
	for i, name := range fields {
		if f.slot[i] = b.Layout().Slot(name); f.slot[i] < 0 {
			return form{}, fmt.Errorf("unified2: %v has no field %q: is it overridden?", b.Layout(), name)
		}
	}
	return f, nil
}

func (f *form) num(field int, v uint32)    { f.SetUint(f.slot[field], uint64(v)) }
func (f *form) data(field int, p []byte)   { f.SetBytes(f.slot[field], p) }
func (f *form) text(field int, s string)   { f.SetString(f.slot[field], cutText(s)) }
func (f *form) uuid(field int, u [16]byte) { f.SetBytes(f.slot[field], u[:]) }

// A converter turns unified2 records into event data messages. It is not safe
// for concurrent use.
type converter struct {
	src    *Source
	device uint32
	event  form
	packet form
	extra  form
	meta   metadata
	now    uint32 // archive timestamp of what is being converted
	n      int    // messages appended since it was set to 0
	stats  *Stats
	ev     Event
	pkt    Packet
	xtra   ExtraData
}

func newConverter(s *Source, stats *Stats) (*converter, error) {
	c := &converter{src: s, device: s.device(), stats: stats}
	var err error
	if c.event, err = newForm(s.Layouts, 400, 85, eventFields); err != nil {
		return nil, err
	}
	if c.packet, err = newForm(s.Layouts, 2, 0, packetFields); err != nil {
		return nil, err
	}
	if c.extra, err = newForm(s.Layouts, 110, 4, extraFields); err != nil {
		return nil, err
	}
	if err = c.meta.init(s.Layouts); err != nil {
		return nil, err
	}
	return c, nil
}

// convert appends the messages for a record, metadata first, to dst. On error
// nothing is appended and reason says how to count the record.
func (c *converter) convert(dst []byte, rec *Record, file string) (out []byte, why Reason, err error) {
	var f *form
	var count *uint64
	switch {
	case rec.Type.IsEvent():
		if err := rec.Event(file, &c.ev); err != nil {
			return dst, ReasonMalformed, err
		}
		dst = c.fillEvent(c.deviceName(dst), &c.ev)
		f, count = &c.event, &c.stats.Events
	case rec.Type == TypePacket || rec.Type == TypeBuffer:
		if err := rec.Packet(file, &c.pkt); err != nil {
			return dst, ReasonMalformed, err
		}
		dst = c.deviceName(dst)
		c.fillPacket(&c.pkt)
		f, count = &c.packet, &c.stats.Packets
	case rec.Type == TypeExtraData:
		if err := rec.ExtraData(file, &c.xtra); err != nil {
			return dst, ReasonMalformed, err
		}
		dst = c.extraType(c.deviceName(dst), c.xtra.Type)
		c.fillExtra(&c.xtra)
		f, count = &c.extra, &c.stats.ExtraData
	default:
		return dst, ReasonUnknownType, fmt.Errorf("%s: offset %d: %v of %d bytes", file, rec.Offset, rec.Type, len(rec.Data()))
	}
	*count++
	c.stats.Records[rec.Type]++
	c.n++
	return f.AppendMessage(dst, c.header()), "", nil
}

func (c *converter) header() wire.RecordHeader {
	return wire.RecordHeader{Extended: true, ArchiveTimestamp: c.now}
}

// fillEvent fills in record 400 with block 85, after appending the metadata that it
// refers to. Policies, interfaces, zones and the fields that Snort reports as extra
// data stay empty.
func (c *converter) fillEvent(dst []byte, e *Event) []byte {
	dst = c.priority(dst, e.PriorityID)
	dst = c.classification(dst, e.ClassificationID)
	dst = c.rule(dst, e)
	application, dst := c.application(dst, e.AppName)

	f := &c.event
	f.Reset()
	f.num(evDevice, c.device)
	f.num(evID, e.EventID)
	f.num(evSecond, e.EventSecond)
	f.num(evMicrosecond, e.EventMicrosecond)
	f.num(evRule, e.SignatureID)
	f.num(evGenerator, e.GeneratorID)
	f.num(evRevision, e.Revision)
	f.num(evClassification, e.ClassificationID)
	f.num(evPriority, e.PriorityID)
	f.data(evSource, e.Source[:])
	f.data(evDestination, e.Destination[:])
	f.num(evSourcePort, uint32(e.SourcePort))
	f.num(evDestinationPort, uint32(e.DestinationPort))
	f.num(evProtocol, uint32(e.Protocol))
	f.num(evImpactFlags, uint32(e.ImpactFlags))
	f.num(evImpact, uint32(e.Impact))
	f.num(evBlocked, uint32(e.Blocked))
	f.num(evMPLS, e.MPLSLabel)
	f.num(evVLAN, uint32(e.VLAN))
	f.num(evApplication, application)
	if e.Type == TypeEvent3 {
		f.num(evSnortVersion, 3)
	} else {
		f.num(evSnortVersion, 2)
	}
	return dst
}

func (c *converter) fillPacket(p *Packet) {
	f := &c.packet
	f.Reset()
	f.num(pkDevice, c.device)
	f.num(pkEvent, p.EventID)
	f.num(pkEventSecond, p.EventSecond)
	f.num(pkSecond, p.Second)
	f.num(pkMicrosecond, p.Microsecond)
	f.num(pkLinkType, p.LinkType)
	f.data(pkData, p.Data)
}

func (c *converter) fillExtra(x *ExtraData) {
	f := &c.extra
	f.Reset()
	f.num(exDevice, c.device)
	f.num(exEvent, x.EventID)
	f.num(exEventSecond, x.EventSecond)
	f.num(exType, x.Type)
	f.data(exBlob, x.Data)
}
