package dissector

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"

	"estream/wire"
)

// definitions are all layouts as their source has them.
type definitions struct {
	header  []wire.Field
	records []*wire.RecordDef
	blocks  [2][]*wire.BlockDef // by series less 1
}

func readDefinitions(src wire.Source) (*definitions, error) {
	d := &definitions{}
	var err error
	if d.header, err = src.DiscoveryHeader(); err != nil {
		return nil, err
	}
	for _, typ := range src.Records() {
		r, err := src.Record(typ)
		if err != nil {
			return nil, fmt.Errorf("record %d: %w", typ, err)
		}
		d.records = append(d.records, r)
	}
	for i := range d.blocks {
		series := uint8(i + 1)
		for _, typ := range src.Blocks(series) {
			block, err := src.Block(series, typ)
			if err != nil {
				return nil, fmt.Errorf("block %d of series %d: %w", typ, series, err)
			}
			d.blocks[i] = append(d.blocks[i], block)
		}
	}
	return d, nil
}

// fields calls f for every list of fields.
func (d *definitions) fields(f func([]wire.Field)) {
	f(d.header)
	for _, r := range d.records {
		f(r.Fields)
		for i := range r.Forms {
			f(r.Forms[i].Fields)
		}
	}
	for _, blocks := range d.blocks {
		for _, block := range blocks {
			f(block.Fields)
		}
	}
}

// class names the kind of filter that a field has. Wireshark has one type for a name, so
// fields of one name and different classes need different names.
func class(f *wire.Field) string {
	switch f.Kind {
	case wire.KindUint8, wire.KindUint16, wire.KindUint32:
		return "uint"
	case wire.KindUint64:
		return "uint64"
	case wire.KindString:
		return "string"
	case wire.KindText:
		if binaryText(f) {
			return "bytes"
		}
		return "string"
	case wire.KindBytes, wire.KindBlob, wire.KindRest:
		return "bytes"
	case wire.KindList, wire.KindBlock:
		return "list"
	default:
		return f.Kind.String() // ipv4, ipv6, mac, uuid
	}
}

// binaryText reports whether the bytes that another field counts are a packet.
func binaryText(f *wire.Field) bool { return f.Name == "packet_data" }

// precedence is the order in which classes get the plain name. It does not count
// layouts, so that a new one renames no filter.
var precedence = []string{"uint64", "uint", "ipv6", "ipv4", "mac", "uuid", "string", "bytes", "list"}

// writeFields writes every field by class with its meaning, and the names of those whose
// plain name belongs to another class.
func (d *definitions) writeFields(b *bytes.Buffer, meanings map[string]string) error {
	names := map[string]map[string]bool{} // name, class
	d.fields(func(list []wire.Field) {
		for i := range list {
			f := &list[i]
			if names[f.Name] == nil {
				names[f.Name] = map[string]bool{}
			}
			names[f.Name][class(f)] = true
		}
	})
	byClass, renamed := map[string][]string{}, map[string]string{}
	for name, classes := range names {
		if classes["uint64"] {
			delete(classes, "uint") // the wider filter takes both
		}
		taken := false
		for _, c := range precedence {
			if !classes[c] {
				continue
			}
			byClass[c] = append(byClass[c], name)
			if taken {
				other := name + "_" + c
				if names[other] != nil {
					return fmt.Errorf("field %s has several types, and there is a field %s as well: rename one", name, other)
				}
				renamed[name+" "+c] = other
			}
			taken = true
		}
	}
	b.WriteString("-- Filters by the kind of value: estreamer.field.NAME, and what it means. A name that stands\n-- for different kinds of values has other filters for some of them.\nlocal FIELDS = {\n")
	for _, c := range precedence {
		slices.Sort(byClass[c])
		fmt.Fprintf(b, "\t%s = {\n", c)
		for _, name := range byClass[c] {
			fmt.Fprintf(b, "\t\t%s = %s,\n", key(name), quote(strings.TrimPrefix(tableOf.ReplaceAllString(meanings[name], ""), "; or: ")))
		}
		b.WriteString("\t},\n")
	}
	b.WriteString("}\nlocal RENAMED = {\n")
	for _, name := range slices.Sorted(maps.Keys(renamed)) {
		fmt.Fprintf(b, "\t[%s] = %s,\n", quote(name), quote(renamed[name]))
	}
	b.WriteString("}\n")
	return nil
}

// writeLayouts writes records and blocks.
func (d *definitions) writeLayouts(b *bytes.Buffer) {
	fmt.Fprintf(b, "local DISCOVERY = { fields = %s }\nlocal RECORDS = {\n", quote(layout(d.header)))
	for _, r := range d.records {
		writeRecord(b, r)
	}
	b.WriteString("}\n-- Blocks of series 1 and 2.\nlocal BLOCKS = { {\n")
	for i, blocks := range d.blocks {
		if i > 0 {
			b.WriteString("}, {\n")
		}
		for _, block := range blocks {
			fmt.Fprintf(b, "\t[%d] = { %s, fields = %s },\n", block.Type, quote(block.Title), quote(layout(block.Fields)))
		}
	}
	b.WriteString("} }\n")
}

func writeRecord(b *bytes.Buffer, r *wire.RecordDef) {
	fmt.Fprintf(b, "\t[%d] = { %s", r.Type, quote(r.Name))
	if r.Discovery {
		b.WriteString(", discovery = true")
	}
	if r.Unknown {
		b.WriteString(", unknown = true },\n")
		return
	}
	if r.Series == 0 {
		fmt.Fprintf(b, ", fields = %s", quote(layout(r.Fields)))
	} else {
		fmt.Fprintf(b, ", series = %d, blocks = {", r.Series)
		for i, block := range r.Blocks {
			if i > 0 {
				b.WriteByte(',')
			}
			fmt.Fprintf(b, " %d", block.Type)
		}
		b.WriteString(" }")
		if len(r.Key) > 0 {
			fmt.Fprintf(b, ", key = %s", quote(strings.Join(r.Key, " ")))
		}
	}
	if len(r.Forms) > 0 {
		b.WriteString(", forms = {")
		for i := range r.Forms {
			f := &r.Forms[i]
			if f.Series == 0 {
				fmt.Fprintf(b, "\n\t\t{ %s, fields = %s },", quote(f.Versions), quote(layout(f.Fields)))
			} else {
				fmt.Fprintf(b, "\n\t\t{ %s, series = %d, block = %d },", quote(f.Versions), f.Series, f.Block)
			}
		}
		b.WriteString("\n\t}")
	}
	b.WriteString(" },\n")
}

// layout writes fields as the dissector reads them: "id uint32, name text(length)".
func layout(list []wire.Field) string {
	var words []string
	for i := range list {
		f := &list[i]
		word := f.Kind.String()
		switch {
		case f.Kind == wire.KindBytes:
			word = fmt.Sprintf("bytes[%d]", f.Size)
		case binaryText(f):
			word = fmt.Sprintf("octets(%s)", f.LengthOf)
		case f.Kind == wire.KindText:
			word = fmt.Sprintf("text(%s)", f.LengthOf)
		case f.Kind == wire.KindIPv4 && f.LittleEndian:
			word = "ipv4le"
		case f.Element != 0 && (f.Kind == wire.KindList || f.Kind == wire.KindBlock):
			word += fmt.Sprintf("<%d>", f.Element)
		}
		if f.When != "" {
			word += "?" + f.When
		}
		words = append(words, f.Name+" "+word)
	}
	return strings.Join(words, ", ")
}
