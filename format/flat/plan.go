package flat

import (
	"slices"

	"estream/format"
	"estream/meta"
	"estream/wire"
)

// A plan is what a layout looks like when it is listed. It is immutable and shared.
type plan struct {
	layout   *wire.Layout
	fields   []fieldOp
	computed []computedOp
	date     *meta.Op // gives the time of the event
}

type fieldOp struct {
	name  string
	kind  fieldKind
	slot  int32
	other int32 // fieldHost: slot of the legacy address, -1 if none
	role  ranked
}

type fieldKind uint8

const (
	fieldUint fieldKind = iota
	fieldUUID
	fieldHex
	fieldIPv4
	fieldIPv4Little
	fieldIPv4Uint // an IPv4 address that the layout takes for a number
	fieldIP
	fieldHost // address of the host in the discovery header
	fieldMAC
	fieldText
	fieldList
	fieldBlock
)

type computedOp struct {
	op    *meta.Op
	name  string
	role  ranked
	again bool // another operation before gives a value of the same name
}

// The names that every record has for itself.
const (
	nameTime     = "time"
	nameType     = "recordType"
	nameRecord   = "recordName"
	nameCategory = "recordCategory"
	nameBlock    = "blockType"
	nameArchive  = "archiveTimestamp"
)

var reserved = []string{nameTime, nameType, nameRecord, nameCategory, nameBlock, nameArchive}

// Plans are the compiled forms of all layouts. They are safe for concurrent use.
type Plans struct {
	plans *format.Plans[plan]
}

// NewPlans returns an empty set of plans, which is filled as layouts are used.
func NewPlans() *Plans { return &Plans{format.NewPlans(compile)} }

func compile(l *wire.Layout) *plan {
	p := &plan{layout: l}
	used := map[string]bool{}
	if l.Record != nil {
		for _, name := range reserved {
			used[name] = true
		}
	} else {
		used[nameBlock] = true
	}
	for i := range l.Fields {
		f := &l.Fields[i]
		if meta.Hidden(l, i) || i < l.Discovery && repeated(l, f.Encore) {
			continue
		}
		name := f.Encore
		if l.EncoreRoot != "" && i >= l.Discovery {
			name = l.EncoreRoot + "." + name
		}
		op := fieldOp{name: unique(used, name, "_raw"), slot: int32(i), other: -1, kind: kindOf(l, i)}
		if op.kind == fieldHost {
			op.other = int32(meta.LegacyHost(l))
		}
		if l.Record != nil {
			op.role = roleOf[name]
		}
		p.fields = append(p.fields, op)
	}
	if l.Record != nil {
		p.compileComputed(meta.Compile(l, meta.Strict), used)
	}
	return p
}

// compileComputed keeps the operations whose values say something new.
func (p *plan) compileComputed(v *meta.View, used map[string]bool) {
	names := map[string]string{} // by key
	for i := range v.Ops {
		op := &v.Ops[i]
		switch op.Kind {
		case meta.OpEventDateTime:
			p.date = op
			continue
		case meta.OpEventSecond, meta.OpEventMicrosecond, meta.OpOriginalPacket:
			continue
		}
		c := computedOp{op: op, role: roleOf["@"+op.Key]}
		if op.Kind != meta.OpNested {
			name, again := names[op.Key]
			if !again {
				name = unique(used, op.Key, "_name")
				names[op.Key] = name
			}
			c.name, c.again = name, again
		}
		p.computed = append(p.computed, c)
	}
}

// unique returns name, lengthened by suffix until nothing else has it.
func unique(used map[string]bool, name, suffix string) string {
	for used[name] {
		name += suffix
	}
	used[name] = true
	return name
}

// repeated reports whether the body has a field of that name, which then counts
// instead of the header's.
func repeated(l *wire.Layout, name string) bool {
	return l.EncoreRoot == "" && slices.ContainsFunc(l.Fields[l.Discovery:], func(f wire.Field) bool { return f.Encore == name })
}

func kindOf(l *wire.Layout, slot int) fieldKind {
	f := &l.Fields[slot]
	correlation := l.Record != nil && l.Record.Type == 112
	packet := l.Record != nil && l.Record.Type == 2
	switch f.Kind {
	case wire.KindUint32:
		if correlation && (f.Encore == "sourceIp" || f.Encore == "destinationIp") {
			return fieldIPv4Uint // as eNcore reads it
		}
		return fieldUint
	case wire.KindUint8, wire.KindUint16, wire.KindUint64:
		return fieldUint
	case wire.KindUUID:
		return fieldUUID
	case wire.KindIPv4:
		if f.LittleEndian {
			return fieldIPv4Little
		}
		return fieldIPv4
	case wire.KindIPv6:
		if slot < l.Discovery {
			return fieldHost
		}
		return fieldIP
	case wire.KindMAC:
		return fieldMAC
	case wire.KindText:
		if packet {
			return fieldHex // a packet, even if its bytes could be text
		}
		return fieldText
	case wire.KindRest, wire.KindString, wire.KindBlob:
		return fieldText
	case wire.KindList:
		return fieldList
	case wire.KindBlock:
		return fieldBlock
	}
	if f.Encore == "clientIP" && f.Size == 16 {
		return fieldIP // of VPN sessions, defined as bytes because eNcore shows them as such
	}
	return fieldHex
}
