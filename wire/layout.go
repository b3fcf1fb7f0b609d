package wire

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
)

// A Layout is the compiled form of one record type with one block version: a
// flat list of fields in wire order. Slot i of a decoded record belongs to
// Fields[i]. Layouts are immutable and shared by all goroutines.
type Layout struct {
	ID         int        // dense number, unique in its Layouts: an index for plans that others derive from it
	Record     *RecordDef // nil for a block nested in another
	Block      *BlockDef  // nil when the body is plain fields
	Fields     []Field
	Discovery  int    // number of leading slots that belong to the discovery header
	Key        []int  // metadata: slots that identify what is being named
	EncoreRoot string // see RecordDef.EncoreRoot
	Form       int    // 0, or the number (from 1) of the form of the body, see Layouts.Form

	names  map[string]int
	nested []int    // slots of lists and nested blocks
	counts []int    // per slot: the text whose bytes it counts, or -1
	full   *program // decodes every field
}

func (l *Layout) series() uint8 {
	if l.Block != nil {
		return l.Block.Series
	}
	return l.Record.Series
}

// Slot returns the index of the named field, -1 if the layout has none. Where
// discovery header and body use the same name it returns the body's; the
// header's fields are the first Discovery ones.
func (l *Layout) Slot(name string) int {
	if i, ok := l.names[name]; ok {
		return i
	}
	return -1
}

// String names the layout in messages: "record 71 block 174", "record 62 form 1".
func (l *Layout) String() string {
	switch {
	case l.Form != 0:
		return fmt.Sprintf("record %d form %d", l.Record.Type, l.Form)
	case l.Record != nil && l.Block != nil:
		return fmt.Sprintf("record %d block %d", l.Record.Type, l.Block.Type)
	case l.Record != nil:
		return fmt.Sprintf("record %d", l.Record.Type)
	default:
		return fmt.Sprintf("block %d of series %d", l.Block.Type, l.Block.Series)
	}
}

// layoutKey: record is noRecord for a nested block.
type layoutKey struct {
	record uint32
	series uint8
	block  uint32
	hasBlk bool
	header bool // the discovery header alone
	form   uint8
}

const noRecord = 1 << 16

// Layouts compiles definitions when they are first used and keeps them. It is
// safe for concurrent use; looking up a compiled layout takes no lock.
type Layouts struct {
	src Source

	mu       sync.Mutex // serialises compilation
	next     int
	unlisted int                                   // layouts of blocks that their record type is not known to carry
	done     atomic.Pointer[map[layoutKey]*Layout] // replaced, never modified
}

// NewLayouts returns the layouts defined by src. Nothing is compiled yet.
func NewLayouts(src Source) *Layouts {
	s := &Layouts{src: src}
	s.done.Store(&map[layoutKey]*Layout{})
	return s
}

// Source returns the definitions behind the layouts.
func (s *Layouts) Source() Source { return s.src }

// Layout returns the layout of a record type. For records whose body is a data
// block, block selects the version; it is ignored for others. The error is
// ErrUnknownRecord, ErrUnknownBlock or a faulty definition with file and line.
func (s *Layouts) Layout(record uint16, block uint32) (*Layout, error) {
	def, err := s.src.Record(record)
	if err != nil {
		return nil, err
	}
	if def.Unknown {
		return nil, ErrUnknownRecord
	}
	key := layoutKey{record: uint32(record)}
	if def.Series != 0 {
		key.series, key.block, key.hasBlk = def.Series, block, true
	}
	return s.get(key, def)
}

// Form returns the layout of another form of a record type's body: number 1 is
// the first of RecordDef.Forms. The error is ErrUnknownRecord for a form that is
// not there, or a faulty definition with file and line.
func (s *Layouts) Form(record uint16, number int) (*Layout, error) {
	def, err := s.src.Record(record)
	if err != nil {
		return nil, err
	}
	if number < 1 || number > len(def.Forms) {
		return nil, ErrUnknownRecord
	}
	f := &def.Forms[number-1]
	return s.get(layoutKey{record: uint32(record), series: f.Series, block: f.Block, hasBlk: f.Series != 0, form: uint8(number)}, def)
}

// Nested returns the layout of a data block inside another one.
func (s *Layouts) Nested(series uint8, block uint32) (*Layout, error) {
	return s.get(layoutKey{record: noRecord, series: series, block: block, hasBlk: true}, nil)
}

// maxUnlisted is how many layouts are made for blocks that a record type is not
// known to carry. Such a block is decoded, because a new release may well send it;
// but a peer could send thousands of such pairs, each of which would cost every
// decoder and every format memory for good. Beyond the limit they stay raw.
const maxUnlisted = 64

// outer returns the layout of what precedes the block of a record type, whatever
// block that is; nil for a type without discovery header.
func (s *Layouts) outer(record uint16) *Layout {
	def, err := s.src.Record(record)
	if err != nil || !def.Discovery {
		return nil
	}
	l, err := s.get(layoutKey{record: uint32(record), header: true}, &RecordDef{
		Type: def.Type, Name: def.Name, Category: def.Category, Discovery: true, Pos: def.Pos,
	})
	if err != nil {
		return nil // the decoder has met the same fault and reported it
	}
	return l
}

