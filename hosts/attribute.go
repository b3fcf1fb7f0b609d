package hosts

import (
	"encoding/binary"
	"strconv"
)

// definition handles records 46, 47 and the metadata 60.
func (e *event) definition() {
	d := definition{name: e.text("name")}
	if e.record != 60 {
		d.typ = e.u32("type")
	}
	e.m.define(definitionKey{e.realm, e.u32("id")}, d)
}

// definitionGone handles record 48: no host has such an attribute any more.
func (e *event) definitionGone() {
	id := e.u32("id")
	delete(e.m.names, definitionKey{e.realm, id})
	is := func(a *Attribute) bool { return a.ID == id }
	for i := range e.m.dense {
		h := e.m.dense[i].host
		if h.Space == e.space && h.Netmap == e.netmap && find(h.Attributes, is) != nil {
			e.m.before(h)
			drop(&h.Attributes, is)
			e.m.changed(h)
		}
	}
}

// attribute handles records 49 and 83. The form of a value is not documented: text
// is taken as such, and as a number, too, if it is one; four other bytes are a number.
func (e *event) attribute() {
	a := Attribute{ID: e.u32("attribute_id", "attr_id")}
	d := e.m.names[definitionKey{e.realm, a.ID}]
	a.Type = d.typ
	value := e.bytes("value")
	if len(value) == 4 && !printable(value) {
		a.Integer = binary.BigEndian.Uint32(value)
	} else {
		a.Text = cut(value, maxText)
		if n, err := strconv.ParseUint(a.Text, 10, 32); err == nil {
			a.Integer = uint32(n)
		}
	}
	s := e.selector()
	s.read(e, e.view)
	s.change(e, func(h *host) {
		e.setAttribute(&h.Profile, a)
		if d.isNotes() {
			h.Notes = cut(value, maxNotes)
		}
	})
}

func printable(b []byte) bool {
	for _, c := range b {
		if c < ' ' || c > '~' {
			return false
		}
	}
	return true
}

func (e *event) setAttribute(p *Profile, a Attribute) {
	if old := find(p.Attributes, func(o *Attribute) bool { return o.ID == a.ID }); old != nil {
		*old = a
		return
	}
	e.m.add(grow(&p.Attributes, maxAttributes, a) != nil)
}

// attributeGone handles records 50 and 84.
func (e *event) attributeGone() {
	id := e.u32("attribute_id", "attr_id")
	notes := e.m.names[definitionKey{e.realm, id}].isNotes()
	s := e.selector()
	s.read(e, e.view)
	s.change(e, func(h *host) {
		drop(&h.Attributes, func(a *Attribute) bool { return a.ID == id })
		if notes {
			h.Notes = ""
		}
	})
}
