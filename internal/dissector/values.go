package dissector

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"math/bits"
	"regexp"
	"slices"
	"strings"

	"estream/layouts"
)

// tableOf finds the value table that a field's meaning refers to.
var tableOf = regexp.MustCompile(`[,;]? ?see enums ([a-z_]+)`)

// severalMeanings are fields whose numbers mean different things in different records,
// so that one table cannot name them.
var severalMeanings = map[string]string{
	"blocked":    "intrusion_blocked in intrusion events, correlation_blocked in correlation events",
	"device_id":  "a device as a rule; the table has the exceptions in messages of the server's own",
	"event_type": "the discovery header's, or the kind of the event that triggered a correlation event",
	"impact":     "a level in intrusion events, flags in impact alerts",
	"protocol":   "IP protocol, or application protocol in user records",
}

// writeValues writes what the numbers in fields mean: VALUES are one of several, BITS
// are masks. TIMES are fields with Unix seconds.
func writeValues(b *bytes.Buffer, tables []layouts.ValueTable, meanings map[string]string) {
	byKind := map[string]map[string]string{"value": {}, "bits": {}} // kind, field, table
	kinds := map[string]string{}
	for i := range tables {
		if t := &tables[i]; len(t.Values) > 0 {
			kinds[t.Name] = t.Kind
		}
	}
	var times []string
	for name, text := range meanings {
		if strings.HasPrefix(text, "Unix time") {
			times = append(times, name)
		}
		m := tableOf.FindStringSubmatch(text)
		if m == nil || severalMeanings[name] != "" {
			continue
		}
		if fields := byKind[kinds[m[1]]]; fields != nil {
			fields[name] = m[1]
		}
	}
	b.WriteString("-- What numbers mean, and in which fields: one of several values, or bits.\nlocal VALUES = {\n")
	writeTables(b, tables, "value", byKind["value"], "[%d] = %s")
	b.WriteString("}\nlocal VALUES_OF = {\n")
	writeMap(b, byKind["value"])
	b.WriteString("}\nlocal BITS = {\n")
	writeTables(b, tables, "bits", byKind["bits"], "{ 0x%x, %s }")
	b.WriteString("}\nlocal BITS_OF = {\n")
	writeMap(b, byKind["bits"])
	b.WriteString("}\n-- Fields with Unix seconds.\nlocal TIMES = {")
	slices.Sort(times)
	for i, name := range times {
		separator := ", "
		if i%6 == 0 {
			separator = ",\n\t"
		}
		if i == 0 {
			separator = "\n\t"
		}
		fmt.Fprintf(b, "%s%s = true", separator, key(name))
	}
	b.WriteString(",\n}\n")
	writeEventNames(b, tables)
}

// writeTables writes the tables of a kind that fields refer to, each value in the form
// given.
func writeTables(b *bytes.Buffer, tables []layouts.ValueTable, kind string, used map[string]string, form string) {
	names := slices.Collect(maps.Values(used))
	for i := range tables {
		t := &tables[i]
		if t.Kind != kind || !slices.Contains(names, t.Name) {
			continue
		}
		values := slices.Clone(t.Values)
		slices.SortFunc(values, func(a, b layouts.Value) int { return cmp.Compare(a.Value, b.Value) })
		fmt.Fprintf(b, "\t%s = {\n", t.Name)
		for _, v := range values {
			if kind == "bits" && bits.OnesCount32(uint32(v.Value)) != 1 {
				continue // what no bit at all means, or several
			}
			fmt.Fprintf(b, "\t\t"+form+",\n", uint32(v.Value), quote(v.Text))
		}
		b.WriteString("\t},\n")
	}
}

// writeEventNames writes the names of discovery events by "type/subtype".
func writeEventNames(b *bytes.Buffer, tables []layouts.ValueTable) {
	b.WriteString("-- Discovery events by type and subtype.\nlocal EVENT_NAMES = {\n")
	for i := range tables {
		if tables[i].Kind != "event" {
			continue
		}
		for _, v := range tables[i].Values {
			fmt.Fprintf(b, "\t[\"%d/%d\"] = %s,\n", v.Value, v.Subtype, quote(v.Text))
		}
	}
	b.WriteString("}\n")
}

func writeMap(b *bytes.Buffer, m map[string]string) {
	for _, name := range slices.Sorted(maps.Keys(m)) {
		fmt.Fprintf(b, "\t%s = %s,\n", key(name), quote(m[name]))
	}
}
