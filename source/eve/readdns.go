package eve

import "net/netip"

// A dns is a question, or the answer to it.
type dns struct {
	present   bool
	answer    bool
	id        uint16
	name, typ []byte // of the first question
	rcode     []byte
	ttl       uint32 // of the first answer
	hasTTL    bool
	address   netip.Addr // of the first answer that names one
	owner     []byte     // whose address that is
}

// readDNS reads all forms that Suricata has had: one line per answer; one line
// with a list of answers; and, since 8, lists of questions and answers alike.
// Alerts bring lists named "query" and "answer".
func (e *event) readDNS(s *scanner) {
	d := &e.dns
	d.present = s.space() == '{'
	for s.enter('{'); s.next('}'); {
		switch string(s.key()) {
		case "type":
			t := s.str()
			d.answer = string(t) == "answer" || string(t) == "response"
		case "id":
			d.id = s.port()
		case "rrname":
			d.name = s.str()
		case "rrtype":
			d.typ = s.str()
		case "rcode":
			d.rcode = s.str()
		case "ttl":
			d.ttl, d.hasTTL = s.uint32(), true
		case "rdata":
			if a := parseAddr(s.str()); a.IsValid() && !d.address.IsValid() {
				d.address = a
			}
		case "queries", "query":
			e.dnsRecords(s, false)
		case "answers", "answer":
			e.dnsRecords(s, true)
		default:
			s.skip()
		}
	}
	if d.owner == nil {
		d.owner = d.name
	}
}

// dnsRecords reads a list of questions or answers, or a single one.
func (e *event) dnsRecords(s *scanner, answers bool) {
	if s.space() != '[' {
		e.dnsRecord(s, answers)
		return
	}
	for s.enter('['); s.next(']'); {
		e.dnsRecord(s, answers)
	}
}

// dnsRecord reads one question or answer. The first question is what a line is
// about; of answers the first TTL and the first address are kept.
func (e *event) dnsRecord(s *scanner, answer bool) {
	d := &e.dns
	var name, typ, data, rcode []byte
	var ttl uint32
	hasTTL := false
	for s.enter('{'); s.next('}'); {
		switch string(s.key()) {
		case "rrname":
			name = s.str()
		case "rrtype":
			typ = s.str()
		case "rdata":
			data = s.str()
		case "rcode":
			rcode = s.str()
		case "ttl":
			ttl, hasTTL = s.uint32(), true
		case "id":
			if id := s.port(); d.id == 0 {
				d.id = id
			}
		default:
			s.skip()
		}
	}
	if d.name == nil {
		d.name, d.typ = name, typ
	}
	if d.rcode == nil {
		d.rcode = rcode
	}
	if !answer {
		return
	}
	if hasTTL && !d.hasTTL {
		d.ttl, d.hasTTL = ttl, true
	}
	if a := parseAddr(data); a.IsValid() && !d.address.IsValid() {
		d.address, d.owner = a, name
	}
}
