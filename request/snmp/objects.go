package snmp

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/gosnmp/gosnmp"

	"estream/output"
	"estream/request/alert"
)

// DefaultRoot is the object identifier below which traps and objects stand unless
// Options.Root says otherwise: 8302 in the playpen of net-snmp, which is there for
// everybody's experiments.
const DefaultRoot = "1.3.6.1.4.1.8072.9999.9999.8302"

const (
	sysUpTime   = "1.3.6.1.2.1.1.3.0"
	snmpTrapOID = "1.3.6.1.6.3.1.1.4.1.0"

	eventOID  = ".0.1" // sfEvent, below the root
	objectOID = ".1."  // the objects, numbered from 1

	// maxText is the longest sfEventMessage in bytes, so that a trap fits a datagram
	// that no network cuts into pieces.
	maxText = 800
)

// An Object is a variable of the trap.
type Object struct {
	Name  string
	typ   gosnmp.Asn1BER
	value func(*alert.Alert) any
}

// Objects are the variables of the trap in their order, which is also that of
// their numbers below the root.
var Objects = []Object{
	{"sfAlertPriority", gosnmp.Gauge32, func(a *alert.Alert) any { return a.Priority }},
	{"sfSourceIpString", gosnmp.OctetString, func(a *alert.Alert) any { return alert.AppendAddress(nil, a.Source) }},
	{"sfDestinationIpString", gosnmp.OctetString, func(a *alert.Alert) any { return alert.AppendAddress(nil, a.Destination) }},
	{"sfAlertCount", gosnmp.Gauge32, func(a *alert.Alert) any { return uint32(min(a.Count, 1<<32-1)) }},
	{"sfAlertDateAndTime", gosnmp.OctetString, func(a *alert.Alert) any { return dateAndTime(a.Time) }},
	{"sfSignatureGenerator", gosnmp.Gauge32, func(a *alert.Alert) any { return a.Rule.Generator }},
	{"sfSignatureId", gosnmp.Gauge32, func(a *alert.Alert) any { return a.Rule.Signature }},
	{"sfSignatureRevision", gosnmp.Gauge32, func(a *alert.Alert) any { return a.Revision }},
	{"sfIpProtocol", gosnmp.Gauge32, func(a *alert.Alert) any { return uint32(a.Protocol) }},
	{"sfSourcePort", gosnmp.Gauge32, func(a *alert.Alert) any { return uint32(a.SourcePort) }},
	{"sfDestinationPort", gosnmp.Gauge32, func(a *alert.Alert) any { return uint32(a.DestinationPort) }},
	{"sfSourceIP", gosnmp.OctetString, func(a *alert.Alert) any { return octets(a.Source) }},
	{"sfDestinationIP", gosnmp.OctetString, func(a *alert.Alert) any { return octets(a.Destination) }},
	{"sfEventMessage", gosnmp.OctetString, eventMessage},
}

func eventMessage(a *alert.Alert) any {
	text, _ := output.Truncate(nil, a.AppendText(nil), maxText)
	return text
}

func octets(a netip.Addr) []byte {
	if !a.IsValid() {
		return []byte{}
	}
	return a.AsSlice()
}

// dateAndTime returns a DateAndTime (RFC 2579) in UTC, with tenths of a second.
func dateAndTime(t time.Time) []byte {
	t = t.UTC()
	return []byte{
		byte(t.Year() >> 8), byte(t.Year()), byte(t.Month()), byte(t.Day()),
		byte(t.Hour()), byte(t.Minute()), byte(t.Second()), byte(t.Nanosecond() / 100_000_000),
		'+', 0, 0,
	}
}

// A layout has the names of the variables of a trap below one root.
type layout struct {
	event   string
	objects []string // instances of Objects
}

func newLayout(root string) (layout, error) {
	if root == "" {
		root = DefaultRoot
	}
	root = strings.TrimPrefix(root, ".")
	if err := checkOID(root); err != nil {
		return layout{}, err
	}
	l := layout{event: root + eventOID}
	for i := range Objects {
		l.objects = append(l.objects, root+objectOID+strconv.Itoa(i+1)+".0")
	}
	return l, nil
}

// checkOID refuses what is no object identifier, and what leaves no room for the
// numbers of objects (an identifier has at most 128).
func checkOID(oid string) error {
	arcs := strings.Split(oid, ".")
	bad := func(reason string) error {
		return fmt.Errorf("snmp: root %q: %s: expected numbers separated by periods, such as %s", oid, reason, DefaultRoot)
	}
	if len(arcs) < 2 || len(arcs) > 120 {
		return bad(fmt.Sprintf("%d numbers, from 2 to 120 make sense", len(arcs)))
	}
	for i, arc := range arcs {
		n, err := strconv.ParseUint(arc, 10, 32)
		switch {
		case err != nil:
			return bad(fmt.Sprintf("%q is no number below 2^32", arc))
		case i == 0 && n > 1:
			return bad("the first number is 0 or 1")
		case i == 1 && n > 39:
			return bad("the second number is 39 at most")
		}
	}
	return nil
}

// variables returns the variables of the trap for an alert. upTime is in
// hundredths of a second.
func (l *layout) variables(a *alert.Alert, upTime uint32) []gosnmp.SnmpPDU {
	v := make([]gosnmp.SnmpPDU, 0, 2+len(Objects))
	v = append(v,
		gosnmp.SnmpPDU{Name: sysUpTime, Type: gosnmp.TimeTicks, Value: upTime},
		gosnmp.SnmpPDU{Name: snmpTrapOID, Type: gosnmp.ObjectIdentifier, Value: l.event})
	for i := range Objects {
		o := &Objects[i]
		v = append(v, gosnmp.SnmpPDU{Name: l.objects[i], Type: o.typ, Value: o.value(a)})
	}
	return v
}
