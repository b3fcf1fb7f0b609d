package docs

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"estream/wire"
)

// Records makes docs/records.md. root is the directory with go.mod.
func Records(root string) ([]byte, error) {
	s, err := load(root)
	if err != nil {
		return nil, err
	}
	b := &bytes.Buffer{}
	if err := s.intro(b); err != nil {
		return nil, err
	}
	if err := s.recordIndex(b); err != nil {
		return nil, err
	}
	s.blockIndex(b)
	b.WriteString("## Discovery header\n<a id=\"discovery-header\"></a>\n\nPrecedes the body of the records that say so: 40 bytes, and 16 more if has_ipv6 is 1.\n\n")
	s.fieldTable(b, 1, s.header, 0)
	b.WriteString("## Records\n\n")
	for _, d := range s.records {
		if err := s.record(b, d); err != nil {
			return nil, err
		}
	}
	for _, series := range []uint8{1, 2} {
		fmt.Fprintf(b, "## Data blocks of series %d\n\n", series)
		for _, d := range s.blocks {
			if d.Series == series {
				s.blockSection(b, d)
			}
		}
	}
	s.valueTables(b)
	return b.Bytes(), nil
}

// intro says what is on the page and how to read it.
func (s *source) intro(b *bytes.Buffer) error {
	var all []*wire.Layout
	unknown := 0
	for _, d := range s.records {
		list, err := s.layouts(d)
		if err != nil {
			return err
		}
		all = append(all, list...)
		if d.Unknown {
			unknown++
		}
	}
	judge(s.formats, all)
	fmt.Fprintf(b, `<!-- Made by internal/docs from layouts/*.yaml and the formats: do not edit, run "go generate ./internal/docs". -->

# Records, data blocks and value tables

Every record of the eStreamer protocol that estream knows: %d record types with %d layouts, made of %d data blocks. For %d of the types
only the number is known; they, and everything that is not on this page, are kept raw. This page is made from the files that the program itself decodes with; where they
come from, and what was decided where sources disagree, is in [layouts/README.md](../layouts/README.md).

`, len(s.records), len(all), len(s.blocks), unknown)
	b.WriteString("- [Records by number](#records-by-number)\n- [Data blocks by number](#data-blocks-by-number)\n- [Discovery header](#discovery-header)\n- [Records](#records)\n- [Data blocks of series 1](#data-blocks-of-series-1)\n- [Data blocks of series 2](#data-blocks-of-series-2)\n- [Value tables](#value-tables)\n\n")
	b.WriteString(`To jump to a number, put it behind the page's address: ` + "`#r71`" + ` is record 71, ` + "`#b1-174`" + ` is block 174 of series 1, ` + "`#v-file_action`" + ` is a value table.

How to read the tables:

- **at** is the offset of the field in bytes, from the first byte of the body or, in a data block, of its 8-byte header (uint32 type, uint32 length with
  the header included). It ends at the first field of varying size. Integers are unsigned and big-endian unless stated otherwise.
- **field** is the name in layouts and filters, **eNcore key** the one that JSON shows.
- Types of varying size: text(FIELD) has as many bytes as the earlier field says; rest goes to the end of the block; string, blob, list and block start with a block
  header of their own. A list holds complete data blocks: read each by its own header, the number given is the usual one.
- **confidence** of a block: high means two sources agree or the product itself generated the definition, medium one source, low inferred.
- **Selective formats** that have a line for the record; in parentheses the profiles, if it is not all of them. The others write every record.

Formats:

| format | profiles | writes | |
|---|---|---|---|
`)
	for _, o := range s.formats {
		var profiles []string
		for _, p := range o.profiles {
			if p.profile != "" {
				profiles = append(profiles, p.profile)
			}
		}
		writes := "selected records"
		if o.every {
			writes = "every record"
		}
		fmt.Fprintf(b, "| %s | %s | %s | %s |\n", o.name, strings.Join(profiles, ", "), writes, cell(o.title))
	}
	b.WriteString("\n")
	return nil
}

// recordIndex appends one line for each record type.
func (s *source) recordIndex(b *bytes.Buffer) error {
	b.WriteString("## Records by number\n\n| record | name | category | body | selective formats |\n|--:|---|---|---|---|\n")
	for _, d := range s.records {
		versions, err := s.layouts(d)
		if err != nil {
			return err
		}
		body, by := "not known", ""
		if !d.Unknown {
			by = writers(s.formats, versions)
			body = plural(len(d.Fields), "field")
			if d.Series != 0 {
				var links []string
				for _, v := range d.Blocks {
					links = append(links, s.blockLink(blockID{d.Series, v.Type}))
				}
				body = "block " + strings.Join(links, ", ")
			}
		}
		fmt.Fprintf(b, "| [%d](#r%d) | %s | %s | %s | %s |\n", d.Type, d.Type, cell(d.Name), d.Category, body, cell(by))
	}
	b.WriteString("\n")
	return nil
}

// blockIndex appends the numbers of all blocks, with names on one line per number.
func (s *source) blockIndex(b *bytes.Buffer) {
	b.WriteString("## Data blocks by number\n\nThe two series share numbers; the record type decides which is meant.\n\n| number | series 1 | series 2 |\n|--:|---|---|\n")
	var numbers []uint32
	for _, d := range s.blocks {
		numbers = append(numbers, d.Type)
	}
	slices.Sort(numbers)
	for _, n := range slices.Compact(numbers) {
		fmt.Fprintf(b, "| %d", n)
		for _, series := range []uint8{1, 2} {
			b.WriteString(" | ")
			if d := s.block(blockID{series, n}); d != nil {
				fmt.Fprintf(b, "[%s](#b%d-%d), %s", cell(d.Title), series, n, cell(d.Versions))
			}
		}
		b.WriteString(" |\n")
	}
	b.WriteString("\n")
}

