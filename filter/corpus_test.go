package filter_test

import (
	"encoding/json"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"estream/layouts"
)

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
