package synth

import (
	"encoding/hex"
	"fmt"

	"estream/wire"
)

// build encodes the world as metadata records, in the order in which a server
// sends them: what other records refer to comes first.
func (m *metadata) build(set *wire.Layouts, g *Generator) error {
	w := &writer{set: set, builders: map[uint16]*wire.Builder{}}
	w.add(350, integer("id", 0), content("name", "Global"))
	for _, d := range g.world.devices {
		w.add(123, integer("id", d.id), content("name", d.name))
	}
	m.addTables(w)
	m.addPolicies(w, &g.world)
	m.addRules(w, &g.world)
	m.addObjects(w, &g.world)
	m.entries = w.out
	return w.err
}

// addTables adds the tables of plain numbers.
func (m *metadata) addTables(w *writer) {
	w.table(4, []named{{1, "high"}, {2, "medium"}, {3, "low"}})
	w.table(58, []named{{0, "None"}, {1, "Low"}, {2, "Medium"}, {3, "High"}})
	w.table(59, []named{{2048, "IP"}, {2054, "ARP"}, {34525, "IPv6"}})
	for _, s := range services {
		w.add(63, integer("id", s.id), content("name", s.name))
	}
	for _, t := range []struct {
		record uint16
		list   []named
	}{
		{55, browserNames}, {55, clientNames}, {109, webNames}, {90, sourceTypeNames}, {91, sourceNames},
		{120, actionNames}, {121, urlCategoryNames}, {122, reputationNames}, {128, malwareTypeNames}, {129, malwareSubtypeNames},
		{130, detectorNames}, {131, fileTypeNames}, {281, []named{{1, "Source"}, {2, "Destination"}, {3, "Both"}}},
		{300, realmNames}, {302, groupNames}, {510, fileTypeNames}, {515, storageNames}, {516, analysisNames}, {517, dispositionNames},
		{518, archiveNames}, {519, analysisNames}, {602, cipherNames}, {604, tlsVersionNames}, {605, certificateStatusNames},
		{606, tlsActionNames}, {607, tlsActionNames}, {608, flowStatusNames}, {613, urlCategoryNames},
	} {
		w.table(t.record, t.list)
	}
	for _, r := range reasonNames {
		w.add(124, integer("id", r.id), content("description", r.name))
	}
	for _, c := range countryNames {
		w.add(520, integer("country_code", c.id), content("country", c.name))
	}
	for i, n := range iocNames {
		w.add(161, integer("id", i+1), content("category", n[0]), content("event_type", n[1]))
	}
	for i, n := range dnsTypeNames {
		w.add(320, integer("id", dnsTypes[i]), content("name", n[0]), content("description", n[1]))
	}
	for i, n := range dnsResponseNames {
		w.add(321, integer("id", dnsResponses[i]), content("name", n[0]), content("description", n[1]))
	}
	for _, p := range profileNames {
		w.add(301, integer("id", p.id), content("profile_name", p.name), content("full_name", "Profiled:"+p.name))
	}
	for _, x := range extraDataNames {
		w.add(111, integer("type", x.id), content("name", x.name), content("encoding", x.encoding))
	}
	for _, t := range []named{{0, "Echo Reply"}, {3, "Destination Unreachable"}, {8, "Echo Request"}, {11, "Time Exceeded"}} {
		w.add(260, integer("type", t.id), integer("protocol", 1), content("description", t.name))
	}
	for _, c := range []named{{0, "Net Unreachable"}, {1, "Host Unreachable"}, {3, "Port Unreachable"}} {
		w.add(270, integer("code", c.id), integer("type", 3), integer("protocol", 1), content("description", c.name))
	}
}

