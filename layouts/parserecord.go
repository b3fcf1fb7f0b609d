package layouts

import (
	"estream/wire"

	"go.yaml.in/yaml/v4"
)

func (p *parser) record(n *yaml.Node) *wire.RecordDef {
	d := &wire.RecordDef{Pos: p.pos(n)}
	hasBody := false
	p.mapping(n, "record", func(key string, k, v *yaml.Node) {
		switch key {
		case "record":
			d.Type = uint16(p.number(v, 1<<16-1))
		case "name":
			d.Name = p.text(v)
		case "category":
			d.Category = p.text(v)
		case "note":
			d.Note = p.text(v)
		case "header":
			if d.Discovery = p.text(v) == "discovery"; !d.Discovery {
				p.errorf(v, "header is %q; the only header is discovery", v.Value)
			}
		case "encore_root":
			d.EncoreRoot = p.text(v)
		case "unknown":
			d.Unknown = p.text(v) == "true"
			hasBody = true
		case "series":
			d.Series = uint8(p.number(v, 2))
		case "blocks":
			hasBody = true
			p.sequence(v, func(n *yaml.Node) { d.Blocks = append(d.Blocks, p.recordBlock(n)) })
		case "fields":
			hasBody = true
			d.Fields = p.fields(v)
		case "forms":
			p.sequence(v, func(n *yaml.Node) { d.Forms = append(d.Forms, p.form(n)) })
		case "key":
			d.Key = p.key(v)
		default:
			p.errorf(k, "unknown key %q in a record", key)
		}
	})
	switch {
	case d.Type == 0:
		p.errorf(n, "record without a number: set record: N")
	case !hasBody:
		p.errorf(n, "record %d has none of fields, blocks and unknown", d.Type)
	case (d.Series == 0) != (len(d.Blocks) == 0):
		p.errorf(n, "record %d needs both series and blocks, or neither", d.Type)
	case d.Category == "metadata" && !d.Unknown && len(d.Key) == 0:
		p.errorf(n, "metadata record %d has no key: name the fields that identify what it explains", d.Type)
	case len(d.Forms) != 0 && (d.Unknown || len(d.Forms) > maxForms):
		p.errorf(n, "record %d has %d other forms; expected at most %d, and none if the layout is unknown", d.Type, len(d.Forms), maxForms)
	}
	return d
}

func (p *parser) recordBlock(n *yaml.Node) (b wire.RecordBlock) {
	p.mapping(n, "block version", func(key string, k, v *yaml.Node) {
		switch key {
		case "block":
			b.Type = uint32(p.number(v, 1<<32-1))
		case "versions":
			b.Versions = p.text(v)
		default:
			p.errorf(k, "unknown key %q in a block version; expected block or versions", key)
		}
	})
	return b
}

// maxForms bounds how often a message that fits nowhere is tried.
const maxForms = 4

func (p *parser) form(n *yaml.Node) (f wire.RecordForm) {
	f.Pos = p.pos(n)
	p.mapping(n, "form", func(key string, k, v *yaml.Node) {
		switch key {
		case "versions":
			f.Versions = p.text(v)
		case "series":
			f.Series = uint8(p.number(v, 2))
		case "block":
			f.Block = uint32(p.number(v, 1<<32-1))
		case "fields":
			f.Fields = p.fields(v)
		case "key":
			f.Key = p.key(v)
		default:
			p.errorf(k, "unknown key %q in a form; expected versions, series, block, fields or key", key)
		}
	})
	if (f.Series == 0) == (len(f.Fields) == 0) || (f.Series == 0) != (f.Block == 0) {
		p.errorf(n, "a form has either series and block, or fields")
	}
	return f
}

func (p *parser) key(n *yaml.Node) (names []string) {
	p.sequence(n, func(n *yaml.Node) { names = append(names, p.text(n)) })
	return names
}
