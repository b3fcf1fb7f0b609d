package versions

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"sync"

	"estream/wire"
)

// Converters are the compiled conversions between layouts, made when they are first
// needed. One is shared by all sessions of a server.
type Converters struct {
	Table *Table
	set   *wire.Layouts

	mu    sync.Mutex
	done  map[conversion]*converter
	lists map[asked]*nesting
}

type asked struct {
	event   *Event
	version uint16
}

type conversion struct {
	asked
	from, to *wire.Layout
	record   uint16
	short    bool
}

// NewConverters returns converters for records with these layouts.
func NewConverters(t *Table, set *wire.Layouts) *Converters {
	return &Converters{Table: t, set: set, done: map[conversion]*converter{}, lists: map[asked]*nesting{}}
}

func (c *Converters) get(k conversion) *converter {
	c.mu.Lock()
	defer c.mu.Unlock()
	if conv, ok := c.done[k]; ok {
		return conv
	}
	lists := c.lists[k.asked]
	if lists == nil {
		lists = &nesting{set: c.set, event: k.event, version: k.version, done: map[uint32]*converter{}}
		c.lists[k.asked] = lists
	}
	conv := compile(k.event, k.from, k.to, k.record, k.short, lists)
	c.done[k] = conv
	return conv
}

// A Verdict is what becomes of a record.
type Verdict uint8

const (
	Never   Verdict = iota // not asked for, or without a form in the version asked for
	Always                 // goes out as it is
	ByForm                 // ask Passes for each record
	Convert                // Append writes it in another form
)

// A Reason says why an event is not served as asked for.
type Reason uint8

// The reasons, for counters.
const (
	NoForm        Reason = iota + 1 // no form at or below the version has a layout
	Newer                           // the record is newer than any layout that is known
	Inexpressible                   // ErrInexpressible
	Malformed                       // the record cannot be decoded
	Lower                           // the form of the version has no layout, a lower one is served
)

// An Encoder decides, for one session, what becomes of each record, and writes those
// that have to change. It is not safe for concurrent use.
type Encoder struct {
	all   *Converters
	asked map[*Event]uint16
	dec   *wire.Decoder // nil until something has to be converted
	types map[uint16]*recordType

	// Note, if not nil, is called once for each record type and reason.
	Note func(record uint16, reason Reason, text string)
}

// A recordType is what an encoder has found out about a record type.
type recordType struct {
	place
	version   uint16
	form      int // of the ladder: what is written; -1: none is known
	discovery bool
	block     bool // the body begins with a data block
	short     bool // discovery headers have no IPv6 part
	decode    bool // the form shows only when the record is decoded
	blocks    []blockVerdict
	noted     [Lower + 1]bool
	convs     []layoutConverters
}

type blockVerdict struct {
	block uint32
	v     Verdict
}

// layoutConverters are what writes records of one layout: for IPv4 addresses, and for
// others where the form has a twin. Both nil: nothing can.
type layoutConverters struct {
	from        *wire.Layout
	conv, conv6 *converter
}

// maxBlocks is how many different blocks of a record type are remembered: peers choose
// them.
const maxBlocks = 64

// NewEncoder returns an encoder for a session that asked for these versions.
func (c *Converters) NewEncoder(asked map[*Event]uint16) *Encoder {
	return &Encoder{all: c, asked: asked, types: map[uint16]*recordType{}}
}

