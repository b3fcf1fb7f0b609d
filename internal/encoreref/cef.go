package encoreref

import (
	"encoding/hex"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// CEF returns the record's line of the adapter cef or cef2, without its end; ""
// where the adapter has no line for the record type. prefix stands for the syslog
// header, blank included.
func (r *Record) CEF(adapter, prefix string) (string, error) {
	table := r.t.cef[adapter]
	m, ok := table.Records[r.typ]
	if !ok {
		return "", nil
	}
	if adapter == "cef2" && r.typ == "2" && !r.mended {
		return "", failf(adapter, "any packet (D-33)")
	}
	severity, err := r.severity(adapter, m.Severity)
	if err != nil {
		return "", err
	}
	values := map[string]string{}
	var keys []string
	for _, e := range m.Extensions {
		v, present, err := r.extension(adapter, e.Sources)
		if err != nil {
			return "", err
		}
		if !present || v == any("") || v == any(uint64(0)) {
			continue
		}
		keys = append(keys, e.Key)
		values[e.Key] = cefText(v)
	}
	slices.Sort(keys)
	for i, k := range keys {
		keys[i] = k + "=" + values[k]
	}
	header := []string{"CEF:0", "Cisco", "Firepower", "6.0", r.template(m.SignatureID), r.template(m.Name), severity, strings.Join(keys, " ")}
	return prefix + strings.Join(header, "|"), nil
}

var placeholder = regexp.MustCompile(`\{[^}]*\}`)

// template fills the paths in braces. Header fields are not escaped.
func (r *Record) template(text string) string {
	return placeholder.ReplaceAllStringFunc(text, func(p string) string {
		v, _ := r.fields.Path(p[1 : len(p)-1])
		return plain(v)
	})
}

func (r *Record) severity(adapter string, how map[string]any) (string, error) {
	path := func(v any) any {
		got, _ := r.fields.Path(v.(string))
		return got
	}
	if text, ok := how["const"]; ok {
		return text.(string), nil
	}
	if from, ok := how["from"]; ok {
		return plain(path(from)), nil
	}
	if from, ok := how["divide10"]; ok {
		n, ok := path(from).(uint64)
		if !ok {
			return "", failf(adapter, "severity without %v", from)
		}
		return fmt.Sprintf("%d.%d", n/10, n%10), nil
	}
	if pair, ok := how["matrix"].([]any); ok {
		return r.t.enums.severity(path(pair[0]), path(pair[1])), nil
	}
	test := how["if"].([]any) // lessThan, path, limit
	n, ok := path(test[1]).(uint64)
	if !ok {
		return "", failf(adapter, "severity without %v", test[1])
	}
	if float64(n) < test[2].(float64) {
		return how["then"].(string), nil
	}
	return how["else"].(string), nil
}

// extension returns the first usable source of an extension field.
func (r *Record) extension(adapter string, sources []cefSource) (v any, present bool, err error) {
	for _, s := range sources {
		if s.Const != nil {
			return *s.Const, true, nil
		}
		v, present = r.fields.Path(s.From)
		switch {
		case s.IfNotNull && v == nil:
			continue
		case s.Transform == "":
			return v, true, nil
		case !present:
			return nil, false, failf(adapter, "field %s is missing", s.From)
		}
		v, err = r.transform(adapter, s.Transform, v)
		return v, true, err
	}
	return nil, false, nil
}

func (r *Record) transform(adapter, name string, v any) (any, error) {
	text, isText := v.(string)
	n, _ := v.(uint64)
	mapped := strings.HasPrefix(text, "::ffff:")
	switch name {
	case "none":
		if r.mended && r.typ == "2" && isText { // the packet
			return hex.EncodeToString(r.data[len(r.data)-r.packetLength():]), nil
		}
		return v, nil
	case "seconds_to_ms":
		return n * 1000, nil
	case "ipv4_part":
		switch {
		case mapped:
			return strings.TrimPrefix(text, "::ffff:"), nil
		case strings.Contains(text, ":"):
			return "", nil
		}
		return text, nil
	case "ipv6_part":
		if text == "::" || mapped || !strings.Contains(text, ":") {
			return "", nil
		}
		return text, nil
	case "act_table":
		act := r.t.enums.CEF400Act[adapter]
		if n >= uint64(len(act)) {
			if r.mended {
				return v, nil
			}
			return nil, failf(adapter, "blocked out of range (D-25)")
		}
		return act[n], nil
	case "packet_payload":
		return r.payload(adapter, v)
	}
	panic("encoreref: unknown transform " + name)
}

func (r *Record) packetLength() int {
	n, _ := r.fields.Get("packetLength")
	return int(n.(uint64))
}

// payload is the value of cs1 of a packet.
func (r *Record) payload(adapter string, v any) (any, error) {
	if r.packetLength() == 0 {
		return "", nil
	}
	whole, ok := v.(Bytes)
	if !ok {
		if r.mended {
			return "", nil
		}
		return nil, failf(adapter, "packet that is text (D-15)")
	}
	p, err := payload(adapter, whole)
	if err != nil {
		return nil, err
	}
	limit := r.t.cef[adapter].PacketPayloadMax
	switch encoding := r.settings.PacketEncoding; encoding {
	case "ascii", "utf-8":
		text := []rune(encodePayload(p, encoding))
		return string(text[:min(limit, len(text))]), nil
	case "", "hex":
		digits := encodePayload(p, "hex")
		return Bytes(digits[:min(limit, len(digits))]), nil
	}
	return nil, failf(adapter, "packet encoding that it does not know")
}

// cefText escapes a value, and wraps what then holds an equals sign in quotes.
func cefText(v any) string {
	text := plain(v)
	for _, special := range []string{`\`, `"`, `]`, `|`} {
		text = strings.ReplaceAll(text, special, `\`+special)
	}
	if strings.Contains(text, "=") {
		text = `"` + text + `"`
	}
	return text
}
