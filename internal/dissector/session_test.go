package dissector

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"estream/internal/recordtest"
	"estream/layouts"
	"estream/wire"
)

// A step is a message of the session that TestSession shows.
type step struct {
	client  bool
	message []byte
	info    string            // what the info column says
	fields  map[string]string // item, value
}

// body returns a message of a type that wire has no function for.
func body(typ wire.MessageType, content ...byte) []byte {
	return append(wire.AppendHeader(nil, typ, uint32(len(content))), content...)
}

// block returns a data block.
func block(number uint32, content ...byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, number)
	return append(binary.BigEndian.AppendUint32(b, uint32(8+len(content))), content...)
}

// hostProfile returns a full host profile block, cut from an event data message.
func hostProfile(t testing.TB, number uint32) []byte {
	m := recordtest.Message(t, fresh(t), 10, number, recordtest.Fields{"hops": 3})
	return m[8+16+40:]
}

func sessionSteps(t testing.TB) []step {
	set := layouts.Default()
	host, err := wire.AppendHostDataRequest(nil, wire.HostDataRequest{
		DataType: 7, Flags: wire.HostNotes, First: netip.MustParseAddr("10.1.2.3"), Last: netip.MustParseAddr("2001:db8::9"),
	})
	if err != nil {
		t.Fatal(err)
	}
	legacy, err := wire.AppendHostDataRequest(nil, wire.HostDataRequest{First: netip.MustParseAddr("10.1.2.3"), Last: netip.MustParseAddr("10.1.2.4"), Legacy: true})
	if err != nil {
		t.Fatal(err)
	}
	event := recordtest.Message(t, set, 400, 85, recordtest.Fields{"event_id": 5})
	bundle, err := wire.AppendBundle(nil, 9, 1, 0, slices.Concat(event, event, wire.AppendNull(nil)))
	if err != nil {
		t.Fatal(err)
	}
	asked := wire.StreamingRequest{Services: []wire.Service{{ID: wire.ServiceEStreamer, Flags: wire.DefaultFlags, Start: 5, Pairs: wire.DefaultPairs()}}}
	wrong := wire.AppendStreamingRequest(nil, asked, wire.LengthInclusive)
	binary.BigEndian.PutUint32(wrong[12:], 777)
	unknownBlock := recordtest.Frame(slices.Concat([]byte{0, 0, 1, 144, 0, 0, 0, 11}, block(9999, 1, 2, 3)))
	inside := nestedBlocks(t, 1) // of a block that has nothing but lists
	unknownInside := block(binary.BigEndian.Uint32(inside), append(block(11, block(9999, 4, 5)...), inside[16:]...)...)
	return []step{
		{true, wire.AppendEventStreamRequest(nil, wire.EventStreamRequest{Start: 1700000000, Flags: wire.DefaultFlags}), "Event stream request: from 2023-11-14 22:13:20 UTC, flags 0x48900061",
			map[string]string{"type": "2", "length": "8", "version": "1", "start": "1700000000", "flags": "0x48900061", "flags.packets": "1", "flags.metadata_v1": "0", "flags.extended_request": "1", "flags.bit31": "0"}},
		{false, wire.AppendStreamingInformation(nil, wire.StreamingInformation{Services: []wire.Service{{ID: 6667}, {ID: 5000}, {ID: 5001}}}), "Streaming information: services 6667, 5000, 5001",
			map[string]string{"type": "2051", "service_id": "6667", "service_length": "8"}},
		{true, wire.AppendStreamingRequest(nil, asked, wire.LengthInclusive), "Streaming request: service 6667",
			map[string]string{"type": "2049", "service_length": "56", "event_version": "11", "event_code": "12", "start": "5", "flags.archive_timestamp": "1"}},
		{true, wire.AppendStreamingRequest(nil, asked, wire.LengthExclusive), "Streaming request: service 6667", map[string]string{"service_length": "48", "event_pair": "0x000b000c"}},
		{true, wrong, "Streaming request: service 6667", map[string]string{"service_length": "777", "event_code": "12"}},
		{true, host, "Host data request: several hosts, ::ffff:10.1.2.3 to 2001:db8::9",
			map[string]string{"host_data_type": "7", "host_flags.notes": "1", "host_flags.banners": "0", "host_first": "::ffff:10.1.2.3", "ip": "10.1.2.3", "host_last": "2001:db8::9", "ipv6": "2001:db8::9"}},
		{true, legacy, "Host data request: one host, 10.1.2.3 to 10.1.2.4", map[string]string{"host_first_ipv4": "10.1.2.3", "host_last_ipv4": "10.1.2.4", "length": "16"}},
		{false, body(wire.TypeSingleHostData, hostProfile(t, 140)...), "Single host data: Full Host Profile 5.2 (140)", map[string]string{"type": "6", "block_type": "140", "field.hops": "3"}},
		{false, body(wire.TypeMultipleHostData, hostProfile(t, 140)...), "Multiple host data: Full Host Profile 5.2 (140)", map[string]string{"type": "7", "field.hops": "3"}},
		{false, body(wire.TypeMultipleHostData), "Multiple host data: end of the answer", nil},
		{false, event, "Event data: Intrusion Event (400/85)", map[string]string{
			"record_type": "400", "record_name": "Intrusion Event", "block_type": "85", "block_name": "Intrusion Event", "field.event_id": "5", "archive_timestamp": "Nov 14, 2023 22:13:20.000000000 UTC"}},
		{false, bundle, "Message bundle: 3 messages", map[string]string{"connection_id": "9", "sequence": "1", "bundle_count": "3"}},
		{false, wire.AppendNull(nil), "Null", map[string]string{"type": "0", "length": "0"}},
		{false, recordtest.Frame([]byte{0, 0, 0xea, 0x60, 0, 0, 0, 3, 7, 8, 9}), "Event data: unknown record (60000)", map[string]string{"record_type": "60000", "data": "07:08:09"}},
		{false, unknownBlock, "Event data: Intrusion Event (400/9999)", map[string]string{"block_type": "9999", "block_length": "11", "data": "01:02:03"}},
		{false, body(77, 1, 2), "Message type 77", map[string]string{"type": "77", "data": "01:02"}},
		{false, body(wire.TypeSingleHostData, unknownInside...), "Single host data: Address Specification (64)", map[string]string{"data": "04:05"}},
		{true, wire.AppendEventStreamRequest(nil, wire.EventStreamRequest{Start: wire.StartNow, Flags: 0xffffffff}), "Event stream request: from now, flags 0xffffffff",
			map[string]string{"flags.packets": "1", "flags.bit31": "1", "flags": "0xffffffff"}},
		{true, wire.AppendErrorMessage(nil, wire.ErrorMessage{Code: 19}), "Error: error 19: ", map[string]string{"error_code": "19", "error_text": ""}},
		{true, wire.AppendErrorMessage(nil, wire.ErrorMessage{Code: 19, Text: "No space\x00"}), "Error: error 19: No space", map[string]string{"error_code": "19"}},
		{true, wire.AppendErrorMessage(nil, wire.ErrorMessage{Code: -1, Text: "genug für heute"}), "Error: error -1: genug für heute", map[string]string{"error_code": "-1", "error_text": "genug für heute"}},
	}
}