// record appends the section of a record type.
func (s *source) record(b *bytes.Buffer, d *wire.RecordDef) error {
	fmt.Fprintf(b, "### Record %d: %s\n<a id=\"r%d\"></a>\n\n", d.Type, d.Name, d.Type)
	versions, err := s.layouts(d)
	if err != nil {
		return err
	}
	fmt.Fprintf(b, "Category %s.", d.Category)
	if d.Discovery {
		b.WriteString(" [Discovery header](#discovery-header) first.")
	}
	if len(d.Key) > 0 {
		fmt.Fprintf(b, " Names what has this %s.", strings.Join(d.Key, ", "))
		if by := s.resolves(d.Type); len(by) > 0 {
			fmt.Fprintf(b, " Explains %s.", strings.Join(by, ", "))
		}
	}
	switch {
	case d.Unknown:
		b.WriteString(" The layout of the body is not known: such records are kept and written raw.")
	case d.EncoreRoot != "":
		fmt.Fprintf(b, " JSON shows the body as %s.", d.EncoreRoot)
	}
	b.WriteString("\n")
	if d.Note != "" {
		fmt.Fprintf(b, "\nNote: %s.\n", d.Note)
	}
	if !d.Unknown {
		if by := writers(s.formats, versions); by != "" {
			fmt.Fprintf(b, "\nSelective formats: %s.\n", by)
		}
	}
	b.WriteString("\n")
	switch {
	case d.Series != 0:
		fmt.Fprintf(b, "| block of series %d | product versions |\n|--:|---|\n", d.Series)
		for _, v := range d.Blocks {
			fmt.Fprintf(b, "| %s | %s |\n", s.blockLink(blockID{d.Series, v.Type}), cell(v.Versions))
		}
		b.WriteString("\n")
	case !d.Unknown:
		s.fieldTable(b, 1, d.Fields, 0)
	}
	s.forms(b, d)
	return nil
}

// forms shows the other forms of the body of a record.
func (s *source) forms(b *bytes.Buffer, d *wire.RecordDef) {
	for i := range d.Forms {
		f := &d.Forms[i]
		fmt.Fprintf(b, "Another form of the body, read where the one above does not fit (%s): ", f.Versions)
		if f.Series != 0 {
			fmt.Fprintf(b, "block %s.\n\n", s.blockLink(blockID{f.Series, f.Block}))
			continue
		}
		b.WriteString("plain fields.\n\n")
		s.fieldTable(b, 1, f.Fields, 0)
	}
}

// resolves lists the fields whose numbers a metadata record explains.
func (s *source) resolves(record uint16) []string {
	var names []string
	suffix := fmt.Sprintf("resolved by record %d", record)
	for name, text := range s.meanings {
		if i := strings.Index(text, suffix); i >= 0 && digitEnds(text[i+len(suffix):]) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// digitEnds reports whether the number before rest ends there.
func digitEnds(rest string) bool { return rest == "" || rest[0] < '0' || rest[0] > '9' }

// blockSection appends the section of a data block.
func (s *source) blockSection(b *bytes.Buffer, d *wire.BlockDef) {
	fmt.Fprintf(b, "### Block %d of series %d: %s\n<a id=\"b%d-%d\"></a>\n\n", d.Type, d.Series, d.Title, d.Series, d.Type)
	id := blockID{d.Series, d.Type}
	size := fmt.Sprintf("%d bytes", d.Length)
	if d.Length == 0 {
		size = fmt.Sprintf("at least %d bytes", d.MinLength)
	}
	fmt.Fprintf(b, "%s. Versions: %s. Size: %s. Confidence: %s.", d.Name, d.Versions, size, d.Confidence)
	if recs := s.carriers[id]; len(recs) > 0 {
		b.WriteString(" Body of record ")
		for i, r := range recs {
			if i > 0 {
				b.WriteString(", ")
			}
			fmt.Fprintf(b, "[%d](#r%d)", r, r)
		}
		b.WriteString(".")
	}
	if parents := s.parents[id]; len(parents) > 0 {
		b.WriteString(" Inside block ")
		for i, p := range parents {
			if i > 0 {
				b.WriteString(", ")
			}
			b.WriteString(s.blockLink(p))
		}
		b.WriteString(".")
	}
	if d.EncoreLength != "" {
		fmt.Fprintf(b, " JSON shows the length as %s.", d.EncoreLength)
	}
	b.WriteString("\n\n")
	if d.Note != "" {
		fmt.Fprintf(b, "Note: %s.\n\n", d.Note)
	}
	if like := s.alike(d); like != nil {
		fmt.Fprintf(b, "The fields are those of block %s.\n\n", s.blockLink(blockID{like.Series, like.Type}))
		return
	}
	s.fieldTable(b, d.Series, d.Fields, 8)
}

// alike returns the first block before d that has the same fields, nil if there
// is none or if the table is short anyway.
func (s *source) alike(d *wire.BlockDef) *wire.BlockDef {
	if len(d.Fields) < 6 {
		return nil
	}
	for _, other := range s.blocks {
		if other == d {
			return nil
		}
		if other.Series == d.Series && slices.EqualFunc(other.Fields, d.Fields, func(a, b wire.Field) bool {
			a.Pos, b.Pos = wire.Pos{}, wire.Pos{}
			return a == b
		}) {
			return other
		}
	}
	return nil
}
