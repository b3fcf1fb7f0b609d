package filter_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"
)

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
