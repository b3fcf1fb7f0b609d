package synth

import (
	"fmt"
	"testing"

	"estream/layouts"
	"estream/wire"
)

// TestNamesResolve: the metadata names nearly all numbers in the events, but
// not quite all.
func TestNamesResolve(t *testing.T) {
	g := newGenerator(t, Options{Seed: 4, Metadata: -1})
	d := wire.NewDecoder(layouts.Default(), nil)
	known := map[string]bool{}
	key := func(v *wire.View, names ...string) string {
		s := ""
		for _, name := range names {
			slot := v.Layout.Slot(name)
			if slot < 0 {
				t.Fatalf("%v has no %s", v.Layout, name)
			}
			if v.Layout.Fields[slot].Kind.Integer() {
				s += fmt.Sprintf("|%d", v.Uint(slot))
			} else {
				s += fmt.Sprintf("|%x", v.Bytes(slot))
			}
		}
		return s
	}
	decode := func() *wire.Record {
		r, err := d.Decode(g.Append(nil))
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	for range g.Metadata() {
		r := decode()
		names := r.Layout.Record.Key
		switch r.Type {
		case 66:
			names = []string{"generator_id", "rule_id"} // events carry the revision, formats do not ask for it
		case 145:
			names = []string{"sensor_id", "uuid"}
		}
		known[fmt.Sprint(r.Type, key(&r.View, names...))] = true
	}

	type use struct {
		record   uint16 // of the event
		metadata uint16
		fields   []string
	}
	uses := []use{
		{71, 123, []string{"device_id"}}, {71, 119, []string{"policy_revision", "rule_id"}}, {71, 145, []string{"device_id", "policy_revision"}},
		{71, 115, []string{"ingress_zone"}}, {71, 115, []string{"egress_zone"}}, {71, 116, []string{"ingress_interface"}}, {71, 120, []string{"rule_action"}},
		{71, 124, []string{"rule_reason"}}, {71, 63, []string{"application_id"}}, {71, 55, []string{"client_application_id"}}, {71, 109, []string{"web_application_id"}},
		{71, 98, []string{"user_id"}}, {71, 121, []string{"url_category"}}, {71, 122, []string{"url_reputation"}}, {71, 520, []string{"responder_country"}},
		{71, 280, []string{"security_intelligence_list1", "policy_revision"}}, {71, 281, []string{"security_intelligence_source_destination"}},
		{71, 602, []string{"ssl_cipher_suite"}}, {71, 604, []string{"ssl_version"}}, {71, 605, []string{"ssl_server_certificate_status"}}, {71, 608, []string{"ssl_flow_status"}},
		{71, 600, []string{"ssl_policy_id"}}, {71, 601, []string{"ssl_policy_id", "ssl_rule_id"}}, {71, 614, []string{"ssl_certificate_fingerprint"}}, {71, 700, []string{"network_analysis_policy_revision"}},
		{71, 320, []string{"dns_record_type"}}, {71, 321, []string{"dns_response_type"}}, {71, 322, []string{"sinkhole_uuid"}},
		{400, 66, []string{"generator_id", "rule_id"}}, {400, 67, []string{"classification_id"}}, {400, 4, []string{"priority_id"}}, {400, 118, []string{"policy_uuid"}},
		{400, 119, []string{"access_control_policy_uuid", "access_control_rule_id"}}, {110, 111, []string{"type"}},
		{500, 510, []string{"file_type_id"}}, {500, 511, []string{"sha_hash"}}, {500, 117, []string{"access_control_policy_uuid"}}, {502, 515, []string{"file_storage_status"}},
		{125, 127, []string{"cloud_uuid"}}, {125, 128, []string{"event_type_id"}}, {125, 129, []string{"event_subtype_id"}}, {125, 130, []string{"detector_id"}},
		{112, 69, []string{"policy_id"}}, {112, 70, []string{"rule_id"}}, {112, 54, []string{"source_operating_system_fingerprint_uuid"}}, {112, 66, []string{"signature_generator_id", "signature_id"}},
		{160, 161, []string{"value"}}, {170, 98, []string{"user_id"}}, {170, 300, []string{"realm_id"}}, {95, 302, []string{"security_group_id"}},
	}
	found, missed, zero := make([]int, len(uses)), make([]int, len(uses)), make([]int, len(uses))
	for range max(25_000, 60_000/slowdown) {
		r := decode()
		for i, u := range uses {
			if r.Type != u.record || r.Layout.Slot(u.fields[0]) < 0 {
				continue
			}
			last := r.Layout.Slot(u.fields[len(u.fields)-1])
			switch {
			case known[fmt.Sprint(u.metadata, key(&r.View, u.fields...))]:
				found[i]++
			case empty(&r.View, r.Layout.Slot(u.fields[0])) || empty(&r.View, last):
				zero[i]++ // nothing to resolve
			default:
				missed[i]++
			}
		}
	}
	all := 0
	for i, u := range uses {
		if found[i] == 0 {
			t.Errorf("record %d: %v never resolves by record %d (%d unknown, %d empty)", u.record, u.fields, u.metadata, missed[i], zero[i])
		}
		// 511: three files in ten are new to the server.
		if limit := found[i] / 50; missed[i] > limit && u.metadata != 511 {
			t.Errorf("record %d: %v does not resolve by record %d %d times, resolves %d times", u.record, u.fields, u.metadata, missed[i], found[i])
		}
		all += missed[i]
	}
	if all == 0 {
		t.Error("every number resolves; a few shall not")
	}
}

func empty(v *wire.View, slot int) bool {
	if v.Layout.Fields[slot].Kind.Integer() {
		return v.Uint(slot) == 0
	}
	for _, b := range v.Bytes(slot) {
		if b != 0 {
			return false
		}
	}
	return true
}