// TestSession shows every type of message, in both forms where there are two.
func TestSession(t *testing.T) {
	steps := sessionSteps(t)
	c := newCapture(t, 8302)
	for _, s := range steps {
		from, to := &c.server, &c.client
		if s.client {
			from, to = to, from
		}
		c.send(from, to, s.message, 1460)
	}
	file := c.save()
	shown, protocols := messages(t, pdml(t, file))
	if protocols["_ws.malformed"] > 0 || len(shown) != len(steps) {
		t.Fatalf("%d messages, %d malformed packets; want %d messages", len(shown), protocols["_ws.malformed"], len(steps))
	}
	for i, s := range steps {
		for name, want := range s.fields {
			if got := shown[i].find("estreamer." + name); got.show != want {
				t.Errorf("%s: %s is %q, want %q", s.info, name, got.show, want)
			}
		}
	}
	lines := strings.Split(strings.TrimSuffix(string(tshark(t, file, "-Y", "estreamer", "-T", "fields", "-e", "_ws.col.Protocol", "-e", "_ws.col.Info")), "\n"), "\n")
	if len(lines) != len(steps) {
		t.Fatalf("%d lines, want %d: %q", len(lines), len(steps), lines)
	}
	for i, s := range steps {
		if want := "eStreamer\t" + s.info; lines[i] != want {
			t.Errorf("info column is %q, want %q", lines[i], want)
		}
	}
}

// TestFilters: what a display filter finds, in one run per filter.
func TestFilters(t *testing.T) {
	set := layouts.Default()
	c := newCapture(t, 8302)
	for i := range 3 {
		address := netip.MustParseAddr(fmt.Sprintf("::ffff:10.0.0.%d", i+1)).As16()
		m := recordtest.Message(t, set, 400, 85, recordtest.Fields{"source_ip_address": address[:], "impact": i})
		c.send(&c.server, &c.client, m, 1460)
	}
	c.send(&c.server, &c.client, recordtest.Message(t, set, 4, 0, recordtest.Fields{"id": 1, "name": "high"}), 1460)
	file := c.save()
	for filter, want := range map[string]int{
		"estreamer.ip == 10.0.0.2 && estreamer.field.impact == 1":                  1,
		"estreamer.record_name == \"Intrusion Event\"":                             3,
		"estreamer.field.name contains \"hig\" || estreamer.block_type == 85":      4,
		"estreamer.archive_timestamp > \"2023-11-14 22:13:19\" && estreamer.ip":    3,
		"estreamer.field.source_ip_address == ::ffff:10.0.0.3":                     1,
		"estreamer && _ws.expert || _ws.malformed || estreamer.record_type >= 401": 0,
		"estreamer.length > 300 && estreamer.netmap_id == 0 && estreamer.type==4":  3,
	} {
		out := tshark(t, file, "-Y", filter, "-T", "fields", "-e", "frame.number")
		if got := strings.Count(string(out), "\n"); got != want {
			t.Errorf("%s: %d frames, want %d", filter, got, want)
		}
	}
}

// TestPorts: plain sessions on other ports, by preference and by Decode As.
func TestPorts(t *testing.T) {
	c := newCapture(t, 9999)
	c.send(&c.client, &c.server, wire.AppendNull(nil), 1460)
	file := c.save()
	for _, p := range []struct {
		args string
		want int
	}{
		{"-o estreamer.ports:8302", 0},
		{"-o estreamer.ports:8302,9990-10000", 1},
		{"-o estreamer.ports: -d tcp.port==9999,estreamer", 1},
		{"-d tcp.port==9999,estreamer", 1},
	} {
		out := tshark(t, file, append(strings.Fields(p.args), "-Y", "estreamer", "-T", "fields", "-e", "frame.number")...)
		if got := strings.Count(string(out), "\n"); got != p.want {
			t.Errorf("%s: %d messages, want %d", p.args, got, p.want)
		}
	}
}
