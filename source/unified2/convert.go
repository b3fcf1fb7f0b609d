package unified2

import (
	"fmt"

	"estream/source/sensor"
)

// A converter turns unified2 records into event data messages, which its encoder
// gathers. It is not safe for concurrent use.
type converter struct {
	*sensor.Encoder
	stats *Stats
	ev    Event
	pkt   Packet
	xtra  ExtraData
}

func newConverter(s *Source, stats *Stats) (*converter, error) {
	enc, err := sensor.NewEncoder(sensor.Options{Layouts: s.Layouts, Device: s.device(), Maps: s.Maps, Known: s.Known, Now: s.Now})
	if err != nil {
		return nil, fmt.Errorf("unified2: %w", err)
	}
	return &converter{Encoder: enc, stats: stats}, nil
}

// convert adds the messages for a record, metadata first, to the batch. On error
// nothing is added and why says how to count the record.
func (c *converter) convert(rec *Record, file string) (why Reason, err error) {
	c.Begin()
	switch {
	case rec.Type.IsEvent():
		if err := rec.Event(file, &c.ev); err != nil {
			return ReasonMalformed, err
		}
		c.addEvent(&c.ev)
	case rec.Type == TypePacket || rec.Type == TypeBuffer:
		if err := rec.Packet(file, &c.pkt); err != nil {
			return ReasonMalformed, err
		}
		p := &c.pkt
		c.Packet(&sensor.Packet{
			EventID: p.EventID, EventSecond: p.EventSecond, Second: p.Second, Microsecond: p.Microsecond, LinkType: p.LinkType, Data: p.Data,
		})
	case rec.Type == TypeExtraData:
		if err := rec.ExtraData(file, &c.xtra); err != nil {
			return ReasonMalformed, err
		}
		x := &c.xtra
		c.ExtraData(&sensor.ExtraData{EventID: x.EventID, EventSecond: x.EventSecond, Type: x.Type, Data: x.Data})
	default:
		return ReasonUnknownType, fmt.Errorf("%s: offset %d: %v of %d bytes", file, rec.Offset, rec.Type, len(rec.Data()))
	}
	c.stats.Records[rec.Type]++
	return "", nil
}

// addEvent adds an event and what explains its numbers. Policies and the fields
// that Snort reports as extra data stay empty.
func (c *converter) addEvent(e *Event) {
	c.Priority(e.PriorityID)
	c.Classification(e.ClassificationID)
	c.Rule(e.GeneratorID, e.SignatureID, e.Revision, nil)
	version := uint8(2)
	if e.Type == TypeEvent3 {
		version = 3
	}
	impact := e.Impact
	if impact == 0 { // Snort fills it in nowhere; severities follow from level and priority
		impact = sensor.ImpactUnknown
	}
	c.Intrusion(&sensor.Intrusion{
		EventID: e.EventID, Second: e.EventSecond, Microsecond: e.EventMicrosecond,
		GeneratorID: e.GeneratorID, SignatureID: e.SignatureID, Revision: e.Revision,
		ClassificationID: e.ClassificationID, Priority: e.PriorityID,
		Source: e.Source, Destination: e.Destination, SourcePort: e.SourcePort, DestinationPort: e.DestinationPort, Protocol: e.Protocol,
		ImpactFlags: e.ImpactFlags, Impact: impact, Blocked: e.Blocked, MPLS: e.MPLSLabel, VLAN: e.VLAN,
		Application: c.Named(sensor.RecordServerApplication, e.AppName), SnortVersion: version,
	})
}
