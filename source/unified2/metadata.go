package unified2

import (
	"crypto/sha1"
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"unicode/utf8"

	"estream/wire"
)

// A metaKey identifies what a metadata record names.
type metaKey struct {
	record  uint16
	a, b, c uint32
}

// maxSent bounds the set of metadata that was handed on already. A rule set has
// fewer rules than this; only garbage has more. When it is full it is emptied,
// and what is still in use is sent once more, which does no harm.
const maxSent = 1 << 16

// maxText bounds a name taken from a map, in bytes; the protocol counts rule
// messages with 16 bits.
const maxText = 4096

// metadata holds the builders for metadata records and what was sent.
type metadata struct {
	sent                                              map[metaKey]struct{}
	device, priority, class, rule, application, extra form
}

func (m *metadata) init(set *wire.Layouts) error {
	m.sent = make(map[metaKey]struct{})
	for _, f := range []struct {
		form   *form
		record uint16
		block  uint32
		fields []string
	}{
		{&m.device, 123, 0, []string{"id", "name"}},
		{&m.priority, 4, 0, []string{"id", "name"}},
		{&m.class, 67, 0, []string{"id", "name", "description", "uuid", "revision_uuid"}},
		{&m.rule, 66, 0, []string{"generator_id", "rule_id", "rule_revision", "signature_id", "rule_uuid", "rule_revision_uuid", "message"}},
		{&m.application, 63, 0, []string{"id", "name"}},
		{&m.extra, 111, 5, []string{"type", "name", "encoding"}},
	} {
		var err error
		if *f.form, err = newForm(set, f.record, f.block, f.fields); err != nil {
			return err
		}
	}
	return nil
}

// needed reports whether a name has not been handed on yet, and notes that it
// will be now.
func (m *metadata) needed(k metaKey) bool {
	if _, ok := m.sent[k]; ok {
		return false
	}
	if len(m.sent) >= maxSent {
		clear(m.sent)
	}
	m.sent[k] = struct{}{}
	return true
}

// finish appends the record in f unless the caller knows it already.
func (c *converter) finish(dst []byte, f *form) []byte {
	start := len(dst)
	dst = f.AppendMessage(dst, c.header())
	if c.src.Known != nil && c.src.Known(dst[start:len(dst):len(dst)]) {
		return dst[:start]
	}
	c.n++
	c.stats.Metadata++
	return dst
}

// deviceName writes record 123.
func (c *converter) deviceName(dst []byte) []byte {
	if !c.meta.needed(metaKey{record: 123, a: c.device}) {
		return dst
	}
	f := &c.meta.device
	f.Reset()
	f.num(0, c.device)
	f.text(1, c.src.deviceName())
	return c.finish(dst, f)
}

var priorityNames = map[uint32]string{1: "high", 2: "medium", 3: "low", 4: "very low"}

// priority writes record 4. Rule writers may use numbers beyond the usual four.
func (c *converter) priority(dst []byte, id uint32) []byte {
	if id == 0 || !c.meta.needed(metaKey{record: 4, a: id}) {
		return dst
	}
	name, ok := priorityNames[id]
	if !ok {
		name = fmt.Sprintf("priority %d", id)
	}
	f := &c.meta.priority
	f.Reset()
	f.num(0, id)
	f.text(1, name)
	return c.finish(dst, f)
}

// classification writes record 67, if the number has a name.
func (c *converter) classification(dst []byte, id uint32) []byte {
	if id == 0 || !c.meta.needed(metaKey{record: 67, a: id}) {
		return dst
	}
	class, ok := c.src.Maps.Classification(id)
	if !ok {
		return dst
	}
	f := &c.meta.class
	f.Reset()
	f.num(0, id)
	f.text(1, class.Name)
	f.text(2, class.Description)
	f.uuid(3, deriveUUID("classification:"+class.Name))
	f.uuid(4, deriveUUID("classification:"+class.Name+":"+class.Description))
	return c.finish(dst, f)
}

