package jsonl

import (
	"strconv"

	"estream/meta"
	"estream/wire"
)

// A plan is what a layout's line looks like, compiled: constant text between
// values. It is immutable and shared.
type plan struct {
	head        string // up to the record length
	afterLength string // block type, up to the archive time
	fields      []fieldOp
	lastField   string // what ends the last field
	tail        string // after the last field, up to the first computed member; starts with lastField
	named       bool   // tail ends in computed members that are constant
	computed    []computedOp

	bare     []fieldOp // nested blocks: fields without block type and length
	bareTail string
}

// A fieldOp writes one field. Its constant text is all that stands between the
// previous value and its own, so that most fields cost two appends.
type fieldOp struct {
	before string
	kind   fieldKind
	slot   int32
	// other is the slot of the legacy address (fieldHost), or how much of before
	// to take when the block type is not the usual 0 (fieldString).
	other int32
	block uint32 // fieldList, fieldBlock: type to print when the block is absent
}

type fieldKind uint8

const (
	fieldUint   fieldKind = iota
	fieldLength           // length of the block itself
	fieldUUID
	fieldHex
	fieldIPv4
	fieldIPv4Little
	fieldIPv4Uint // an IPv4 address that the layout takes for a number
	fieldIP
	fieldAddress     // fieldIP in the form of RFC 5952
	fieldHost        // address of the host in the discovery header
	fieldHostAddress // the same in the form of RFC 5952
	fieldMAC
	fieldText
	fieldString    // string or blob block
	fieldList      // list block
	fieldBlock     // nested block
	fieldBlockList // nested block that eNcore takes for a list of one element
)

type computedOp struct {
	op     *meta.Op
	member string // `, "key": `
}

// stringZero ends the constant text before a string block of type 0.
const stringZero = `0, "blockLength": `

func (f *jsonFormat) compile(l *wire.Layout) *plan {
	if l.Record == nil {
		return compileElement(l, f.options.Profile)
	}
	block, root := uint64(0), l.EncoreRoot
	if l.Block != nil && (root == "" || f.options.Profile == meta.Strict) {
		block = uint64(l.Block.Type)
	}
	p := &plan{
		head:        `{"recordType": ` + strconv.Itoa(int(l.Record.Type)) + `, "recordLength": `,
		afterLength: `, "blockType": ` + strconv.FormatUint(block, 10) + `, "archiveTimestamp": `,
	}
	c := fieldCompiler{profile: f.options.Profile}
	for _, m := range topMembers(l) {
		if l.Block != nil && m.slot == bodyStart {
			if root != "" {
				c.text += `, "` + root + `": {"blockType": ` + strconv.FormatUint(uint64(l.Block.Type), 10)
			}
			c.add(`, "`+lengthName(l.Block)+`": `, fieldOp{kind: fieldLength})
			continue
		}
		if m.slot == bodyStart {
			if root != "" {
				c.text, c.first = c.text+`, "`+root+`": {`, true
			}
			continue
		}
		c.field(l, m.slot)
	}
	p.fields = c.ops
	p.lastField, p.tail = c.text, c.text
	if root != "" {
		p.tail += "}"
	}
	p.tail += `, "@computed": {`
	p.compileComputed(meta.Compile(l, f.options.Profile))
	return p
}

// compileComputed moves leading constants into the tail and keeps the rest.
func (p *plan) compileComputed(v *meta.View) {
	for i := range v.Ops {
		op := &v.Ops[i]
		if op.Kind == meta.OpText && len(p.computed) == 0 {
			if p.named {
				p.tail += ", "
			}
			p.tail += `"` + op.Key + `": ` + string(appendResult(nil, &meta.Result{Kind: meta.Known, Value: op.Constant()}))
			p.named = true
			continue
		}
		p.computed = append(p.computed, computedOp{op: op, member: `, "` + op.Key + `": `})
	}
}

// bodyStart marks in a list of members where the body begins.
const bodyStart = -1

type member struct {
	name string
	slot int
}

