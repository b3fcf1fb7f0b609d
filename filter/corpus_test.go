package filter_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/netip"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"estream/filter"
	"estream/format"
	"estream/format/jsonl"
	"estream/internal/corpus"
	"estream/layouts"
	"estream/meta"
	"estream/wire"
)

// A sample is a message of the corpus with the names as they are at it, and the
// line that the format json writes for it.
type sample struct {
	message  []byte
	snapshot *meta.Snapshot
	header   wire.RecordHeader
	doc      map[string]any
}

var parser = sync.OnceValue(func() *filter.Parser { return filter.NewParser(layouts.Default()) })

// samples reads every nth message of the corpus.
func samples(t testing.TB, nth int) (list []sample) {
	t.Helper()
	set := layouts.Default()
	tables, scanner := meta.NewTables(), wire.NewDecoder(set, meta.Wanted)
	worker := format.NewWorker(set, jsonl.New(jsonl.Options{Location: time.UTC}))
	i := 0
	emit := func(part []byte, s *meta.Snapshot) error {
		for len(part) > 0 {
			message, rest, err := wire.NextMessage(part)
			if err != nil {
				return err
			}
			part = rest
			if i++; i%nth != 0 {
				continue
			}
			h, _ := wire.PeekRecord(message)
			line, _ := worker.Append(nil, message, s)
			d := json.NewDecoder(bytes.NewReader(line))
			d.UseNumber()
			one := sample{message: message, snapshot: s, header: h}
			if err := d.Decode(&one.doc); err != nil {
				return fmt.Errorf("message %d: %w", i, err)
			}
			list = append(list, one)
		}
		return nil
	}
	if err := tables.Scan(corpus.Read(t, corpus.Messages), scanner, emit); err != nil {
		t.Fatal(err)
	}
	return list
}

func mustParse(t testing.TB, expr string) *filter.Filter {
	t.Helper()
	f, err := parser().Parse(expr)
	if err != nil {
		t.Fatalf("%s: %v", expr, err)
	}
	return f
}

// A predicate is the other opinion: what an expression means for a JSON line.
type predicate func(doc map[string]any) bool

// member finds a field of the line by its key, in the record or in the object that
// holds its block.
func member(doc map[string]any, key string) (any, bool) {
	v, ok := doc[key]
	for name, inner := range doc {
		if o, isObject := inner.(map[string]any); !ok && isObject && name != "@computed" && roots[name] {
			v, ok = o[key]
		}
	}
	if o, isObject := v.(map[string]any); isObject {
		v, ok = o["data"]
	}
	return v, ok
}

var roots = map[string]bool{
	"client": true, "hostProfile": true, "hostServer": true, "id": true, "identity": true, "mac": true,
	"osfingerprint": true, "user": true, "userLogin": true, "userLogoff": true,
}

func computedMember(doc map[string]any, key string) (any, bool) {
	v, ok := doc["@computed"].(map[string]any)[key]
	return v, ok && v != nil
}

