package docs

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"

	"estream/wire"
)

// fieldTable appends the table of a list of fields. start is the offset of the
// first one: 8 in a block, behind its header, else 0. Offsets end at the first
// field whose size varies. Lines have no blanks around the bars: there are four
// thousand of them.
func (s *source) fieldTable(b *bytes.Buffer, series uint8, fields []wire.Field, start int) {
	if len(fields) == 0 {
		b.WriteString("No fields.\n\n")
		return
	}
	b.WriteString("| at | field | eNcore key | type | bytes | meaning |\n|--:|---|---|---|--:|---|\n")
	at := start
	for i := range fields {
		f := &fields[i]
		offset, size := "", ""
		if at >= 0 {
			offset = fmt.Sprint(at)
		}
		if f.Kind.Fixed() {
			size = fmt.Sprint(f.Size)
			at += f.Size
			if offset == "" {
				at = -1
			}
		} else {
			at = -1
		}
		fmt.Fprintf(b, "|%s|%s|%s|%s|%s|%s|\n", offset, f.Name, f.Encore, s.typeOf(series, f), size, cell(s.meaning(fields, f)))
	}
	b.WriteString("\n")
}

// typeOf names the type of a field, with links to the blocks in it.
func (s *source) typeOf(series uint8, f *wire.Field) string {
	name := f.Kind.String()
	switch f.Kind {
	case wire.KindText:
		name = "text(" + f.LengthOf + ")"
	case wire.KindList, wire.KindBlock:
		if f.Element != 0 {
			name += " " + s.blockLink(blockID{series, f.Element})
		}
	}
	if f.LittleEndian {
		name += ", little-endian"
	}
	if f.EncoreForm != "" {
		name += ", eNcore: " + f.EncoreForm
	}
	if f.When != "" {
		name += ", only if " + f.When
	}
	return name
}

// blockLink is the number of a block, linked if its layout is known.
func (s *source) blockLink(id blockID) string {
	if s.block(id) == nil {
		return fmt.Sprint(id.typ)
	}
	return fmt.Sprintf("[%d](#b%d-%d)", id.typ, id.series, id.typ)
}

var (
	seeTable  = regexp.MustCompile(`see enums ([a-z0-9_]+)`)
	seeRecord = regexp.MustCompile(`\brecords? (\d+)`)
)

// meaning is what the glossary says of a field, with links in place of names.
func (s *source) meaning(fields []wire.Field, f *wire.Field) string {
	for i := range fields {
		if fields[i].LengthOf == f.Name {
			return "bytes of " + fields[i].Name
		}
	}
	text := seeTable.ReplaceAllString(s.meanings[f.Name], "[$1](#v-$1)")
	return linkRecords(text)
}

// linkRecords turns "record N" into a link.
func linkRecords(text string) string {
	return seeRecord.ReplaceAllStringFunc(text, func(m string) string {
		n := m[strings.LastIndexByte(m, ' ')+1:]
		return fmt.Sprintf("[%s](#r%s)", m, n)
	})
}
