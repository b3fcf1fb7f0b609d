package eve

import "net/netip"

// An http is one request with its answer.
type http struct {
	present                                 bool
	host, url, agent, referrer, method, xff []byte
	server                                  []byte // header of that name, with custom logging
	status                                  uint16
	port                                    uint16 // of the Host header
}

// A tls is what a handshake showed of the server, and the name it was asked for.
type tls struct {
	present                    bool
	subject, issuer, serial    []byte
	fingerprint, sni, version  []byte
	notBefore, notAfter, agent []byte
}

// A fileinfo is a file that passed by; sha256 is hexadecimal.
type fileinfo struct {
	name, magic, sha256 []byte
	size                uint64
	stored              bool
}

// An smtp is a mail: its envelope, where that was logged, and what its headers say.
type smtp struct {
	from, subject []byte
	to, files     list
}

// A software is one side of an SSH connection as it calls itself.
type software struct{ version, proto []byte }

// An smb is who the client says it is, and on what both sides run.
type smb struct {
	user, domain, host           []byte
	clientOS, serverOS, serverLM []byte
}

// A krb5 is whom a ticket is for; message is the type of the message.
type krb5 struct{ client, realm, message []byte }

// A dhcp is a lease: ack says that the server granted it.
type dhcp struct {
	mac              [6]byte
	hostname         []byte
	assigned, client netip.Addr
	ack              bool
}

// An rdp is what a remote desktop client says of its computer.
type rdp struct{ name, build []byte }

// readHTTP reads the fields that eStreamer has room for, among them two that only
// custom logging brings (server) or a proxy in between (xff).
func (e *event) readHTTP(s *scanner) {
	h := &e.http
	h.present = s.space() == '{'
	for s.enter('{'); s.next('}'); {
		switch string(s.key()) {
		case "hostname":
			h.host = s.str()
		case "url":
			h.url = s.str()
		case "http_user_agent":
			h.agent = s.str()
		case "http_refer":
			h.referrer = s.str()
		case "http_method":
			h.method = s.str()
		case "http_port":
			h.port = s.port()
		case "status":
			h.status = s.port()
		case "xff", "true_client_ip":
			h.xff = s.str()
		case "server":
			h.server = s.str()
		default:
			s.skip()
		}
	}
}

// readTLS reads the tls section, and that of QUIC, which has a server name and
// sometimes the client's user agent.
func (e *event) readTLS(s *scanner) {
	t := &e.tls
	t.present = s.space() == '{'
	for s.enter('{'); s.next('}'); {
		switch string(s.key()) {
		case "sni":
			t.sni = s.str()
		case "subject":
			t.subject = s.str()
		case "issuerdn":
			t.issuer = s.str()
		case "serial":
			t.serial = s.str()
		case "fingerprint":
			t.fingerprint = s.str()
		case "version":
			t.version = s.str()
		case "notbefore":
			t.notBefore = s.str()
		case "notafter":
			t.notAfter = s.str()
		case "ua":
			t.agent = s.str()
		default:
			s.skip()
		}
	}
}

// readFile reads the name, kind, size and hash of a file.
func (e *event) readFile(s *scanner) {
	f := &e.file
	for s.enter('{'); s.next('}'); {
		switch string(s.key()) {
		case "filename":
			f.name = s.str()
		case "magic":
			f.magic = s.str()
		case "sha256":
			f.sha256 = s.str()
		case "size":
			f.size, _ = s.uint()
		case "stored":
			f.stored = s.truth()
		default:
			s.skip()
		}
	}
}

// readMail reads "smtp", what was said to the server, and "email", what stands in
// the message; addresses in the former are those that count.
func (e *event) readMail(s *scanner) {
	m := &e.smtp
	for s.enter('{'); s.next('}'); {
		switch string(s.key()) {
		case "mail_from":
			m.from = s.str()
		case "rcpt_to":
			m.to = list{}
			s.strings(&m.to)
		case "from":
			if from := s.str(); m.from == nil {
				m.from = from
			}
		case "to":
			var to list
			if s.strings(&to); m.to.n == 0 {
				m.to = to
			}
		case "subject":
			m.subject = s.str()
		case "attachment":
			s.strings(&m.files)
		default:
			s.skip()
		}
	}
}

func (e *event) readSSH(s *scanner) {
	for s.enter('{'); s.next('}'); {
		switch string(s.key()) {
		case "client":
			readSoftware(s, &e.client)
		case "server":
			readSoftware(s, &e.server)
		default:
			s.skip()
		}
	}
}

func readSoftware(s *scanner, w *software) {
	for s.enter('{'); s.next('}'); {
		switch string(s.key()) {
		case "software_version":
			w.version = s.str()
		case "proto_version":
			w.proto = s.str()
		default:
			s.skip()
		}
	}
}

// readSMB reads what a session's beginning tells; most lines have none of it.
func (e *event) readSMB(s *scanner) {
	m := &e.smb
	for s.enter('{'); s.next('}'); {
		switch string(s.key()) {
		case "ntlmssp":
			for s.enter('{'); s.next('}'); {
				switch string(s.key()) {
				case "user":
					m.user = s.str()
				case "domain":
					m.domain = s.str()
				case "host":
					m.host = s.str()
				default:
					s.skip()
				}
			}
		case "request":
			readNative(s, &m.clientOS, nil)
		case "response":
			readNative(s, &m.serverOS, &m.serverLM)
		default:
			s.skip()
		}
	}
}

func readNative(s *scanner, os, manager *[]byte) {
	for s.enter('{'); s.next('}'); {
		switch key := s.key(); {
		case string(key) == "native_os":
			*os = s.str()
		case string(key) == "native_lm" && manager != nil:
			*manager = s.str()
		default:
			s.skip()
		}
	}
}

func (e *event) readKrb5(s *scanner) {
	for s.enter('{'); s.next('}'); {
		switch string(s.key()) {
		case "cname":
			e.krb5.client = s.str()
		case "realm":
			e.krb5.realm = s.str()
		case "msg_type":
			e.krb5.message = s.str()
		default:
			s.skip()
		}
	}
}

func (e *event) readDHCP(s *scanner) {
	d := &e.dhcp
	for s.enter('{'); s.next('}'); {
		switch string(s.key()) {
		case "client_mac":
			d.mac = parseMAC(s.str())
		case "assigned_ip":
			d.assigned = parseAddr(s.str())
		case "client_ip":
			d.client = parseAddr(s.str())
		case "hostname":
			d.hostname = s.str()
		case "dhcp_type":
			d.ack = string(s.str()) == "ack"
		default:
			s.skip()
		}
	}
}

func (e *event) readRDP(s *scanner) {
	for s.enter('{'); s.next('}'); {
		if string(s.key()) != "client" {
			s.skip()
			continue
		}
		for s.enter('{'); s.next('}'); {
			switch string(s.key()) {
			case "client_name":
				e.rdp.name = s.str()
			case "build":
				e.rdp.build = s.str()
			default:
				s.skip()
			}
		}
	}
}
