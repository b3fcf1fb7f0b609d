package layouts

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"estream/wire"

	"go.yaml.in/yaml/v4"
)

// family is the content of one layout file.
type family struct {
	records []*wire.RecordDef
	blocks  []*wire.BlockDef
	header  []wire.Field // discovery header, in common.yaml only
}

// parser walks the nodes of one file. It goes on after a mistake, so that all
// of them are reported at once, each with file and line.
type parser struct {
	file string
	errs []error
}

func (p *parser) errorf(n *yaml.Node, format string, args ...any) {
	p.errs = append(p.errs, fmt.Errorf("%s:%d: %s", p.file, n.Line, fmt.Sprintf(format, args...)))
}

// parse reads one layout file.
func parse(file string, data []byte) (*family, error) {
	p := &parser{file: file}
	var doc yaml.Node
	if err := yaml.Unmarshal(data, &doc); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	f := &family{}
	if len(doc.Content) == 0 {
		return f, nil
	}
	p.mapping(doc.Content[0], "file", func(key string, k, v *yaml.Node) {
		switch key {
		case "records":
			p.sequence(v, func(n *yaml.Node) { f.records = append(f.records, p.record(n)) })
		case "blocks":
			p.sequence(v, func(n *yaml.Node) { f.blocks = append(f.blocks, p.block(n)) })
		case "discovery_header":
			f.header = p.fields(v)
		default:
			p.errorf(k, "unknown key %q; expected records, blocks or discovery_header", key)
		}
	})
	return f, errors.Join(p.errs...)
}

func (p *parser) block(n *yaml.Node) *wire.BlockDef {
	d := &wire.BlockDef{Pos: p.pos(n)}
	typed := false
	p.mapping(n, "block", func(key string, k, v *yaml.Node) {
		switch key {
		case "block":
			d.Type, typed = uint32(p.number(v, 1<<32-1)), true
		case "series":
			d.Series = uint8(p.number(v, 2))
		case "name":
			d.Name = p.text(v)
		case "title":
			d.Title = p.text(v)
		case "versions":
			d.Versions = p.text(v)
		case "confidence":
			if d.Confidence = p.text(v); d.Confidence != "high" && d.Confidence != "medium" && d.Confidence != "low" {
				p.errorf(v, "confidence is %q; expected high, medium or low", d.Confidence)
			}
		case "note":
			d.Note = p.text(v)
		case "encore_length":
			d.EncoreLength = p.text(v)
		case "length":
			d.Length = int(p.number(v, 1<<20))
		case "min_length":
			d.MinLength = int(p.number(v, 1<<20))
		case "fields":
			d.Fields = p.fields(v)
		default:
			p.errorf(k, "unknown key %q in a block", key)
		}
	})
	if !typed || d.Series == 0 {
		p.errorf(n, "block without a number or series: set block: N and series: 1 or 2")
	}
	p.checkLength(n, d)
	return d
}

// checkLength compares the stated length of a block with the sum of its fields:
// a slip in one of two hundred lines shows at once.
func (p *parser) checkLength(n *yaml.Node, d *wire.BlockDef) {
	least, fixed := 8, true
	for i := range d.Fields {
		switch f := &d.Fields[i]; f.Kind {
		case wire.KindString, wire.KindBlob, wire.KindList:
			least, fixed = least+8, false
		case wire.KindBlock:
			fixed = false // may be missing at the end
			if i < len(d.Fields)-1 {
				least += 8
			}
		case wire.KindText, wire.KindRest:
			fixed = false
		default:
			least += f.Size
		}
	}
	switch {
	case d.Length != 0 && (!fixed || d.Length != least):
		p.errorf(n, "block %d of series %d says length %d, its fields give %d", d.Type, d.Series, d.Length, least)
	case d.MinLength != 0 && d.MinLength < least:
		p.errorf(n, "block %d of series %d says min_length %d, its fields need %d", d.Type, d.Series, d.MinLength, least)
	}
	if d.MinLength == 0 {
		d.MinLength = least
	}
}