// Type returns what becomes of records with this definition. It is the same for the
// whole session.
func (e *Encoder) Type(def *wire.RecordDef) Verdict {
	event := e.all.Table.Of(def.Category)
	if event == nil {
		return Never
	}
	version, ok := e.asked[event]
	if !ok {
		return Never
	}
	if e.types[def.Type] != nil {
		return ByForm
	}
	p, ok := e.all.Table.families[def.Type]
	if ok && p.family.New && version < p.family.Ladder[0].Version {
		return Never
	}
	if !ok {
		if version < event.Since || event.Only != nil && version < event.Only.Below && !slices.Contains(event.Only.Records, def.Type) {
			return Never
		}
		if version < event.IPv6Header && def.Discovery {
			p = place{event, &Family{Records: []uint16{def.Type}}} // only the header changes
		} else {
			return Always
		}
	}
	t := &recordType{place: p, version: version, discovery: def.Discovery, block: def.Series != 0, form: -1}
	t.short = def.Discovery && version < event.IPv6Header
	t.decode = slices.ContainsFunc(p.family.Ladder, func(f *Form) bool { return f.Number != 0 })
	for i, f := range p.family.Ladder {
		if f.Version <= version && e.layout(f, def.Type) != nil {
			t.form = i
		}
	}
	if only := event.Only; only != nil && version < only.Below && (t.form < 0 || !slices.Contains(only.Records, e.record(t, def.Type))) {
		return Never
	}
	if last := p.family.Ladder; !t.short && len(last) > 0 && t.form == len(last)-1 && (version == event.Newest() || event.Only != nil) {
		return Always // whatever comes cannot be too new
	}
	e.types[def.Type] = t
	return ByForm
}

// record returns the type in which records of a type are written.
func (e *Encoder) record(t *recordType, record uint16) uint16 {
	if r := t.family.Ladder[t.form].Record; r != 0 {
		return r
	}
	return record
}

// layout returns the layout of a form for records of a type, nil if it is not known.
func (e *Encoder) layout(f *Form, record uint16) *wire.Layout {
	if f.Record != 0 {
		record = f.Record
	}
	if f.As != 0 {
		record = f.As
	}
	var l *wire.Layout
	var err error
	if f.Number != 0 {
		l, err = e.all.set.Form(record, f.Number)
	} else {
		l, err = e.all.set.Layout(record, f.Block)
	}
	if err != nil {
		return nil
	}
	return l
}

// Passes reports what becomes of a record whose type is ByForm: Always, Convert or
// Never. h is the header of message, a whole event data message. It allocates nothing
// for forms that it has seen before.
func (e *Encoder) Passes(message []byte, h *wire.RecordHeader) Verdict {
	t := e.types[h.Type]
	at := wire.HeaderSize + h.Size
	long := false
	if t.discovery {
		if len(message) < at+40 {
			return e.spoilt(t, h.Type)
		}
		if long = message[at+14] == 1; long {
			at += 16
		}
		at += 40
	}
	block := uint32(0)
	if t.block && !t.decode {
		if len(message) < at+8 {
			return e.spoilt(t, h.Type)
		}
		block = binary.BigEndian.Uint32(message[at:])
	}
	v := e.verdict(t, h.Type, block)
	if v == Always && long && t.short {
		return Convert
	}
	return v
}

func (e *Encoder) spoilt(t *recordType, record uint16) Verdict {
	e.note(t, record, Malformed, "is malformed, and cannot be written in the version asked for")
	return Never
}

func (e *Encoder) verdict(t *recordType, record uint16, block uint32) Verdict {
	for i := range t.blocks {
		if t.blocks[i].block == block {
			return t.blocks[i].v
		}
	}
	v := e.judge(t, record, block)
	if len(t.blocks) < maxBlocks {
		t.blocks = append(t.blocks, blockVerdict{block, v})
	}
	return v
}

// judge decides about a form of a record type that comes for the first time.
func (e *Encoder) judge(t *recordType, record uint16, block uint32) Verdict {
	ladder := t.family.Ladder
	if len(ladder) == 0 {
		return Always
	}
	if t.decode {
		return Convert // which may turn out to change nothing
	}
	at := slices.IndexFunc(ladder, func(f *Form) bool { return f.holds(t.family, record, block) })
	switch {
	case at >= 0 && ladder[at].Version <= t.version:
		if next := at + 1; next < len(ladder) && ladder[next].Version <= t.version && t.form < next {
			e.lower(t, record)
		}
		return Always
	case at < 0 && t.version == t.event.Newest():
		return Always
	case at < 0 && t.form >= 0 && block < ladder[t.form].Block:
		return Always // an older one of which nothing is known but its number
	case at < 0:
		e.note(t, record, Newer, fmt.Sprintf("with block %d is newer than all known layouts and cannot be written in version %d of %s: left out", block, t.version, t.event.Name))
		return Never
	case t.form < 0:
		e.note(t, record, NoForm, fmt.Sprintf("has no known layout in version %d of %s, nor in any below: left out", t.version, t.event.Name))
		return Never
	}
	if next := t.form + 1; ladder[next].Version <= t.version {
		e.lower(t, record)
	}
	return Convert
}

