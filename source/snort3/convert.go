package snort3

import (
	"encoding/base64"
	"errors"
	"math"

	"estream/source/sensor"
)

// errNoAlert is why a line that is an object is not converted.
var errNoAlert = errors.New("neither rule nor message nor address in it: no alert")

// A converter turns lines into the records of its encoder. It is not safe for
// concurrent use.
type converter struct {
	*sensor.Encoder
	src     *Source
	maps    *sensor.Maps
	clock   clock
	parser  parser
	alert   alert
	stamp   stamp
	payload []byte

	events uint32 // the number of the last event
}

// convert adds the records of one line, metadata first. Nothing is added when why
// says that the line does not count. bad is what could not be used of a line that
// does.
func (c *converter) convert(line []byte) (why Reason, bad, err error) {
	a := &c.alert
	if err := c.parser.parse(line, a); err != nil {
		return ReasonNotJSON, nil, err
	}
	if a.has&(hasRule|hasAddress) == 0 && len(a.msg) == 0 {
		return ReasonNoAlert, nil, errNoAlert
	}
	bad = c.parser.bad
	c.Begin()
	v := sensor.Intrusion{
		GeneratorID: a.gid, SignatureID: a.sid, Revision: a.rev, Priority: a.priority,
		Source: sensor.Address(a.src.Addr()), Destination: sensor.Address(a.dst.Addr()),
		SourcePort: a.src.Port(), DestinationPort: a.dst.Port(), Protocol: a.protocol(),
		VLAN: a.vlan, MPLS: a.mpls, Blocked: verdicts[string(a.action)], Impact: sensor.ImpactUnknown,
		ConnectionSecond: uint32(a.flowStart), SnortVersion: 3,
	}
	if a.has&hasRule != 0 && a.gid == 0 {
		v.GeneratorID = 1 // a sid alone is that of a text rule
	}
	if a.has&hasRule == 0 && len(a.msg) > 0 {
		v.SignatureID = sensor.DeriveID(a.msg)
	}
	if a.has&hasICMP != 0 && v.SourcePort == 0 && v.DestinationPort == 0 {
		v.SourcePort, v.DestinationPort = a.icmpType, a.icmpCode
	}
	if v.Blocked == sensor.Blocked {
		v.ImpactFlags = sensor.ImpactDropped
	}
	v.Second, v.Microsecond, err = c.time()
	if err != nil && bad == nil {
		bad = err
	}
	c.describe(&v)
	c.events++
	v.EventID = c.events
	c.Intrusion(&v)
	if err := c.packet(&v); err != nil && bad == nil {
		bad = err
	}
	return "", bad, nil
}

// describe names what the event refers to, and fills in its numbers.
func (c *converter) describe(v *sensor.Intrusion) {
	a := &c.alert
	if len(a.class) > 0 {
		v.ClassificationID = c.ClassificationNamed(a.class)
	} else {
		// The sensor does not say; a map of version 2 may.
		v.ClassificationID = c.ClassificationOf(v.GeneratorID, v.SignatureID, v.Revision)
	}
	if a.has&hasPriority == 0 {
		v.Priority = c.maps.Priority(v.GeneratorID, v.SignatureID, v.Revision, a.class)
	}
	if a.has&hasRule != 0 || len(a.msg) > 0 {
		c.Rule(v.GeneratorID, v.SignatureID, v.Revision, a.msg)
	}
	v.Application = c.Named(sensor.RecordServerApplication, a.service)
	if c.src.Sensor.IngressInterface == "" && len(a.iface) > 0 {
		v.Ingress = c.InterfaceNamed(a.iface)
	}
}

// time returns the time of the event: by "seconds", else by "timestamp", else the
// time of reading. "timestamp" has the fraction in any case.
func (c *converter) time() (second, micro uint32, err error) {
	a := &c.alert
	second = c.Archive()
	if len(a.timestamp) > 0 {
		if err = c.stamp.parse(a.timestamp); err == nil {
			micro = c.stamp.micro
			if a.has&hasSeconds == 0 {
				second = uint32(max(0, min(c.clock.unix(&c.stamp, int64(c.Archive())), math.MaxUint32)))
			}
		}
	}
	if a.has&hasSeconds != 0 {
		second = uint32(a.seconds)
	}
	return second, micro, err
}

// packet adds the payload of the packet, if the line has it.
func (c *converter) packet(v *sensor.Intrusion) error {
	b := c.alert.payload
	if len(b) == 0 {
		return nil
	}
	n := base64.StdEncoding.DecodedLen(len(b))
	if cap(c.payload) < n {
		c.payload = make([]byte, 0, n+n/4)
	}
	n, err := base64.StdEncoding.Decode(c.payload[:n], b)
	if err != nil {
		return errors.Join(errors.New(`field "b64_data"`), err)
	}
	c.Packet(&sensor.Packet{
		EventID: v.EventID, EventSecond: v.Second, Second: v.Second, Microsecond: v.Microsecond,
		LinkType: sensor.LinkTypePayload, Data: c.payload[:n],
	})
	return nil
}
