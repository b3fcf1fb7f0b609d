package format_test

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"testing"

	"estream/format/jsonl"
	"estream/internal/formattest"
	"estream/internal/recordtest"
	"estream/layouts"
	"estream/meta"
	"estream/wire"
)

// A sampler builds the events of the published samples and the names in them.
type sampler struct {
	testing.TB
	set    *wire.Layouts
	stream [][]byte
}

func (s *sampler) add(record uint16, block uint32, values recordtest.Fields) {
	s.Helper()
	s.stream = append(s.stream, recordtest.Message(s, s.set, record, block, values))
}

// name adds a name for a number.
func (s *sampler) name(record uint16, id int, name string) {
	s.Helper()
	s.add(record, 0, recordtest.Fields{"id": id, "name": name})
}

// object adds a name for a UUID.
func (s *sampler) object(record uint16, uuid []byte, name string) {
	s.Helper()
	s.add(record, 14, recordtest.Fields{"uuid": uuid, "name": name})
}

// policy adds an access control policy of device 2 and its rule.
func (s *sampler) policy(uuid []byte, name string, id int, rule string) {
	s.Helper()
	s.add(145, 64, recordtest.Fields{"uuid": uuid, "sensor_id": 2, "name": name})
	s.add(119, 15, recordtest.Fields{"uuid": uuid, "id": id, "name": rule})
}

// uuid reads a UUID in its usual form.
func (s *sampler) uuid(text string) []byte {
	s.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(text, "-", ""))
	if err != nil || len(b) != 16 {
		s.Fatalf("%q is no UUID: %v", text, err)
	}
	return b
}

// apps adds the names of a web application, a client and a protocol.
func (s *sampler) apps(web, client, protocol int, names ...string) {
	s.Helper()
	s.name(109, web, names[0])
	s.name(55, client, names[1])
	s.name(63, protocol, names[2])
}

// TestFullyQualifiedSamples builds the events that were published in eStreamer's
// other form, the fully-qualified one, which eNcore never wrote, and finds each
// value in our json under the key of the binary form. The order of keys has nothing
// in common. Keys of theirs that are not here have no field in the binary records:
// indexes of risk and productivity, continents and country codes, addresses and
// serial numbers of devices, rule groups, the fingerprint of encrypted visibility,
// names of detectors, prefilter policy and realm, and the device's UUID.
func TestFullyQualifiedSamples(t *testing.T) {
	for _, c := range []struct {
		name  string
		event func(*sampler)
		keys  []sampleKey
	}{
		{"connection", (*sampler).connection, connectionKeys},
		{"intrusion", (*sampler).intrusion, intrusionKeys},
		{"file", (*sampler).file, fileKeys},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := &sampler{TB: t, set: layouts.Default()}
			c.event(s)
			out := formattest.Output(t, s.set, jsonl.New(jsonl.Options{Profile: meta.Strict}), slices.Concat(s.stream...))
			for _, k := range c.keys {
				path := []any{}
				for name := range strings.SplitSeq(k.path, ".") {
					path = append(path, name)
				}
				want := k.ours
				if want == same {
					want = k.theirs
				}
				if got := at(t, out, path...); fmt.Sprint(got) != fmt.Sprint(want) {
					t.Errorf("%s: %s is %v, want %v", k.key, k.path, got, want)
				}
			}
		})
	}
}

func (s *sampler) connection() {
	policy, inside, outside := []byte{15: 1}, []byte{15: 2}, []byte{15: 3}
	s.policy(policy, "default", 9, "NasBlock")
	s.apps(3, 4, 5, "Google", "Firefox", "HTTPS")
	for _, record := range []uint16{115, 116} {
		s.object(record, inside, "inside")
		s.object(record, outside, "outside")
	}
	s.name(120, 4, "Block")
	s.object(700, []byte{15: 6}, "Balanced Security and Connectivity")
	s.add(600, 0, recordtest.Fields{"uuid": []byte{15: 7}, "name": "None"})
	s.name(602, 11, "Unknown")
	s.name(604, 12, "Unknown")
	s.name(605, 13, "Not Checked")
	fingerprint, err := hex.DecodeString("2fcc05c514c4cda4260531f967407cd33974340c")
	if err != nil {
		s.Fatal(err)
	}
	s.add(71, 174, recordtest.Fields{
		"device_id": 2, "instance_id": 1, "connection_counter": 259, "first_packet_timestamp": 1743500734,
		"initiator_ip_address": ip4(172, 16, 3, 110), "responder_ip_address": ip4(142, 250, 191, 196),
		"initiator_port": 62296, "responder_port": 443, "protocol": 6,
		"initiator_transmitted_packets": 3, "responder_transmitted_packets": 1,
		"initiator_transmitted_bytes": 840, "responder_transmitted_bytes": 66,
		"policy_revision": policy, "rule_id": 9, "rule_action": 4,
		"ingress_zone": inside, "egress_zone": outside, "ingress_interface": inside, "egress_interface": outside,
		"ingress_vrf_name": "Global", "egress_vrf_name": "Global",
		"web_application_id": 3, "client_application_id": 4, "application_id": 5, "client_url": "https://www.google.com",
		"network_analysis_policy_revision": []byte{15: 6}, "ssl_policy_id": []byte{15: 7},
		"ssl_certificate_fingerprint": fingerprint, "ssl_flow_status": 2, "ssl_cipher_suite": 11, "ssl_version": 12,
		"ssl_server_certificate_status": 13, "ssl_actual_action": 1, "ssl_expected_action": 1,
		"nat_initiator_port": 62296, "nat_responder_port": 443,
		"nat_initiator_ip": ip4(172, 16, 2, 10), "nat_responder_ip": ip4(142, 250, 191, 196),
		"eve_process": "firefox browser", "eve_process_confidence_percentage": 100, "eve_threat_confidence_index": 1,
	})
}

