package eve

import (
	"bytes"
	"fmt"

	"estream/source/sensor"
	"estream/wire"
)

// forms holds the layouts that only this source fills in.
type forms struct {
	connection, file                            sensor.Form
	headerDevice                                int // slot of device_id in the discovery header
	ingress, egress, ingressZone, egressZone    [16]byte
	reason, dns, response, version, certificate sensor.Form
	document, extraType, extra                  sensor.Form
}

func (f *forms) init(set *wire.Layouts, d *sensor.Device) error {
	for _, l := range []struct {
		form   *sensor.Form
		record uint16
		block  uint32
		fields []string
	}{
		{&f.connection, 71, 174, connectionFields},
		{&f.file, 500, 79, fileFields},
		{&f.reason, 124, 59, []string{"id", "description"}},
		{&f.dns, 320, 61, []string{"id", "name", "description"}},
		{&f.response, 321, 61, []string{"id", "name", "description"}},
		{&f.version, 604, 0, []string{"id", "name"}},
		{&f.certificate, 614, 50, []string{"fingerprint_sha_hash", "serial_number", "serial_number_length", "subject_cn",
			"subject_organisation", "subject_organisational_unit", "subject_country", "issuer_cn", "issuer_organisation",
			"issuer_organisational_unit", "issuer_country", "valid_start_date", "valid_finish_date"}},
		{&f.extraType, 111, 5, []string{"type", "name", "encoding"}},
		{&f.extra, 110, 4, []string{"device_id", "event_id", "event_second", "type", "blob"}},
		{&f.document, 140, 27, []string{"signature_id", "generator_id", "revision", "additional_references"}},
	} {
		var err error
		if *l.form, err = sensor.NewForm(set, l.record, l.block, l.fields...); err != nil {
			return err
		}
	}
	layout := f.connection.Layout()
	f.headerDevice = -1
	for i := range layout.Discovery {
		if layout.Fields[i].Name == "device_id" {
			f.headerDevice = i
		}
	}
	if f.headerDevice < 0 {
		return fmt.Errorf("%v: the discovery header has no field device_id: is it overridden by layouts of your own?", layout)
	}
	f.ingress, f.egress = d.InterfaceUUID(d.IngressInterface), d.InterfaceUUID(d.EgressInterface)
	f.ingressZone, f.egressZone = d.ZoneUUID(d.IngressZone), d.ZoneUUID(d.EgressZone)
	return nil
}

// A saidKey identifies metadata that was handed on: numbers, or the beginning of a
// certificate's fingerprint.
type saidKey struct {
	record  uint16
	a, b, c uint32
}

// maxSaid bounds what is remembered of metadata. Beyond it everything is said
// once more, which does no harm.
const maxSaid = 1 << 14

// say reports whether something has not been said yet, and notes that it is now.
func (c *converter) say(k saidKey) bool {
	if _, ok := c.said[k]; ok {
		return false
	}
	if len(c.said) >= maxSaid {
		clear(c.said)
	}
	c.said[k] = struct{}{}
	return true
}

// metadata adds the metadata record in a form, unless the journal has it.
func (c *converter) metadata(f *sensor.Form) {
	c.enc.AppendFunc(func(dst []byte) ([]byte, int) {
		start := len(dst)
		dst = f.AppendMessage(dst, wire.RecordHeader{Extended: true, ArchiveTimestamp: c.enc.Archive()})
		if c.known != nil && c.known(dst[start:len(dst):len(dst)]) {
			return dst[:start], 0
		}
		return dst, 1
	})
}

// reason names a bit of the reasons of an action (record 124).
func (c *converter) reason(id uint32, name string) {
	if !c.say(saidKey{record: 124, a: id}) {
		return
	}
	f := &c.forms.reason
	f.Reset()
	f.Num(0, uint64(id))
	f.Text(1, name)
	c.metadata(f)
}

// dnsName names a type of DNS records (record 320) or a response code (321).
func (c *converter) dnsName(record, id uint16) {
	if record == 320 && id == 0 || !c.say(saidKey{record: record, a: uint32(id)}) {
		return // type 0 is none
	}
	table, f := dnsTypes, &c.forms.dns
	if record == 321 {
		table, f = dnsCodes, &c.forms.response
	}
	n := numbered{id: id, name: fmt.Sprintf("TYPE%d", id)}
	for _, e := range table {
		if e.id == id {
			n = *e
		}
	}
	f.Reset()
	f.Num(0, uint64(id))
	f.Text(1, n.name)
	f.Text(2, n.description)
	c.metadata(f)
}