// addPolicies adds zones, interfaces, policies and access control rules.
func (m *metadata) addPolicies(w *writer, o *world) {
	names := func(record uint16, ids []uuid, name func(int) string) {
		for i := range ids {
			w.add(record, content("uuid", ids[i][:]), content("name", name(i)))
		}
	}
	names(115, o.zones, func(i int) string { return zoneNames[i] })
	names(116, o.interfaces, func(i int) string { return interfaceNames[i] })
	names(118, o.ipsPolicy[:], func(i int) string { return "Intrusion policy " + string(rune('A'+i)) })
	names(127, o.clouds[:], func(i int) string { return []string{"Cloud EU", "Cloud US"}[i] })
	names(132, o.contexts[:], func(i int) string { return []string{"admin", "tenant-b"}[i] })
	names(322, o.sinkholes[:], func(i int) string { return []string{"Sinkhole v4", "Sinkhole v6"}[i] })
	names(530, o.filePolicy[:], func(i int) string { return []string{"Files: all", "Files: strict"}[i] })
	names(600, o.tlsPolicy[:], func(i int) string { return []string{"TLS default", "TLS strict"}[i] })
	names(700, o.analysis[:], func(i int) string { return []string{"Analysis balanced", "Analysis maximum"}[i] })
	for i, u := range o.tlsPolicy {
		w.add(601, content("revision", u[:]), integer("id", i+1), content("name", "TLS rule "+string(rune('1'+i))))
	}
	for i := range o.policies {
		p := &o.policies[i]
		w.add(117, content("uuid", p.uuid[:]), content("name", p.name))
		for _, d := range o.devices {
			w.add(145, content("uuid", p.uuid[:]), integer("sensor_id", d.id), content("name", p.name))
		}
		for k, id := range p.rules {
			w.changing(119, content("uuid", p.uuid[:]), integer("id", id), content("name", ruleTemplates[k].name))
		}
		for k, name := range listNames {
			w.add(280, integer("id", firstList+k), content("access_control_policy_uuid", p.uuid[:]), content("name", name))
		}
	}
	for _, d := range o.devices {
		w.add(146, content("uuid", o.prefilter[:]), integer("sensor_id", d.id), content("name", "Prefilter"))
		w.add(147, content("uuid", o.tunnelRule[:]), integer("sensor_id", d.id), content("name", "Tunnel rule"))
	}
}

// addRules adds what intrusion and correlation events refer to.
func (m *metadata) addRules(w *writer, o *world) {
	for i, c := range classifications {
		w.add(67, integer("id", i+1), content("name", c.name), content("description", c.description), content("uuid", o.rules[i].uuid[:]), content("revision_uuid", o.rules[i].revisionUUID[:]))
	}
	for i := range o.rules {
		r := &o.rules[i]
		w.changing(66, integer("generator_id", r.generator), integer("rule_id", r.sid), integer("rule_revision", r.revision), integer("signature_id", r.sid),
			content("rule_uuid", r.uuid[:]), content("rule_revision_uuid", r.revisionUUID[:]), content("message", r.message))
	}
	for i := range correlationPolicies {
		u := &o.policies[i].uuid
		w.add(69, integer("id", i+1), content("name", fmt.Sprintf("Correlation policy %d", i+1)), content("description", "all sites"), content("uuid", u[:]))
	}
	for i := range correlationRules {
		w.add(70, integer("id", i+1), content("name", fmt.Sprintf("Correlation rule %d", i+1)), content("description", "alert=yes"), content("event_type", "Intrusion Event"))
	}
	for i, s := range systems {
		w.add(54, content("uuid", o.systems[i][:]), content("name", s[0]), content("vendor", s[1]), content("version", s[2]))
	}
}

// addObjects adds users, files and certificates.
func (m *metadata) addObjects(w *writer, o *world) {
	for i := range 3 {
		w.add(62, integer("id", i+1), content("username", []string{"admin", "operator", "api|client"}[i]))
	}
	for i := range o.users {
		w.changing(98, integer("id", o.users[i].id), integer("protocol", ldap), content("username", o.users[i].name))
	}
	for i := range o.files {
		f := &o.files[i]
		disposition := 1
		if f.threat >= 0 {
			disposition = 3
		}
		w.changing(511, content("sha_hash", f.sha[:]), integer("disposition", disposition), content("file_name", fileNames[f.index]))
	}
	for i := range o.certs {
		c := &o.certs[i]
		w.add(614, content("fingerprint_sha_hash", c.fingerprint[:]), content("serial_number", c.fingerprint[4:20]), integer("serial_number_length", 16),
			content("subject_cn", o.sites[c.site]), content("subject_organisation", "Site "+hex.EncodeToString(c.fingerprint[:2])), content("subject_country", "DE"),
			content("issuer_cn", "Example Issuing CA"), content("issuer_organisation", "Example Trust"), content("issuer_country", "NO"),
			integer("valid_start_date", DefaultStart-90*86400), integer("valid_finish_date", DefaultStart+275*86400))
	}
}

// ldap is the application protocol through which users are learned.
const ldap = 710

const (
	correlationPolicies = 2
	correlationRules    = 5
)