// TestCorpus compares filters with predicates over the lines of the corpus.
func TestCorpus(t *testing.T) {
	number := func(key string) func(map[string]any) (int64, bool) {
		return func(doc map[string]any) (int64, bool) {
			v, ok := member(doc, key)
			n, isNumber := v.(json.Number)
			if !ok || !isNumber {
				return 0, false
			}
			i, err := n.Int64()
			return i, err == nil
		}
	}
	str := func(doc map[string]any, key string) string { v, _ := member(doc, key); s, _ := v.(string); return s }
	computed := func(doc map[string]any, key string) string {
		v, _ := computedMember(doc, key)
		s, _ := v.(string)
		return s
	}
	within := func(s, network string) bool {
		a, err := netip.ParseAddr(s)
		return err == nil && netip.MustParsePrefix(network).Contains(a)
	}
	ends := func(doc map[string]any) (list []string) {
		for _, key := range []string{"initiatorIpAddress", "responderIpAddress", "sourceIpAddress", "destinationIpAddress"} {
			if s := str(doc, key); s != "" && s != "0.0.0.0" && s != "::" {
				list = append(list, s)
			}
		}
		return list
	}
	recordType := number("recordType")
	is := func(doc map[string]any, typ int64) bool { n, _ := recordType(doc); return n == typ }
	tests := []struct {
		expr string
		want predicate
	}{
		{`record == 71`, func(d map[string]any) bool { return is(d, 71) }},
		{`record != 71`, func(d map[string]any) bool { return !is(d, 71) }},
		{`record in (400, 2, 110)`, func(d map[string]any) bool { return is(d, 400) || is(d, 2) || is(d, 110) }},
		{`category == "intrusion" and not record == 400`, func(d map[string]any) bool {
			n, _ := recordType(d)
			return layoutCategory(n) == "intrusion" && n != 400
		}},
		{`initiatorPort == 443 or responderPort == 443`, func(d map[string]any) bool {
			a, _ := number("initiatorPort")(d)
			b, _ := number("responderPort")(d)
			return a == 443 || b == 443
		}},
		{`record == 71 && port == 443`, func(d map[string]any) bool {
			a, _ := number("initiatorPort")(d)
			b, _ := number("responderPort")(d)
			return is(d, 71) && (a == 443 || b == 443)
		}},
		{`initiator_port >= 0x8000`, func(d map[string]any) bool { n, _ := number("initiatorPort")(d); return n >= 0x8000 }},
		{`initiatorPort != 0`, func(d map[string]any) bool { n, ok := number("initiatorPort")(d); return ok && n != 0 }},
		{`not (initiatorPort != 0)`, func(d map[string]any) bool { n, ok := number("initiatorPort")(d); return !ok || n == 0 }},
		{`has(clientUrl)`, func(d map[string]any) bool { _, ok := member(d, "clientUrl"); return ok }},
		{`clientUrl.data contains "http"`, func(d map[string]any) bool { return strings.Contains(str(d, "clientUrl"), "http") }},
		{`clientUrl icontains "HTTPS"`, func(d map[string]any) bool { return strings.Contains(strings.ToLower(str(d, "clientUrl")), "https") }},
		{`clientUrl matches '^https?://[^/]*\.com'`, func(d map[string]any) bool {
			rest, ok := strings.CutPrefix(strings.Replace(str(d, "clientUrl"), "https", "http", 1), "http://")
			host, _, _ := strings.Cut(rest, "/")
			return ok && strings.Contains(host, ".com")
		}},
		{`clientUrl not contains "http"`, func(d map[string]any) bool {
			_, ok := member(d, "clientUrl")
			return ok && !strings.Contains(str(d, "clientUrl"), "http")
		}},
		{`initiatorIpAddress in (10.0.0.0/8)`, func(d map[string]any) bool { return within(str(d, "initiatorIpAddress"), "10.0.0.0/8") }},
		{`initiatorIpAddress startswith "10."`, func(d map[string]any) bool { return strings.HasPrefix(str(d, "initiatorIpAddress"), "10.") }},
		{`record in (71, 400) and ip in (10.0.0.0/9, 2001:db8::/32)`, func(d map[string]any) bool {
			return (is(d, 71) || is(d, 400)) && slices.ContainsFunc(ends(d), func(s string) bool { return within(s, "10.0.0.0/9") || within(s, "2001:db8::/32") })
		}},
		{`record in (71, 400) and ip not in (10.0.0.0/8)`, func(d map[string]any) bool {
			return (is(d, 71) || is(d, 400)) && len(ends(d)) > 0 && !slices.ContainsFunc(ends(d), func(s string) bool { return within(s, "10.0.0.0/8") })
		}},
		{`record == 400 and blocked == 1`, func(d map[string]any) bool { n, _ := number("blocked")(d); return is(d, 400) && n == 1 }},
		{`record == 400 and blocked == "Yes"`, func(d map[string]any) bool { return is(d, 400) && computed(d, "blocked") == "Yes" }},
		{`record == 400 and blocked in (0, "Yes")`, func(d map[string]any) bool {
			n, _ := number("blocked")(d)
			return is(d, 400) && (n == 0 || computed(d, "blocked") == "Yes")
		}},
		{`@message startswith "M"`, func(d map[string]any) bool { return strings.HasPrefix(computed(d, "message"), "M") }},
		{`has(@firewallRule)`, func(d map[string]any) bool { _, ok := computedMember(d, "firewallRule"); return ok }},
		{`has(.urlCategory) or has(@ingressInterface)`, func(d map[string]any) bool {
			_, a := member(d, "urlCategory")
			_, b := computedMember(d, "ingressInterface")
			return a || b
		}},
		{`device == 3`, func(d map[string]any) bool {
			n, ok := number("deviceId")(d)
			if !ok {
				n, ok = number("sensorId")(d)
			}
			return ok && n == 3
		}},
		{`@impact == 2`, func(d map[string]any) bool {
			v, _ := computedMember(d, "impact")
			n, _ := v.(json.Number)
			return n == "2"
		}},
		{`policyRevision == 00000000-0000-0000-0000-000000000000`, func(d map[string]any) bool { return str(d, "policyRevision") == "00000000-0000-0000-0000-000000000000" }},
		{`time >= "2020-01-01T00:00:00+01:00"`, func(d map[string]any) bool { n, _ := number("archiveTimestamp")(d); return n >= 1577833200 }},
		{`@countryCode > 0`, func(d map[string]any) bool { _, ok := computedMember(d, "countryCode"); return ok }},
		{`domain == 0`, func(map[string]any) bool { return true }},
	}
	list := samples(t, 1)
	for _, tt := range tests {
		f := mustParse(t, tt.expr)
		hits := compare(t, f, list, tt.want)
		t.Logf("%5d of %d: %s", hits, len(list), tt.expr)
	}
}