// tlsVersion names a version of TLS (record 604).
func (c *converter) tlsVersion(id uint8) {
	if !c.say(saidKey{record: 604, a: uint32(id)}) {
		return
	}
	for _, v := range tlsVersions {
		if v.id == uint16(id) {
			f := &c.forms.version
			f.Reset()
			f.Num(0, uint64(id))
			f.Text(1, v.name)
			c.metadata(f)
		}
	}
}

// certificate says what is known of a certificate (record 614).
func (c *converter) certificate(t *tls) {
	var print [20]byte
	if c.quiet || len(t.subject) == 0 || !hexBytes(print[:], t.fingerprint) || !c.say(printKey(&print)) {
		return
	}
	if c.certificates++; c.certificates > maxCertificates {
		return
	}
	f := &c.forms.certificate
	f.Reset()
	f.Data(0, print[:])
	var serial [20]byte
	n := hexPrefix(serial[:], t.serial)
	f.Data(1, serial[:n])
	f.Num(2, uint64(n))
	for i, of := range [][]byte{t.subject, t.issuer} {
		for k, attribute := range []string{"CN", "O", "OU", "C"} {
			f.TextBytes(3+4*i+k, cut(nameAttribute(of, attribute), maxName))
		}
	}
	f.Num(11, uint64(parseTime(t.notBefore).sec))
	f.Num(12, uint64(parseTime(t.notAfter).sec))
	c.metadata(f)
}

// maxCertificates bounds the certificates that are described in one run: each
// segment of a journal begins with all metadata known by then.
const maxCertificates = 20_000

func printKey(p *[20]byte) saidKey {
	return saidKey{614, uint32(p[0])<<24 | uint32(p[1])<<16 | uint32(p[2])<<8 | uint32(p[3]),
		uint32(p[4])<<24 | uint32(p[5])<<16 | uint32(p[6])<<8 | uint32(p[7]), uint32(p[8])<<24 | uint32(p[9])<<16 | uint32(p[10])<<8 | uint32(p[11])}
}

// nameAttribute returns an attribute of a distinguished name as Suricata writes
// it: "C=US, O=Example Inc, CN=example.com". A comma within a value ends it only
// if an attribute follows.
func nameAttribute(dn []byte, attribute string) []byte {
	for len(dn) > 0 {
		dn = bytes.TrimLeft(dn, ", ")
		eq := bytes.IndexByte(dn, '=')
		if eq < 0 {
			return nil
		}
		key, value := dn[:eq], dn[eq+1:]
		end := len(value)
		for i := range value {
			if value[i] == ',' && startsAttribute(value[i+1:]) {
				end = i
				break
			}
		}
		dn = value[end:]
		if string(key) == attribute {
			return value[:end]
		}
	}
	return nil
}

func startsAttribute(t []byte) bool {
	t = bytes.TrimLeft(t, " ")
	for i, c := range t {
		switch {
		case c == '=':
			return i > 0
		case c >= 'A' && c <= 'Z', c >= 'a' && c <= 'z', c >= '0' && c <= '9', c == '.':
		default:
			return false
		}
	}
	return false
}

// rule names the rule of an alert (record 66), and its references (record 140)
// where there are any.
func (c *converter) rule(a *alert) {
	c.enc.Rule(a.gid, a.sid, a.rev, a.signature)
	if !c.say(saidKey{140, a.gid, a.sid, a.rev}) {
		return
	}
	refs := joinedLines(nil, a.references.all(), "")
	refs = joinedLines(refs, a.cves.all(), "cve,")
	for rest := a.rule; ; {
		_, after, ok := bytes.Cut(rest, []byte("reference:"))
		if !ok {
			break
		}
		ref, next, _ := bytes.Cut(after, []byte(";"))
		refs = joinedLines(refs, [][]byte{bytes.TrimSpace(ref)}, "")
		rest = next
	}
	if r, ok := c.maps.Rule(a.gid, a.sid, a.rev); ok && len(refs) == 0 {
		for _, ref := range c.maps.References(r) {
			line := ref.URL
			if line == "" {
				line = ref.System + "," + ref.ID
			}
			refs = joinedLines(refs, [][]byte{[]byte(line)}, "")
		}
	}
	if len(refs) == 0 {
		return
	}
	f := &c.forms.document
	f.Reset()
	f.Num(0, uint64(a.sid))
	f.Num(1, uint64(a.gid))
	f.Num(2, uint64(a.rev))
	f.TextBytes(3, refs)
	c.metadata(f)
}

func joinedLines(dst []byte, list [][]byte, prefix string) []byte {
	for _, s := range list {
		if len(s) == 0 {
			continue
		}
		if len(dst) > 0 {
			dst = append(dst, '\n')
		}
		dst = append(append(dst, prefix...), s...)
	}
	return dst
}
