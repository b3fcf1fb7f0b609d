package eve

import (
	"bytes"
	"net/netip"
)

// A stamp is a time of day with microseconds; the zero value is none.
type stamp struct {
	sec  int64 // Unix time
	usec uint32
}

// A direction is which way a packet or file went in its flow.
type direction uint8

const (
	towardsUnknown direction = iota
	towardsServer
	towardsClient
)

// maxList is how many elements of a list are used. Nothing is kept of the others.
const maxList = 16

// An event is one line, taken apart. Its slices borrow the line and the scanner,
// so that it is valid until the next line is parsed. Fields of sections that the
// line lacks are zero.
type event struct {
	kind        kind
	name        []byte // event_type
	time        stamp
	flowID      uint64 // 0: none
	src, dst    netip.Addr
	srcPort     uint16
	dstPort     uint16
	icmpType    uint8
	icmpCode    uint8
	icmp        bool // the line has ICMP type and code
	proto       uint8
	vlan        uint16
	iface       []byte
	community   []byte
	app         []byte // application protocol; nil also for "failed" and "unknown"
	direction   direction
	packet      []byte // base64
	payload     []byte // base64
	stream      bool   // payload is of the reassembled stream, not of the packet
	linkType    uint32
	hasLinkType bool
	tcpFlags    uint8 // of both directions
	tcpBack     uint8 // those that the server set

	alert   alert
	flow    flow // of flow events, and in short form of alerts
	netflow netflow
	drop    drop
	verdict verdict
	anomaly anomaly
	http    http
	tls     tls
	dns     dns
	file    fileinfo
	smtp    smtp
	client  software // of ssh
	server  software
	smb     smb
	krb5    krb5
	dhcp    dhcp
	rdp     rdp
	stats   []byte // the whole section, as it stands
}

// A list holds the first elements of a list of strings.
type list struct {
	n int
	s [maxList][]byte
}

func (l *list) add(s []byte) {
	if len(s) > 0 && l.n < len(l.s) {
		l.s[l.n] = s
		l.n++
	}
}

func (l *list) all() [][]byte { return l.s[:l.n] }

// cee is what Suricata writes in front of lines for syslog daemons that look for JSON.
var cee = []byte("@cee:")

// parse takes a line apart. A line that is no JSON object, or lacks what every
// event has, leaves a reason and the offset of the fault in the line.
func (e *event) parse(s *scanner, line []byte) (why Reason, offset int) {
	*e = event{}
	line = bytes.TrimSpace(line)
	if rest, ok := bytes.CutPrefix(line, cee); ok {
		line = bytes.TrimSpace(rest)
	}
	s.reset(line)
	if s.space() != '{' {
		return ReasonNoJSON, 0
	}
	e.members(s)
	switch {
	case !s.end():
		return ReasonNoJSON, s.bad - 1
	case len(e.name) == 0:
		return ReasonNoType, 0
	case e.time == (stamp{}):
		return ReasonNoTime, 0
	}
	e.kind = kinds[string(e.name)]
	if e.app == nil && e.kind.speaks() {
		e.app = e.name // older releases do not repeat it
	}
	return "", 0
}

// members reads the object of the line.
func (e *event) members(s *scanner) {
	for s.enter('{'); s.next('}'); {
		key := s.key()
		switch string(key) {
		case "timestamp":
			e.time = parseTime(s.str())
		case "event_type":
			e.name = s.str()
		case "flow_id":
			e.flowID, _ = s.uint()
		case "src_ip":
			e.src = parseAddr(s.str())
		case "dest_ip":
			e.dst = parseAddr(s.str())
		case "src_port":
			e.srcPort = s.port()
		case "dest_port":
			e.dstPort = s.port()
		case "proto":
			e.proto = protocol(s.str())
		case "icmp_type":
			n, ok := s.uint()
			e.icmpType, e.icmp = uint8(n), ok
		case "icmp_code":
			n, ok := s.uint()
			e.icmpCode, e.icmp = uint8(n), ok
		case "app_proto":
			e.app = known(s.str())
		case "app_proto_ts", "app_proto_tc":
			if a := known(s.str()); e.app == nil {
				e.app = a
			}
		case "in_iface":
			e.iface = s.str()
		case "community_id":
			e.community = s.str()
		case "direction":
			e.direction = parseDirection(s.str())
		case "vlan":
			e.vlan = s.vlan()
		case "packet":
			e.packet = s.str()
		case "payload":
			e.payload = s.str()
		case "stream":
			n, _ := s.uint()
			e.stream = n != 0
		case "packet_info":
			for s.enter('{'); s.next('}'); {
				if string(s.key()) == "linktype" {
					e.linkType, e.hasLinkType = s.uint32(), true
				} else {
					s.skip()
				}
			}
		case "tcp":
			for s.enter('{'); s.next('}'); {
				switch string(s.key()) {
				case "tcp_flags":
					e.tcpFlags = hexByte(s.str())
				case "tcp_flags_tc":
					e.tcpBack = hexByte(s.str())
				default:
					s.skip()
				}
			}
		case "stats":
			e.stats = s.raw()
		default:
			e.section(s, key)
		}
	}
}

// known drops the names that stand for no application protocol.
func known(app []byte) []byte {
	switch string(app) {
	case "", "failed", "unknown":
		return nil
	}
	return app
}

func parseDirection(t []byte) direction {
	switch string(t) {
	case "to_server", "toserver":
		return towardsServer
	case "to_client", "toclient":
		return towardsClient
	}
	return towardsUnknown
}

func (s *scanner) port() uint16 {
	n, ok := s.uint()
	if !ok || n > 1<<16-1 {
		return 0
	}
	return uint16(n)
}

func (s *scanner) uint32() uint32 {
	n, _ := s.uint()
	return uint32(min(n, 1<<32-1))
}

// vlan returns the outermost tag of a list of tags, or the number.
func (s *scanner) vlan() (tag uint16) {
	if s.space() != '[' {
		return s.port()
	}
	first := true
	for s.enter('['); s.next(']'); first = false {
		if n := s.port(); first {
			tag = n
		}
	}
	return tag
}

// strings returns the first elements of a list of strings; a string counts as a
// list of one.
func (s *scanner) strings(l *list) {
	if s.space() != '[' {
		l.add(s.str())
		return
	}
	for s.enter('['); s.next(']'); {
		l.add(s.str())
	}
}