func (s *Layouts) get(key layoutKey, rec *RecordDef) (*Layout, error) {
	if l, ok := (*s.done.Load())[key]; ok {
		return known(l)
	}
	var blk *BlockDef
	if key.hasBlk {
		var err error
		if blk, err = s.src.Block(key.series, key.block); err != nil {
			return nil, err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	old := *s.done.Load()
	if l, ok := old[key]; ok {
		return known(l)
	}
	if rec != nil && blk != nil && key.form == 0 && !carries(rec, blk.Type) {
		if s.unlisted == maxUnlisted {
			return nil, ErrUnknownBlock
		}
		s.unlisted++
	}
	l, err := s.build(rec, blk, int(key.form))
	switch {
	case errors.Is(err, ErrUnknownBlock):
		l = nil // remembered, too: a peer must not make us build it again and again
	case err != nil:
		return nil, err
	default:
		l.ID = s.next
		s.next++
	}
	m := make(map[layoutKey]*Layout, len(old)+1)
	for k, v := range old {
		m[k] = v
	}
	m[key] = l
	s.done.Store(&m)
	return known(l)
}

// known turns what the table holds into a result: nil stands for a block that
// does not fit the record type.
func known(l *Layout) (*Layout, error) {
	if l == nil {
		return nil, ErrUnknownBlock
	}
	return l, nil
}

// build joins discovery header and body into one list of fields and compiles it.
func (s *Layouts) build(rec *RecordDef, blk *BlockDef, form int) (*Layout, error) {
	l := &Layout{Record: rec, Block: blk, Form: form}
	if rec != nil {
		l.EncoreRoot = rec.EncoreRoot
		if rec.Discovery {
			head, err := s.src.DiscoveryHeader()
			if err != nil {
				return nil, err
			}
			l.Fields = append(l.Fields, head...)
			l.Discovery = len(head)
		}
	}
	switch {
	case blk != nil:
		l.Fields = append(l.Fields, blk.Fields...)
	case form != 0:
		l.Fields = append(l.Fields, rec.Forms[form-1].Fields...)
	default:
		l.Fields = append(l.Fields, rec.Fields...)
	}
	l.names = make(map[string]int, len(l.Fields))
	for i := range l.Fields {
		l.names[l.Fields[i].Name] = i
	}
	if err := check(l); err != nil {
		return nil, err
	}
	if rec != nil {
		for _, name := range rec.key(form) {
			i := l.Slot(name)
			if i < 0 && blk != nil && form == 0 && !carries(rec, blk.Type) {
				// Some other block of the series, which names nothing.
				return nil, ErrUnknownBlock
			}
			if i < 0 {
				return nil, fmt.Errorf("%v: key field %q of record %d is not in %v", rec.Pos, name, rec.Type, l)
			}
			l.Key = append(l.Key, i)
		}
	}
	l.counts = make([]int, len(l.Fields))
	for i := range l.Fields {
		l.counts[i] = -1
		switch f := &l.Fields[i]; f.Kind {
		case KindText:
			l.counts[fieldBefore(l, i, f.LengthOf)] = i
		case KindList, KindBlock:
			l.nested = append(l.nested, i)
		}
	}
	l.full = compile(l, nil)
	return l, nil
}

// key returns the names of the fields that identify what a form of a metadata
// record names.
func (d *RecordDef) key(form int) []string {
	if form != 0 && len(d.Forms[form-1].Key) != 0 {
		return d.Forms[form-1].Key
	}
	return d.Key
}

// carries reports whether blocks of this type are usual in the record.
func carries(rec *RecordDef, block uint32) bool {
	return slices.ContainsFunc(rec.Blocks, func(b RecordBlock) bool { return b.Type == block })
}

// check refuses definitions that the compiler would misread. Every error names
// the file and line of the field.
func check(l *Layout) error {
	seen := make(map[string]int, len(l.Fields))
	for i := range l.Fields {
		f := &l.Fields[i]
		// The body may repeat a name of the discovery header (device_id of record 71).
		if j, ok := seen[f.Name]; ok && (j >= l.Discovery || i < l.Discovery) {
			return fmt.Errorf("%v: field %q appears twice in %v (first at %v)", f.Pos, f.Name, l, l.Fields[j].Pos)
		}
		seen[f.Name] = i
		switch {
		case f.Kind == KindInvalid || int(f.Kind) >= len(kindNames):
			return fmt.Errorf("%v: field %q of %v has no valid type", f.Pos, f.Name, l)
		case f.Kind.Fixed() && (f.Size <= 0 || f.Size > 1<<16):
			return fmt.Errorf("%v: field %q of %v has size %d; expected 1 to 65536 bytes", f.Pos, f.Name, l, f.Size)
		case f.Kind == KindRest && i != len(l.Fields)-1:
			return fmt.Errorf("%v: field %q of %v takes the rest of the block but is not the last field", f.Pos, f.Name, l)
		}
		if f.Kind == KindText {
			j, ok := seen[f.LengthOf]
			if !ok || j == i {
				return fmt.Errorf("%v: text %q of %v is counted by %q, which is not an earlier field", f.Pos, f.Name, l, f.LengthOf)
			}
			if !l.Fields[j].Kind.Integer() {
				return fmt.Errorf("%v: text %q of %v is counted by %q, which is no integer but %v", f.Pos, f.Name, l, f.LengthOf, l.Fields[j].Kind)
			}
		}
		if f.When != "" {
			j, ok := seen[f.When]
			if !ok || j == i || !l.Fields[j].Kind.Integer() {
				return fmt.Errorf("%v: field %q of %v depends on %q, which is not an earlier integer", f.Pos, f.Name, l, f.When)
			}
			if !f.Kind.Fixed() || f.Kind.Integer() {
				return fmt.Errorf("%v: optional field %q of %v is %v; only fixed-size fields that are no integers can be optional", f.Pos, f.Name, l, f.Kind)
			}
		}
	}
	return nil
}