func layoutCategory(typ int64) string {
	def, err := layouts.Default().Source().Record(uint16(typ))
	if err != nil {
		return ""
	}
	return def.Category
}

// compare holds a filter to a predicate in all three ways of use: with all fields
// decoded, with those it wants, and by header.
func compare(t *testing.T, f *filter.Filter, list []sample, want predicate) (hits int) {
	t.Helper()
	full, pruned := wire.NewDecoder(layouts.Default(), nil), wire.NewDecoder(layouts.Default(), f.Wanted)
	m := f.NewMatcher()
	for i := range list {
		s := &list[i]
		r, err := full.Decode(s.message)
		if r == nil {
			t.Fatalf("message %d: %v", i, err)
		}
		got := m.Match(full, r, s.snapshot)
		if want != nil && got != want(s.doc) {
			line, _ := json.Marshal(s.doc)
			t.Fatalf("%s: got %v for record %d of the list, want %v: %s", f, got, i, !got, line)
		}
		if got {
			hits++
		}
		if r, _ := pruned.Decode(s.message); m.Match(pruned, r, s.snapshot) != got {
			t.Fatalf("%s: got %v for %v when only the wanted fields are decoded, want %v", f, !got, r.RecordHeader, got)
		}
		if got && f.Skips(&s.header) {
			t.Fatalf("%s: skips %+v, which matches", f, s.header)
		}
	}
	return hits
}

// compareAll returns what a filter says of each sample.
func compareAll(t *testing.T, f *filter.Filter, list []sample) (got []bool) {
	t.Helper()
	d, m := wire.NewDecoder(layouts.Default(), f.Wanted), f.NewMatcher()
	for i := range list {
		r, _ := d.Decode(list[i].message)
		got = append(got, m.Match(d, r, list[i].snapshot))
	}
	return got
}

// steady reads the keys of computed values that are the same in all profiles.
func steady(t *testing.T) map[string]bool {
	data, err := os.ReadFile("../meta/data/view.json")
	if err != nil {
		t.Fatal(err)
	}
	type rule struct{ Key, Only, Op string }
	var rules struct {
		View    map[string][]rule
		Finally []rule
	}
	if err := json.Unmarshal(data, &rules); err != nil {
		t.Fatal(err)
	}
	keys, changing := map[string]bool{}, map[string]bool{"sensor": true}
	for _, list := range append(slices.Collect(maps.Values(rules.View)), rules.Finally) {
		for _, r := range list {
			keys[r.Key] = true
			changing[r.Key] = changing[r.Key] || r.Only != "" || r.Op == "packet" || r.Op == "originalSource" || r.Op == "hexGroups"
		}
	}
	for key := range changing {
		if changing[key] {
			delete(keys, key)
		}
	}
	return keys
}

// A random is a source of random expressions, each with its meaning.
type random struct {
	*rand.Rand
	list   []sample
	steady map[string]bool
}

// expression joins leaves whose values occur in the corpus.
func (r *random) expression(depth int) (string, predicate) {
	if depth == 0 || r.IntN(4) == 0 {
		return r.leaf()
	}
	a, pa := r.expression(depth - 1)
	switch r.IntN(5) {
	case 0:
		return "not (" + a + ")", func(d map[string]any) bool { return !pa(d) }
	case 1, 2:
		b, pb := r.expression(depth - 1)
		return "(" + a + ") and (" + b + ")", func(d map[string]any) bool { return pa(d) && pb(d) }
	}
	b, pb := r.expression(depth - 1)
	return "(" + a + ") || (" + b + ")", func(d map[string]any) bool { return pa(d) || pb(d) }
}

func (r *random) leaf() (string, predicate) {
	for {
		doc := r.list[r.IntN(len(r.list))].doc
		if r.IntN(4) == 0 {
			n := doc["recordType"].(json.Number)
			return "record == " + n.String(), func(d map[string]any) bool { return d["recordType"] == n }
		}
		if r.IntN(3) == 0 {
			if expr, p := r.computedLeaf(doc); p != nil {
				return expr, p
			}
		}
		key := r.key(doc)
		if o, ok := doc[key].(map[string]any); ok && roots[key] {
			key = r.key(o)
		}
		v, ok := member(doc, key)
		kind := parser().FieldKind(key)
		if !ok || kind == "" {
			continue
		}
		switch x := v.(type) {
		case json.Number:
			n, err := x.Int64()
			if err != nil || kind != "number" {
				continue
			}
			return r.number("."+key, n, func(d map[string]any) (any, bool) { return member(d, key) })
		case string:
			switch kind {
			case "text":
				return r.text("."+key, x, func(d map[string]any) (any, bool) { return member(d, key) })
			case "address":
				if a, err := netip.ParseAddr(x); err == nil {
					return r.address("."+key, a, func(d map[string]any) (any, bool) { return member(d, key) })
				}
			}
		}
	}
}

