package cef_test

import (
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"estream/format/cef"
	"estream/wire"
)

func id16(n byte) []byte { return []byte{15: n} }

// names are the metadata that the samples' events refer to.
func names(t *testing.T, set *wire.Layouts, device, app, client, policy, rule, ingress, egress string) [][]byte {
	name := func(record uint16, block uint32, f fields) []byte { return message(t, set, 0, record, block, f) }
	return [][]byte{
		name(123, 0, fields{"id": 1, "name": device}),
		name(63, 0, fields{"id": 7, "name": app}),
		name(55, 0, fields{"id": 8, "name": client}),
		name(120, 0, fields{"id": 2, "name": "Allow"}),
		name(124, 59, fields{"id": 0, "description": "N/A"}),
		name(145, 64, fields{"uuid": id16(1), "sensor_id": 1, "name": policy}),
		name(119, 15, fields{"uuid": id16(1), "id": 9, "name": rule}),
		name(115, 14, fields{"uuid": id16(2), "name": strings.ToUpper(ingress)}),
		name(115, 14, fields{"uuid": id16(3), "name": strings.ToUpper(egress)}),
		name(116, 14, fields{"uuid": id16(4), "name": ingress}),
		name(116, 14, fields{"uuid": id16(5), "name": egress}),
	}
}

// TestArticleSample builds the event of the published line and compares all of it
// that was printed, byte for byte.
func TestArticleSample(t *testing.T) {
	raw, err := os.ReadFile("testdata/connection-article.txt")
	if err != nil {
		t.Fatal(err)
	}
	want := strings.TrimSpace(string(raw))
	set := loadLayouts(t)
	stream := names(t, set, "10.48.26.45", "STUN", "STUN client", "test", "Default Action", "inside", "outside")
	stream = append(stream, message(t, set, 0, 71, 160, fields{
		"device_id": 1, "instance_id": 2, "connection_counter": 50850,
		"initiator_ip_address": ip4(10, 1, 1, 1), "responder_ip_address": ip4(216, 151, 129, 103),
		"initiator_port": 54321, "responder_port": 9000, "protocol": 17,
		"first_packet_timestamp": 1590497000, "last_packet_timestamp": 1590497212,
		"initiator_transmitted_bytes": 820,
		"policy_revision":             id16(1), "rule_id": 9, "rule_action": 2,
		"ingress_zone": id16(2), "egress_zone": id16(3), "ingress_interface": id16(4), "egress_interface": id16(5),
		"application_id": 7, "client_application_id": 8,
	}))
	f := newFormat(t, cef.Options{Prefix: []byte("<13>May 26 09:31:39 kali2 ")})
	if got := lastLine(t, set, f, stream...); !strings.HasPrefix(got, want) {
		t.Errorf("\n got %s\nwant %s...", got, want)
	}
}

// TestSentinelSample compares with what reached a table of Microsoft Sentinel:
// the columns of a row that eNcore delivered, under the CEF keys that they come
// from. SourceUserName "Unknown" is left aside: eNcore 5.2.11 writes user numbers
// in connection events, and none for user 0.
func TestSentinelSample(t *testing.T) {
	set := loadLayouts(t)
	stream := names(t, set, "ftd", "HTTP", "Web browser", "dCloud Access Policy", "Default Inspect", "inside", "outside")
	// There the zones are named like the interfaces.
	stream = append(stream,
		message(t, set, 0, 115, 14, fields{"uuid": id16(2), "name": "inside"}),
		message(t, set, 0, 115, 14, fields{"uuid": id16(3), "name": "outside"}),
		message(t, set, 0, 71, 160, fields{
			"device_id": 1, "instance_id": 1, "connection_counter": 11915,
			"initiator_ip_address": ip4(10, 1, 8, 20), "responder_ip_address": ip4(13, 107, 4, 52),
			"initiator_port": 53133, "responder_port": 80, "protocol": 6,
			"first_packet_timestamp": 1590028071, "last_packet_timestamp": 1590031675,
			"initiator_transmitted_bytes": 88,
			"policy_revision":             id16(1), "rule_id": 9, "rule_action": 2,
			"ingress_zone": id16(2), "egress_zone": id16(3), "ingress_interface": id16(4), "egress_interface": id16(5),
			"application_id": 7, "client_application_id": 8, "client_url": "http://www.msftconnecttest.com/connecttest.txt",
		}))
	line := lastLine(t, set, newFormat(t, cef.Options{Prefix: []byte{}}), stream...)
	extension, ok := strings.CutPrefix(line, "CEF:0|Cisco|Firepower|6.0|RNA:1003:1|CONNECTION STATISTICS|3|")
	if !ok {
		t.Fatalf("header of %s", line)
	}
	got := map[string]string{}
	key := ""
	for word := range strings.SplitSeq(extension, " ") {
		if k, v, ok := strings.Cut(word, "="); ok {
			key, got[k] = k, v
		} else {
			got[key] += " " + word
		}
	}
	want := map[string]string{
		"rt": "1590028071000", "act": "Allow", "dpt": "80", "dst": "13.107.4.52", "dvchost": "ftd", "proto": "6", "spt": "53133", "src": "10.1.8.20",
		"app": "HTTP", "deviceExternalId": "1", "deviceInboundInterface": "inside", "deviceOutboundInterface": "outside", "dvcpid": "1",
		"externalId": "11915", "request": "http://www.msftconnecttest.com/connecttest.txt", "requestClientApplication": "Web browser",
		"cs1": "dCloud Access Policy", "cs1Label": "fwPolicy", "cs2": "Default Inspect", "cs2Label": "fwRule", "cs3": "inside", "cs3Label": "ingressZone",
		"cs4": "outside", "cs4Label": "egressZone", "cs5Label": "secIntelCategory",
		"bytesOut": "88", "end": "1590031675000", "reason": "N/A", "start": "1590028071000",
	}
	if !maps.Equal(got, want) {
		for _, k := range slices.Sorted(maps.Keys(want)) {
			if got[k] != want[k] {
				t.Errorf("%s is %q, want %q", k, got[k], want[k])
			}
		}
		for k := range got {
			if _, ok := want[k]; !ok {
				t.Errorf("%s=%s is not in the sample", k, got[k])
			}
		}
	}
}