// rule writes record 66.
func (c *converter) rule(dst []byte, e *Event) []byte {
	if !c.meta.needed(metaKey{66, e.GeneratorID, e.SignatureID, e.Revision}) {
		return dst
	}
	f := &c.meta.rule
	f.Reset()
	f.num(0, e.GeneratorID)
	f.num(1, e.SignatureID)
	f.num(2, e.Revision)
	f.num(3, e.SignatureID)
	f.uuid(4, deriveUUID(fmt.Sprintf("rule:%d:%d", e.GeneratorID, e.SignatureID)))
	f.uuid(5, deriveUUID(fmt.Sprintf("rule:%d:%d:%d", e.GeneratorID, e.SignatureID, e.Revision)))
	f.text(6, c.src.Maps.Message(e.GeneratorID, e.SignatureID, e.Revision))
	return c.finish(dst, f)
}

// application writes record 63 for the application name in an event and returns
// the number that stands for it. unified2 has no numbers, so it is derived from
// the name, with a top bit that keeps it apart from Cisco's small numbers.
func (c *converter) application(dst []byte, name []byte) (uint32, []byte) {
	if len(name) == 0 {
		return 0, dst
	}
	h := fnv.New32a()
	h.Write(name)
	id := h.Sum32() | 1<<31
	if c.meta.needed(metaKey{record: 63, a: id}) {
		f := &c.meta.application
		f.Reset()
		f.num(0, id)
		f.data(1, name)
		dst = c.finish(dst, f)
	}
	return id, dst
}

// extraTypes names the types of extra data and how each is stored.
var extraTypes = map[uint32][2]string{
	1:  {"Original client address (IPv4)", "IPv4"},
	2:  {"Original client address (IPv6)", "IPv6"},
	3:  {"Reviewed by", "String"},
	4:  {"Data after gzip decompression", "String"},
	5:  {"SMTP attachment file name", "String"},
	6:  {"SMTP sender (MAIL FROM)", "String"},
	7:  {"SMTP recipients (RCPT TO)", "String"},
	8:  {"SMTP mail headers", "String"},
	9:  {"HTTP URI", "String"},
	10: {"HTTP host name", "String"},
	11: {"Source address (IPv6)", "IPv6"},
	12: {"Destination address (IPv6)", "IPv6"},
	13: {"Normalized JavaScript", "String"},
}

// extraType writes record 111.
func (c *converter) extraType(dst []byte, typ uint32) []byte {
	if !c.meta.needed(metaKey{record: 111, a: typ}) {
		return dst
	}
	names, ok := extraTypes[typ]
	if !ok {
		names = [2]string{fmt.Sprintf("Extra data of type %d", typ), "String"}
	}
	f := &c.meta.extra
	f.Reset()
	f.num(0, typ)
	f.text(1, names[0])
	f.text(2, names[1])
	return c.finish(dst, f)
}

// namespace is the UUID below which names get their UUIDs.
var namespace = [16]byte{0x7d, 0x1c, 0x9b, 0x5e, 0x3a, 0x40, 0x4f, 0x0e, 0x9a, 0x52, 0xe1, 0x77, 0x2b, 0x84, 0xc6, 0x13}

// deriveUUID returns the version 5 UUID of a name (RFC 9562, section 5.5): the
// same in every run and on every machine.
func deriveUUID(name string) (u [16]byte) {
	sum := sha1.Sum(append(namespace[:], name...))
	copy(u[:], sum[:])
	binary.BigEndian.PutUint16(u[6:], binary.BigEndian.Uint16(u[6:])&0x0fff|5<<12)
	u[8] = u[8]&0x3f | 0x80
	return u
}

// cutText shortens a text to maxText bytes without cutting a character.
func cutText(s string) string {
	if len(s) <= maxText {
		return s
	}
	n := maxText
	for n > maxText-utf8.UTFMax && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}
