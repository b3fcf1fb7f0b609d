package eve

import "net/netip"

// An alert is what a rule found. Severity is the rule's priority, 1 the highest.
type alert struct {
	blocked             bool // the packet was dropped or rejected
	gid, sid, rev       uint32
	severity            uint32
	signature, category []byte
	xff                 []byte
	rule                []byte // text of the rule, if Suricata logs it
	references          list   // URLs, since Suricata 8
	cves                list   // of the rule's metadata
}

// A flow is the volume and duration of a flow, at its end or, with an alert, so far.
type flow struct {
	toServer, toClient counters
	start, end         stamp
	src, dst           netip.Addr // with alerts: the flow's own direction
	srcPort, dstPort   uint16
	action             []byte // "drop", "pass", "accept"
}

type counters struct{ packets, bytes uint64 }

// A netflow is one direction of an ended flow.
type netflow struct {
	counters
	start, end stamp
}

// A drop is a packet that was not let through.
type drop struct {
	length uint64 // bytes
}

// An anomaly is something odd: typ is "decode", "stream" or "applayer", event the
// name of what it was.
type anomaly struct{ typ, event []byte }

// section reads one of the objects that belong to a type of event. Some come with
// events of another type: an alert brings what the application protocol's own line
// would say.
func (e *event) section(s *scanner, name []byte) {
	switch string(name) {
	case "alert":
		e.readAlert(s)
	case "flow":
		e.readFlow(s)
	case "netflow":
		e.readNetflow(s)
	case "drop":
		e.readDrop(s)
	case "verdict":
		e.readVerdict(s)
	case "anomaly":
		e.readAnomaly(s)
	case "http":
		e.readHTTP(s)
	case "tls", "quic":
		e.readTLS(s)
	case "dns", "mdns":
		e.readDNS(s)
	case "fileinfo":
		e.readFile(s)
	case "smtp", "email":
		e.readMail(s)
	case "ssh":
		e.readSSH(s)
	case "smb":
		e.readSMB(s)
	case "krb5":
		e.readKrb5(s)
	case "dhcp":
		e.readDHCP(s)
	case "rdp":
		e.readRDP(s)
	default:
		s.skip()
	}
}

// readAlert reads what the rule is and says. Members that are lists of the rule
// writer's own notes are passed over, CVE numbers aside.
func (e *event) readAlert(s *scanner) {
	a := &e.alert
	a.gid = 1 // as rules have that do not say
	for s.enter('{'); s.next('}'); {
		switch string(s.key()) {
		case "action":
			a.blocked = string(s.str()) == "blocked"
		case "gid":
			a.gid = s.uint32()
		case "signature_id":
			a.sid = s.uint32()
		case "rev":
			a.rev = s.uint32()
		case "signature":
			a.signature = s.str()
		case "category":
			a.category = s.str()
		case "severity":
			a.severity = s.uint32()
		case "xff":
			a.xff = s.str()
		case "rule":
			a.rule = s.str()
		case "references":
			s.strings(&a.references)
		case "metadata":
			for s.enter('{'); s.next('}'); {
				if string(s.key()) == "cve" {
					s.strings(&a.cves)
				} else {
					s.skip()
				}
			}
		default:
			s.skip()
		}
	}
}

// readFlow reads the section of flow events and the shorter one of alerts, which
// since Suricata 7 tells the direction of the flow.
func (e *event) readFlow(s *scanner) {
	f := &e.flow
	for s.enter('{'); s.next('}'); {
		switch string(s.key()) {
		case "pkts_toserver":
			f.toServer.packets, _ = s.uint()
		case "pkts_toclient":
			f.toClient.packets, _ = s.uint()
		case "bytes_toserver":
			f.toServer.bytes, _ = s.uint()
		case "bytes_toclient":
			f.toClient.bytes, _ = s.uint()
		case "start":
			f.start = parseTime(s.str())
		case "end":
			f.end = parseTime(s.str())
		case "action":
			f.action = s.str()
		case "src_ip":
			f.src = parseAddr(s.str())
		case "dest_ip":
			f.dst = parseAddr(s.str())
		case "src_port":
			f.srcPort = s.port()
		case "dest_port":
			f.dstPort = s.port()
		default:
			s.skip()
		}
	}
}

func (e *event) readNetflow(s *scanner) {
	n := &e.netflow
	for s.enter('{'); s.next('}'); {
		switch string(s.key()) {
		case "pkts":
			n.packets, _ = s.uint()
		case "bytes":
			n.bytes, _ = s.uint()
		case "start":
			n.start = parseTime(s.str())
		case "end":
			n.end = parseTime(s.str())
		default:
			s.skip()
		}
	}
}

func (e *event) readDrop(s *scanner) {
	for s.enter('{'); s.next('}'); {
		if string(s.key()) == "len" {
			e.drop.length, _ = s.uint()
		} else {
			s.skip()
		}
	}
}

// readVerdict reads what became of a packet. A rejected one is dropped as well.
func (e *event) readVerdict(s *scanner) {
	for s.enter('{'); s.next('}'); {
		switch string(s.key()) {
		case "action":
			switch string(s.str()) {
			case "drop":
				e.verdict = max(e.verdict, dropped)
			case "reject":
				e.verdict = rejected
			}
		case "reject-target":
			if len(s.str()) > 0 {
				e.verdict = rejected
			}
		default:
			s.skip()
		}
	}
}

func (e *event) readAnomaly(s *scanner) {
	for s.enter('{'); s.next('}'); {
		switch string(s.key()) {
		case "type":
			e.anomaly.typ = s.str()
		case "event":
			e.anomaly.event = s.str()
		case "code": // of a type that the sensor itself does not know
			if code := s.str(); e.anomaly.event == nil {
				e.anomaly.event = code
			}
		case "app_proto":
			if a := known(s.str()); e.app == nil {
				e.app = a
			}
		default:
			s.skip()
		}
	}
}