func (s *sampler) intrusion() {
	policy := s.uuid("00000000-0000-0000-0000-000067fece37")
	in, out := s.uuid("ef9a2180-f60a-11ef-a955-43d7eeccc024"), s.uuid("efbb6160-f60a-11ef-a955-43d7eeccc024")
	zoneIn, zoneOut := s.uuid("ef9c7c64-f60a-11ef-a955-43d7eeccc024"), s.uuid("efbcd7ac-f60a-11ef-a955-43d7eeccc024")
	ids, nap := s.uuid("0210b9f5-95a7-0ed3-0000-004294971142"), s.uuid("a6738542-f604-11ef-8765-a4eeeeccc024")
	s.name(123, 2, "172.16.0.10")
	s.policy(policy, "default", 268434433, "Permit Outbound")
	s.apps(731, 2802, 676, "Microsoft Update", "Parallels", "HTTP")
	s.object(116, in, "outside")
	s.object(116, out, "inside")
	s.object(115, zoneIn, "outside")
	s.object(115, zoneOut, "inside")
	s.object(118, ids, "default")
	s.object(700, nap, "Balanced Security and Connectivity")
	s.add(66, 0, recordtest.Fields{"generator_id": 1, "rule_id": 77, "signature_id": 11192, "message": "FILE-EXECUTABLE download of executable content"})
	s.add(67, 0, recordtest.Fields{"id": 33, "name": "policy-violation", "description": "Potential Corporate Policy Violation"})
	s.add(520, 28, recordtest.Fields{"country_code": 840, "country": "United States"})
	s.add(400, 85, recordtest.Fields{
		"device_id": 2, "event_id": 195, "event_second": 1744752707, "event_microsecond": 709756,
		"connection_instance_id": 1, "connection_timestamp": 1744752707, "connection_counter": 27798,
		"source_ip_address": ip4(146, 75, 78, 172), "destination_ip_address": ip4(172, 16, 3, 110),
		"source_port_or_icmp_type": 80, "destination_port_or_icmp_code": 2604, "ip_protocol_id": 6,
		"priority_id": 1, "generator_id": 1, "rule_id": 77, "rule_revision": 20, "classification_id": 33, "impact": 5,
		"blocked": 5, "blocked_reason_id": 2, "source_country": 840, "user_id": 9999997, "snort_version": 3,
		"interface_ingress_uuid": in, "interface_egress_uuid": out, "security_zone_ingress_uuid": zoneIn, "security_zone_egress_uuid": zoneOut,
		"policy_uuid": ids, "access_control_policy_uuid": policy, "access_control_rule_id": 268434433, "network_analysis_policy_uuid": nap,
		"web_application_id": 731, "client_application_id": 2802, "application_id": 676,
		"ingress_vrf_name": "Global", "egress_vrf_name": "Global", "http_hostname": "au.download.windowsupdate.com",
		"http_uri": "/d/msdownload/update/software/defu/2025/04/am_delta_patch_1.427.242.0_5ac0bd95663c4357097204f23072019d82f2e8ce.exe",
	})
}

func (s *sampler) file() {
	policy := []byte{15: 1}
	s.name(123, 2, "172.16.0.10")
	s.object(530, policy, "Test")
	s.apps(3, 4, 5, "Web Browsing", "Wget", "HTTP")
	s.name(510, 273, "EICAR")
	s.name(517, 20, "Spero detection not performed on file")
	sha, err := hex.DecodeString("275a021bbfb6489e54d471899f7db9d1663fc695ec2fe2a2c4538aabf651fd0f")
	if err != nil {
		s.Fatal(err)
	}
	s.add(500, 79, recordtest.Fields{
		"device_id": 2, "connection_instance": 1, "connection_counter": 10092, "connection_timestamp": 1741199881, "file_event_timestamp": 1741199882,
		"source_ip_address": ip4(172, 16, 3, 158), "destination_ip_address": ip4(85, 215, 35, 144), "source_port": 55988, "destination_port": 80, "protocol": 6,
		"direction": 1, "action": 3, "sha_hash": sha, "disposition": 3, "spero_disposition": 20, "signature": "EICAR", "threat_score": 76,
		"file_name": "csm-eicar.gif", "file_type_id": 273, "file_size": 68, "uri": "/csm-eicar.gif", "file_storage_status": 9, "file_analysis_status": 9,
		"access_control_policy_uuid": policy, "web_application_id": 3, "client_application_id": 4, "application_id": 5,
		"ingress_vrf_name": "Global", "egress_vrf_name": "Global",
	})
}
