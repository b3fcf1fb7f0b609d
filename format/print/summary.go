package print

import (
	"estream/format/flat"
	"estream/format/text"
	"estream/wire"
)

// systems are the fields with operating systems in the order in which they count: a
// user knows best, then what the Management Center derived.
var systems = []string{
	"user_fingerprints", "derived_fingerprints", "scanner_fingerprints", "application_fingerprints", "server_fingerprints", "client_fingerprints",
	"smb_fingerprints", "dhcp_fingerprints", "mobile_device_fingerprints", "ipv6_server_fingerprints", "ipv6_client_fingerprints",
	"ipv6_dhcp_fingerprints", "user_agent_fingerprints", "conflict_fingerprints",
}

// counted are the lists whose lengths the summary tells.
var counted = []struct{ field, one, many string }{
	{"tcp_servers", "TCP server", "TCP servers"},
	{"tcp_server", "TCP server", "TCP servers"},
	{"udp_servers", "UDP server", "UDP servers"},
	{"udp_server", "UDP server", "UDP servers"},
	{"client_applications", "client application", "client applications"},
	{"vulnerabilities", "vulnerability", "vulnerabilities"},
	{"ioc_states", "indication of compromise", "indications of compromise"},
}

// summary appends one line about a host profile: its addresses, what it runs, when
// it was seen, and how much there is to read. The error is that of a malformed list.
func (l *lone) summary(dst []byte, p *plan, v *wire.View) ([]byte, error) {
	dst, err := l.hostAddresses(append(dst, "host"...), p, v)
	if err != nil {
		return dst, err
	}
	if o := p.find("netbios"); o != nil && o.kind == fieldText {
		if name := trimNULs(v.Bytes(int(o.slot))); len(name) > 0 {
			dst = append(flat.AppendVisible(append(dst, " ("...), name), ')')
		}
	}
	if dst, err = l.system(append(dst, ':'), p, v); err != nil {
		return dst, err
	}
	if o := p.find("host_last_seen"); o != nil && v.Uint(int(o.slot)) != 0 {
		dst = append(l.utc(append(dst, " last seen "...), v.Uint(int(o.slot))), ';')
	}
	for _, c := range counted {
		o := p.find(c.field)
		if o == nil || o.kind != fieldList {
			continue
		}
		n, unit := countBlocks(v.Bytes(int(o.slot))), c.many
		if n == 0 {
			continue
		}
		if n == 1 {
			unit = c.one
		}
		dst = append(text.AppendUint(append(dst, ' '), n), ' ')
		dst = append(append(dst, unit...), ';')
	}
	dst[len(dst)-1] = '\n' // the last semicolon, or the colon behind the address
	return dst, nil
}

// maxAddresses is how many addresses of a host the summary has room for.
const maxAddresses = 8

func (l *lone) hostAddresses(dst []byte, p *plan, v *wire.View) ([]byte, error) {
	if o := p.find("ip_address"); o != nil && o.kind != fieldList {
		return appendScalar(append(dst, ' '), o, v), nil
	}
	o := p.find("ip_addresses")
	if o == nil || o.kind != fieldList {
		return dst, nil
	}
	n := 0
	err := l.dec.Elements(v, int(o.slot), func(e *wire.View) error {
		if n++; n > maxAddresses || e.Layout == nil {
			return nil
		}
		if a := l.plans.Get(e.Layout).find("ip_address"); a != nil {
			if n > 1 {
				dst = append(dst, ',')
			}
			dst = appendScalar(append(dst, ' '), a, e)
		}
		return nil
	})
	if n > maxAddresses {
		dst = append(text.AppendUint(append(dst, " and "...), uint64(n-maxAddresses)), " more"...)
	}
	return dst, err
}

// system appends the operating system that counts most, by name or else by UUID,
// and a semicolon.
func (l *lone) system(dst []byte, p *plan, v *wire.View) ([]byte, error) {
	for _, name := range systems {
		o := p.find(name)
		if o == nil || o.kind != fieldList {
			continue
		}
		found := false
		err := l.dec.Elements(v, int(o.slot), func(e *wire.View) error {
			if !found && e.Layout != nil {
				dst, found = l.systemOf(dst, l.plans.Get(e.Layout), e)
			}
			return nil
		})
		if err != nil || found {
			return dst, err
		}
	}
	dst, _ = l.systemOf(dst, p, v) // up to 4.8 the profile has one itself
	return dst, nil
}

func (l *lone) systemOf(dst []byte, p *plan, v *wire.View) ([]byte, bool) {
	o := p.find("uuid")
	if o == nil {
		o = p.find("fingerprint_uuid")
	}
	if o == nil || o.kind != fieldUUID || uuidKey(v.Bytes(int(o.slot))) == (uuidKey(nil)) {
		return dst, false
	}
	n := len(dst)
	if dst = l.appendNames(dst, o, o.names, v); len(dst) > n {
		copy(dst[n+1:], dst[n+2:]) // without the brackets
		dst = dst[:len(dst)-2]
	} else {
		dst = appendScalar(append(dst, " operating system "...), o, v)
	}
	if c := p.find("confidence"); c != nil && c.field.Kind.Integer() && v.Uint(int(c.slot)) != 0 {
		dst = append(text.AppendUint(append(dst, " ("...), v.Uint(int(c.slot))), "% sure)"...)
	}
	return append(dst, ';'), true
}

// find returns the operation that writes a field, nil if the layout has none of that
// name.
func (p *plan) find(name string) *fieldOp {
	for i := range p.body {
		if p.body[i].field.Name == name {
			return &p.body[i]
		}
	}
	return nil
}
