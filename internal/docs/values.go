package docs

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"

	"estream/layouts"
)

// valueTables appends all value tables: our words for the numbers beside the
// texts that the outputs print.
func (s *source) valueTables(b *bytes.Buffer) {
	b.WriteString("## Value tables\n\nWhat a server says in metadata goes before these tables. \"Text\" is what the outputs print as long as it has said nothing, in eNcore's spelling.\n\n")
	for i := range s.tables {
		t := &s.tables[i]
		fmt.Fprintf(b, "- [%s](#v-%s): %s\n", t.Name, t.Name, t.Fields)
	}
	b.WriteString("\nThe same everywhere:\n\n")
	for _, v := range s.special {
		fmt.Fprintf(b, "- %s: %s\n", v.What, v.Text)
	}
	b.WriteString("\n")
	kinds := map[string]string{"value": "One of these.", "bits": "Any of these bits.", "rule": "Derived; the first that holds.", "event": "Pairs of event type and subtype."}
	for i := range s.tables {
		t := &s.tables[i]
		fmt.Fprintf(b, "### %s\n<a id=\"v-%s\"></a>\n\nIn %s. %s Confidence: %s.", t.Name, t.Name, t.Fields, kinds[t.Kind], t.Confidence)
		if t.Record != 0 {
			fmt.Fprintf(b, " The server names the values in [record %d](#r%d).", t.Record, t.Record)
		}
		b.WriteString("\n\n")
		if t.Note != "" {
			fmt.Fprintf(b, "Note: %s.\n\n", t.Note)
		}
		switch {
		case t.Kind == "event":
			eventTable(b, t)
		case len(t.Values) > 0 || t.Output != "":
			s.valueTable(b, t)
		}
	}
}

func eventTable(b *bytes.Buffer, t *layouts.ValueTable) {
	b.WriteString("| event type | subtype | meaning | record |\n|--:|--:|---|--:|\n")
	for _, v := range t.Values {
		subtype, record := "", ""
		if v.Subtype != 0 {
			subtype = fmt.Sprint(v.Subtype)
		}
		if v.Record != 0 {
			record = fmt.Sprintf("[%d](#r%d)", v.Record, v.Record)
		}
		fmt.Fprintf(b, "| %d | %s | %s%s | %s |\n", v.Value, subtype, cell(v.Text), remark(v), record)
	}
	b.WriteString("\n")
}

// valueTable joins the values of a table with the texts of the outputs, which
// may name numbers that need no explanation here (cipher suites).
func (s *source) valueTable(b *bytes.Buffer, t *layouts.ValueTable) {
	texts := s.texts[t.Output]
	if t.Output == "" {
		b.WriteString("| value | meaning |\n|--:|---|\n")
	} else {
		b.WriteString("| value | meaning | text |\n|--:|---|---|\n")
	}
	line := func(n layouts.Number, meaning string) {
		number := strconv.FormatUint(uint64(n), 10)
		text, shown := texts[number], number
		if t.Kind == "bits" {
			shown = fmt.Sprintf("%#x", uint32(n))
		}
		fmt.Fprintf(b, "| %s | %s |", shown, cell(meaning))
		if t.Output != "" {
			fmt.Fprintf(b, " %s |", cell(text))
		}
		b.WriteString("\n")
	}
	listed := map[string]bool{}
	for _, v := range t.Values {
		listed[strconv.FormatUint(uint64(v.Value), 10)] = true
		line(v.Value, v.Text+remark(v))
	}
	var rest []layouts.Number
	for number := range texts {
		var n layouts.Number
		if !listed[number] && n.UnmarshalText([]byte(number)) == nil {
			rest = append(rest, n)
		}
	}
	slices.Sort(rest)
	for _, n := range rest {
		line(n, "")
	}
	b.WriteString("\n")
}

// remark is what else is known of a value, in parentheses.
func remark(v layouts.Value) string {
	switch {
	case v.Versions != "":
		return " (" + v.Versions + ")"
	case v.Confidence != "":
		return " (confidence " + v.Confidence + ")"
	}
	return ""
}