func (r *random) key(doc map[string]any) string {
	keys := slices.Sorted(maps.Keys(doc))
	return keys[r.IntN(len(keys))]
}

func (r *random) computedLeaf(doc map[string]any) (string, predicate) {
	view := doc["@computed"].(map[string]any)
	if len(view) == 0 {
		return "", nil
	}
	key := r.key(view)
	text, ok := view[key].(string)
	if !ok || !r.steady[key] {
		return "", nil
	}
	return r.text("@"+key, text, func(d map[string]any) (any, bool) { return computedMember(d, key) })
}

func (r *random) number(name string, n int64, get func(map[string]any) (any, bool)) (string, predicate) {
	ops := []struct {
		sign string
		test func(a int64) bool
	}{
		{"==", func(a int64) bool { return a == n }}, {"!=", func(a int64) bool { return a != n }},
		{"<", func(a int64) bool { return a < n }}, {"<=", func(a int64) bool { return a <= n }},
		{">", func(a int64) bool { return a > n }}, {">=", func(a int64) bool { return a >= n }},
	}
	op := ops[r.IntN(len(ops))]
	return fmt.Sprintf("%s %s %d", name, op.sign, n), func(d map[string]any) bool {
		v, _ := get(d)
		x, ok := v.(json.Number)
		if !ok {
			return false
		}
		a, err := x.Int64()
		return err == nil && op.test(a)
	}
}

func (r *random) text(name, s string, get func(map[string]any) (any, bool)) (string, predicate) {
	part := s
	if len(s) > 4 && !strings.ContainsFunc(s, func(c rune) bool { return c > '~' }) {
		part = s[1 : len(s)-1]
	}
	ops := []struct {
		sign, value string
		test        func(a string) bool
	}{
		{"==", s, func(a string) bool { return a == s }}, {"!=", s, func(a string) bool { return a != s }},
		{"contains", part, func(a string) bool { return strings.Contains(a, part) }},
		{"not contains", part, func(a string) bool { return !strings.Contains(a, part) }},
		{"startswith", s, func(a string) bool { return strings.HasPrefix(a, s) }},
		{"endswith", part, func(a string) bool { return strings.HasSuffix(a, part) }},
		{"iequals", strings.ToUpper(s), func(a string) bool { return strings.EqualFold(a, strings.ToUpper(s)) }},
		{">=", part, func(a string) bool { return a >= part }},
	}
	op := ops[r.IntN(len(ops))]
	quoted := `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\r", `\r`, "\t", `\t`, "\x00", `\x00`).Replace(op.value) + `"`
	return name + " " + op.sign + " " + quoted, func(d map[string]any) bool {
		v, _ := get(d)
		if n, ok := v.(json.Number); ok {
			v = n.String() // a computed number is text, too
		}
		a, ok := v.(string)
		return ok && op.test(a)
	}
}

func (r *random) address(name string, a netip.Addr, get func(map[string]any) (any, bool)) (string, predicate) {
	p := netip.PrefixFrom(a, r.IntN(a.BitLen()+1)).Masked()
	negate := r.IntN(2) == 0
	sign := "in"
	if negate {
		sign = "not in"
	}
	mapped := func(b netip.Addr) bool {
		return p.Contains(b) || p.Addr().Is6() && p.Contains(netip.AddrFrom16(b.As16()))
	}
	return fmt.Sprintf("%s %s (%v)", name, sign, p), func(d map[string]any) bool {
		v, _ := get(d)
		s, _ := v.(string)
		b, err := netip.ParseAddr(s)
		return err == nil && (p.Bits() == 0 && p.Addr().Is6() || mapped(b)) != negate
	}
}

// TestRandom compares random expressions with their meaning.
func TestRandom(t *testing.T) {
	r := &random{Rand: rand.New(rand.NewPCG(1, 2)), list: samples(t, 7), steady: steady(t)}
	matched := 0
	for range 150 {
		expr, want := r.expression(3)
		if compare(t, mustParse(t, expr), r.list, want) > 0 {
			matched++
		}
	}
	if matched < 40 {
		t.Errorf("only %d of 150 expressions matched anything", matched)
	}
}