func (p *parser) fields(n *yaml.Node) (fields []wire.Field) {
	p.sequence(n, func(n *yaml.Node) {
		if n.Kind != yaml.MappingNode || len(n.Content) != 2 {
			p.errorf(n, "a field is one line of the form \"- name: type\" or \"- name: {type: ..., ...}\"")
			return
		}
		name, v := n.Content[0], n.Content[1]
		f := wire.Field{Name: name.Value, Encore: camel(name.Value), Pos: p.pos(name)}
		if !fieldName.MatchString(f.Name) {
			p.errorf(name, "field name %q; expected lower case letters, digits and _", f.Name)
		}
		typ := v
		if v.Kind == yaml.MappingNode {
			typ = nil
			p.mapping(v, "field", func(key string, k, v *yaml.Node) {
				switch key {
				case "type":
					typ = v
				case "encore":
					f.Encore = p.text(v)
				case "encore_form":
					if f.EncoreForm = p.text(v); f.EncoreForm != "hex" && f.EncoreForm != "list" {
						p.errorf(v, "encore_form is %q; expected hex or list", f.EncoreForm)
					}
				case "number":
					f.Number = uint32(p.number(v, 1<<32-1))
				case "byte_order":
					if f.LittleEndian = p.text(v) == "little"; !f.LittleEndian {
						p.errorf(v, "byte_order is %q; leave it out for big-endian", v.Value)
					}
				case "when":
					f.When = p.text(v)
				default:
					p.errorf(k, "unknown key %q in field %s", key, f.Name)
				}
			})
		}
		if typ == nil {
			p.errorf(v, "field %s has no type", f.Name)
			return
		}
		if err := setType(&f, p.text(typ)); err != nil {
			p.errorf(typ, "field %s: %v", f.Name, err)
		}
		if f.LittleEndian && f.Kind != wire.KindIPv4 {
			p.errorf(v, "field %s: byte_order little is for ipv4 only", f.Name)
		}
		fields = append(fields, f)
	})
	return fields
}

var (
	fieldName = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)
	typeArg   = regexp.MustCompile(`^(bytes\[|text\(|list<|block<)([a-z0-9_]+)[\])>]$`)
)

var plainTypes = map[string]struct {
	kind wire.Kind
	size int
}{
	"uint8": {wire.KindUint8, 1}, "uint16": {wire.KindUint16, 2}, "uint32": {wire.KindUint32, 4}, "uint64": {wire.KindUint64, 8},
	"uuid": {wire.KindUUID, 16}, "ipv4": {wire.KindIPv4, 4}, "ipv6": {wire.KindIPv6, 16}, "mac": {wire.KindMAC, 6},
	"rest": {wire.KindRest, 0}, "string": {wire.KindString, 0}, "blob": {wire.KindBlob, 0}, "list": {wire.KindList, 0}, "block": {wire.KindBlock, 0},
}

// listNumber is the block number of a list in series 1 unless the file says
// another; readers take any.
const listNumber = 11

func setType(f *wire.Field, s string) error {
	if t, ok := plainTypes[s]; ok {
		f.Kind, f.Size = t.kind, t.size
	} else if m := typeArg.FindStringSubmatch(s); m != nil {
		n, err := strconv.ParseUint(m[2], 10, 16)
		switch m[1] {
		case "bytes[":
			f.Kind, f.Size = wire.KindBytes, int(n)
		case "text(":
			f.Kind, f.LengthOf, err = wire.KindText, m[2], nil
		case "list<":
			f.Kind, f.Element = wire.KindList, uint32(n)
		case "block<":
			f.Kind, f.Element = wire.KindBlock, uint32(n)
		}
		if err != nil {
			return fmt.Errorf("type %q: %q is no number", s, m[2])
		}
	} else {
		return fmt.Errorf("type %q is unknown; expected uint8, uint16, uint32, uint64, bytes[N], uuid, ipv4, ipv6, mac, string, blob, text(FIELD), rest, list, list<N>, block or block<N>", s)
	}
	if f.Kind == wire.KindList && f.Number == 0 {
		f.Number = listNumber
	}
	return nil
}

// camel turns a protocol name into the key that eNcore prints for it.
func camel(name string) string {
	var b strings.Builder
	for i, part := range strings.Split(name, "_") {
		if i > 0 && part != "" {
			part = strings.ToUpper(part[:1]) + part[1:]
		}
		b.WriteString(part)
	}
	return b.String()
}

func (p *parser) pos(n *yaml.Node) wire.Pos { return wire.Pos{File: p.file, Line: n.Line} }

func (p *parser) mapping(n *yaml.Node, what string, f func(key string, k, v *yaml.Node)) {
	if n.Kind != yaml.MappingNode {
		p.errorf(n, "a %s must be a mapping (key: value)", what)
		return
	}
	seen := make(map[string]bool, len(n.Content)/2)
	for i := 0; i+1 < len(n.Content); i += 2 {
		k := n.Content[i]
		if seen[k.Value] {
			p.errorf(k, "key %q appears twice in one %s", k.Value, what)
		}
		seen[k.Value] = true
		f(k.Value, k, n.Content[i+1])
	}
}

func (p *parser) sequence(n *yaml.Node, f func(*yaml.Node)) {
	if n.Kind != yaml.SequenceNode {
		p.errorf(n, "expected a list")
		return
	}
	for _, e := range n.Content {
		f(e)
	}
}

func (p *parser) text(n *yaml.Node) string {
	if n.Kind != yaml.ScalarNode {
		p.errorf(n, "expected a text or number")
	}
	return n.Value
}

func (p *parser) number(n *yaml.Node, most uint64) uint64 {
	v, err := strconv.ParseUint(p.text(n), 10, 64)
	if err != nil || v > most {
		p.errorf(n, "%q is no number from 0 to %d", n.Value, most)
		return 0
	}
	return v
}