func (e *Encoder) lower(t *recordType, record uint16) {
	e.note(t, record, Lower, fmt.Sprintf("has no known layout in version %d of %s, the highest below is served", t.version, t.event.Name))
}

func (e *Encoder) note(t *recordType, record uint16, reason Reason, text string) {
	if t.noted[reason] {
		return
	}
	t.noted[reason] = true
	if e.Note != nil {
		e.Note(record, reason, fmt.Sprintf("record %d %s", record, text))
	}
}

// Append appends a record, for which Passes said Convert, in the form of its version,
// with a record header like head but for type, length and size. On failure dst is
// returned as it was, with the reason. It allocates nothing for layouts that it has
// met before.
func (e *Encoder) Append(dst, message []byte, head wire.RecordHeader) ([]byte, Reason) {
	if e.dec == nil {
		e.dec = wire.NewDecoder(e.all.set, e.wants)
	}
	r, err := e.dec.Decode(message)
	if err != nil {
		if r == nil || e.types[r.Type] == nil {
			return dst, Malformed
		}
		e.note(e.types[r.Type], r.Type, Malformed, fmt.Sprintf("cannot be decoded (%v), and so not be written in the version asked for", err))
		return dst, Malformed
	}
	t := e.types[r.Type]
	c := e.converters(t, r.Layout)
	if c.conv == nil {
		e.note(t, r.Type, NoForm, fmt.Sprintf("has no known layout in version %d of %s, nor in any below: left out", t.version, t.event.Name))
		return dst, NoForm
	}
	out, err := c.conv.appendRecord(dst, e.dec, r, head)
	if errors.Is(err, ErrInexpressible) && c.conv6 != nil {
		out, err = c.conv6.appendRecord(dst, e.dec, r, head)
	}
	switch {
	case errors.Is(err, ErrInexpressible):
		e.note(t, r.Type, Inexpressible, fmt.Sprintf("with IPv6 addresses cannot be expressed in version %d of %s: left out", t.version, t.event.Name))
		return dst, Inexpressible
	case err != nil:
		e.note(t, r.Type, Malformed, fmt.Sprintf("cannot be decoded (%v), and so not be written in the version asked for", err))
		return dst, Malformed
	}
	return out, 0
}

// wants names the fields that the decoder has to fill: those that are written.
func (e *Encoder) wants(l *wire.Layout, slot int) bool {
	t := e.types[l.Record.Type]
	if t == nil {
		return false
	}
	c := e.converters(t, l)
	return c.conv != nil && c.conv.uses[slot] || c.conv6 != nil && c.conv6.uses[slot]
}

// converters returns what writes records of a layout in the form of their version.
func (e *Encoder) converters(t *recordType, from *wire.Layout) *layoutConverters {
	for i := range t.convs {
		if t.convs[i].from == from {
			return &t.convs[i]
		}
	}
	t.convs = append(t.convs, e.compile(t, from))
	return &t.convs[len(t.convs)-1]
}

func (e *Encoder) compile(t *recordType, from *wire.Layout) layoutConverters {
	c := layoutConverters{from: from}
	record, block := from.Record.Type, uint32(0)
	if from.Block != nil {
		block = from.Block.Type
	}
	key := conversion{asked: asked{t.event, t.version}, from: from, to: from, record: record, short: t.short}
	at := slices.IndexFunc(t.family.Ladder, func(f *Form) bool { return f.holds(t.family, record, block) && f.Number == from.Form })
	if at < 0 || t.family.Ladder[at].Version <= t.version {
		c.conv = e.all.get(key) // the header changes, or nothing
		return c
	}
	if t.form < 0 {
		return c
	}
	f := t.family.Ladder[t.form]
	key.to, key.record = e.layout(f, record), e.record(t, record)
	c.conv = e.all.get(key)
	if f.IPv6 != 0 {
		if to, err := e.all.set.Layout(f.IPv6, f.Block); err == nil {
			key.to, key.record = to, f.IPv6
			c.conv6 = e.all.get(key)
		}
	}
	return c
}
