package encoreref

import (
	"encoding/json"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// A viewing computes the view of one record.
type viewing struct {
	t        *tables
	cache    cache
	settings Settings
	record   *Object
	out      *Object
}

// run applies the rules for a record in their order.
func (w *viewing) run() error {
	typ, _ := w.record.Get("recordType")
	name := strconv.FormatUint(typ.(uint64), 10)
	for _, rules := range [][]rule{w.t.view.Always, w.t.view.Records[name], w.t.view.Finally} {
		for i := range rules {
			if err := w.apply(&rules[i], name); err != nil {
				return err
			}
		}
	}
	return nil
}

func (w *viewing) apply(r *rule, recordType string) error {
	if !w.holds(r.When) {
		return nil
	}
	switch r.Op {
	case "recordCategory":
		w.set(r.Key, w.t.enums.RecordTypes[recordType].Category)
	case "recordName":
		w.set(r.Key, w.t.enums.RecordTypes[recordType].Name)
	case "const":
		w.out.Set(r.Key, r.Value)
	case "decodeTopLevelBytes":
		for _, key := range w.record.Keys {
			if b, ok := w.record.values[key].(Bytes); ok {
				w.record.Set(key, string(b))
			}
		}
	case "lookup", "lookupOrNull":
		return w.lookup(r)
	case "rnaName":
		kind, _ := w.record.Get(r.IDs[0])
		subtype, _ := w.record.Get(r.IDs[1])
		w.set(r.Key, w.t.enums.RNAEventNames[plain(kind)][plain(subtype)])
	case "eventTime":
		w.eventTime(r)
	default:
		from, ok := w.record.Path(r.From)
		if !ok {
			return w.missing(r, r.From)
		}
		return w.derive(r, from)
	}
	return nil
}

// derive applies the rules that need nothing but one field.
func (w *viewing) derive(r *rule, from any) error {
	switch r.Op {
	case "require":
	case "copy":
		w.out.Set(r.Key, from)
	case "copyNonEmpty":
		w.set(r.Key, from)
	case "zeroOr":
		text := r.Nonzero
		if from == uint64(0) {
			text = r.Zero
		}
		w.out.Set(r.Key, text)
	case "zeroConst":
		if from == uint64(0) {
			w.out.Set(r.Key, r.Zero)
		}
	case "impactFromBits":
		w.out.Set(r.Key, impact(from.(uint64)))
	case "impactAlertText":
		text, ok := from.(string)
		if !ok {
			return failf("view", "impact alert that is no text")
		}
		w.set(r.Key, alertText(text))
	case "ipv6Groups":
		w.set(r.Key, wideGroups(string(from.(Bytes))))
	case "packet":
		return w.packet(from)
	case "extraData":
		return w.extraData(r, from)
	default:
		panic("encoreref: view.json has an operation " + r.Op)
	}
	return nil
}

// set gives a key a value unless that is empty or 0.
func (w *viewing) set(key string, v any) {
	if !empty(v) {
		w.out.Set(key, v)
	}
}

func (w *viewing) missing(r *rule, path string) error {
	if r.Missing == "skip" {
		return nil
	}
	return failf("view", "field %s is missing (D-30)", path)
}

func (w *viewing) holds(conditions [][]string) bool {
	return !slices.ContainsFunc(conditions, func(c []string) bool {
		v, ok := w.record.Path(c[1])
		switch c[0] {
		case "present":
			return !ok
		case "nonEmpty":
			return empty(v)
		case "equals":
			return v != any(c[2])
		case "notEquals":
			return v == any(c[2])
		}
		panic("encoreref: view.json has a condition " + c[0])
	})
}

func (w *viewing) lookup(r *rule) error {
	ids := r.IDs
	if r.From != "" {
		ids = []string{r.From}
	}
	parts := make([]any, len(ids))
	for i, path := range ids {
		v, ok := w.record.Path(path)
		if !ok {
			return w.missing(r, path)
		}
		if _, isObject := v.(*Object); isObject {
			return failf("view", "object as a key")
		}
		parts[i] = v
	}
	v, ok := w.cache.lookup(r.Table, parts, r.Member)
	switch {
	case ok:
		w.out.Set(r.Key, v)
	case r.Op == "lookupOrNull":
		w.out.Set(r.Key, nil)
	}
	return nil
}

// impact derives the level from the flags, the first row that fits.
func impact(flags uint64) uint64 {
	switch {
	case flags&0xD8 != 0:
		return 1
	case flags&0x06 == 0x06:
		return 2
	case flags&0x02 != 0:
		return 3
	case flags&0x01 != 0:
		return 4
	}
	return 0
}

// alert finds the impact in an alert. Python's \s is more than Go's.
var alert = regexp.MustCompile(`\[Impact:[\t-\r\x1c-\x20\x{85}\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}](.+?)\]`)

func alertText(text string) string {
	if m := alert.FindStringSubmatch(text); m != nil {
		return m[1]
	}
	return strings.ReplaceAll(text, `"`, `'`)
}

// severity looks up cefSeverityMatrix.
func (t *enumTables) severity(priority, impact any) string {
	var row map[string]string
	if raw, ok := t.SeverityMatrix[plain(priority)]; ok && json.Unmarshal(raw, &row) == nil {
		if s, ok := row[plain(impact)]; ok {
			return s
		}
	}
	var otherwise string
	if err := json.Unmarshal(t.SeverityMatrix["otherwise"], &otherwise); err != nil {
		panic(err)
	}
	return otherwise
}
