package sensor

import (
	"fmt"
	"hash/maphash"
	"strings"
)

// Name says what the number id means in fields that records of type record
// explain. An empty name says nothing.
func (e *Encoder) Name(record uint16, id uint32, name string) {
	e.deviceRecords()
	e.name(record, id, name)
}

// Named returns the number that stands for a name and says so: 0 for an empty
// name. It allocates nothing.
func (e *Encoder) Named(record uint16, name []byte) uint32 {
	if len(name) == 0 {
		return 0
	}
	e.deviceRecords()
	id := DeriveID(name)
	if e.meta.needed(metaKey{record: record, a: id}, maphash.Bytes(e.meta.seed, name)) {
		f := e.meta.named[record]
		f.Reset()
		f.Num(0, uint64(id))
		f.TextBytes(1, name)
		e.finish(&f)
	}
	return id
}

// Identify says what the UUID u means in fields that records of type record
// explain. An empty name says nothing.
func (e *Encoder) Identify(record uint16, u [16]byte, name string) {
	e.deviceRecords()
	e.identify(record, u, name)
}

// Interface returns the UUID of an interface of the device and says its name: all
// zeros for an empty name.
func (e *Encoder) Interface(name string) [16]byte {
	u := e.opt.Device.InterfaceUUID(name)
	e.Identify(recordInterface, u, name)
	return u
}

// maxInterfaces bounds how many interfaces an encoder keeps the UUIDs of.
const maxInterfaces = 256

// InterfaceNamed is Interface for a name from an input. It allocates nothing for a
// name that was given before.
func (e *Encoder) InterfaceNamed(name []byte) [16]byte {
	u, ok := e.interfaces[string(name)]
	if !ok {
		if len(e.interfaces) >= maxInterfaces {
			clear(e.interfaces)
		}
		u = e.Interface(string(name))
		e.interfaces[string(name)] = u
	}
	return u
}

// Zone returns the UUID of a zone and says its name: all zeros for an empty name.
func (e *Encoder) Zone(name string) [16]byte {
	u := e.opt.Device.ZoneUUID(name)
	e.Identify(recordZone, u, name)
	return u
}

var priorityNames = map[uint32]string{1: "high", 2: "medium", 3: "low", 4: "very low"}

// Priority writes record 4. Rule writers may use numbers beyond the usual four; 0
// is none and says nothing.
func (e *Encoder) Priority(id uint32) {
	e.deviceRecords()
	if id == 0 || !e.meta.needed(metaKey{record: 4, a: id}, 0) {
		return
	}
	name, ok := priorityNames[id]
	if !ok {
		name = fmt.Sprintf("priority %d", id)
	}
	f := &e.meta.priority
	f.Reset()
	f.Num(0, uint64(id))
	f.Text(1, name)
	e.finish(f)
}

// Classification writes record 67 for a classification by its position in
// classification.config, if the maps know it.
func (e *Encoder) Classification(id uint32) {
	e.deviceRecords()
	if id == 0 || !e.meta.needed(metaKey{record: 67, a: id}, 0) {
		return
	}
	if c, ok := e.opt.Maps.Classification(id); ok {
		e.classification(id, c.Name, c.Description)
	}
}

// ClassificationNamed returns the number of a classification that the sensor
// gives by short name or description, whichever the maps know it by, and says
// what it means: 0 for an empty name. Without maps the text stands for both. The
// number is derived from the short name, since sensors with different
// classification.config number differently.
func (e *Encoder) ClassificationNamed(text []byte) uint32 {
	if len(text) == 0 {
		return 0
	}
	e.deviceRecords()
	if c, ok := e.opt.Maps.classificationNamed(text); ok {
		return e.classificationByName(c)
	}
	id := DeriveID(text)
	if e.meta.needed(metaKey{record: 67, a: id}, 0) {
		e.classification(id, string(text), string(text))
	}
	return id
}

// ClassificationOf returns the number of the classification that the maps give for
// a rule, as ClassificationNamed does, and 0 if they give none.
func (e *Encoder) ClassificationOf(gid, sid, rev uint32) uint32 {
	r, _ := e.opt.Maps.Rule(gid, sid, rev)
	if r.Classification == "" {
		return 0
	}
	e.deviceRecords()
	c, ok := e.opt.Maps.classOf(r)
	if !ok {
		c = Classification{Name: r.Classification, Description: r.Classification}
	}
	return e.classificationByName(c)
}

func (e *Encoder) classificationByName(c Classification) uint32 {
	id := DeriveID(c.Name)
	if e.meta.needed(metaKey{record: 67, a: id}, 0) {
		e.classification(id, c.Name, c.Description)
	}
	return id
}

func (e *Encoder) classification(id uint32, name, description string) {
	f := &e.meta.classification
	f.Reset()
	f.Num(0, uint64(id))
	f.Text(1, name)
	f.Text(2, description)
	f.UUID(3, DeriveUUID("classification:"+name))
	f.UUID(4, DeriveUUID("classification:"+name+":"+description))
	e.finish(f)
}

// Rule writes record 66, and record 140 with the references of the rule if the
// maps know any. message is the rule's name as the sensor says it; when it is
// empty the maps are asked, and name a rule they do not know after its numbers.
func (e *Encoder) Rule(gid, sid, rev uint32, message []byte) {
	e.deviceRecords()
	said := uint64(0)
	if len(message) > 0 {
		said = maphash.Bytes(e.meta.seed, message)
	}
	if !e.meta.needed(metaKey{66, gid, sid, rev, 0}, said) {
		return
	}
	f := &e.meta.rule
	f.Reset()
	f.Num(0, uint64(gid))
	f.Num(1, uint64(sid))
	f.Num(2, uint64(rev))
	f.Num(3, uint64(sid))
	f.UUID(4, DeriveUUID(fmt.Sprintf("rule:%d:%d", gid, sid)))
	f.UUID(5, DeriveUUID(fmt.Sprintf("rule:%d:%d:%d", gid, sid, rev)))
	if len(message) > 0 {
		f.TextBytes(6, message)
	} else {
		f.Text(6, e.opt.Maps.Message(gid, sid, rev))
	}
	e.finish(f)
	if r, ok := e.opt.Maps.Rule(gid, sid, rev); ok {
		e.References(gid, sid, rev, e.opt.Maps.References(r))
	}
}

// References writes record 140 with the references of a rule, one a line: the URL
// where the system's is known, "system,id" as rules have it where not. It says
// nothing if there are none.
func (e *Encoder) References(gid, sid, rev uint32, refs []Reference) {
	if len(refs) == 0 {
		return
	}
	e.deviceRecords()
	var b strings.Builder
	for i, r := range refs {
		if i > 0 {
			b.WriteByte('\n')
		}
		if r.URL != "" {
			b.WriteString(r.URL)
		} else {
			b.WriteString(r.System + "," + r.ID)
		}
	}
	if !e.meta.needed(metaKey{140, gid, sid, rev, 0}, maphash.String(e.meta.seed, b.String())) {
		return
	}
	f := &e.meta.documentation
	f.Reset()
	f.Num(0, uint64(sid))
	f.Num(1, uint64(gid))
	f.Num(2, uint64(rev))
	f.Text(3, b.String())
	e.finish(f)
}
