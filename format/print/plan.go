package print

import (
	"strconv"
	"strings"

	"estream/format/flat"
	"estream/meta"
	"estream/wire"
)

// A plan is how a layout is written. It is immutable and shared.
type plan struct {
	title  string // "Host MAC Address (block 95)" of a nested block
	block  string // the line block_type of a record whose body is a data block
	header []fieldOp
	body   []fieldOp
	domain *meta.Op // names the domain in the record header

	inline    bool     // a block with one value, which needs no name
	network   []naming // of the number in block 4, where it stands for a network protocol
	isProfile bool     // a host profile, which begins with a summary
}

// A fieldOp writes one field.
type fieldOp struct {
	field *wire.Field
	label string // "name:"
	kind  fieldKind
	slot  int32
	names []naming
}

type fieldKind uint8

const (
	fieldUint       fieldKind = iota
	fieldTime                 // a number: Unix seconds
	fieldIPv4Number           // an IPv4 address that the layout takes for a number
	fieldIPv4
	fieldIPv4Little
	fieldIP
	fieldMAC
	fieldUUID
	fieldHex
	fieldText
	fieldBlob   // text or binary payload
	fieldPacket // never text
	fieldList
	fieldBlock
)

func compile(l *wire.Layout) *plan {
	p := &plan{}
	ops := make([]fieldOp, len(l.Fields))
	for i := range l.Fields {
		f := &l.Fields[i]
		ops[i] = fieldOp{field: f, label: f.Name + ":", kind: kindOf(l, i), slot: int32(i)}
	}
	if l.Record != nil {
		p.compileView(meta.Compile(l, meta.Strict), ops)
	}
	for i := range ops {
		ops[i].addKnown(l)
	}
	p.header, p.body = ops[:l.Discovery], ops[l.Discovery:]
	switch b := l.Block; {
	case l.Record == nil:
		p.title = visible(b.Title) + " (block " + strconv.FormatUint(uint64(b.Type), 10) + ")"
		p.inline = len(ops) == 1 && inlined[b.Name]
		if p.inline && b.Name == "protocol" {
			network := fieldOp{field: &wire.Field{Name: "network_protocol", Kind: ops[0].field.Kind}}
			network.addKnown(l)
			p.network = network.names
		}
		p.isProfile = strings.HasPrefix(b.Name, "full_host_profile") || strings.HasPrefix(b.Name, "host_profile")
	case b != nil:
		p.block = "block_type: " + strconv.FormatUint(uint64(b.Type), 10) + " [" + visible(b.Title) + "]\n"
	}
	if l.Form != 0 {
		p.block = "body_form: " + strconv.Itoa(l.Form) + " [" + visible(l.Record.Forms[l.Form-1].Versions) + "]\n" + p.block
	}
	return p
}

// inlined are blocks whose one value follows the number in a list directly.
var inlined = map[string]bool{"string": true, "blob": true, "integer": true, "string_information": true, "protocol": true, "web_application": true}

func visible(s string) string { return string(flat.AppendVisible(nil, []byte(s))) }

// compileView hands the operations of the computed view to the fields that they
// explain. Those that only repeat a field, or a time that is shown anyway, are left
// out.
func (p *plan) compileView(v *meta.View, ops []fieldOp) {
	for i := range v.Ops {
		op := &v.Ops[i]
		switch op.Kind {
		case meta.OpDomain:
			p.domain = op
		case meta.OpLookup, meta.OpImpact, meta.OpFlags, meta.OpClientAddress:
			if at := anchor(v.Layout, op); at >= 0 {
				ops[at].names = append(ops[at].names, naming{op: op, label: labels[op.Key]})
			}
		}
	}
}

// qualifiers are fields that, next to another one, say where its number is valid,
// and are not what a name is for.
var qualifiers = map[string]bool{
	"generator_id": true, "signature_generator_id": true, "device_id": true, "protocol": true, "ip_protocol": true, "ip_protocol_id": true,
	"policy_revision": true, "access_control_policy_uuid": true, "access_control_policy_revision": true, "ssl_policy_id": true,
}

// anchor returns the field whose value an operation explains: the one it starts
// from, or of those that make the key of a lookup the last that is no qualifier, else the last of all; -1 if it reads none. Text
// counts only if there is nothing else: it is a condition then, or a hash.
func anchor(l *wire.Layout, op *meta.Op) int {
	const none, textual, qualifying, meant = 0, 1, 2, 3
	if op.From.Slot >= 0 {
		return op.From.Slot
	}
	best, rank := -1, none
	for i := range l.Fields {
		f := &l.Fields[i]
		if !op.Uses(i) || f.Kind == wire.KindString && f.Encore == op.Key { // the text that the operation stands in for
			continue
		}
		now := meant
		switch {
		case f.Kind == wire.KindString || f.Kind == wire.KindBlob || f.Kind == wire.KindText:
			now = textual
		case qualifiers[f.Name]:
			now = qualifying
		}
		if now >= rank {
			best, rank = i, now
		}
	}
	return best
}

// labels say what a computed value is where that is not plain from its text.
var labels = map[string]string{"impact": "impact level ", "renderedId": "rendered id "}

func kindOf(l *wire.Layout, slot int) fieldKind {
	f := &l.Fields[slot]
	switch f.Kind {
	case wire.KindUint8, wire.KindUint16, wire.KindUint32, wire.KindUint64:
		switch {
		case times[f.Name] && f.Kind == wire.KindUint32:
			return fieldTime
		case numberedAddresses[f.Name] && f.Kind == wire.KindUint32:
			return fieldIPv4Number
		}
		return fieldUint
	case wire.KindIPv4:
		if f.LittleEndian {
			return fieldIPv4Little
		}
		return fieldIPv4
	case wire.KindIPv6:
		return fieldIP
	case wire.KindMAC:
		return fieldMAC
	case wire.KindUUID:
		if addresses[f.Name] {
			return fieldIP
		}
		return fieldUUID
	case wire.KindBytes:
		switch {
		case addresses[f.Name] && f.Size == 16:
			return fieldIP
		case uuids[f.Name] && f.Size == 16:
			return fieldUUID
		case padded[f.Name]:
			return fieldText
		}
		return fieldHex
	case wire.KindBlob:
		return fieldBlob
	case wire.KindRest:
		if l.Block == nil || l.Block.Name != "string" {
			return fieldBlob
		}
	case wire.KindList:
		return fieldList
	case wire.KindBlock:
		return fieldBlock
	}
	if packets[f.Name] {
		return fieldPacket
	}
	return fieldText
}
