package sensor

import (
	"encoding/binary"
	"hash/maphash"

	"estream/wire"
)

// A metaKey identifies what a metadata record names: up to four numbers, or a UUID.
type metaKey struct {
	record     uint16
	a, b, c, d uint32
}

// maxSent bounds the set of metadata that was handed on already. A rule set has
// fewer rules than this; only garbage has more. When it is full it is emptied,
// and what is still in use is sent once more, which does no harm.
const maxSent = 1 << 16

// metadata holds the forms of metadata records and what was sent: for each thing
// that was named a hash of what was said about it.
type metadata struct {
	sent map[metaKey]uint64
	seed maphash.Seed

	device                   bool // the device's own records were sent
	priority, classification Form
	rule, extraType          Form
	documentation            Form
	named                    map[uint16]Form // records that name a number
	identified               map[uint16]Form // records that name a UUID
}

func (m *metadata) init(set *wire.Layouts) error {
	m.sent, m.seed = make(map[metaKey]uint64), maphash.MakeSeed()
	m.named, m.identified = make(map[uint16]Form), make(map[uint16]Form)
	for _, f := range []struct {
		form   *Form
		record uint16
		block  uint32
		fields []string
	}{
		{&m.priority, 4, 0, []string{"id", "name"}},
		{&m.classification, 67, 0, []string{"id", "name", "description", "uuid", "revision_uuid"}},
		{&m.rule, 66, 0, []string{"generator_id", "rule_id", "rule_revision", "signature_id", "rule_uuid", "rule_revision_uuid", "message"}},
		{&m.documentation, 140, 27, []string{"signature_id", "generator_id", "revision", "additional_references"}},
		{&m.extraType, 111, 5, []string{"type", "name", "encoding"}},
	} {
		var err error
		if *f.form, err = NewForm(set, f.record, f.block, f.fields...); err != nil {
			return err
		}
	}
	// The plain ones: a number or a UUID, and a name.
	for _, record := range []uint16{recordDevice, recordDomain, RecordClientApplication, RecordServerApplication, RecordWebApplication,
		RecordURLCategory, RecordURLReputation, RecordRuleAction, RecordFileType} {
		f, err := NewForm(set, record, 0, "id", "name")
		if err != nil {
			return err
		}
		m.named[record] = f
	}
	for _, record := range []uint16{recordZone, recordInterface, RecordAccessPolicyName, RecordIntrusionPolicy} {
		f, err := NewForm(set, record, 14, "uuid", "name")
		if err != nil {
			return err
		}
		m.identified[record] = f
	}
	return nil
}

// Types of metadata records for Encoder.Name, Encoder.Named and Encoder.Identify.
const (
	recordZone              = 115
	recordInterface         = 116
	recordDevice            = 123
	recordDomain            = 350
	RecordClientApplication = 55  // Name, Named
	RecordServerApplication = 63  // Name, Named: application protocols
	RecordWebApplication    = 109 // Name, Named
	RecordAccessPolicyName  = 117 // Identify
	RecordIntrusionPolicy   = 118 // Identify
	RecordRuleAction        = 120 // Name: what an access control rule does
	RecordURLCategory       = 121 // Name
	RecordURLReputation     = 122 // Name
	RecordFileType          = 510 // Name
)

// needed reports whether something has not been said yet about what k identifies,
// and notes that it will be now.
func (m *metadata) needed(k metaKey, said uint64) bool {
	if last, ok := m.sent[k]; ok && last == said {
		return false
	}
	if len(m.sent) >= maxSent {
		clear(m.sent)
	}
	m.sent[k] = said
	return true
}

func uuidKey(record uint16, u *[16]byte) metaKey {
	return metaKey{record, binary.BigEndian.Uint32(u[:]), binary.BigEndian.Uint32(u[4:]), binary.BigEndian.Uint32(u[8:]), binary.BigEndian.Uint32(u[12:])}
}

// finish appends the metadata record in f unless the caller's journal has it.
func (e *Encoder) finish(f *Form) {
	start := len(e.buf)
	e.buf = f.AppendMessage(e.buf, e.header())
	if e.opt.Known != nil && e.opt.Known(e.buf[start:len(e.buf):len(e.buf)]) {
		e.buf = e.buf[:start]
		return
	}
	e.note(1)
	e.counts.Metadata++
}

// deviceRecords writes the records that name the device, its interfaces and
// zones and its domain, when they are due: before all other records.
func (e *Encoder) deviceRecords() {
	if e.meta.device {
		return
	}
	e.meta.device = true
	d := &e.opt.Device
	e.name(recordDevice, e.device, d.DeviceName())
	if d.Domain != "" && d.Netmap != 0 {
		e.name(recordDomain, uint32(d.Netmap), d.Domain)
	}
	e.identify(recordInterface, e.uuids.ingress, d.IngressInterface)
	e.identify(recordInterface, e.uuids.egress, d.EgressInterface)
	e.identify(recordZone, e.uuids.ingressZone, d.IngressZone)
	e.identify(recordZone, e.uuids.egressZone, d.EgressZone)
}

// name writes a record that names a number, unless the name is empty.
func (e *Encoder) name(record uint16, id uint32, name string) {
	if name == "" || !e.meta.needed(metaKey{record: record, a: id}, maphash.String(e.meta.seed, name)) {
		return
	}
	f := e.meta.named[record]
	f.Reset()
	f.Num(0, uint64(id))
	f.Text(1, name)
	e.finish(&f)
}

// identify writes a record that names a UUID, unless the name is empty.
func (e *Encoder) identify(record uint16, u [16]byte, name string) {
	if name == "" || !e.meta.needed(uuidKey(record, &u), maphash.String(e.meta.seed, name)) {
		return
	}
	f := e.meta.identified[record]
	f.Reset()
	f.UUID(0, u)
	f.Text(1, name)
	e.finish(&f)
}
