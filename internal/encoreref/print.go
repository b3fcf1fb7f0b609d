package encoreref

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf16"
)

// JSON returns the record's line of the adapter json, without its end.
func (r *Record) JSON() (string, error) {
	var b strings.Builder
	writeJSON(&b, r.fields)
	return b.String(), nil
}

func writeJSON(b *strings.Builder, v any) {
	switch v := v.(type) {
	case nil:
		b.WriteString("null")
	case uint64:
		b.WriteString(strconv.FormatUint(v, 10))
	case string:
		writeJSONText(b, v)
	case Bytes:
		writeJSONText(b, string(v))
	case []any:
		b.WriteByte('[')
		for i, e := range v {
			if i > 0 {
				b.WriteString(", ")
			}
			writeJSON(b, e)
		}
		b.WriteByte(']')
	case *Object:
		b.WriteByte('{')
		for i, k := range v.Keys {
			if i > 0 {
				b.WriteString(", ")
			}
			writeJSONText(b, k)
			b.WriteString(": ")
			writeJSON(b, v.values[k])
		}
		b.WriteByte('}')
	default:
		panic(fmt.Sprintf("encoreref: a value of type %T", v))
	}
}

var short = map[rune]string{'"': `\"`, '\\': `\\`, '\n': `\n`, '\r': `\r`, '\t': `\t`, '\b': `\b`, '\f': `\f`}

func writeJSONText(b *strings.Builder, s string) {
	b.WriteByte('"')
	for _, r := range s {
		switch escape, ok := short[r]; {
		case ok:
			b.WriteString(escape)
		case r >= 0x20 && r <= 0x7e:
			b.WriteRune(r)
		case r <= 0xffff:
			fmt.Fprintf(b, `\u%04x`, r)
		default:
			high, low := utf16.EncodeRune(r)
			fmt.Fprintf(b, `\u%04x\u%04x`, high, low)
		}
	}
	b.WriteByte('"')
}

// Splunk returns the record's line of the adapter splunk, without its end.
func (r *Record) Splunk() (string, error) {
	out := NewObject()
	for _, f := range r.t.splunk.Records[r.typ].Fields {
		if v, ok := r.fields.Path(f.From); ok {
			out.Set(f.To, v)
		}
	}
	for _, k := range r.computed.Keys {
		to, known := r.t.splunk.Computed[k]
		if !known {
			return "", failf("splunk", "computed key %s is in no table", k)
		}
		if to != nil {
			out.Set(*to, r.computed.values[k])
		}
	}
	line := "rec_type=" + r.typ + " "
	if v, ok := out.Get("event_sec"); ok {
		line += "event_sec=" + splunkText(v) + " "
		out.Delete("event_sec")
	}
	pairs := make([]string, len(out.Keys))
	for i, k := range out.Keys {
		pairs[i] = k + "=" + splunkText(out.values[k])
	}
	line += strings.Join(pairs, " ")
	return strings.NewReplacer("\n", `\n`, "\r", "").Replace(line), nil
}

func splunkText(v any) string {
	if b, ok := v.(Bytes); ok {
		v = string(b)
	}
	s, ok := v.(string)
	switch {
	case !ok:
		return plain(v)
	case s == "" || strings.ContainsAny(s, " ="):
		return `"` + s + `"`
	}
	return s
}