// topMembers lists the members of a record in the order of their keys: the
// discovery header with the host's address second, then the body. A key that the
// body repeats keeps its first place and takes the body's value.
func topMembers(l *wire.Layout) (members []member) {
	header := map[string]int{}
	put := func(i int) {
		header[l.Fields[i].Encore] = len(members)
		members = append(members, member{l.Fields[i].Encore, i})
	}
	host := -1
	for i := range l.Fields[:l.Discovery] {
		if l.Fields[i].Encore == "hostIpAddr" {
			host = i
		}
	}
	for i := range l.Fields[:l.Discovery] {
		if meta.Hidden(l, i) || i == host {
			continue
		}
		put(i)
		if host >= 0 && len(members) == 1 {
			put(host)
		}
	}
	members = append(members, member{slot: bodyStart})
	for i := l.Discovery; i < len(l.Fields); i++ {
		if at, ok := header[l.Fields[i].Encore]; ok && l.EncoreRoot == "" {
			members[at].slot = i
			continue
		}
		members = append(members, member{l.Fields[i].Encore, i})
	}
	return members
}

func lengthName(b *wire.BlockDef) string {
	if b.EncoreLength != "" {
		return b.EncoreLength
	}
	return "blockLength"
}

// compileElement makes the plan for a nested block: the whole object, and as bare
// the object without block type and length.
func compileElement(l *wire.Layout, profile meta.Profile) *plan {
	c, bare := fieldCompiler{profile: profile}, fieldCompiler{profile: profile}
	c.add(`{"blockType": `+strconv.FormatUint(uint64(l.Block.Type), 10)+`, "`+lengthName(l.Block)+`": `, fieldOp{kind: fieldLength})
	bare.text, bare.first = "{", true
	for i := range l.Fields {
		c.field(l, i)
		bare.field(l, i)
	}
	return &plan{fields: c.ops, tail: c.text + "}", bare: bare.ops, bareTail: bare.text + "}"}
}

// A fieldCompiler collects operations; text is constant text not yet part of one.
type fieldCompiler struct {
	ops   []fieldOp
	text  string
	first bool // the next member is the first of its object

	profile meta.Profile
}

func (c *fieldCompiler) add(before string, op fieldOp) {
	op.before = c.text + before
	c.text = ""
	c.ops = append(c.ops, op)
}

// field adds the operation for one field of a layout.
func (c *fieldCompiler) field(l *wire.Layout, slot int) {
	f := &l.Fields[slot]
	name := `, "` + f.Encore + `": `
	if c.first {
		name, c.first = name[2:], false
	}
	op := fieldOp{slot: int32(slot), block: f.Number}
	quoted := true
	switch f.Kind {
	case wire.KindUint8, wire.KindUint16, wire.KindUint32, wire.KindUint64:
		op.kind, quoted = fieldUint, false
		if c.profile != meta.Compat && hiddenAddress(l, f) {
			op.kind, quoted = fieldIPv4Uint, true
		}
	case wire.KindUUID:
		op.kind = fieldUUID
	case wire.KindIPv4:
		op.kind = fieldIPv4
		if f.LittleEndian {
			op.kind = fieldIPv4Little
		}
	case wire.KindIPv6:
		op.kind = fieldIP
		if slot < l.Discovery {
			op.kind, op.other = fieldHost, int32(meta.LegacyHost(l))
		}
		if c.profile == meta.Strict {
			op.kind++ // its neighbour writes the form of RFC 5952
		}
	case wire.KindMAC:
		op.kind = fieldMAC
	case wire.KindText, wire.KindRest:
		op.kind = fieldText
	case wire.KindString, wire.KindBlob:
		name += `{"blockType": `
		op.kind = fieldString
		op.other = int32(len(c.text) + len(name))
		c.add(name+stringZero, op)
		c.text = `"}`
		return
	case wire.KindList:
		op.kind, quoted = fieldList, false
	case wire.KindBlock:
		op.kind, quoted = fieldBlock, false
		if f.EncoreForm == "list" && c.profile != meta.Strict {
			op.kind = fieldBlockList
		}
		if op.block == 0 {
			op.block = f.Element
		}
	default:
		op.kind = fieldHex
	}
	if c.profile == meta.Strict && f.Kind == wire.KindBytes && f.Encore == "clientIP" && f.Size == 16 {
		op.kind = fieldAddress // of VPN sessions
	}
	if f.EncoreForm == "hex" && c.profile != meta.Strict {
		op.kind = fieldHex
	}
	if quoted {
		c.add(name+`"`, op)
		c.text = `"`
		return
	}
	c.add(name, op)
}

// hiddenAddress reports whether a number is in truth an IPv4 address: eNcore reads
// those of correlation events as integers.
func hiddenAddress(l *wire.Layout, f *wire.Field) bool {
	return l.Record != nil && l.Record.Type == 112 && f.Kind == wire.KindUint32 &&
		(f.Encore == "sourceIp" || f.Encore == "destinationIp")
}
